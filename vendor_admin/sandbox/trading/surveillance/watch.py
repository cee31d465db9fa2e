"""The accounts that are looked at: those with something open at each step, all that traded at a session's turn."""

import dataclasses
from collections.abc import Iterator

from vendor_admin.sandbox.market.matching import Market
from vendor_admin.sandbox.trading.execution import Execution
from vendor_admin.sandbox.trading.surveillance.breaches import end_session, look_at, start_session
from vendor_admin.sandbox.world.state import Organization, Record


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What the clock passed: the end of a session, the start of the next one, which may be the first of a week."""

    ends: bool
    starts: bool
    is_first_of_week: bool


class Watch:
    """Remembers accounts and where the session stands; who calls it tells what comes of it."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._known: dict[int, dict[int, None]] = {}
        self._open: dict[int, dict[int, None]] = {}
        now = market.clock.now()
        self._was_open = market.schedule.is_open(now)
        self._session = market.schedule.session_date(now) if self._was_open else None
        self._week = market.schedule.week_start(now)

    def organizations(self) -> list[int]:
        """The organizations of which an account has something open."""
        return list(self._open)

    def add(self, execution: Execution) -> None:
        """Take in the accounts that traded, and look at them at once. One that had nothing open was not looked at for
        a while: what its clock passed in that time is not done now.
        """
        organization_id, now = execution.edits.organization.id, self._market.clock.now()
        for account_id in list(execution.traded):
            if account_id not in self._open.get(organization_id, {}):
                execution.floor.risk.tally(account_id).looked_at = now
            self._known.setdefault(organization_id, {})[account_id] = None
            self._open.setdefault(organization_id, {})[account_id] = None
            account = execution.edits.book().get("account", account_id)
            if account is not None:
                look_at(execution, account)

    def look(self, execution: Execution) -> None:
        """Look at an organization's accounts that have something open."""
        mine = self._open.get(execution.edits.organization.id, {})
        for account_id in list(mine):
            account = execution.edits.book().get("account", account_id)
            if account is None or not _has_something(execution, account_id):
                del mine[account_id]
            else:
                look_at(execution, account)
        if not mine:
            self._open.pop(execution.edits.organization.id, None)

    def turn(self) -> Turn | None:
        """What the clock has passed since the last time, or None. A session starts when the market opens for it: that
        of Monday, whose date all of the weekend has, on Sunday.
        """
        now, schedule = self._market.clock.now(), self._market.schedule
        session, week, is_open = schedule.session_date(now), schedule.week_start(now), schedule.is_open(now)
        starts = is_open and session != self._session
        turn = Turn(
            ends=self._was_open and (starts or not is_open),
            starts=starts,
            is_first_of_week=starts and week != self._week,
        )
        self._was_open = is_open
        if starts:
            self._session, self._week = session, week
        return turn if turn.ends or turn.starts else None

    def carry_out(self, turn: Turn, execution: Execution) -> None:
        """End and start the session of an organization's accounts."""
        for account in self._accounts(execution):
            if turn.ends:
                end_session(execution, account)
            if turn.starts:
                start_session(execution, account, is_first_of_week=turn.is_first_of_week)

    def known(self) -> list[int]:
        """The organizations of which an account has traded."""
        return list(self._known)

    def forget(self, organization: Organization) -> None:
        """Know nothing of an organization's accounts."""
        self._known.pop(organization.id, None)
        self._open.pop(organization.id, None)

    def _accounts(self, execution: Execution) -> Iterator[Record]:
        for account_id in list(self._known.get(execution.edits.organization.id, {})):
            account = execution.edits.book().get("account", account_id)
            if account is not None:
                yield account


def _has_something(execution: Execution, account_id: int) -> bool:
    positions = execution.edits.book().dependents("position", account_id)
    return any(record.entity["netPos"] for record in positions) or any(execution.floor.orders.of_account(account_id))
