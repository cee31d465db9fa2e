"""Sends the operations of one lane (organization and environment), several at a time, until none is due.

What to do next is decided in schedule.py; this is the shell around it, which reads the state and carries out. The order
is always: draw from the budgets, mark rows as being sent and commit, call outside any transaction, store what it came
to under the claim. One thread decides and uses the database, the others only call (platform_calls/callers.py).
"""

import time
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog
from django.conf import settings
from django.db import connection as database

from vendor_admin.operations.engine import after_restore
from vendor_admin.operations.engine import conclusions as concluding
from vendor_admin.operations.engine import guards as guarding
from vendor_admin.operations.engine.conclusions import DATABASE_AWAY
from vendor_admin.operations.engine.consequences import Consequences
from vendor_admin.operations.engine.lane_hold import RENEW_SECONDS, LaneHold
from vendor_admin.operations.engine.pace import Pace
from vendor_admin.operations.engine.permits import Permits
from vendor_admin.operations.engine.platform_calls.callers import GATHER_SECONDS, Callers
from vendor_admin.operations.engine.platform_calls.calls import Called, Permit, Session, outcomes_of
from vendor_admin.operations.engine.platform_calls.gate import Gate
from vendor_admin.operations.engine.platform_calls.sessions import Sessions
from vendor_admin.operations.engine.readings import Readings
from vendor_admin.operations.engine.schedule import LOOK_EVERY, LookAgain, Start, State, next_actions
from vendor_admin.operations.engine.supply import CLAIM_TTL, Supply
from vendor_admin.operations.models import Operation
from vendor_admin.operations.plans import progress
from vendor_admin.operations.precedence import Waiting
from vendor_admin.operations.store import queue
from vendor_admin.operations.store.queue import LaneKey, step
from vendor_admin.organizations.models import Incarnation
from vendor_admin.organizations.platform_access import host_clocks
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.tradovate.operations import WRITES
from vendor_admin.tradovate.outcomes import Outcome, WrongHost

log = structlog.get_logger(__name__)

PEEK_SECONDS = 0.2  # how often plans that people stopped, and urgent operations, are looked for while calls go out
OUTAGE_SECONDS = 60.0  # how long answers are kept for a database that is away
OUTAGE_PAUSE_SECONDS = 0.5
COLLECT_SECONDS = 0.05
WORTH_WAITING = timedelta(seconds=2)


def work(*, organization_id: int, environment: str, seconds: float = 50.0) -> int:
    """Send what is due in a lane, for at most so many seconds. Returns the number of calls made.

    Does nothing while another worker holds the lane, or while this host's clock is wrong. Safe to run at any time, by
    any number of workers.
    """
    lane = LaneKey(organization_id, environment, uuid.uuid4().hex)
    clock = host_clocks.check()
    if not clock.is_host_right:
        return 0
    incarnation = after_restore.settled_incarnation(now=clock.now)
    if incarnation is None or not queue.hold_lane(lane):
        return 0
    runner = Runner(lane, incarnation)
    try:
        return runner.run(seconds=seconds)
    finally:
        runner.close()
        queue.leave_lane(lane)


