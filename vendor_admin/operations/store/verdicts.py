"""What the outcome of a call means for an operation and its rows. Decides only; outcome_store.py writes it down."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from vendor_admin.operations.models import Operation, PlanRow
from vendor_admin.organizations.audit import masked
from vendor_admin.organizations.encryption import UndecryptableError
from vendor_admin.organizations.platform_access import budgets
from vendor_admin.tradovate.catalogue.write import Write
from vendor_admin.tradovate.errors import InvalidRequest
from vendor_admin.tradovate.masking import storable, without_secrets_of
from vendor_admin.tradovate.operations import WRITES
from vendor_admin.tradovate.outcomes import (
    Locked,
    Outcome,
    Penalized,
    Rejected,
    Success,
    Unauthorized,
    Unknown,
    WrongHost,
)
from vendor_admin.tradovate.resending import may_be_resent

LONGEST_TEXT = 2_000
_SHORT_TEXT = 200
WRONG_HOST_PAUSE = timedelta(seconds=1)
WAITS_FOR_HOST = "Not carried out: {}. The platform is asked for the right host, then it is sent there."
NOT_REACHED = "The platform could not be reached."
REFUSED_CALL = "The platform refused this call; whether the access token is still good is being looked at."
NOT_ALLOWED = (
    "The API key may not do this. In the platform's dashboard give it the scope for this operation, "
    "then retry the plan."
)
REFUSED = "The platform refused it; nothing was changed. Correct what it complains about, then retry the plan."
NOT_SENT_BY_US = "It was not sent, so nothing was changed."
NO_SUCH_CALL = "This version of Vendor Admin does not know the call {}."
NO_SUCH_REQUEST = "This version of Vendor Admin cannot read its request: {}."
NO_KEY = "What is to be sent cannot be decrypted with any of CREDENTIAL_KEYS. Restore the key that was in use then."
NOT_UNDERSTOOD = "The platform answered, but an error of this service kept the answer from being understood."
IN_DOUBT = "It may have been done. The result is being read from the platform before anything is repeated."


class Unusable(Exception):
    """The call of a stored operation can be neither sent nor read about; the text tells a person why."""


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What became of one row: succeeded, rejected with the platform's words, or unknown with the reason."""

    state: str
    why: str = ""
    result: Any = None


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What became of every row of an operation, in their order, or of all of them (one result).

    While a result is unknown, so is the operation: it is read again later, or waits for a person who is asked the
    `question`. `response` is what the platform answered, None to keep what is stored.
    """

    row: Operation
    results: Sequence[ItemResult]
    advice: str = ""
    question: str = ""
    response: dict[str, Any] | None = None

    @property
    def state(self) -> str:
        """What it makes of the operation: unknown, rejected (all of it), or succeeded."""
        states = {one.state for one in self.results}
        if PlanRow.State.UNKNOWN in states:
            return Operation.State.UNKNOWN.value
        rejected = states == {PlanRow.State.REJECTED}
        return Operation.State.REJECTED.value if rejected else Operation.State.SUCCEEDED.value

    @property
    def error_text(self) -> str:
        """The platform's words about what was not done."""
        texts = dict.fromkeys(one.why for one in self.results if one.state != PlanRow.State.SUCCEEDED)
        return "\n".join(list(texts)[:10])[:LONGEST_TEXT]

    @property
    def advice_text(self) -> str:
        """What a person should know or do."""
        if self.state == Operation.State.UNKNOWN:
            return IN_DOUBT
        is_refused = any(one.state == PlanRow.State.REJECTED for one in self.results)
        return (self.advice or REFUSED) if is_refused else ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The operation certainly was not carried out, and is sent again at `until`."""

    row: Operation
    until: datetime
    reason: str
    penalty_ticket: str = ""
    refused_token: str = ""
    attempts: int | None = None


def verdict_of(
    write: Write[Any], row: Operation, outcome: Outcome, *, is_alive: bool = False, now: datetime
) -> Conclusion | Waiting:
    """What an outcome means for its operation. No secret of the request is in it, whatever the platform says.

    It waits to be sent again only where `may_be_resent` says so. A 401 is about rights where the token `is_alive`, and
    where it is the second of this operation.
    """
    outcome = storable(without_secrets_of(row.sealed_request, outcome))
    is_about_rights = isinstance(outcome, Unauthorized) and (is_alive or bool(row.response.get("unauthorized")))
    if may_be_resent(write.operation, outcome) and not is_about_rights:
        return _waiting(write, row, outcome, now=now)
    if isinstance(outcome, Unauthorized) and outcome.status in (401, 403):
        refused = ItemResult(PlanRow.State.REJECTED, outcome.text[:LONGEST_TEXT] or str(outcome.status))
        return Conclusion(row, [refused], advice=NOT_ALLOWED, response=_response(outcome))
    settled = outcome if isinstance(outcome, Success | Rejected | Unknown) else Unknown(getattr(outcome, "text", ""))
    results = _results(write, row, settled)
    return Conclusion(row, results, response=_response(settled) | _refusal_of_all(settled, results))


def _waiting(write: Write[Any], row: Operation, outcome: Outcome, *, now: datetime) -> Waiting:
    """When an operation that was not carried out is sent again, and why it waits."""
    match outcome:
        case Penalized():
            ticket = "" if outcome.captcha else outcome.ticket
            wait = budgets.one_window() if outcome.captcha else timedelta(seconds=outcome.wait_seconds)
            return Waiting(row, now + wait, waiting_words(outcome, write), penalty_ticket=ticket)
        case Locked():
            return Waiting(row, now + budgets.one_window(), waiting_words(outcome, write))
        case Unauthorized():
            text = outcome.text[:LONGEST_TEXT] or str(outcome.status)
            return Waiting(
                row,
                now,
                REFUSED_CALL,
                refused_token=text,
            )
        case WrongHost():
            # Nothing was executed. The runner has asked for the right host: it goes on there, or holds the lane.
            return Waiting(row, now + WRONG_HOST_PAUSE, WAITS_FOR_HOST.format(outcome.text))
        case _:
            pause = timedelta(seconds=min(300.0, 2.0 ** min(row.attempts, 9)))
            return Waiting(row, now + pause, f"{NOT_REACHED} {getattr(outcome, 'reason', '')}".strip())


def refused_by_us(row: Operation, why: str) -> Conclusion:
    """What becomes of an operation that we do not send at all."""
    if row.call_ended_at is None:
        row.sent_at = None
    return Conclusion(row, [ItemResult(PlanRow.State.REJECTED, why[:LONGEST_TEXT])], advice=NOT_SENT_BY_US)


def not_understood(row: Operation) -> Conclusion:
    """What becomes of an operation whose answer we failed to make sense of: it is read."""
    return Conclusion(row, [ItemResult(PlanRow.State.UNKNOWN, NOT_UNDERSTOOD)])


def call_of(row: Operation) -> tuple[Write[Any], Any]:
    """The write and the request of a stored operation, with its secrets. Raises Unusable."""
    write = WRITES.get(row.name)
    if write is None:
        raise Unusable(NO_SUCH_CALL.format(row.name))
    try:
        return write, write.parse(row.sealed_request or row.request)
    except UndecryptableError:
        raise Unusable(NO_KEY) from None
    except InvalidRequest as invalid:
        raise Unusable(NO_SUCH_REQUEST.format("; ".join(str(fault) for fault in invalid.faults))) from None


def _results(write: Write[Any], row: Operation, outcome: Success | Rejected | Unknown) -> list[ItemResult]:
    """One result for each item of the request, in its order."""
    found = []
    for item in write.outcomes(call_of(row)[1], outcome):
        if isinstance(item, Success):
            # Never empty (Answer.is_said_by): by its result a row knows which of its steps were done.
            found.append(ItemResult(PlanRow.State.SUCCEEDED, result=_small(item.body)))
        elif isinstance(item, Rejected):
            hint = f" {item.hint}" if item.hint else ""
            found.append(ItemResult(PlanRow.State.REJECTED, (item.error_text + hint)[:LONGEST_TEXT]))
        else:
            found.append(ItemResult(PlanRow.State.UNKNOWN, item.reason[:LONGEST_TEXT]))
    return found


def waiting_words(outcome: Penalized | Locked, write: Write[Any]) -> str:
    """Why operations wait, for the page of the plan."""
    if isinstance(outcome, Locked):
        return f"The platform answered {outcome.status}: every call of this user waits for an hour."
    if outcome.captcha:
        return f"The platform asks for a captcha at {write.path}: this endpoint waits for an hour."
    return f"The platform slows {write.path} down: {outcome.wait_seconds:.0f} s, then it is sent again."


def _refusal_of_all(outcome: Outcome, results: Sequence[ItemResult]) -> dict[str, str]:
    """The platform's words where it refused a call of several items without saying which of them it meant."""
    is_open = all(one.state == PlanRow.State.UNKNOWN for one in results)
    return {"refused": outcome.error_text[:LONGEST_TEXT]} if isinstance(outcome, Rejected) and is_open else {}


def _response(outcome: Outcome) -> dict[str, Any]:
    return {"status": getattr(outcome, "status", None), "body": _small(getattr(outcome, "body", None))}


def _small(body: Any) -> Any:
    """The answer without secrets. Where it is long, its texts are cut, so that ids stay; else its beginning is kept."""
    shown = masked(body)
    for kept in (shown, _with_short_texts(shown)):
        text = json.dumps(kept)
        if len(text) <= LONGEST_TEXT * 2:
            return kept
    return {"beginning": json.dumps(shown)[: LONGEST_TEXT * 2]}


def _with_short_texts(value: Any) -> Any:
    match value:
        case dict():
            return {name: _with_short_texts(one) for name, one in value.items()}
        case list():
            return [_with_short_texts(one) for one in value]
        case str():
            return value[:_SHORT_TEXT]
    return value
