"""`make soak`: an organization of 600,000 accounts is loaded, compared and repaired, while events go on arriving.

SOAK_ACCOUNTS changes the size. The platform's long lists must not end the socket, swell the worker, hold up events or
take the calls that people need.
"""

import os
import shutil
import statistics
import threading
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from tests.faults.stage import TRADING, Stage, print_table
from tests.support.database import DatabaseServer, make_folder, record_owner
from vendor_admin.embedded import EmbeddedPostgres
from vendor_admin.sandbox.running import RunningSandbox

ACCOUNTS = int(os.environ.get("SOAK_ACCOUNTS", "600000"))
ACCOUNTS_OF_A_USER = 30
RATE = 50
DIFFERENCES = 120  # of each type that is let drift
PATIENCE_SECONDS = max(300.0, ACCOUNTS / 200)
MOST_BYTES = 300 * 10**6
MOST_SECONDS = 2.0
MOST_CALLS = 4_000
TYPES = (*TRADING, "accountRiskStatus", "tradingPermission", "permissionedAccountAutoLiq", "userAccountPositionLimit")
# What is changed behind the service's back, and no event touches: entity type, field, the mirror's column, new value.
DRIFT = (
    ("account", "ccEmail", "cc_email", "drifted"),
    ("cashBalance", "amountSOD", "amount_sod", 123.25),
    ("accountRiskStatus", "userTriggeredLiqOnly", "user_triggered_liq_only", True),
    ("tradingPermission", "ctaContact", "cta_contact", "drifted"),
)
CHANGES = DIFFERENCES * len(DRIFT)
PICTURES = ("first picture", "picture after the cut")
LOADED = "SELECT count(*) FROM mirrors_{} WHERE deleted_at IS NULL AND environment = 'demo'"
SPREAD = """
SELECT entity_id FROM (SELECT entity_id, row_number() OVER (ORDER BY entity_id) AS n FROM mirrors_{}
                        WHERE environment = 'demo') AS numbered
 WHERE n %% %s = 0 OFFSET %s LIMIT %s
"""
HELD = "SELECT count(*) FROM mirrors_{} WHERE {} = %s AND entity_id = ANY (%s)"
NEWEST = "SELECT epoch, last_seq FROM sync_batch WHERE lease_id = %s ORDER BY epoch DESC, first_seq DESC LIMIT 1"
SETTLED_GAPS = "SELECT count(*) FROM sync_gap WHERE settled_at IS NOT NULL"
CALLS = "SELECT count(*) FROM organizations_budgetuse WHERE key LIKE '%% all calls of a user'"


