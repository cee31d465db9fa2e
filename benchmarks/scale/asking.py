"""Asks for pages as a signed-in owner, through every middleware, as the app role: time, queries and their plans."""

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse

from benchmarks.scale.measured import Measured
from benchmarks.scale.visits import Visit
from vendor_admin.listing.admin_base import NARROW_IT

REQUESTS = 3
# What a person waits for is stopped after this; a page that took longer is asked for once only.
LONG_SECONDS = 2.0
_READS = re.compile(r"\s*(\(|SELECT|WITH)\b", re.IGNORECASE)
_IN_SCOPE = re.compile(r"\s*(SAVEPOINT|RELEASE|ROLLBACK|SET|RESET|SELECT set_config)\b", re.IGNORECASE)
_NOTES_USE = re.compile(r'\s*(UPDATE "django_session"|SELECT .*"django_session".* FOR UPDATE)', re.DOTALL)


def ask(
    client: Client,
    visit: Visit,
    *,
    requests: int = REQUESTS,
    big_tables: Sequence[str] = (),
    where_it_must: bool = False,
) -> Measured:
    """One page: what of these tables it scans, or only could scan (`where_it_must`), then the times of some requests
    (0: of that first one).

    Raises RuntimeError where the page does not open.
    """
    measured = Measured(visit.of, visit.how, is_list=bool(visit.table))
    explaining = Explaining(big_tables) if big_tables else None
    for number in range(requests + 1):
        queries = Queries()
        with ExitStack() as stack:
            stack.enter_context(connection.execute_wrapper(queries))
            if not number and explaining is not None:
                stack.enter_context(connection.execute_wrapper(explaining))
                if where_it_must:
                    stack.enter_context(_without_scans())
            started = time.perf_counter()
            answer = client.get(visit.address)
            seconds = time.perf_counter() - started
        if not _opens(answer):
            raise RuntimeError(f"{visit.address} answered {answer.status_code}")
        measured.queries = queries.count
        measured.is_given_up = NARROW_IT in answer.content.decode()
        if not number and explaining is not None:
            measured.scans, measured.thrown_away = sorted(explaining.scanned), explaining.thrown_away
        if number or not requests or seconds > LONG_SECONDS:  # the first one warms up
            measured.times.append(seconds * 1000)
            measured.database_times.append(queries.seconds * 1000)
        if seconds > LONG_SECONDS:
            break
    return measured


def _opens(answer: Any) -> bool:
    """Whether that is the page: health says 503 where no socket is live, and a search for one thing leads there."""
    leads_on = answer.status_code == 302 and not answer["Location"].startswith(reverse("admin:login"))
    return answer.status_code in (200, 503) or leads_on


@contextmanager
def _without_scans() -> Iterator[None]:
    """The planner scans a table only where it has no other way: in a small database it would choose to."""
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET enable_seqscan")


class Queries:
    """Counts statements and adds up their time, without those that open and close a transaction's scope.

    That a session is in use is noted once a minute, by whichever page is asked for then: no query of that page.
    """

    def __init__(self) -> None:
        self.count, self.seconds = 0, 0.0

    def __call__(self, execute: Callable[..., Any], statement: Any, *rest: Any) -> Any:
        started = time.perf_counter()
        try:
            return execute(statement, *rest)
        finally:
            self.seconds += time.perf_counter() - started
            text = str(statement)
            self.count += not (_IN_SCOPE.match(text) or _NOTES_USE.match(text))


class Explaining:
    """An execute wrapper that has every query explained, which runs it once more.

    `scanned` tells which of the big tables are read from end to end, `thrown_away` how many rows the worst query reads
    and does not need.
    """

    def __init__(self, big_tables: Sequence[str]) -> None:
        self._big_tables = set(big_tables)
        self.scanned: set[str] = set()
        self.thrown_away = 0

    def __call__(self, execute: Callable[..., Any], statement: Any, parameters: Any, many: bool, context: Any) -> Any:
        text = str(statement)
        if _READS.match(text) and not _IN_SCOPE.match(text) and not many:
            with connection.connection.cursor() as cursor:  # beside Django's, which would come back here
                try:
                    cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {text}".encode(), parameters)
                except psycopg.errors.QueryCanceled as error:
                    raise OperationalError(str(error)) from error  # as Django says that it took too long
                ((found,),) = cursor.fetchall()
            self._read(json.loads(found) if isinstance(found, str) else found)
        return execute(statement, parameters, many, context)

    def _read(self, plan: list[dict[str, Any]]) -> None:
        for node in _nodes(plan[0]["Plan"]):
            if node["Node Type"] == "Seq Scan":
                self.scanned |= {_parent(node["Relation Name"])} & self._big_tables
            removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
            self.thrown_away = max(self.thrown_away, round(removed * node["Actual Loops"]))


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for one in plan.get("Plans", []):
        yield from _nodes(one)


def _parent(table: str) -> str:
    return re.sub(r"^sync_entityevent_(\d{4}_\d{2}|default)$", "sync_entityevent", table)
