"""Status and body of an answer -> outcome. The same for REST and for a request over the socket.

Sources: partner.ninjatrader.com/overview/core-concepts/error-handling and .../penalty-tickets, the response
schemas of the partner OpenAPI file, and answers recorded in the field.
"""

import dataclasses
import re
from collections.abc import Iterable
from typing import Any

from vendor_admin.tradovate.api_hosts import host_in_location
from vendor_admin.tradovate.bodies import decode_body, penalty_ticket_of, text_of
from vendor_admin.tradovate.catalogue.operation import Operation
from vendor_admin.tradovate.masking import storable, without
from vendor_admin.tradovate.outcomes import (
    ItemError,
    Json,
    Locked,
    Outcome,
    Penalized,
    Rejected,
    Success,
    Unauthorized,
    Unknown,
    Violation,
    WrongHost,
)
from vendor_admin.tradovate.resending import may_be_resent

WRONG_HOST_HINT = (
    "Either the id does not exist here, or this is the wrong host: users and subscriptions live on LIVE, "
    "simulated accounts, permissions and risk on DEMO."
)
REDIRECT_HINT = "The address led elsewhere; check the REST address of the connection."

_DEAD_SESSION = re.compile(
    r"(expired|invalid|revoked|unknown)\s+(access\s*)?token"
    r"|(?<!trading )(?<!market )(?<!exchange )session.{0,20}(closed|expired)",
    re.I,
)
_LONGEST_TEXT = 500
_ACCEPTED = 202  # taken for later, not done (RFC 9110)


def read_answer(
    operation: Operation, *, status: int, body: bytes | None, location: str = "", secrets: Iterable[str] = ()
) -> Outcome:
    """Read one answer. `status` is HTTP's, or the `s` of a socket reply; `body` is as received, and so is `location`,
    the header of that name.

    A refusal is told in texts that the database takes, and repeats none of `secrets`, what the request held. They are
    looked for before a text is cut, since half a code is still half a code. What was asked for (Success) and the next
    try's ticket come as they are.
    """
    outcome = _read(operation, status=status, body=body, location=location)
    if isinstance(outcome, Success | Penalized):
        return outcome
    return _with_short_texts(storable(without(secrets, outcome)))


def _with_short_texts(outcome: Outcome) -> Outcome:
    match outcome:
        case Rejected(error_text=text, item_errors=errors):
            short = tuple(dataclasses.replace(one, error_text=one.error_text[:_LONGEST_TEXT]) for one in errors)
            return dataclasses.replace(outcome, error_text=text[:_LONGEST_TEXT], item_errors=short)
        case Locked(text=text) | Unauthorized(text=text):
            return dataclasses.replace(outcome, text=text[:_LONGEST_TEXT])
        case Unknown(reason=text):
            return dataclasses.replace(outcome, reason=text[:_LONGEST_TEXT])
    return outcome


def _read(operation: Operation, *, status: int, body: bytes | None, location: str) -> Outcome:
    value = decode_body(body)
    if is_of_wrong_host(status, has_body=value is not None, names_ids=operation.most_ids is not None):
        return WrongHost(status, host_in_location(location))
    if status in (423, 429):
        return Locked(status, text_of(value))
    if status in (401, 403):
        return Unauthorized(text_of(value), status)
    if 200 <= status < 300:
        return _read_success(status, value)
    is_write = operation.needs_token and not operation.harmless_to_repeat
    is_redirected_write = is_write and 300 <= status < 400  # 303 is how a server answers a POST that it carried out
    if is_redirected_write or status < 300 or status >= 499 or status in (400, 408):
        return _read_failure(operation, status, value)
    hint = WRONG_HOST_HINT if status == 404 else REDIRECT_HINT if 300 <= status < 400 else ""
    return Rejected(text_of(value) or _status_text(status), status, hint=hint, body=value)


def is_of_wrong_host(status: int, *, has_body: bool, names_ids: bool = False) -> bool:
    """Whether an answer comes from a host that does not serve the organization.

    A call that names many ids (`names_ids`) is answered by an empty 404 on the right host as well, where they are too
    many. Source: docs.ninjatrader.com/api/dynamic-api-hosts, and a report from the field (2026-09) for the 404.
    """
    return status in (307, 308, 421) or (status == 404 and not has_body and not names_ids)


