"""The threads that call the platform for one lane, and the gate that every call passes at the last moment.

Threads make calls and nothing else: no database, no decisions. What a call came to is collected by the runner.
"""

import threading
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from django.db import close_old_connections, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from vendor_admin.operations.models import Operation
from vendor_admin.operations.store.allowance import Caller
from vendor_admin.operations.store.verdicts import Unusable, call_of
from vendor_admin.organizations.platform_access.network_policy import addresses_to_call, judge_name
from vendor_admin.organizations.tenancy.database_clock import ClockReading
from vendor_admin.tradovate.api_hosts import at_host
from vendor_admin.tradovate.catalogue.request import rule_faults
from vendor_admin.tradovate.catalogue.write import Write
from vendor_admin.tradovate.outcomes import Locked, Outcome, Penalized, Unauthorized, Unknown, WrongHost
from vendor_admin.tradovate.rest.client import RestClient

log = structlog.get_logger(__name__)

GATHER_SECONDS = 0.01
PROOF_SECONDS = 60.0
OVERTAKEN = "Not sent, since it is no longer right: {}. Make a new preview."


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


class Gate:
    """What every thread asks right before a call goes out."""

    def __init__(self) -> None:
        self._closed_until: dict[str, float] = {}
        self._refused_tokens: set[str] = set()
        self._doubted_tokens: set[str] = set()
        self._proven_at: dict[str, float] = {}
        self._wrong_hosts: set[str] = set()
        self._stopped_plans: Collection[int] = ()
        self._ours_until = 0.0
        self._is_locked = False

    def extend(self, seconds: float, *, since: float | None = None) -> None:
        """The lane is ours for so long from now, or since then, by our own clock."""
        self._ours_until = (time.monotonic() if since is None else since) + seconds

    def close_after(self, outcome: Outcome, *, name: str, session: Session) -> None:
        """Let nothing through that the platform has just forbidden, nor to a host that serves somebody else."""
        if isinstance(outcome, Locked):
            self._is_locked = True
        elif suspects_token(outcome):
            self.doubt(session.token, is_refused=is_refused(outcome))
        elif isinstance(outcome, WrongHost):
            self._wrong_hosts.add(session.rest_url)
        elif isinstance(outcome, Penalized):
            self._closed_until[name] = time.monotonic() + outcome.wait_seconds

    def doubt(self, token: str, *, is_refused: bool = False) -> bool:
        """Hold what would go out with a token that may be dead, unless it was proven alive. Says whether it is held.

        Against words (not `is_refused`) any proof will do, against a refusal one of the last PROOF_SECONDS.
        """
        if not self.is_alive(token) if is_refused else token not in self._proven_at:
            self._doubted_tokens.add(token)
        return token in self._doubted_tokens

    def is_alive(self, token: str) -> bool:
        """Whether a harmless call with this token went through a moment ago: what it is refused is a missing right."""
        return time.monotonic() - self._proven_at.get(token, -PROOF_SECONDS) < PROOF_SECONDS

    def doubts(self, token: str) -> bool:
        """Whether a token is in doubt."""
        return token in self._doubted_tokens

    def refuse(self, token: str) -> None:
        """Let nothing through with this token any more."""
        self._refused_tokens.add(token)

    def end_doubt(self, token: str, *, is_proven: bool) -> None:
        """Let calls with this token through again; with proof that it is alive no words bring it in doubt any more."""
        if is_proven:
            self._proven_at[token] = time.monotonic()
        self._doubted_tokens.discard(token)

    def trust(self, rest_url: str) -> None:
        """Calls may go to a host: it is the one in use, and nothing is known against it."""
        self._wrong_hosts.discard(rest_url)

    def stop_plans(self, plan_ids: Collection[int]) -> None:
        """Let nothing of these plans through, which people paused or cancelled; others that were stopped go on."""
        self._stopped_plans = plan_ids

    def unlock(self) -> None:
        """What was locked is known to the database, which decides from here on. Only while no call is handed out."""
        self._is_locked = False

    def is_open(self, *, name: str, session: Session, plan_id: int) -> bool:
        now = time.monotonic()
        is_ours = now < self._ours_until and not self._is_locked and plan_id not in self._stopped_plans
        is_good = session.token not in self._refused_tokens and session.token not in self._doubted_tokens
        return (
            is_ours
            and is_good
            and session.rest_url not in self._wrong_hosts
            and now >= self._closed_until.get(name, 0.0)
        )