class Runner:
    """One run of a lane that is held. `run` is all of it; what else is public are its parts."""

    def __init__(
        self,
        lane: LaneKey,
        incarnation: Incarnation,
        *,
        gate: Gate | None = None,
        callers: Callers | None = None,
        sessions: Sessions | None = None,
    ) -> None:
        self.lane = lane
        self.gate = gate or Gate()
        self.callers = callers or Callers(connections=settings.PLATFORM_CONNECTIONS, gate=self.gate)
        self.sessions = sessions or Sessions(lane, self.gate, self.callers, on_news=self._look_soon)
        self.permits = Permits()
        self._readings = Readings(lane, self.gate, self.callers, on_news=self._look_soon)
        self._consequences = Consequences(
            lane, self.gate, self.sessions, self._readings, self.permits, self._look_soon, self._leave_host
        )
        self._supply = Supply(lane, self.permits, self._readings)
        self._hold = LaneHold(lane, incarnation, self.gate)
        self._pace = Pace(settings.PLATFORM_CONNECTIONS)
        self._session: Session | None = None
        self._in_hand: list[Called] = []  # what calls came to, until it is stored
        self._unheeded: list[tuple[Called, Outcome]] = []
        self._started: dict[int, Waiting] = {}  # what is handed out, and what it changes
        self._calls = 0
        self._look_at = 0.0
        self._peek_at = 0.0
        self._has_urgent = False

    def run(self, *, seconds: float) -> int:
        """Work until nothing is due or the time is over. However it ends, what calls came to is stored first."""
        try:
            self._work(deadline=time.monotonic() + seconds)
        except DATABASE_AWAY as error:
            log.warning("operations.database_away", organization_id=self.lane.organization_id, error=str(error))
        finally:
            self._end()
        return self._calls

    def close(self) -> None:
        """End the threads; calls on the wire are waited for."""
        self.callers.close()

    def keep_lane(self) -> bool:
        """Renew the lane when it is time; False once it or its database is lost, or this host's clock is wrong."""
        return self._hold.keep()

    def look(self, *, now: datetime) -> None:
        """See what is due and whether it may be sent: connection, token, maintenance, budgets, locks."""
        if not self.callers.in_flight:
            self.gate.unlock()
        with step(self.lane.organization_id):
            guarding.guard(self.lane, now=now)
        self._heed_stops()
        names = self._supply.known(queue.due_names(self.lane, now=now), now=now)
        unread = queue.unsettled(self.lane, now=now, limit=settings.PLATFORM_CONNECTIONS * 2)
        self._session = self.sessions.open(now=now) if names or unread else None
        if self._session is None:
            self.permits.give_back_all()
            return
        self._supply.renew(names, unread, self._session, in_flight=self._in_flight(), now=now)

    def peek(self) -> None:
        """Have the gate know which plans people stopped, and see whether something urgent is due. Cheap, and soon: what
        is handed out already waits for it."""
        if time.monotonic() < self._peek_at:
            return
        self._peek_at = time.monotonic() + PEEK_SECONDS
        self._heed_stops()
        urgent = queue.urgent_names(self.lane, now=database_clock.now())
        self._has_urgent = bool(urgent)
        if urgent - self.permits.names:
            self._look_soon()

    def _work(self, *, deadline: float) -> None:
        self.keep_lane()
        # A call of unknown outcome may still be at work at the platform: it is read after a moment.
        settle_after = timedelta(seconds=settings.OPERATION_SETTLE_SECONDS)
        queue.recover(self.lane, now=database_clock.now(), settle_after=settle_after)
        while (started := time.monotonic()) < deadline and self.keep_lane():
            if started >= self._look_at:
                self._look_at = started + LOOK_EVERY.total_seconds()
                self.look(now=database_clock.now())
            self.peek()
            had_answers = bool(self._in_hand)
            sent = self._store_and_send(may_start=True)
            self._pace.note_busy(time.monotonic() - started + GATHER_SECONDS)
            if not sent and not self.callers.in_flight and not had_answers and not self._wait_for_next(deadline):
                break
            self._collect(seconds=COLLECT_SECONDS)

    def _collect(self, *, seconds: float) -> None:
        """Take what has ended. What it means for everybody is in force at once, before anything else is looked at."""
        called = self.callers.collect(seconds=seconds)
        outcomes = outcomes_of(called)
        self._calls += len(outcomes)
        # Those of a wrong host are in hand once it is known whether it was one.
        self._in_hand += [one for one in called if not isinstance(one.outcome, WrongHost)]
        self._in_hand += self.sessions.collect_judged()
        self._unheeded += outcomes
        while self._unheeded:
            self._consequences.heed(*self._unheeded[0], now=database_clock.now())
            del self._unheeded[0]

    def _store_and_send(self, *, may_start: bool) -> int:
        """One turn with what is in hand, which stays in hand where it could not be stored."""
        called, self._in_hand = self._in_hand, []
        try:
            return self._turn(called, may_start=may_start)
        except Exception:
            self._in_hand = called + self._in_hand
            raise

    def _turn(self, called: Sequence[Called], *, may_start: bool) -> int:
        """Store what calls came to and claim the next ones, in one transaction; then hand those out."""
        clock = database_clock.read()
        for one in called:
            if one.row.call_ended_at is None:  # else the first call counts, whose outcome was unknown
                one.row.sent_at = one.sent_at or one.row.sent_at
            if one.seconds:
                self._pace.note_call(one.seconds)
        verdicts = [
            concluding.verdict_on(one, is_alive=self.gate.is_alive(one.session.token), now=clock.now) for one in called
        ]
        claimed: list[tuple[Operation, Permit]] = []
        may_claim = may_start and self._may_claim()
        if verdicts or may_claim:
            claim = partial(self._claim, now=clock.now) if may_claim else list
            claimed = concluding.store_and(claim, self.lane, verdicts, now=clock.now)
        for row, permit in claimed:  # at once: they are marked as being sent
            if self._session is not None:
                self.callers.call(row, WRITES[row.name], self._session, permit, clock=clock)
        self.permits.give_back_unsent(called)
        return len(claimed)

    def _may_claim(self) -> bool:
        """Whether something may be sent now, for all that is known without the database."""
        if self._session is None or self.gate.doubts(self._session.token):
            return False
        return bool(self.permits.names) and (self._room > 0 or (self._has_urgent and self._urgent_room > 0))

    @property
    def _room(self) -> int:
        return self._pace.most_in_flight - self.callers.in_flight

    @property
    def _urgent_room(self) -> int:
        """What is urgent need not wait for room: the next thread that is free calls it."""
        connections: int = settings.PLATFORM_CONNECTIONS
        return self._room + connections

    def _claim(self, *, now: datetime) -> list[tuple[Operation, Permit]]:
        """Mark what starts next as being sent. Runs in the transaction of the turn."""
        if not self._hold.is_of_same_database():
            return []
        room, urgent_room = max(0, self._room), max(0, self._urgent_room)
        waiting = queue.first_waiting(
            self.lane,
            names=self.permits.names,
            most=room,
            most_urgent=urgent_room,
            besides=self.permits.ticket_holders,
            now=now,
        )
        state = State(
            room=room,
            urgent_room=urgent_room,
            drawn=self.permits.as_drawn(),
            waiting=waiting,
            in_flight=self._in_flight(),
        )
        starts = {}
        for action in next_actions(state, now):
            if isinstance(action, Start):
                starts[action.operation_id] = action
            elif isinstance(action, LookAgain) and action.at <= now:
                self._look_soon()
        claimed = queue.claim(self.lane, ids=list(starts), now=now, until=now + CLAIM_TTL) if starts else []
        rows = {row.pk: row for row in claimed}
        self._started |= {one.id: one for one in waiting if one.id in rows}
        return [
            (rows[id_], self.permits.use(start.name, start.drawn_for)) for id_, start in starts.items() if id_ in rows
        ]

    def _in_flight(self) -> list[Waiting]:
        """What is handed out and not collected."""
        ids = self.callers.operation_ids
        self._started = {id_: one for id_, one in self._started.items() if id_ in ids}
        return list(self._started.values())

    def _heed_stops(self) -> None:
        if plan_ids := self.callers.plan_ids:
            self.gate.stop_plans(queue.stopped_plans(self.lane, plan_ids))

    def _leave_host(self) -> None:
        self.permits.give_back_all()
        self._session = None
        self._look_soon()

    def _look_soon(self) -> None:
        self._look_at = 0.0

    def _wait_for_next(self, deadline: float) -> bool:
        """Stay for what is due within moments; False where the lane can be left to the next nudge."""
        now = database_clock.now()
        looks = next_actions(State(next_due_at=queue.next_due_at(self.lane)), now)
        pause = next(((one.at - now).total_seconds() for one in looks if isinstance(one, LookAgain)), None)
        if pause is None or pause > WORTH_WAITING.total_seconds() or time.monotonic() + pause > deadline:
            return False
        time.sleep(max(COLLECT_SECONDS, pause))
        self._look_soon()
        return True

    def _end(self) -> None:
        """Wait for what is on the wire, store it, and leave nothing behind.

        Answers are not thrown away because the database is away for a moment: that is waited for. Whoever took the lane
        meanwhile reads about these rows first, and what is stored here spares that.
        """
        give_up_at = time.monotonic() + OUTAGE_SECONDS
        while self._in_hand or self._unheeded or self.callers.in_flight or self.sessions.has_to_judge:
            try:
                self.keep_lane()
                self._store_and_send(may_start=False)
                self._collect(seconds=RENEW_SECONDS)
                give_up_at = time.monotonic() + OUTAGE_SECONDS
            except DATABASE_AWAY as error:
                if time.monotonic() > give_up_at:
                    raise
                log.warning("operations.answers_not_stored_yet", count=len(self._in_hand), error=str(error))
                database.close()
                time.sleep(OUTAGE_PAUSE_SECONDS)
        self.permits.give_back_all()
        if self._hold.was_lost:
            queue.take_back_crashes(self.lane)
        progress.finish_plans(self.lane.organization_id, now=database_clock.now())
