"""What a fault story plays on: a database, a sandbox with its ledger in a file, workers, and the comparison."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection as django_connection
from django.db.models import Model
from psycopg import sql
from psycopg.rows import dict_row

from tests.faults.workers import SyncWorker
from tests.support.database import ROOT, product_environment
from vendor_admin.organizations.models import Connection, Organization
from vendor_admin.sandbox.running import RunningSandbox

BOTH = ("demo", "live")
RATE = float(os.environ.get("FAULT_RATE", "1500"))
SMALL_WORLD = ("--organizations", "1", "--users", "12", "--accounts-per-user", "2", "--keep-orders", "300")
# A snapshot counts as complete after half a second instead of two.
BRISK = {"SYNC_QUIET_SECONDS": "0.5"}
SHORT_LEASE = BRISK | {"SYNC_LEASE_TTL_SECONDS": "4", "SYNC_LEASE_RENEW_SECONDS": "1"}
TRADING = (
    *("user", "account", "cashBalance", "position", "order", "orderVersion", "command", "commandReport"),
    *("executionReport", "fill", "fillFee", "orderStrategy", "orderStrategyLink"),
)
POLL_SECONDS = 0.1


@dataclass
class Stage:
    """One story's own database and sandbox. `patience` is how long a condition may take, in seconds."""

    urls: dict[str, str]
    sandbox: RunningSandbox
    folder: Path
    broker_url: str
    patience: float = 60.0
    workers: list[SyncWorker] = field(default_factory=list)
    kills: list[dict[str, Any]] = field(default_factory=list)

    @property
    def ledger_path(self) -> Path:
        return self.folder / "ledger.jsonl"

    def connect_organizations(self, *, environments: Sequence[str] = BOTH, entity_types: Sequence[str] = ()) -> None:
        """Connect every vendor of the sandbox."""
        with psycopg.connect(self.urls["admin"]) as database:
            for number, vendor in enumerate(self.sandbox.organizations(), start=1):
                organization = Organization(id=number, slug=f"vendor-{number}", name=vendor["name"], is_simulated=True)
                _insert(database, organization)
                for environment in environments:
                    connection = Connection(
                        id=number * 10 + BOTH.index(environment),
                        organization=organization,
                        environment=environment,
                        rest_url=self.sandbox.rest_url(environment),
                        websocket_url=self.sandbox.websocket_url(environment),
                        credentials=_credentials(vendor["credentials"]),
                        entity_types=list(entity_types),
                    )
                    _insert(database, connection)

    def start_worker(self, environment: Mapping[str, str] | None = None) -> SyncWorker:
        """Start one more worker, with settings of its own; it is killed when the story ends at the latest."""
        chosen = (
            product_environment(self.urls)
            | {"CELERY_BROKER_URL": self.broker_url}
            | dict(BRISK if environment is None else environment)
        )
        worker = SyncWorker(chosen, log_path=self.folder / f"worker-{len(self.workers) + 1}.log")
        self.workers.append(worker)
        return worker

    def holder(self, environment: str = "demo") -> SyncWorker:
        """The worker that holds the (first) socket of an environment."""
        lease = self.leases(environment)[0]
        return next(worker for worker in self.workers if worker.holds(lease["holder"]))

    def kill(self, worker: SyncWorker) -> None:
        """kill -9 of a worker's process group; what it held is noted for the comparison."""
        held = [lease for lease in self.leases() if worker.holds(lease["holder"])]
        worker.kill()
        at = time.time()
        self.kills += [{"organization": one["name"], "environment": one["environment"], "at": at} for one in held]

    def query(self, query: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Rows as the administrator sees them, by a connection of its own: servers come and go here."""
        with psycopg.connect(self.urls["admin"], row_factory=dict_row, connect_timeout=3, autocommit=True) as database:
            cursor = database.execute(query.encode(), values or None)
            return cursor.fetchall() if cursor.description else []

    def number(self, query: str, values: Sequence[Any] = ()) -> int:
        """The one number that a query answers."""
        return int(next(iter(self.query(query, values)[0].values())) or 0)

    def leases(self, environment: str = "") -> list[dict[str, Any]]:
        return self.query(
            "SELECT l.*, o.name FROM sync_lease l JOIN organizations_organization o ON o.id = l.organization_id"
            " WHERE environment = %s OR %s = '' ORDER BY l.id",
            [environment, environment],
        )

    def until(self, condition: Callable[[], object], what: str, *, seconds: float | None = None) -> float:
        """Wait until a condition holds; returns the seconds it took. A database that is away counts as "not yet"."""
        started = time.monotonic()
        patience = self.patience if seconds is None else seconds
        while True:
            with contextlib.suppress(psycopg.OperationalError):
                if condition():
                    return time.monotonic() - started
            if time.monotonic() - started > patience:
                raise AssertionError(f"After {patience:.0f} s still not: {what}\n{self.told()}")
            time.sleep(POLL_SECONDS)

    def are_live(self) -> bool:
        """Whether every lease is held by a worker that runs, and is live."""
        leases = self.leases()
        connections = self.number("SELECT count(*) FROM organizations_connection")
        running = [worker for worker in self.workers if worker.is_running]
        return len(leases) == connections and all(
            lease["state"] == "live" and any(worker.holds(lease["holder"]) for worker in running) for lease in leases
        )

    def open_with_load(self, rate: float, *, workers: int = 1, environment: Mapping[str, str] | None = None) -> None:
        """Start workers, wait until all sockets are live and first loaded, then let events flow."""
        for _ in range(workers):
            self.start_worker(environment)
        self.until(self.are_live, "all sockets are live")
        self.until(lambda: all(lease["settled_at"] for lease in self.leases()), "the first load is done")
        self.sandbox.control("rate", rate=rate)
        self.until(lambda: self.stored_events() > rate / 2, "events are stored")

    def stored_events(self) -> int:
        """Live events in the log."""
        return self.number("SELECT count(*) FROM sync_entityevent WHERE kind <= 3")

    def until_more_is_stored(self, events: float = 1000) -> None:
        """Wait until this many more live events are in the log."""
        before = self.stored_events()
        self.until(lambda: self.stored_events() >= before + events, f"{events:g} more events are stored")

    def until_more_is_sent(self, events: int) -> None:
        """Wait until the platform has made this many more events."""
        before = self.sandbox.state()["produced"]
        self.until(lambda: self.sandbox.state()["produced"] >= before + events, f"{events} more events are made")

    def has_committed_since(self, at: float) -> bool:
        """Whether a flush was committed after a time in epoch seconds."""
        return bool(self.number("SELECT count(*) FROM sync_batch WHERE committed_at > to_timestamp(%s)", [at]))

    def first_commit_after(self, at: float) -> float:
        """When the first flush after a time was committed, in epoch seconds."""
        query = """
            SELECT extract(epoch FROM min(committed_at))::float8 AS at FROM sync_batch
             WHERE committed_at > to_timestamp(%s)
        """
        return float(self.query(query, [at])[0]["at"])

    def quiesce(self, *, reconcile: bool = False) -> None:
        """Stop the platform's events and wait until everything is stored and all gaps are settled.

        Types that no snapshot holds are equal to the platform again only after `reconcile`.
        """
        self.sandbox.control("rate", rate=0)
        self.until(self.are_live, "all sockets are live at the end")
        self.until(lambda: not any(one["pending"] for one in self.sandbox.state()["sockets"]), "all events are sent")
        self.until(self._is_still, "all events are stored")
        unsettled = "SELECT count(*) FROM sync_gap WHERE settled_at IS NULL"
        self.until(lambda: not self.number(unsettled), "all gaps are settled")
        if not reconcile:
            return
        self.query("UPDATE sync_lease SET reconcile_requested_at = now()")
        self.until(
            lambda: all(
                one["reconciled_at"] and one["reconciled_at"] > one["reconcile_requested_at"] for one in self.leases()
            ),
            "all mirrors are reconciled",
            seconds=120,
        )
        self.until(self._is_still, "the reconciled rows are stored")

    def compare(self, *, mirrors: bool = True, take_over: float = 12.0, overlap: float = 1.0) -> dict[str, Any]:
        """What the comparing program reports. Its list `violations` is empty if all promises hold."""
        self.sandbox.control("flush")
        kills = self.folder / "kills.json"
        kills.write_text(json.dumps(self.kills))
        command = [
            *(sys.executable, str(ROOT / "tests" / "faults" / "compare_ledger.py")),
            *("--ledger", str(self.ledger_path), "--database", self.urls["admin"], "--kills", str(kills)),
            *("--take-over", str(take_over), "--overlap", str(overlap)),
            *(("--sandbox", self.sandbox.url) if mirrors else ()),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
        assert done.returncode in (0, 1), done.stderr
        report: dict[str, Any] = json.loads(done.stdout)
        assert done.returncode == (1 if report["violations"] else 0)
        return report

    def told(self) -> str:
        """For a failure: where all stands and the end of each worker's log."""
        told = [f"sandbox: {self.sandbox.state()['produced']} events"]
        with contextlib.suppress(psycopg.Error):
            told += [str({key: str(value) for key, value in lease.items()}) for lease in self.leases()]
        for worker in self.workers:
            told.append(f"{worker.log_path.name} (runs: {worker.is_running})")
            told += worker.log_path.read_text(errors="replace").splitlines()[-25:]
        return "\n".join(told)

    def close(self) -> None:
        """End every child of the story."""
        for worker in self.workers:
            worker.kill()
        self.sandbox.stop()

    def _is_still(self) -> bool:
        """Whether nothing was written for a second."""
        counts = "SELECT (SELECT count(*) FROM sync_entityevent) + (SELECT count(*) FROM sync_batch)"
        before = self.number(counts)
        time.sleep(1.0)
        return self.number(counts) == before


def print_table(title: str, rows: Mapping[str, object]) -> None:
    """Print a story's result, and keep it beside the run's temporary files (FAULT_RESULTS names another file)."""
    width = max(len(name) for name in rows)
    text = "\n".join([title, *(f"  {name:<{width}}  {value}" for name, value in rows.items()), ""])
    sys.stdout.write(f"\n{text}")
    if path := os.environ.get("FAULT_RESULTS"):
        with Path(path).open("a", encoding="utf-8") as results:
            results.write(text + "\n")


def in_words(report: dict[str, Any]) -> dict[str, object]:
    """The rows of a result table that every comparison gives."""
    rows: dict[str, object] = {place: _counts_in_words(one) for place, one in report["places"].items()}
    if report["mirrored"]:
        rows["mirrors"] = (
            f"{report['mirrored']} equal; {report['kept_history']} rows of orders kept that the platform forgot"
        )
    return rows | {"violations": report["violations"] or "none"}


def _counts_in_words(counts: dict[str, Any]) -> str:
    text = f"{counts['sent']} sent = {counts['stored']} stored + {counts['lost']} lost in {counts['gaps']} gaps"
    if counts["sent_to_replaced"]:
        text += f" + {counts['sent_to_replaced']} to a socket that another had replaced"
    if counts["gaps"]:
        text += (
            f" ({counts['lost_in_flight']} on their way when a gap began; longest {counts['longest_gap_seconds']} s)"
        )
    return text


def _credentials(given: dict[str, str]) -> dict[str, str]:
    names = {"appId": "app_id", "appVersion": "app_version"}
    return {names.get(name, name): value for name, value in given.items()}


def _insert(database: psycopg.Connection[Any], instance: Model) -> None:
    """Insert a model's row past Django, whose connection goes to another database."""
    fields = instance._meta.concrete_fields
    values = [field.get_db_prep_save(field.pre_save(instance, add=True), django_connection) for field in fields]
    database.execute(
        sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier(instance._meta.db_table),
            sql.SQL(", ").join(sql.Identifier(str(field.column)) for field in fields),
            sql.SQL(", ").join([sql.Placeholder()] * len(fields)),
        ),
        values,
    )
