"""Sends the operations of one lane (organization and environment), several at a time, until none is due.

The order is always: draw from the budgets, mark rows as being sent and commit, call outside any transaction, store
what it came to under the claim. One thread decides and uses the database, the others only call (engine/callers.py).
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
from django.db import connection as database

from vendor_admin.operations.engine import after_restore, hosts
from vendor_admin.operations.engine import conclusions as concluding
from vendor_admin.operations.engine import guards as guarding
from vendor_admin.operations.engine.callers import (
    GATHER_SECONDS,
    Called,
    Callers,
    Gate,
    Permit,
    Session,
    is_refused,
    outcomes_of,
    suspects_token,
)
from vendor_admin.operations.engine.conclusions import DATABASE_AWAY
from vendor_admin.operations.engine.pace import Pace
from vendor_admin.operations.engine.platform_session import Sessions
from vendor_admin.operations.engine.settlement import settle
from vendor_admin.operations.engine.token_doubts import TokenDoubts
from vendor_admin.operations.models import Operation
from vendor_admin.operations.plans import progress
from vendor_admin.operations.store import allowance, outcome_store, queue
from vendor_admin.operations.store import verdicts as results
from vendor_admin.operations.store.queue import LANE_TTL, LaneKey, step
from vendor_admin.organizations import incarnations
from vendor_admin.organizations.models import Incarnation
from vendor_admin.organizations.platform_access import host_clocks
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.tradovate.catalogue.write import Write
from vendor_admin.tradovate.operations import WRITES
from vendor_admin.tradovate.outcomes import Locked, NotSent, Outcome, Penalized, Success, Unauthorized, WrongHost
from vendor_admin.tradovate.rest.client import RestClient

log = structlog.get_logger(__name__)

CLAIM_TTL = timedelta(seconds=45)  # longer than the longest call
GATE_MARGIN_SECONDS = 2.0
RENEW_SECONDS = 3.0
LOOK_SECONDS = 1.0  # how often the connection, the budgets and unknown outcomes are looked at while calls go out
LOOK_FOR_STOPS_SECONDS = 0.2
OUTAGE_SECONDS = 60.0  # how long answers are kept for a database that is away
OUTAGE_PAUSE_SECONDS = 0.5
REFUSED_AT_ONCE = 500
COLLECT_SECONDS = 0.05
WORTH_WAITING = timedelta(seconds=2)
WAITS_FOR_TICKET = "The platform slowed this down: the call with the penalty ticket goes first."


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
    runner = _Runner(lane, incarnation)
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
    def __init__(self, lane: LaneKey, incarnation: Incarnation) -> None:
        self._lane = lane
        self._incarnation = incarnation
        self._is_lost = False
        self._has_lost_lane = False
        self._gate = Gate()
        self._callers = Callers(connections=settings.PLATFORM_CONNECTIONS, gate=self._gate)
        self._pace = Pace(settings.PLATFORM_CONNECTIONS)
        self._sessions = Sessions(lane, self._gate, self._callers, on_news=self._look_soon)
        self._session: Session | None = None
        self._allowed: dict[str, _Allowed] = {}
        self._in_hand: list[Called] = []  # what calls came to, until it is stored
        self._unheeded: list[tuple[Called, Outcome]] = []
        self._doubts = TokenDoubts(lane, self._gate)
        self._calls = 0
        self._looked_at = 0.0
        self._looked_for_stops_at = 0.0
        self._renewed_at = 0.0

    def run(self, *, seconds: float) -> int:
        """Work until nothing is due or the time is over. However it ends, what calls came to is stored first."""
        try:
            self._work(deadline=time.monotonic() + seconds)
        except DATABASE_AWAY as error:
            log.warning("operations.database_away", organization_id=self._lane.organization_id, error=str(error))
        finally:
            self._end()
        return self._calls

    def close(self) -> None:
        self._callers.close()

    def _work(self, *, deadline: float) -> None:
        self._keep_lane()
        queue.recover(self._lane, now=database_clock.now(), settle_after=_settle_after())
        while (started := time.monotonic()) < deadline and self._keep_lane():
            if time.monotonic() - self._looked_at > LOOK_SECONDS:
                self._look(now=database_clock.now())
            self._look_for_stops()
            had_answers = bool(self._in_hand)
            sent = self._store_and_send(room=self._pace.most_in_flight - self._callers.in_flight)
            self._pace.note_busy(time.monotonic() - started + GATHER_SECONDS)
            if not sent and not self._callers.in_flight and not had_answers and not self._wait_for_next(deadline):
                break
            self._collect(seconds=COLLECT_SECONDS)

    def _collect(self, *, seconds: float) -> None:
        """Take what has ended. What it means for everybody is in force at once, before anything else is looked at."""
        called = self._callers.collect(seconds=seconds)
        outcomes = outcomes_of(called)
        self._calls += len(outcomes)
        # Those of a wrong host are in hand once it is known whether it was one.
        self._in_hand += [one for one in called if not isinstance(one.outcome, WrongHost)]
        self._in_hand += self._sessions.collect_judged()
        self._unheeded += outcomes
        while self._unheeded:
            self._heed(self._unheeded[0], now=database_clock.now())
            del self._unheeded[0]

    def _store_and_send(self, *, room: int) -> int:
        """One turn with what is in hand, which stays in hand where it could not be stored."""
        called, self._in_hand = self._in_hand, []
        try:
            return self._turn(called, room=room)
        except Exception:
            self._in_hand = called + self._in_hand
            raise

    def _keep_lane(self) -> bool:
        """Renew the lane when it is time; False once it or its database is lost, or this host's clock is wrong."""
        if time.monotonic() - self._renewed_at <= RENEW_SECONDS:
            return True
        asked_at = time.monotonic()
        if not queue.hold_lane(self._lane):
            log.warning("operations.lane_lost", organization_id=self._lane.organization_id)
            self._has_lost_lane = True
            return False
        clock = host_clocks.check()
        if self._is_lost or not clock.is_host_right:
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
        self._looked_for_stops_at = 0.0
        names = self._known(queue.due_names(self._lane, now=now), now=now)
        unsettled = queue.unsettled(self._lane, now=now, limit=settings.PLATFORM_CONNECTIONS * 2)
        self._give_back_drawn({name: one for name, one in self._allowed.items() if name not in names})
        self._session = self._sessions.open(now=now) if names or unsettled else None
        if self._session is None:
            return
        for row in unsettled:
            self._start_settling(row, self._session)
        for name in names:
            self._allow(name, self._session, now=now)

    def _look_for_stops(self) -> None:
        """Have the gate know which plans people stopped. Cheap, and soon: what is handed out already waits for it."""
        if self._callers.plan_ids and time.monotonic() - self._looked_for_stops_at > LOOK_FOR_STOPS_SECONDS:
            self._looked_for_stops_at = time.monotonic()
            self._gate.stop_plans(queue.stopped_plans(self._lane, self._callers.plan_ids))

    def _known(self, names: Sequence[str], *, now: datetime) -> list[str]:
        """The names that the catalogue knows. Operations of other names cannot be sent and are refused."""
        for name in names:
            if name not in WRITES:
                with step(self._lane.organization_id):
                    rows = queue.claim(self._lane, name=name, limit=REFUSED_AT_ONCE, now=now, until=now + CLAIM_TTL)
                    refused = [results.refused_by_us(row, results.NO_SUCH_CALL.format(name)) for row in rows]
                    outcome_store.store(self._lane, refused, now=now)
                log.error("operations.unknown_call", name=name, organization_id=self._lane.organization_id)
        return [name for name in names if name in WRITES]

    def _allow(self, name: str, session: Session, *, now: datetime) -> None:
        """Draw what may be sent of a name, or postpone it with the reason."""
        write = WRITES[name]
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
            if one.row.call_ended_at is None:  # else the first call counts, whose outcome was unknown
                one.row.sent_at = one.sent_at or one.row.sent_at
        verdicts = [
            concluding.verdict_on(one, is_alive=self._gate.is_alive(one.session.token), now=clock.now) for one in called
        ]
        for one in called:
            if one.seconds:
                self._pace.note_call(one.seconds)
        claimed: list[tuple[Operation, _Allowed]] = []
        is_usable = self._session is not None and not self._gate.doubts(self._session.token)
        may_claim = is_usable and bool(self._allowed) and room > 0
        if verdicts or may_claim:
            claim = partial(self._claim, room=room, now=clock.now)
            claimed = concluding.store_and(claim if may_claim else list, self._lane, verdicts, now=clock.now)
        for row, allowed in claimed:  # at once: they are marked as being sent
            if self._session is not None:
                self._callers.call(row, allowed.write, self._session, allowed.permit, clock=clock)
        self._give_back_unsent(called)
        return len(claimed)

    def _give_back_unsent(self, called: Sequence[Called]) -> None:
        """Return to the budgets what was drawn for calls that were not made.

        Nothing is raised: what was called is stored by then, and stored twice it would put back into the queue what is
        being sent again. What cannot be returned is lost until the hour is over.
        """
        try:
            for one in called:
                if one.outcome is None:
                    allowance.give_back(one.session.caller, one.write.operation, count=1, drawn_at=one.permit.drawn_at)
        except Exception:
            log.exception("operations.draws_not_given_back", organization_id=self._lane.organization_id)

    def _is_same_database(self) -> bool:
        """Whether what waits here was read from the platform if it has to be. A pool may lead to another server by now:
        asked in the transaction that claims."""
        if not self._is_lost and not incarnations.is_present(self._incarnation):
            log.warning("operations.database_replaced", organization_id=self._lane.organization_id)
            self._is_lost, self._renewed_at = True, 0.0
            self._gate.extend(0.0)
        return not self._is_lost

    def _claim(self, *, room: int, now: datetime) -> list[tuple[Operation, _Allowed]]:
        claimed: list[tuple[Operation, _Allowed]] = []
        if not self._is_same_database():
            return claimed
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

    def _heed(self, heard: tuple[Called, Outcome], *, now: datetime) -> None:
        """Pass on what an outcome means for everybody: locks, penalties, tokens, budgets that count failures alone."""
        called, outcome = heard
        if isinstance(outcome, Locked | Penalized):
            self._close(called, outcome, now=now)
        elif suspects_token(outcome):
            if self._gate.doubt(called.session.token, is_refused=is_refused(outcome)):
                self._doubt(called.session)
        elif isinstance(outcome, WrongHost):
            self._heed_wrong_host(called, outcome)
        elif isinstance(outcome, NotSent):
            if hosts.fall_back(self._lane.organization_id, called.session, outcome):
                self._leave_host()
        elif isinstance(outcome, Success):
            self._heed_success(called, outcome, now=now)

    def _doubt(self, session: Session) -> None:
        """An answer may be that of a dead session: find out, before more goes out with this token."""
        name = "token in doubt"
        if not self._callers.is_busy_with(name):
            self._callers.run(partial(self._end_doubt, session), session, name=name)

    def _end_doubt(self, session: Session, client: RestClient) -> None:
        if self._doubts.is_dead(session, client):
            self._look_soon()

    def _heed_wrong_host(self, called: Called, outcome: WrongHost) -> None:
        """Send nothing more before it is known whether the host was the wrong one: then the lane goes on at the right
        host, or is held until somebody knows it.
        """
        self._leave_host()
        self._sessions.judge(called, outcome)

    def _leave_host(self) -> None:
        self._give_back_drawn(dict(self._allowed))
        self._session = None
        self._look_soon()

    def _heed_success(self, called: Called, outcome: Success, *, now: datetime) -> None:
        self._sessions.note_works(called.session)
        if called.write.operation.names_hosts:
            hosts.learn(self._lane, called.session, outcome)
            self._look_soon()
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

    def _start_settling(self, row: Operation, session: Session) -> None:
        """Read one row, unless a thread is at it: a large call takes longer to read than a claim lasts."""
        name = f"settling {row.pk}"
        if not self._callers.is_busy_with(name):
            self._callers.run(partial(self._settle, row, session), session, name=name)

    def _settle(self, row: Operation, session: Session, client: RestClient) -> None:
        """Read one row, in a thread. Where the platform refuses that, the token may be dead."""
        judge = partial(hosts.judge, lane=self._lane, session=session, gate=self._gate)
        outcome = settle(self._lane, row, client, caller=session.caller, token=session.token, judge=judge)
        if (
            isinstance(outcome, Unauthorized)
            and outcome.is_about_token
            and self._gate.doubt(session.token, is_refused=is_refused(outcome))
        ):
            self._end_doubt(session, client)

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

    def _end(self) -> None:
        """Wait for what is on the wire, store it, and leave nothing behind.

        Answers are not thrown away because the database is away for a moment: that is waited for. Whoever took the lane
        meanwhile reads about these rows first, and what is stored here spares that.
        """
        give_up_at = time.monotonic() + OUTAGE_SECONDS
        while self._in_hand or self._unheeded or self._callers.in_flight or self._sessions.has_to_judge:
            try:
                self._keep_lane()
                self._store_and_send(room=0)
                self._collect(seconds=RENEW_SECONDS)
                give_up_at = time.monotonic() + OUTAGE_SECONDS
            except DATABASE_AWAY as error:
                if time.monotonic() > give_up_at:
                    raise
                log.warning("operations.answers_not_stored_yet", count=len(self._in_hand), error=str(error))
                database.close()
                time.sleep(OUTAGE_PAUSE_SECONDS)
        self._give_back_drawn(dict(self._allowed))
        if self._has_lost_lane:
            queue.take_back_crashes(self._lane)
        progress.finish_plans(self._lane.organization_id, now=database_clock.now())


def _good_until() -> float:
    """Until when what is drawn now may go out, by our own clock."""
    return time.monotonic() + allowance.good_seconds()


def _settle_after() -> timedelta:
    """How long after a call of unknown outcome the platform is read: it may still be at work on it."""
    return timedelta(seconds=settings.OPERATION_SETTLE_SECONDS)
