"""Sends the operations of one lane (organization and environment), several at a time, until none is due.

The order is always: draw from the budgets, mark rows as being sent and commit, call outside any transaction, store
what it came to under the claim. One thread decides and uses the database, the others only call (calling.py).
"""

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from django.conf import settings

from vendor_admin.operations import allowance, guarding, progress, queue, results, storing
from vendor_admin.operations.allowance import Caller
from vendor_admin.operations.calling import GATHER_SECONDS, Called, Callers, Gate, Permit, Session, outcomes_of
from vendor_admin.operations.models import Operation
from vendor_admin.operations.pace import Pace
from vendor_admin.operations.queue import LANE_TTL, LaneKey, step
from vendor_admin.operations.results import Waiting
from vendor_admin.operations.settling import settle
from vendor_admin.organizations import database_clock, host_clocks, tokens
from vendor_admin.organizations.models import Connection
from vendor_admin.organizations.tokens import TokenUnavailable
from vendor_admin.tradovate.operations import write_at
from vendor_admin.tradovate.operations.write import Write
from vendor_admin.tradovate.outcomes import Locked, Outcome, Penalized, Success, Unauthorized

log = structlog.get_logger(__name__)

CLAIM_TTL = timedelta(seconds=45)  # longer than the longest call
GATE_MARGIN_SECONDS = 2.0
RENEW_SECONDS = 3.0
LOOK_SECONDS = 1.0  # how often the connection, the budgets and unknown outcomes are looked at while calls go out
COLLECT_SECONDS = 0.05
LOOK_AGAIN = timedelta(seconds=15)
WORTH_WAITING = timedelta(seconds=2)
WAITS_FOR_TICKET = "The platform slowed this down: the call with the penalty ticket goes first."
PAUSED = "The connection is paused by staff."
NO_CONNECTION = "This organization has no connection to this environment."


def work(*, organization_id: int, environment: str, seconds: float = 50.0) -> int:
    """Send what is due in a lane, for at most so many seconds. Returns the number of calls made.

    Does nothing while another worker holds the lane, or while this host's clock is wrong. Safe to run at any time, by
    any number of workers.
    """
    lane = LaneKey(organization_id, environment, uuid.uuid4().hex)
    if not host_clocks.check().is_host_right or not queue.hold_lane(lane):
        return 0
    runner = _Runner(lane)
    try:
        return runner.run(seconds=seconds)
    finally:
        runner.close()
        queue.leave_lane(lane)


@dataclass(slots=True)
class _Allowed:
    """What may be sent of one name now: `left` calls; on probation one, and `only` the one named."""

    write: Write[Any]
    left: int
    permit: Permit
    on_probation: bool = False
    only: int | None = None

    @property
    def is_good(self) -> bool:
        """Whether they may still go out."""
        return time.monotonic() < self.permit.good_until


