"""Hubs in processes of their own, fed by a sender over real WebSockets."""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg

from benchmarks.bench import Bench
from benchmarks.children import Child, ChildError
from benchmarks.installation import HUB_GROUP, Tenant, empty_tables, make_tenants, switch
from benchmarks.measuring import Run, cpu_seconds

LIVE_SECONDS = 60.0
STORED_SECONDS = 120.0
POLL_SECONDS = 0.02
BACKENDS = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'vendor-admin hub%'"


class Stream:
    """A sender, some hubs that hold the tenants' sockets, and a look at what they stored."""

    def __init__(
        self, *, sender: Child, hubs: list[Child], database: psycopg.Connection, tenants: list[Tenant]
    ) -> None:
        self.sender, self.hubs, self.database, self.tenants = sender, hubs, database, tenants

    def run(self, *, events: int, rate: float = 0.0) -> Run:
        """Send events to all hubs, flat out or at a rate, and wait until every one is in the log, once."""
        empty_tables(self.database)
        return self.more(events=events, rate=rate, stored=0)

    def more(self, *, events: int, rate: float = 0.0, stored: int) -> Run:
        """The same on top of what is stored already."""
        hubs, backends = [hub.pid for hub in self.hubs], self.backends()
        client, server = cpu_seconds(hubs), cpu_seconds(backends)
        timeout = STORED_SECONDS + (events / rate if rate else 0)
        sent = self.sender.ask(do="send", group=HUB_GROUP, events=events, rate=rate, timeout_seconds=timeout)
        ended = self._wait_until_stored(stored + sent["events"])
        counted = self.database.execute(
            "SELECT count(*), count(DISTINCT (lease_id, epoch, seq)) FROM sync_entityevent"
        ).fetchone()
        expected = stored + sent["events"]
        assert counted == (expected, expected), f"{expected} events were sent, (rows, distinct rows) are {counted}"
        return Run(
            events=sent["events"],
            seconds=ended - sent["started"],
            client_cpu=cpu_seconds(hubs) - client,
            backend_cpu=cpu_seconds(backends) - server,
        )

    def backends(self) -> list[int]:
        """The database backends of all hubs."""
        return [row[0] for row in self.database.execute(BACKENDS).fetchall()]

    def _wait_until_stored(self, expected: int) -> float:
        """The time at which the ledger told the last row; raises ChildError if that takes too long."""
        deadline = time.monotonic() + STORED_SECONDS
        while True:
            row = self.database.execute("SELECT coalesce(sum(row_count), 0) FROM sync_batch").fetchone()
            if row is not None and row[0] >= expected:
                return time.time()
            if time.monotonic() > deadline:
                raise ChildError(f"{expected} events were sent, the ledger tells of {row and row[0]}")
            time.sleep(POLL_SECONDS)


@contextmanager
def sender(bench: Bench, *certificate: str) -> Iterator[tuple[Child, int]]:
    """A sender with this run's frames, and its port."""
    with Child("benchmarks.sender", str(bench.frames), *certificate) as child:
        yield child, child.answer()["port"]


@contextmanager
def streaming(bench: Bench, *, hubs: int = 1) -> Iterator[Stream]:
    """Hubs with live sockets to a sender of their own."""
    with ExitStack() as stack:
        feeding, port = stack.enter_context(sender(bench))
        database = stack.enter_context(bench.server.connect())
        tenants = _pointed_at(bench, database, f"ws://127.0.0.1:{port}")
        with held(database, sender=feeding, hubs=hubs, tenants=tenants) as children:
            yield Stream(sender=feeding, hubs=children, database=database, tenants=tenants)


@contextmanager
def held(
    database: psycopg.Connection,
    *,
    sender: Child,
    hubs: int,
    tenants: list[Tenant],
    environment: Mapping[str, str] | None = None,
) -> Iterator[list[Child]]:
    """Hubs that share the tenants' sockets evenly: they are all there before the connections are switched on."""
    with ExitStack() as stack:
        children = [
            stack.enter_context(Child("benchmarks.hub_process", f"bench-{number}", environment=environment))
            for number in range(hubs)
        ]
        for child in children:
            child.ask(do="look")
        wait_for(database, "SELECT count(*) FROM sync_hub WHERE expires_at > now()", hubs)
        switch(database, tenants, on=True)
        try:
            wait_until_live(sender, sockets=sum(len(tenant.lease_ids) for tenant in tenants))
            yield children
        finally:
            switch(database, tenants, on=False)


def wait_until_live(sender: Child, *, sockets: int, group: str = HUB_GROUP) -> None:
    """Wait until all sockets of the hubs have sent their sync request."""
    deadline = time.monotonic() + LIVE_SECONDS
    while (live := sender.ask(do="sockets", group=group)["sockets"]) < sockets:
        if time.monotonic() > deadline:
            raise ChildError(f"only {live} of {sockets} sockets are live")
        time.sleep(0.1)


def wait_for(database: psycopg.Connection, query: str, expected: Any) -> None:
    """Wait until a query answers what is expected."""
    deadline = time.monotonic() + LIVE_SECONDS
    while (row := database.execute(query.encode()).fetchone()) != (expected,):
        if time.monotonic() > deadline:
            raise ChildError(f"{row} instead of {expected}: {query}")
        time.sleep(0.05)


_tenants: list[Tenant] = []


def _pointed_at(bench: Bench, database: psycopg.Connection, url: str) -> list[Tenant]:
    """This run's tenants, made once, with their sockets at a sender's address."""
    if not _tenants:
        _tenants.extend(make_tenants(bench.server, count=len(bench.streams), websocket_url=url))
    ids = [tenant.connection_id for tenant in _tenants]
    database.execute(
        "UPDATE organizations_connection SET websocket_url = %s, version = version + 1 WHERE id = ANY (%s)", [url, ids]
    )
    return _tenants
