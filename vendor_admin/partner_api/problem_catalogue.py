"""Every problem that the partner API answers with, by its code. Pure: no Django.

The page /api/docs/errors and docs/api/errors.md are made of it (openapi/error_page.py). A code belongs to one status
for good: programs decide by it.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One code: the HTTP status it comes with, what happened, and what to do about it."""

    code: str
    status: int
    title: str
    advice: str


KINDS: Final = (
    # 400: the request itself
    ProblemKind("error", 400, "That did not work", "Read `detail`."),
    ProblemKind("bad_request", 400, "The request cannot be read", "Read `detail`, mend the request and send it again."),
    ProblemKind(
        "invalid_json",
        400,
        "The body is no JSON",
        "Send JSON as RFC 8259 has it, in UTF-8: no NaN or Infinity, no comments, nothing after the end.",
    ),
    ProblemKind("not_an_object", 400, "The body is no JSON object", "Send an object: `{...}`."),
    ProblemKind(
        "duplicate_name",
        400,
        "A name is in the body twice",
        "Give each name of an object once: readers disagree on which of two values counts.",
    ),
    ProblemKind(
        "number_out_of_range",
        400,
        "A number in the body is too large",
        "Whole numbers have up to 64 bits, others up to 30 digits and no exponent. Send ids and money as strings.",
    ),
    ProblemKind("too_deep", 400, "The body is nested too deeply", "Nest objects and lists up to 32 deep."),
    ProblemKind(
        "invalid_characters",
        400,
        "There are characters that nothing here can hold",
        "Leave out NUL and halves of surrogate pairs; encode addresses as UTF-8.",
    ),
    ProblemKind(
        "unknown_parameter",
        400,
        "There is no such query parameter",
        "`errors` names each one. Look at the reference for those that the address takes.",
    ),
    ProblemKind("invalid_parameter", 400, "A query parameter cannot be used", "`errors` says what is wrong with each."),
    ProblemKind("invalid_cursor", 400, "The cursor is none of ours", "Send `next_cursor` of an answer as it is."),
    ProblemKind(
        "idempotency_key_required",
        400,
        "A write needs an idempotency key",
        "Send the header `Idempotency-Key` with a new value for each write, and the same one when you repeat it.",
    ),
    ProblemKind(
        "invalid_idempotency_key",
        400,
        "The idempotency key cannot be used",
        "It has 1 to 255 visible ASCII characters; a UUID will do.",
    ),
    ProblemKind(
        "unknown_version",
        400,
        "There is no such version",
        "`Vendor-Admin-Version` takes one of the dates that `detail` names. Leave it out for that of your key.",
    ),
    ProblemKind(
        "credential_in_address",
        400,
        "A key or token stands in the address",
        "Send it in the header `Authorization: Bearer` alone. Roll this one: addresses are kept in logs.",
    ),
    # 401: who is it?
    ProblemKind(
        "not_authenticated", 401, "No key and no access token", "Send `Authorization: Bearer` with your API key."
    ),
    ProblemKind(
        "authentication_failed",
        401,
        "The key or token does not work",
        "It is unknown, has ended or was revoked. Ask an owner of the organization for another.",
    ),
    ProblemKind(
        "test_key",
        401,
        "A test key does not work here",
        "It is for a sandbox organization, and this one is real. Use a key that begins with `vak_live_`.",
    ),
    ProblemKind(
        "live_key",
        401,
        "A live key does not work here",
        "Its organization is for tests. Use a key that begins with `vak_test_`.",
    ),
    ProblemKind("key_expired", 401, "The API key has expired", "Ask an owner of the organization for another."),
    ProblemKind("key_revoked", 401, "The API key was revoked", "Ask an owner of the organization for another."),
    ProblemKind("key_replaced", 401, "The API key was replaced", "Use the one that it was rolled to."),
    # 403: may they?
    ProblemKind(
        "insufficient_scope", 403, "The key lacks a scope", "`detail` names it. An owner of the organization gives it."
    ),
    ProblemKind(
        "address_not_allowed",
        403,
        "The API key may not be used from here",
        "`detail` has the address that you called from. An owner of the organization can allow it.",
    ),
    ProblemKind(
        "test_only",
        403,
        "Only a test key may do this",
        "Use a key that begins with `vak_test_` and is of an organization in test mode.",
    ),
    ProblemKind("permission_denied", 403, "The key does not allow this", "Ask an owner of the organization."),
    ProblemKind("not_allowed", 403, "A right is missing", "`missing_rights` has which. An owner gives them by scopes."),
    ProblemKind("refused", 403, "A rule does not let you do this", "Read `detail`; sending it again changes nothing."),
    ProblemKind(
        "second_person", 403, "Somebody else has to decide this", "Whoever asked for a plan does not approve it."
    ),
    ProblemKind(
        "authors_lost_their_rights",
        403,
        "Whoever made the plan may no longer do this",
        "Make the plan anew with a key that has the scopes.",
    ),
    # 404 to 406: the address and the way of asking
    ProblemKind(
        "not_found", 404, "There is no such thing", "Check the id. What other organizations have is not found."
    ),
    ProblemKind(
        "method_not_allowed", 405, "This address is not asked like this", "The header `Allow` has the methods."
    ),
    ProblemKind("not_acceptable", 406, "The answer has no such form", "Leave `Accept` out, or send `*/*`."),
    # 409: how things stand
    ProblemKind("conflict", 409, "It does not fit how things stand now", "Read it again, then decide."),
    ProblemKind(
        "idempotency_key_in_use",
        409,
        "A request with this idempotency key is still at work",
        "Wait a second and send the same request again: it gives the answer of the first.",
    ),
    ProblemKind(
        "idempotency_key_used",
        409,
        "A plan with this idempotency key exists",
        "Read that plan, or give the new one a key of its own.",
    ),
    ProblemKind(
        "external_id_taken",
        409,
        "The reference belongs to another member or account",
        "Give each its own `external_id`, or take it from the other one first.",
    ),
    ProblemKind(
        "all_rows_skipped", 409, "Every row is skipped", "`detail` says why. Ask with `dry_run=true` to see every row."
    ),
    ProblemKind(
        "nothing_to_do", 409, "There is nothing to do", "Read the plan: what was asked for is done or was never begun."
    ),
    ProblemKind(
        "plan_in_other_state",
        409,
        "The plan's state does not allow this",
        "Read the plan; its `state` says what can be done.",
    ),
    ProblemKind(
        "targets_taken",
        409,
        "Another plan works on the same accounts or members",
        "Wait until that plan has ended, or cancel it, and send this one again.",
    ),
    ProblemKind(
        "nothing_proposed", 409, "Nothing waits for a decision here", "Read it again; somebody may have decided."
    ),
    ProblemKind("already_decided", 409, "It was decided already", "Read the operation; its outcome is there."),
    ProblemKind("changed_meanwhile", 409, "It was changed since you read it", "Read it again, then decide."),
    ProblemKind(
        "database_restored",
        409,
        "The service's database was restored from a backup",
        "An operator has to look first. Send it again after that.",
    ),
    ProblemKind("too_many", 409, "There are as many of these as there may be", "Remove one that you no longer need."),
    ProblemKind(
        "test_under_way", 409, "A test event is on its way already", "Its outcome is in the deliveries in a moment."
    ),
    ProblemKind("under_way", 409, "It is being sent already", "Look at the deliveries in a moment, then decide."),
    ProblemKind("webhook_is_off", 409, "The webhook is switched off", "Switch it on again, then repeat this."),
    # 410 to 429: limits and contents
    ProblemKind("gone", 410, "That is no longer kept", "Start again from what `detail` names."),
    ProblemKind(
        "request_too_large",
        413,
        "The body is too large",
        "`detail` has the limit. Split what you send: see the limits.",
    ),
    ProblemKind(
        "unsupported_media_type",
        415,
        "The body is of a kind that is not taken",
        "Send `Content-Type: application/json`.",
    ),
    ProblemKind("invalid", 422, "Some of it cannot be stored", "`errors` has each fault with its place in the body."),
    ProblemKind(
        "idempotency_key_reused",
        422,
        "The idempotency key belongs to another request",
        "Give each write a key of its own. A repeat has the same method, address and JSON.",
    ),
    ProblemKind(
        "too_many_requests", 429, "Too many requests", "Wait as many seconds as `Retry-After` says, then go on."
    ),
    # 500 and above: ours
    ProblemKind(
        "server_error",
        500,
        "Something of ours broke",
        "Send the same request again after a while, with the same idempotency key: a write is done once or not at all. "
        "If it stays, tell the operator the `request_id`.",
    ),
    ProblemKind(
        "test_mode_off", 503, "Test mode is off", "The operator of the installation has to name a sandbox for it."
    ),
    ProblemKind(
        "test_sandbox_silent",
        503,
        "The simulated platform of test mode does not answer",
        "Try again later with the same idempotency key, or tell the operator of the installation.",
    ),
    ProblemKind(
        "unavailable", 503, "Not possible at this moment", "Send it again after `Retry-After` seconds, or in a minute."
    ),
)
BY_CODE: Final = {kind.code: kind for kind in KINDS}
# What answers that know no code of ours are told as: those of Django and of libraries.
CODE_OF_STATUS: Final = {
    400: "bad_request",
    401: "not_authenticated",
    403: "permission_denied",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "conflict",
    410: "gone",
    413: "request_too_large",
    415: "unsupported_media_type",
    422: "invalid",
    429: "too_many_requests",
    503: "unavailable",
}


def code_of_status(status: int) -> str:
    """The code that stands for a status where nothing more is known."""
    return CODE_OF_STATUS.get(status, "bad_request" if status < 500 else "server_error")