class _Runner:
    def __init__(self, lane: LaneKey) -> None:
        self._lane = lane
        self._gate = Gate()
        self._callers = Callers(connections=settings.PLATFORM_CONNECTIONS, gate=self._gate)
        self._pace = Pace(settings.PLATFORM_CONNECTIONS)
        self._session: Session | None = None
        self._allowed: dict[str, _Allowed] = {}
        self._calls = 0
        self._looked_at = 0.0
        self._renewed_at = 0.0

    def run(self, *, seconds: float) -> int:
        deadline = time.monotonic() + seconds
        self._keep_lane()
        queue.recover(self._lane, now=database_clock.now(), settle_after=_settle_after())
        called: list[Called] = []
        while (started := time.monotonic()) < deadline and self._keep_lane():
            if time.monotonic() - self._looked_at > LOOK_SECONDS:
                self._look(now=database_clock.now())
            sent = self._turn(called, room=self._pace.most_in_flight - self._callers.in_flight)
            self._pace.note_busy(time.monotonic() - started + GATHER_SECONDS)
            if not sent and not self._callers.in_flight and not called and not self._wait_for_next(deadline):
                break
            called = self._collect(seconds=COLLECT_SECONDS)
        self._end(called)
        return self._calls

    def close(self) -> None:
        self._callers.close()

    def _collect(self, *, seconds: float) -> list[Called]:
        """What has ended. What it means for everybody is in force at once, before anything else is looked at."""
        called = self._callers.collect(seconds=seconds)
        outcomes = outcomes_of(called)
        self._calls += len(outcomes)
        if outcomes:
            self._heed(outcomes, now=database_clock.now())
        return called

    def _keep_lane(self) -> bool:
        """Renew the lane when it is time; False once it is lost, or this host's clock is wrong."""
        if time.monotonic() - self._renewed_at <= RENEW_SECONDS:
            return True
        asked_at = time.monotonic()
        if not queue.hold_lane(self._lane):
            log.warning("operations.lane_lost", organization_id=self._lane.organization_id)
            return False
        clock = host_clocks.check()
        if not clock.is_host_right:
            return False
        self._gate.extend(LANE_TTL.total_seconds() - GATE_MARGIN_SECONDS, since=asked_at)
        self._renewed_at = asked_at
        progress.finish_plans(self._lane.organization_id, now=clock.now)
        return True

    def _look(self, *, now: datetime) -> None:
        """See what is due and whether it may be sent: connection, token, maintenance, budgets, locks."""
        self._looked_at = time.monotonic()
        if not self._callers.in_flight:
            self._gate.unlock()
        with step(self._lane.organization_id):
            guarding.guard(self._lane, now=now)
        self._gate.stop_plans(queue.stopped_plans(self._lane, self._callers.plan_ids))
        names = queue.due_names(self._lane, now=now)
        unsettled = queue.unsettled(self._lane, now=now, limit=settings.PLATFORM_CONNECTIONS * 2)
        self._give_back_drawn({name: one for name, one in self._allowed.items() if name not in names})
        self._session = self._open_session(now=now) if names or unsettled else None
        if self._session is None:
            return
        for row in unsettled:
            self._start_settling(row, self._session)
        for name in names:
            self._allow(name, self._session, now=now)

    def _allow(self, name: str, session: Session, *, now: datetime) -> None:
        """Draw what may be sent of a name, or postpone it with the reason."""
        write = write_at(name)
        known, ahead = self._allowed.get(name), allowance.drawn_ahead(write.operation)
        is_enough = known is not None and known.left > ahead // 2 and known.is_good
        if is_enough and not allowance.is_closed(session.caller, write.operation, now=now):
            return
        held = allowance.held_until(now) if write.operation.waits_for_maintenance and session.is_real else None
        if held is not None:
            queue.postpone(self._lane, until=held[0], reason=held[1], names=[name])
            return
        self._give_back_drawn({name: known} if known is not None else {})
        if allowance.is_on_probation(session.caller, write.operation):
            self._allow_one(write, session, now=now)
            return
        wanted = queue.count_due(self._lane, name=name, now=now, most=ahead)
        if not wanted:
            return
        now, good_until = database_clock.now(), _good_until()
        drawn = allowance.draw(session.caller, write.operation, wanted=wanted, now=now)
        if drawn.count:
            self._allowed[name] = _Allowed(write, drawn.count, Permit(drawn.at, good_until))
        elif drawn.until is not None:
            queue.postpone(self._lane, until=drawn.until, reason=drawn.reason, names=[name])

    def _allow_one(self, write: Write[Any], session: Session, *, now: datetime) -> None:
        """After a penalty or a lock one call goes out alone, with a ticket if there is one, before others follow."""
        if self._callers.is_busy_with(write.path):
            return
        tickets = queue.tickets_held(self._lane, write.path)
        only = None
        if tickets:
            only, at = tickets[0]
            if at > now:
                queue.postpone(self._lane, until=at, reason=WAITS_FOR_TICKET, names=[write.path])
                return
        now, good_until = database_clock.now(), _good_until()
        drawn = allowance.draw(session.caller, write.operation, wanted=1, now=now)
        if drawn.count:
            permit = Permit(drawn.at, good_until)
            self._allowed[write.path] = _Allowed(write, 1, permit, on_probation=True, only=only)
        elif drawn.until is not None:
            queue.postpone(self._lane, until=drawn.until, reason=drawn.reason, names=[write.path])

    def _turn(self, called: Sequence[Called], *, room: int) -> int:
        """Store what calls came to and claim the next ones, in one transaction; then hand those out."""
        clock = database_clock.read()
        for one in called:
            one.row.sent_at = one.sent_at or one.row.sent_at
        verdicts = [
            Waiting(one.row, clock.now, one.row.wait_reason, one.row.penalty_ticket, attempts=one.row.attempts - 1)
            if one.outcome is None
            else results.verdict_of(one.write, one.row, one.outcome, now=clock.now)
            for one in called
        ]
        for one in called:
            if one.seconds:
                self._pace.note_call(one.seconds)
            if one.outcome is None:
                allowance.give_back(one.session.caller, one.write.operation, count=1, drawn_at=one.permit.drawn_at)
        session = self._session
        claimed: list[tuple[Operation, _Allowed]] = []
        if verdicts or (session is not None and self._allowed and room > 0):
            with step(self._lane.organization_id):
                storing.store(self._lane, verdicts, now=clock.now)
                if session is not None:
                    claimed = self._claim(room=room, now=clock.now)
        for row, allowed in claimed:
            if session is not None:
                self._callers.call(row, allowed.write, session, allowed.permit, clock=clock)
        return len(claimed)

    def _claim(self, *, room: int, now: datetime) -> list[tuple[Operation, _Allowed]]:
        claimed: list[tuple[Operation, _Allowed]] = []
        for name, allowed in list(self._allowed.items()):
            limit = min(allowed.left, room - len(claimed))
            if not allowed.is_good:
                self._look_soon()
                continue
            if limit <= 0:
                continue
            found = queue.claim(self._lane, name=name, limit=limit, now=now, until=now + CLAIM_TTL, only=allowed.only)
            allowed.left -= len(found)
            claimed += [(row, allowed) for row in found]
            if allowed.on_probation or not allowed.left:
                self._look_soon()
        return claimed

    def _heed(self, outcomes: Sequence[tuple[Called, Outcome]], *, now: datetime) -> None:
        """Pass on what outcomes mean for everybody: locks, penalties, tokens, budgets that count failures alone."""
        for called, outcome in outcomes:
            if isinstance(outcome, Locked | Penalized):
                self._close(called, outcome, now=now)
            elif isinstance(outcome, Unauthorized) and outcome.is_about_token:
                tokens.reject_token(
                    connection_id=called.session.connection_id,
                    organization_id=self._lane.organization_id,
                    token=called.session.token,
                    now=now,
                )
                self._look_soon()
            elif isinstance(outcome, Success):
                self._heed_success(called, now=now)

    def _heed_success(self, called: Called, *, now: datetime) -> None:
        allowance.give_back_success(called.session.caller, called.write.operation, drawn_at=called.permit.drawn_at)
        allowed = self._allowed.get(called.row.name)
        if allowed is not None and allowed.on_probation:
            allowance.end_probation(called.session.caller, called.write.operation, now=now)
            del self._allowed[called.row.name]
            self._look_soon()

    def _close(self, called: Called, outcome: Locked | Penalized, *, now: datetime) -> None:
        write = called.write
        until = allowance.close_after(called.session.caller, write.operation, outcome, now=now)
        names = None if isinstance(outcome, Locked) else [write.path]
        closed = self._allowed if isinstance(outcome, Locked) else {write.path: self._allowed.get(write.path)}
        self._give_back_drawn({name: one for name, one in closed.items() if one is not None})
        queue.postpone(self._lane, until=until, reason=results.waiting_words(outcome, write), names=names)
        self._look_soon()

    def _give_back_drawn(self, allowed: dict[str, _Allowed]) -> None:
        for name, one in list(allowed.items()):
            self._allowed.pop(name, None)
            if self._session is not None and one.left > 0:
                allowance.give_back(
                    self._session.caller, one.write.operation, count=one.left, drawn_at=one.permit.drawn_at
                )

    def _open_session(self, *, now: datetime) -> Session | None:
        """The connection and a good token, or None after everything was postponed with the reason."""
        with step(self._lane.organization_id):
            of_lane = Connection.objects.select_related("organization").filter(
                organization_id=self._lane.organization_id, environment=self._lane.environment
            )
            connection = of_lane.first()
        if connection is None or not connection.is_enabled:
            reason = PAUSED if connection else NO_CONNECTION
            queue.postpone_all(self._lane, until=now + LOOK_AGAIN, reason=reason)
            return None
        try:
            token = tokens.access_token(
                connection_id=connection.pk, organization_id=self._lane.organization_id, now=now
            )
        except TokenUnavailable as missing:
            until = now + timedelta(seconds=missing.retry_after_seconds or 60.0)
            queue.postpone_all(self._lane, until=until, reason=f"{missing.reason} {missing.advice}")
            return None
        caller = Caller(connection.rest_url, connection.credentials["name"])
        return Session(connection.pk, not connection.organization.is_simulated, caller, token.token)

    def _start_settling(self, row: Operation, session: Session) -> None:
        """Read one row, unless a thread is at it: a large call takes longer to read than a claim lasts."""
        name = f"settling {row.pk}"
        if not self._callers.is_busy_with(name):
            work = partial(settle, self._lane, row, caller=session.caller, token=session.token)
            self._callers.run(work, session, name=name)

    def _look_soon(self) -> None:
        self._looked_at = 0.0

    def _wait_for_next(self, deadline: float) -> bool:
        """Stay for what is due within moments; False where the lane can be left to the next nudge."""
        next_at = queue.next_due_at(self._lane)
        if next_at is None:
            return False
        pause = (next_at - database_clock.now()).total_seconds()
        if pause > WORTH_WAITING.total_seconds() or time.monotonic() + pause > deadline:
            return False
        time.sleep(max(COLLECT_SECONDS, pause))
        self._look_soon()
        return True

    def _end(self, called: list[Called]) -> None:
        """Wait for what is on the wire, store it, and leave nothing behind."""
        while called or self._callers.in_flight:
            self._keep_lane()
            self._turn(called, room=0)
            called = self._collect(seconds=RENEW_SECONDS)
        self._give_back_drawn(dict(self._allowed))
        progress.finish_plans(self._lane.organization_id, now=database_clock.now())


def _good_until() -> float:
    """Until when what is drawn now may go out, by our own clock."""
    return time.monotonic() + allowance.good_seconds()


def _settle_after() -> timedelta:
    """How long after a call of unknown outcome the platform is read: it may still be at work on it."""
    return timedelta(seconds=settings.OPERATION_SETTLE_SECONDS)
