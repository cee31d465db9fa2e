"""Reads what waits in a lane, and carries out what the schedule says: draws, waits, readings."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from vendor_admin.operations.engine.permits import Permits
from vendor_admin.operations.engine.platform_calls.calls import Session
from vendor_admin.operations.engine.readings import Readings
from vendor_admin.operations.engine.schedule import Demand, Draw, GiveBack, Hold, Read, State, Wait, next_actions
from vendor_admin.operations.models import Operation
from vendor_admin.operations.precedence import Priority, Waiting
from vendor_admin.operations.store import allowance, outcome_store, queue
from vendor_admin.operations.store import verdicts as results
from vendor_admin.operations.store.allowance import Caller
from vendor_admin.operations.store.queue import LaneKey, step
from vendor_admin.tradovate.catalogue.operation import Operation as CatalogueOperation
from vendor_admin.tradovate.operations import WRITES

log = structlog.get_logger(__name__)

CLAIM_TTL = timedelta(seconds=45)  # longer than the longest call
REFUSED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Supply:
    """The calls that one run may make, and the readings that it starts."""

    lane: LaneKey
    permits: Permits
    readings: Readings

    def renew(
        self,
        names: Sequence[str],
        unread: Sequence[Operation],
        session: Session,
        *,
        in_flight: Sequence[Waiting],
        now: datetime,
    ) -> None:
        """Draw what may be sent of these names, have the rest wait, and start readings of unknown outcomes."""
        state = State(
            demands=demands_of(self.lane, names, session, now=now),
            unread=[row.pk for row in unread],
            being_read=frozenset(row.pk for row in unread if self.readings.is_reading(row.pk)),
            in_flight=in_flight,
        )
        rows = {row.pk: row for row in unread}
        refused: dict[tuple[str, Priority], Hold] = {}
        for action in next_actions(replace(state, drawn=self.permits.as_drawn()), now):
            if isinstance(action, GiveBack):
                self.permits.give_back(action.name, action.priority)
            elif isinstance(action, Wait):
                self._postpone(action)
            elif isinstance(action, Read):
                self.readings.start(rows[action.operation_id], session)
            elif isinstance(action, Draw) and (hold := self.permits.draw(action, session.caller)) is not None:
                refused[action.name, action.priority] = hold
        if refused:
            for action in next_actions(replace(state, refused=refused, drawn=self.permits.as_drawn()), now):
                if isinstance(action, Wait):
                    self._postpone(action)

    def known(self, names: Sequence[str], *, now: datetime) -> list[str]:
        """The names that the catalogue knows. Operations of other names cannot be sent and are refused."""
        for name in names:
            if name not in WRITES:
                self._refuse(name, now=now)
        return [name for name in names if name in WRITES]

    def _refuse(self, name: str, *, now: datetime) -> None:
        most = REFUSED_AT_ONCE
        with step(self.lane.organization_id):
            waiting = queue.first_waiting(self.lane, names=[name], most=most, most_urgent=most, now=now)
            rows = queue.claim(self.lane, ids=[one.id for one in waiting], now=now, until=now + CLAIM_TTL)
            refused = [results.refused_by_us(row, results.NO_SUCH_CALL.format(name)) for row in rows]
            outcome_store.store(self.lane, refused, now=now)
        log.error("operations.unknown_call", name=name, organization_id=self.lane.organization_id)

    def _postpone(self, wait: Wait) -> None:
        queue.postpone(self.lane, until=wait.until, reason=wait.reason, names=[wait.name], priority=wait.priority)


def demands_of(lane: LaneKey, names: Collection[str], session: Session, *, now: datetime) -> list[Demand]:
    """What waits of these names, which the catalogue knows. A few queries for each."""
    return [_demand(lane, name, session, now=now) for name in sorted(names)]


def hold_on(
    caller: Caller, operation: CatalogueOperation, *, waits_for_maintenance: bool, now: datetime
) -> Hold | None:
    """What keeps all calls of an operation: a lock that the platform imposed, or its maintenance."""
    lock = allowance.lock_on(caller, operation, now=now)
    if lock is not None:
        return Hold(lock.until, lock.reason)
    held = allowance.held_until(now) if waits_for_maintenance else None
    return Hold(*held) if held is not None else None


def _demand(lane: LaneKey, name: str, session: Session, *, now: datetime) -> Demand:
    operation = WRITES[name].operation
    ahead = allowance.drawn_ahead(operation)
    is_on_trial = allowance.is_on_probation(session.caller, operation)
    tickets = queue.tickets_held(lane, name) if is_on_trial else []
    return Demand(
        name=name,
        due=queue.count_due(lane, name=name, now=now, most=ahead),
        ahead=ahead,
        hold=hold_on(
            session.caller,
            operation,
            waits_for_maintenance=operation.waits_for_maintenance and session.is_real,
            now=now,
        ),
        is_on_trial=is_on_trial,
        ticket=tickets[0] if tickets else None,
    )