class Callers:
    """`connections` threads, each with its own connection to the platform."""

    def __init__(self, *, connections: int, gate: Gate) -> None:
        self._gate = gate
        self._local = threading.local()
        self._clients: list[RestClient] = []
        self._databases: set[BaseDatabaseWrapper] = set()
        self._threads = ThreadPoolExecutor(max_workers=connections, thread_name_prefix="operations")
        self._calls: dict[Future[Called | None], tuple[str, int | None]] = {}

    @property
    def in_flight(self) -> int:
        """How many operations are handed out and not collected."""
        return len(self._calls)

    def is_busy_with(self, name: str) -> bool:
        """Whether an operation or other work of this name is handed out."""
        return any(one == name for one, _ in self._calls.values())

    @property
    def plan_ids(self) -> set[int]:
        """The plans of the operations that are handed out."""
        return {plan_id for _, plan_id in self._calls.values() if plan_id is not None}

    def call(self, row: Operation, write: Write[Any], session: Session, permit: Permit, *, clock: ClockReading) -> None:
        """Hand an operation out to be sent. `clock` was read before."""
        self._calls[self._threads.submit(self._call, row, write, session, permit, clock)] = (row.name, row.plan_id)

    def run(self, function: Callable[[RestClient], None], session: Session, *, name: str) -> None:
        """Hand out other work with a connection to the platform, which may use the database."""
        self._calls[self._threads.submit(self._run, lambda: function(self._client(session)))] = (name, None)

    def look_up(self, function: Callable[[], None], *, name: str) -> None:
        """Hand out work that takes its own way to the platform, may use the database, and may last."""
        self._calls[self._threads.submit(self._run, function)] = (name, None)

    def collect(self, *, seconds: float) -> list[Called]:
        """What has ended, waiting up to so long for the first, and a moment for others to be stored with it."""
        if not self._calls:
            return []
        done, _ = wait(self._calls, timeout=seconds, return_when=FIRST_COMPLETED)
        if done:
            done, _ = wait(self._calls, timeout=GATHER_SECONDS)
        for future in done:
            del self._calls[future]
        return [called for future in done if (called := future.result()) is not None]

    def close(self) -> None:
        """End the threads; calls on the wire are waited for."""
        self._threads.shutdown(wait=True)
        for client in self._clients:
            client.close()
        for database in self._databases:
            database.inc_thread_sharing()
            database.close()

    def _call(
        self, row: Operation, write: Write[Any], session: Session, permit: Permit, clock: ClockReading
    ) -> Called | None:
        try:
            try:
                request = call_of(row)[1]
            except Unusable as unusable:
                return Called(row, write, session, permit, None, refusal=str(unusable))
            is_open = self._gate.is_open(name=write.path, session=session, plan_id=row.plan_id)
            if not is_open or time.monotonic() > permit.good_until:
                return Called(row, write, session, permit, None)
            started = time.monotonic()
            sent_at = clock.at(started)
            if faults := [str(one) for one in rule_faults(request, now=sent_at)]:
                # It was right when it was confirmed: a month has ended since, for instance.
                overtaken = OVERTAKEN.format("; ".join(faults))
                return Called(row, write, session, permit, None, refusal=overtaken)
            outcome = self._client(session).call(
                write.operation,
                token=session.token,
                body=write.body(request),
                penalty_ticket=row.penalty_ticket or None,
            )
            self._gate.close_after(outcome, name=write.path, session=session)
            return Called(row, write, session, permit, outcome, sent_at, time.monotonic() - started)
        except Exception:
            # The row stays as it is, "being sent": the next holder of the lane finds out what came of it.
            log.exception("operations.call_failed", operation=row.pk, name=row.name)
            return None

    def _run(self, function: Callable[[], None]) -> None:
        close_old_connections()
        try:
            function()
        except Exception:
            log.exception("operations.reading_failed")
        finally:
            self._databases.update(connections.all(initialized_only=True))

    def _client(self, session: Session) -> RestClient:
        """This thread's connection to the host in use; those to a host from before are closed at the end."""
        client: RestClient | None = getattr(self._local, "client", None)
        if client is None or client.base_url != session.rest_url:
            client = self._local.client = RestClient(
                base_url=session.rest_url, resolve=addresses_to_call, judge=judge_name
            )
            self._clients.append(client)
        return client


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
