"""The threads that call the platform for one lane, and the gate that every call passes at the last moment.

Threads make calls and nothing else: no database, no decisions. What a call came to is collected by the runner.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import count
from queue import PriorityQueue
from typing import Any

import structlog
from django.db import close_old_connections, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from vendor_admin.operations.engine.platform_calls.calls import Called, Permit, Session
from vendor_admin.operations.engine.platform_calls.gate import Gate
from vendor_admin.operations.models import Operation
from vendor_admin.operations.precedence import Priority
from vendor_admin.operations.store.verdicts import Unusable, call_of
from vendor_admin.organizations.platform_access.network_policy import addresses_to_call, judge_name
from vendor_admin.organizations.tenancy.database_clock import ClockReading
from vendor_admin.tradovate.catalogue.request import rule_faults
from vendor_admin.tradovate.catalogue.write import Write
from vendor_admin.tradovate.rest.client import RestClient

log = structlog.get_logger(__name__)

GATHER_SECONDS = 0.01
OVERTAKEN = "Not sent, since it is no longer right: {}. Make a new preview."
TOO_LATE = "Not sent, since it waited for more than {:.0f} minutes: the market is not what it was then. Place it anew."


@dataclass(frozen=True, slots=True)
class _HandedOut:
    """What a thread is to do, by name; which operation of which plan it sends, where it is one."""

    name: str
    operation_id: int | None = None
    plan_id: int | None = None


_Next = PriorityQueue[tuple[int, int, Future[Called | None], Callable[[], Called | None]]]


class Callers:
    """`connections` threads, each with its own connection to the platform. What is urgent is called first."""

    def __init__(self, *, connections: int, gate: Gate) -> None:
        self._gate = gate
        self._local = threading.local()
        self._clients: list[RestClient] = []
        self._databases: set[BaseDatabaseWrapper] = set()
        self._threads = ThreadPoolExecutor(max_workers=connections, thread_name_prefix="operations")
        self._next: _Next = PriorityQueue()
        self._numbers = count()
        self._calls: dict[Future[Called | None], _HandedOut] = {}

    @property
    def in_flight(self) -> int:
        """How many operations are handed out and not collected."""
        return len(self._calls)

    def is_busy_with(self, name: str) -> bool:
        """Whether an operation or other work of this name is handed out."""
        return any(handed_out.name == name for handed_out in self._calls.values())

    @property
    def operation_ids(self) -> set[int]:
        """The operations that are handed out."""
        return {one.operation_id for one in self._calls.values() if one.operation_id is not None}

    @property
    def plan_ids(self) -> set[int]:
        """The plans of the operations that are handed out."""
        return {one.plan_id for one in self._calls.values() if one.plan_id is not None}

    def call(self, row: Operation, write: Write[Any], session: Session, permit: Permit, *, clock: ClockReading) -> None:
        """Hand an operation out to be sent. `clock` was read before."""
        handed_out = _HandedOut(row.name, row.pk, row.plan_id)
        self._hand_out(lambda: self._call(row, write, session, permit, clock), handed_out, Priority(row.priority))

    def run(self, function: Callable[[RestClient], None], session: Session, *, name: str) -> None:
        """Hand out other work with a connection to the platform, which may use the database."""
        self._hand_out(lambda: self._run(lambda: function(self._client(session))), _HandedOut(name))

    def look_up(self, function: Callable[[], None], *, name: str) -> None:
        """Hand out work that takes its own way to the platform, may use the database, and may last."""
        self._hand_out(lambda: self._run(function), _HandedOut(name))

    def _hand_out(
        self, work: Callable[[], Called | None], handed_out: _HandedOut, priority: Priority = Priority.NORMAL
    ) -> None:
        future: Future[Called | None] = Future()
        self._calls[future] = handed_out
        self._next.put((priority, next(self._numbers), future, work))
        self._threads.submit(self._do_next)

    def _do_next(self) -> None:
        """Do the most urgent of what is handed out; each of it has one thread that comes by for it."""
        _, _, future, work = self._next.get()
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - whoever collects it gets it
            future.set_exception(error)

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
            if write.good_for is not None and write.is_too_late(asked_at=row.created_at, now=sent_at):
                too_late = TOO_LATE.format(write.good_for.total_seconds() / 60)
                return Called(row, write, session, permit, None, refusal=too_late)
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
        """Whatever goes wrong is in the log; there is nothing to collect of it."""
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
