"""Reads the platform about unknown outcomes and about tokens that may be dead, in the callers' threads."""

from collections.abc import Callable
from functools import partial

from vendor_admin.operations.engine.platform_calls import hosts
from vendor_admin.operations.engine.platform_calls.callers import Callers
from vendor_admin.operations.engine.platform_calls.calls import Session, is_refused
from vendor_admin.operations.engine.platform_calls.gate import Gate
from vendor_admin.operations.engine.platform_calls.token_doubts import TokenDoubts
from vendor_admin.operations.engine.settlement import settle
from vendor_admin.operations.models import Operation
from vendor_admin.operations.store.queue import LaneKey
from vendor_admin.tradovate.outcomes import Unauthorized
from vendor_admin.tradovate.rest.client import RestClient

_TOKEN_IN_DOUBT = "token in doubt"  # noqa: S105 - no secret


class Readings:
    """The readings of one run. `on_news` is called, from any thread, once it is worth looking again."""

    def __init__(self, lane: LaneKey, gate: Gate, callers: Callers, *, on_news: Callable[[], None]) -> None:
        self._lane, self._gate, self._callers, self._on_news = lane, gate, callers, on_news
        self._doubts = TokenDoubts(lane, gate)

    def start(self, row: Operation, session: Session) -> None:
        """Have one row read."""
        self._callers.run(partial(self.read, row, session), session, name=_name_of(row.pk))

    def is_reading(self, operation_id: int) -> bool:
        """Whether a thread is at it: a large call takes longer to read than a claim lasts."""
        return self._callers.is_busy_with(_name_of(operation_id))

    def read(self, row: Operation, session: Session, client: RestClient) -> None:
        """Read one row, in a thread. Where the platform refuses that, the token may be dead."""
        judge = partial(hosts.judge, lane=self._lane, session=session, gate=self._gate)
        outcome = settle(self._lane, row, client, caller=session.caller, token=session.token, judge=judge)
        if (
            isinstance(outcome, Unauthorized)
            and outcome.is_about_token
            and self._gate.doubt(session.token, is_refused=is_refused(outcome))
        ):
            self._end_doubt(session, client)

    def doubt(self, session: Session) -> None:
        """An answer may be that of a dead session: find out, before more goes out with this token."""
        if not self._callers.is_busy_with(_TOKEN_IN_DOUBT):
            self._callers.run(partial(self._end_doubt, session), session, name=_TOKEN_IN_DOUBT)

    def _end_doubt(self, session: Session, client: RestClient) -> None:
        if self._doubts.is_dead(session, client):
            self._on_news()


def _name_of(operation_id: int) -> str:
    return f"settling {operation_id}"
