"""Passes on what an outcome means for everybody: locks, penalties, tokens, hosts, budgets that count failures alone."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from vendor_admin.operations.engine.permits import Permits
from vendor_admin.operations.engine.platform_calls import hosts
from vendor_admin.operations.engine.platform_calls.calls import Called, is_refused, suspects_token
from vendor_admin.operations.engine.platform_calls.gate import Gate
from vendor_admin.operations.engine.platform_calls.sessions import Sessions
from vendor_admin.operations.engine.readings import Readings
from vendor_admin.operations.store import allowance, queue
from vendor_admin.operations.store import verdicts as results
from vendor_admin.operations.store.queue import LaneKey
from vendor_admin.tradovate.outcomes import Locked, NotSent, Outcome, Penalized, Success, WrongHost


@dataclass(frozen=True, slots=True)
class Consequences:
    """Of the outcomes of one run. `look_soon` has the lane looked at; `leave_host` ends the session first."""

    lane: LaneKey
    gate: Gate
    sessions: Sessions
    readings: Readings
    permits: Permits
    look_soon: Callable[[], None]
    leave_host: Callable[[], None]

    def heed(self, called: Called, outcome: Outcome, *, now: datetime) -> None:
        """Have it in force from here on. Heeding the same outcome twice does no harm."""
        if isinstance(outcome, Locked | Penalized):
            self._close(called, outcome, now=now)
        elif suspects_token(outcome):
            if self.gate.doubt(called.session.token, is_refused=is_refused(outcome)):
                self.readings.doubt(called.session)
        elif isinstance(outcome, WrongHost):
            # Nothing more is sent before it is known whether the host was the wrong one: then the lane goes on at the
            # right host, or is held until somebody knows it.
            self.leave_host()
            self.sessions.judge(called, outcome)
        elif isinstance(outcome, NotSent):
            if hosts.fall_back(self.lane.organization_id, called.session, outcome):
                self.leave_host()
        elif isinstance(outcome, Success):
            self._heed_success(called, outcome, now=now)

    def _heed_success(self, called: Called, outcome: Success, *, now: datetime) -> None:
        self.sessions.note_works(called.session)
        operation = called.write.operation
        if operation.names_hosts:
            hosts.learn(self.lane, called.session, outcome)
            self.look_soon()
        allowance.give_back_success(called.session.caller, operation, drawn_at=called.permit.drawn_at)
        if self.permits.is_trial(called.row.name):
            allowance.end_probation(called.session.caller, operation, now=now)
            self.permits.forget(called.row.name)
            self.look_soon()

    def _close(self, called: Called, outcome: Locked | Penalized, *, now: datetime) -> None:
        write = called.write
        until = allowance.close_after(called.session.caller, write.operation, outcome, now=now)
        name = None if isinstance(outcome, Locked) else write.path
        self.permits.give_back_all(name)
        reason = results.waiting_words(outcome, write)
        queue.postpone(self.lane, until=until, reason=reason, names=None if name is None else [name])
        self.look_soon()
