"""Writes over a socket that is open: the same bodies as over REST, and answers that are read by the same rules."""

from typing import Any, TypeVar

from vendor_admin.tradovate.answers import read_answer
from vendor_admin.tradovate.catalogue.request import Request
from vendor_admin.tradovate.catalogue.write import Write
from vendor_admin.tradovate.events import Answered
from vendor_admin.tradovate.masking import secrets_in
from vendor_admin.tradovate.outcomes import Outcome
from vendor_admin.tradovate.socket.sync_session import SyncSession

R = TypeVar("R", bound=Request)


def send(session: SyncSession, write: Write[R], request: R, *, penalty_ticket: str | None = None) -> int:
    """Queue a write, and return the number that its Answered event will have.

    With `penalty_ticket` the same request is sent again after a Penalized outcome. Raises RequestNotPossible.
    """
    ticket = {} if penalty_ticket is None else {"p-ticket": penalty_ticket}
    return session.request(write.path, body={**write.body(request), **ticket})


def outcome_of(write: Write[Any], request: Request, answered: Answered) -> Outcome:
    """What the call came to. A socket that ends before its answer leaves the outcome unknown."""
    secrets = secrets_in(write.body(request))
    return read_answer(write.operation, status=answered.status, body=answered.body, secrets=list(secrets))
