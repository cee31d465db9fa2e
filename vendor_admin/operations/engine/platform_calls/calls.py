"""A call of the platform on its way: as whom it is made, until when it may go out, and what it came to."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from vendor_admin.operations.models import Operation
from vendor_admin.operations.store.allowance import Caller
from vendor_admin.tradovate.api_hosts import at_host
from vendor_admin.tradovate.catalogue.write import Write
from vendor_admin.tradovate.outcomes import Outcome, Unauthorized, Unknown


@dataclass(frozen=True, slots=True)
class Session:
    """The platform as a lane reaches it, as the user `user_id`. A simulated one has no maintenance of its own.

    `host` is the organization's own, where it is another than the configured; `version` is the connection's.
    """

    connection_id: int
    is_real: bool
    caller: Caller
    token: str = field(repr=False)
    user_id: int = 0
    host: str = ""
    version: int = 0

    @property
    def rest_url(self) -> str:
        """Where calls go. Whose budgets they draw on, the caller's configured address says."""
        return at_host(self.caller.rest_url, self.host)


@dataclass(frozen=True, slots=True)
class Permit:
    """A call drawn from the budgets at `drawn_at`, which may go out until `good_until` by our own clock."""

    drawn_at: datetime
    good_until: float


@dataclass(frozen=True, slots=True)
class Called:
    """What one operation came to; no outcome where nothing was sent.

    That is because the gate was closed, or for good: then `refusal` says why. `sent_at` is when the call was handed to
    the network and `seconds` how long it lasted; None and 0 where none was made.
    """

    row: Operation
    write: Write[Any]
    session: Session
    permit: Permit
    outcome: Outcome | None
    sent_at: datetime | None = None
    seconds: float = 0.0
    refusal: str = ""


def suspects_token(outcome: Outcome) -> bool:
    """Whether the token may be dead, or only lack a right: a harmless call tells (token_doubts.py)."""
    speaks_of_token = isinstance(outcome, Unauthorized) and outcome.is_about_token
    return speaks_of_token or (isinstance(outcome, Unknown) and outcome.suspects_token)


def is_refused(outcome: Outcome) -> bool:
    """Whether the call was refused for its token or a right that it lacks: 401."""
    return isinstance(outcome, Unauthorized) and outcome.status == 401


def outcomes_of(called: Sequence[Called]) -> list[tuple[Called, Outcome]]:
    """Those that were really sent, with what came of them."""
    return [(one, one.outcome) for one in called if one.outcome is not None]
