"""The platform as one lane reaches it: connection, token, host. What may last is done in a thread.

Signing in waits for others and for the network, and so does the search for the right host: longer than a lane lasts.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from vendor_admin.operations.engine.platform_calls import hosts
from vendor_admin.operations.engine.platform_calls.callers import Callers
from vendor_admin.operations.engine.platform_calls.calls import Called, Session
from vendor_admin.operations.engine.platform_calls.gate import Gate
from vendor_admin.operations.plans.unknown_outcomes import ask_where_nothing_is_read
from vendor_admin.operations.store import queue
from vendor_admin.operations.store.queue import LaneKey, step
from vendor_admin.organizations.models import Connection
from vendor_admin.organizations.platform_access import host_holds, platform_hosts, tokens
from vendor_admin.organizations.platform_access.tokens import TokenUnavailable
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.tradovate.api_hosts import host_and_port
from vendor_admin.tradovate.outcomes import Outcome, WrongHost

LOOK_AGAIN = timedelta(seconds=15)
PAUSED = "The connection is paused by staff."
NO_CONNECTION = "This organization has no connection to this environment."
_SIGNING_IN = "signing in"
_JUDGING = "judging hosts"


class Sessions:
    """Opens the sessions of one run, and judges answers of wrong hosts. `on_news` is called, from any thread, once it
    is worth looking again.
    """

    def __init__(self, lane: LaneKey, gate: Gate, callers: Callers, *, on_news: Callable[[], None]) -> None:
        self._lane, self._gate, self._callers, self._on_news = lane, gate, callers, on_news
        self._to_judge: deque[tuple[Called, Outcome]] = deque()
        self._judged: deque[Called] = deque()
        self._works_at: set[str] = set()
        self._signed_in_at: datetime | None = None  # when that was last begun

    def open(self, *, now: datetime) -> Session | None:
        """The connection with a good token; None while there is none, and where everything was postponed with the
        reason. Asks nobody but the database.
        """
        if self._to_judge:
            return None
        with step(self._lane.organization_id):
            of_lane = Connection.objects.select_related("organization").filter(
                organization_id=self._lane.organization_id, environment=self._lane.environment
            )
            connection = of_lane.first()
        if connection is None or not connection.is_enabled:
            self._postpone_all(until=now + LOOK_AGAIN, reason=PAUSED if connection else NO_CONNECTION, now=now)
            return None
        if hold := host_holds.hold_on(connection, now=now):
            # Looked at again soon: the hold ends early once the host is known.
            self._postpone_all(until=min(hold.until, now + LOOK_AGAIN), reason=hold.reason, now=now)
            return None
        ids = {"connection_id": connection.pk, "organization_id": self._lane.organization_id}
        try:
            token, is_due = tokens.stored_token(**ids, now=now)
        except TokenUnavailable as missing:
            self._postpone_without_token(missing, now=now)
            return None
        if is_due and self._may_sign_in(has_token=token is not None, now=now):
            self._signed_in_at = now
            self._callers.look_up(partial(self._sign_in, connection.pk), name=_SIGNING_IN)
        if token is None:
            return None
        session = hosts.session_at(connection, token)
        self._gate.trust(session.rest_url)
        return session

    def judge(self, called: Called, outcome: WrongHost) -> None:
        """Have it found out whether the host that answered so is the wrong one; `collect_judged` has what it is then.
        Meanwhile no session is opened.
        """
        self._to_judge.append((called, outcome))
        self._start_judging()

    def collect_judged(self) -> list[Called]:
        """What was judged meanwhile."""
        if self._to_judge:
            self._start_judging()
        return [self._judged.popleft() for _ in range(len(self._judged))]

    @property
    def has_to_judge(self) -> bool:
        """Whether something is not judged, or not collected yet."""
        return bool(self._to_judge or self._judged)

    def note_works(self, session: Session) -> None:
        """A call was answered: its host serves the organization. Written down once in a run."""
        if session.rest_url not in self._works_at:
            self._works_at.add(session.rest_url)
            ids = {"connection_id": session.connection_id, "organization_id": self._lane.organization_id}
            platform_hosts.note_works(**ids, host=host_and_port(session.rest_url))

    def _may_sign_in(self, *, has_token: bool, now: datetime) -> bool:
        """A good token can be used meanwhile: one that cannot be renewed yet is tried again after a pause."""
        is_early = self._signed_in_at is not None and now < self._signed_in_at + LOOK_AGAIN
        return not self._callers.is_busy_with(_SIGNING_IN) and not (has_token and is_early)

    def _sign_in(self, connection_id: int) -> None:
        """Renew the token or log in, in a thread. The next look finds it stored."""
        ids = {"connection_id": connection_id, "organization_id": self._lane.organization_id}
        try:
            tokens.access_token(**ids, now=database_clock.now())
        except TokenUnavailable as missing:
            self._postpone_without_token(missing, now=database_clock.now())
        finally:
            self._on_news()

    def _start_judging(self) -> None:
        if not self._callers.is_busy_with(_JUDGING):
            self._callers.look_up(self._judge_all, name=_JUDGING)

    def _judge_all(self) -> None:
        """One after the other, in a thread: what the first one learns of the host holds for the others. Where that
        fails, an answer stays what it was: nothing was carried out.
        """
        while self._to_judge:
            called, outcome = self._to_judge[0]
            judged = outcome
            try:
                judged = hosts.judge(outcome, lane=self._lane, session=called.session, gate=self._gate)
            finally:
                self._judged.append(replace(called, outcome=judged))
                self._to_judge.popleft()
                self._works_at.discard(called.session.rest_url)
                self._on_news()

    def _postpone_without_token(self, missing: TokenUnavailable, *, now: datetime) -> None:
        seconds = missing.retry_after_seconds or 60.0
        if missing.kind == "wrong_host":  # looked at again soon, without a call
            seconds = min(seconds, LOOK_AGAIN.total_seconds())
        until = now + timedelta(seconds=seconds)
        self._postpone_all(until=until, reason=f"{missing.reason} {missing.advice}", now=now)

    def _postpone_all(self, *, until: datetime, reason: str, now: datetime) -> None:
        """Nothing can be sent or read before a time, for this reason."""
        queue.postpone_all(self._lane, until=until, reason=reason)
        ask_where_nothing_is_read(self._lane, reason, now=now)