class Watch:
    """Looks all the time at what is sent, what is committed, and what the worker takes; `phase` names the moment."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=one) for one in (self._look_at_commits, self._look_at_platform)]
        self.lease_id = stage.leases()[0]["id"]
        self.phases: list[tuple[float, str]] = []
        self.committed: dict[int, list[tuple[int, float]]] = defaultdict(list)
        self.sent: dict[int, list[tuple[float, str, int]]] = defaultdict(list)
        self.most_calls = 0

    def phase(self, name: str) -> None:
        self.phases.append((time.time(), name))

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _look_at_commits(self) -> None:
        with psycopg.connect(self._stage.urls["admin"], autocommit=True) as database:
            while not self._stop.wait(0.02):
                row = database.execute(NEWEST, [self.lease_id]).fetchone()
                if row is not None and (self.committed[row[0]][-1:] or [(0, 0.0)])[0][0] < row[1]:
                    self.committed[row[0]].append((row[1], time.time()))

    def _look_at_platform(self) -> None:
        sandbox, seen = self._stage.sandbox, 0
        while not self._stop.wait(0.5):
            ledger = sandbox.view("ledger", kind="event", after=seen, limit=20_000)
            seen = ledger["last_n"]
            for entry in ledger["entries"]:
                self.sent[entry["socket"]].append((entry["at"], entry["entity_type"], entry["entity_id"]))
            self.most_calls = max(self.most_calls, self._stage.number(CALLS))

    @property
    def peak_bytes(self) -> int:
        """The most memory that the worker has had so far, as the system counts it."""
        status = Path(f"/proc/{self._stage.workers[0].pid}/status").read_text()
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))

    def delays(self) -> dict[str, list[float]]:
        """Seconds from sending to commit of each live event, by the phase in which it was sent. What was on its way
        when a socket was cut has none.
        """
        found: dict[str, list[float]] = defaultdict(list)
        stored: dict[int, list[tuple[int, str, int]]] = defaultdict(list)
        query = "SELECT epoch, seq, entity_type, entity_id FROM sync_entityevent WHERE kind <= 3 ORDER BY epoch, seq"
        for row in self._stage.query(query):
            stored[row["epoch"]].append((row["seq"], row["entity_type"], row["entity_id"]))
        for sent in (events for _, events in sorted(self.sent.items()) if events):
            epoch = next((one for one, rows in stored.items() if rows[0][1:] == sent[0][1:]), None)
            rows = stored.pop(epoch) if epoch is not None else []
            for (at, *sent_entity), (seq, *stored_entity) in zip(sent, rows, strict=False):
                assert sent_entity == stored_entity, "events are stored in another order than they were sent"
                place = bisect_left(self.committed[epoch or 0], (seq, 0.0))
                if place < len(self.committed[epoch or 0]):
                    found[self._phase_at(at)].append(self.committed[epoch or 0][place][1] - at)
        return found

    def _phase_at(self, at: float) -> str:
        return next((name for since, name in reversed(self.phases) if since <= at), self.phases[0][1])


@pytest.fixture
def stage(broker_url: str, tmp_path: Path) -> Iterator[Stage]:
    folder = make_folder()
    options = {"shared_buffers": "1GB", "max_wal_size": "4GB"}
    postgres = EmbeddedPostgres(folder / "postgres", log_path=folder / "postgres.log", options=options).start()
    record_owner(folder, server=postgres)
    server = DatabaseServer(admin_url=postgres.url())
    server.make_template()
    users = ("--users", str(ACCOUNTS // ACCOUNTS_OF_A_USER), "--accounts-per-user", str(ACCOUNTS_OF_A_USER))
    sandbox = RunningSandbox("--organizations", "1", *users, "--keep-orders", "300", start_seconds=PATIENCE_SECONDS)
    sandbox.__enter__()
    stage = Stage(server.create("large_lists"), sandbox, tmp_path, broker_url, patience=PATIENCE_SECONDS)
    yield stage
    stage.close()
    postgres.remove()
    shutil.rmtree(folder, ignore_errors=True)


def test_an_organization_of_600_000_accounts_is_read_while_its_events_go_on(stage: Stage) -> None:
    stage.connect_organizations(environments=["demo"], entity_types=TYPES)
    stage.sandbox.control("rate", rate=RATE)
    stage.start_worker({})
    stage.until(stage.leases, "there is a lease")
    watch = Watch(stage)
    watch.phase("first picture")
    watch.start()
    took: dict[str, float] = {}
    found: dict[str, int] = {}
    try:
        took["first picture"] = stage.until(lambda: _counted(stage, "cashbalance") >= ACCOUNTS, "the picture is stored")
        watch.phase("first lists")
        took["first lists"] = stage.until(lambda: stage.leases()[0]["settled_at"], "the first load is done")
        drifted = _let_drift(stage)
        watch.phase("comparison")
        stage.query("UPDATE sync_lease SET reconcile_requested_at = now()")
        took["comparison"] = stage.until(lambda: _is_reconciled(stage), "the mirrors are compared")
        found["comparison"] = _as_the_platform_has(stage, drifted)
        drifted_in_gap = _let_drift(stage, skip=DIFFERENCES)
        watch.phase("picture after the cut")
        stage.sandbox.control("close", code=0)
        stage.until(lambda: stage.number(SETTLED_GAPS) >= 1, "the picture after the cut is stored")
        watch.phase("repair")
        took["repair"] = stage.until(
            lambda: _as_the_platform_has(stage, drifted_in_gap) == CHANGES, "what the gap hid is found"
        )
        found["repair"] = CHANGES
    finally:
        watch.stop()
        told = _tell(stage, watch, took, found)
    assert found == {"comparison": CHANGES, "repair": CHANGES}
    assert _counted(stage, "account") == _counted(stage, "tradingPermission") == ACCOUNTS
    assert stage.sandbox.state()["opened_sockets"] == 2
    assert watch.most_calls <= MOST_CALLS
    assert watch.peak_bytes <= MOST_BYTES
    assert max(max(one) for phase, one in told.items() if phase not in PICTURES) <= MOST_SECONDS


def _let_drift(stage: Stage, *, skip: int = 0) -> dict[str, list[int]]:
    """Change entities without an event; returns their ids by type."""
    drifted: dict[str, list[int]] = {}
    for entity_type, field, _, value in DRIFT:
        table, every = entity_type.lower(), ACCOUNTS // DIFFERENCES // 3
        found = stage.query(SPREAD.format(table), [every, skip, DIFFERENCES])
        drifted[entity_type] = [row["entity_id"] for row in found]
        for one in drifted[entity_type]:
            change = {"organization": _vendor(stage), "entityType": entity_type, "id": one, "fields": {field: value}}
            stage.sandbox.control("mutate", **change)
    return drifted


def _as_the_platform_has(stage: Stage, drifted: dict[str, list[int]]) -> int:
    """How many of the changed entities the mirrors hold as they are now."""
    held = 0
    for entity_type, _, column, value in DRIFT:
        held += stage.number(HELD.format(entity_type.lower(), column), [value, drifted[entity_type]])
    return held


def _vendor(stage: Stage) -> str:
    return str(stage.leases()[0]["name"])


def _counted(stage: Stage, entity_type: str) -> int:
    return stage.number(LOADED.format(entity_type.lower()))


def _is_reconciled(stage: Stage) -> bool:
    lease = stage.leases()[0]
    return bool(lease["reconciled_at"] and lease["reconciled_at"] > lease["reconcile_requested_at"])


def _tell(stage: Stage, watch: Watch, took: dict[str, float], found: dict[str, int]) -> dict[str, list[float]]:
    """Print what was measured; returns the delays of live events by phase, in seconds."""
    delays = watch.delays()
    lists = stage.query(
        "SELECT entity_type, platform_count, changed, vanished, error,"
        " extract(epoch FROM finished_at - started_at)::float8 AS seconds FROM sync_reconciliation ORDER BY id"
    )
    gaps = stage.query("SELECT repair_note FROM sync_gap ORDER BY id")
    sandbox = psutil.Process(stage.sandbox.pid).memory_info().rss
    print_table(
        f"{ACCOUNTS:,} accounts loaded, compared and repaired at {RATE} events/s",
        {
            "the worker's most memory": f"{watch.peak_bytes / 10**6:.0f} MB",
            "sockets opened": stage.sandbox.state()["opened_sockets"],
            "most calls drawn in the hour": watch.most_calls,
            **{f"{phase} took": f"{seconds:.0f} s" for phase, seconds in took.items()},
            **{f"delay, {phase}": _in_words(one) for phase, one in delays.items()},
            **{f"differences found, {phase}": count for phase, count in found.items()},
            **{f"gap {number}": one["repair_note"] for number, one in enumerate(gaps, start=1)},
            "longest pause in sending": f"{_longest_pause(watch):.1f} s",
            "the sandbox's memory": f"{sandbox / 10**6:.0f} MB",
        }
        | {f"list {number:02}": _of_list(one) for number, one in enumerate(lists, start=1)},
    )
    return delays


def _of_list(one: dict[str, Any]) -> str:
    text = f"{one['entity_type']}: {one['platform_count']:,} in {one['seconds']:.0f} s"
    return f"{text}, {one['changed']} changed, {one['vanished']} vanished {one['error']}"


def _in_words(seconds: Sequence[float]) -> str:
    cuts = statistics.quantiles(seconds, n=100) if len(seconds) > 1 else [seconds[0]] * 99
    return f"{len(seconds)} events, median {cuts[49]:.2f} s, 99 % within {cuts[98]:.2f} s, longest {max(seconds):.2f} s"


def _longest_pause(watch: Watch) -> float:
    """Of the platform itself, within one socket: delays count from sending, and would not show that it stood still."""
    pauses = (later[0] - earlier[0] for events in watch.sent.values() for earlier, later in pairwise(events))
    return max(pauses, default=0.0)