def _read_failure(operation: Operation, status: int, value: Json) -> Outcome:
    """400, 408, 499, 5xx, a redirected write, statuses of no meaning: 400 is a refusal, behind the others a write may
    have been done.

    Where the answer looks like that of a dead session, the call is simply made again if that is harmless. A write that
    is not is Unknown then, also at 400: the words do not say whether the session ended before or after the change.
    """
    text = text_of(value) or _status_text(status)
    if operation.needs_token and _may_be_a_dead_session(status, text):
        unauthorized = Unauthorized(text, status)
        if may_be_resent(operation, unauthorized):
            return unauthorized
        return Unknown(f"the platform answered {status}: {text}", suspects_token=True, status=status)
    if status == 400:
        return _read_refusal(value, status) or Rejected(text, status, body=value)
    return Unknown(f"the platform answered {status}: {text}", status=status)


def _may_be_a_dead_session(status: int, text: str) -> bool:
    """A dead session was seen to answer 400, 408 and 500 (access token page, older copy), at times in such words."""
    return status == 408 or (status in (400, 500) and _DEAD_SESSION.search(text[:_LONGEST_TEXT]) is not None)


def _read_success(status: int, value: Json) -> Outcome:
    if isinstance(value, str):
        return Unknown(
            f"the platform answered {status} with something that is not JSON: {text_of(value)}", status=status
        )
    ticket = penalty_ticket_of(value)
    if ticket is not None:
        return Penalized(ticket.ticket, ticket.wait_seconds, ticket.captcha, body=value)
    refusal = _read_refusal(value, status)
    if refusal is None and status == _ACCEPTED:
        return Unknown(f"the platform answered {status}, which does not say that it was done", status=status)
    return refusal or Success(value, status)


def _read_refusal(value: Json, status: int) -> Rejected | None:
    """Find a business failure in a decoded body; None if there is none."""
    if not isinstance(value, dict):
        return None
    violations = _violations(value)
    error_code = _error_code(value)
    item_errors = _item_errors(value)
    text = _error_text(value)
    if not (violations or error_code or item_errors or text or _says_no(value)):
        return None
    return Rejected(
        text or _own_words(violations, error_code, item_errors, value),
        status,
        error_code=error_code,
        violations=violations,
        item_errors=item_errors,
        body=value,
    )


def _error_text(value: dict[str, Any]) -> str:
    for name in ("errorText", "failureText", "error_description"):
        text = value.get(name)
        if text:
            return text_of(text)
    return ""


def _error_code(value: dict[str, Any]) -> str | None:
    for name in ("errorCode", "failureReason", "error"):
        code = value.get(name)
        if isinstance(code, str) and code and code != "Success":
            return code
    return None


def _violations(value: dict[str, Any]) -> tuple[Violation, ...]:
    found = value.get("violations")
    if not isinstance(found, list):
        return ()
    return tuple(
        Violation(*(text_of(violation.get(name)) for name in ("constraint", "value", "description")))
        for violation in found
        if isinstance(violation, dict)
    )


def _item_errors(value: dict[str, Any]) -> tuple[ItemError, ...]:
    results = value.get("results")
    if not isinstance(results, list):
        return ()
    refusals = ((position, _read_refusal(result, 200)) for position, result in enumerate(results))
    return tuple(
        ItemError(position, refusal.error_text, refusal.error_code, body=refusal.body)
        for position, refusal in refusals
        if refusal is not None
    )


def _own_words(
    violations: tuple[Violation, ...],
    error_code: str | None,
    item_errors: tuple[ItemError, ...],
    value: dict[str, Any],
) -> str:
    if violations:
        return "; ".join(f"{violation.constraint}: {violation.description}" for violation in violations)
    if item_errors:
        return f"{len(item_errors)} of {len(value['results'])} items were refused, first: {item_errors[0].error_text}"
    return error_code or f"the platform answered {_says_no(value)}: false without a reason"


def _says_no(value: dict[str, Any]) -> str:
    """Name the flag that says nothing was done: `ok` of most answers, `success` of a deletion's; empty if none."""
    return next((name for name in ("ok", "success") if value.get(name) is False), "")


def _status_text(status: int) -> str:
    return f"status {status} without a text"
