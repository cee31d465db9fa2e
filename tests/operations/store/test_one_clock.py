"""Hosts whose clocks are wrong: the database's clock decides, and such a host sends nothing and says so."""

import re
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
import time_machine
from django.db import connection as database
from django.test import Client
from psycopg import sql

import vendor_admin
from tests.operations.workers import Workers
from tests.support.running_hub import wait_until
from tests.support.scene import Scene
from vendor_admin.notices import tasks as notice_tasks
from vendor_admin.notices.models import Notice
from vendor_admin.operations import tasks
from vendor_admin.operations.models import Operation, Plan
from vendor_admin.operations.store import queue
from vendor_admin.operations.store.queue import LaneKey
from vendor_admin.organizations.models import HostClock
from vendor_admin.organizations.platform_access import host_clocks
from vendor_admin.organizations.tenancy import database_clock

ADJUST = "fundTransaction/adjustcash"
MINUTE_AHEAD, DAY_AHEAD = timedelta(seconds=62), timedelta(days=1)


def ahead(by: timedelta) -> time_machine.travel:
    return time_machine.travel(database_clock.now() + by, tick=True)


def pay(scene: Scene, count: int) -> tuple[Plan, list[int]]:
    """A running plan that adds money to some accounts, and their ids."""
    accounts = sorted(scene.expected("account"))[:count]
    money = {"cashChange": 250, "cashChangeType": "ManualAdjustment", "currencyId": 1}
    return scene.start("test_any_write", [scene.any_write(ADJUST, {"accountId": one, **money}) for one in accounts]), (
        accounts
    )


def at_work(scene: Scene) -> threading.Thread:
    def work() -> None:
        scene.work()
        database.close()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def notices(scene: Scene) -> list[tuple[str, bool]]:
    with scene.scope():
        return [(one.kind, one.closed_at is None) for one in Notice.objects.all()]


def test_a_host_a_minute_ahead_sends_nothing_and_says_so_until_its_clock_is_right(
    quiet_scene: Scene, client: Client
) -> None:
    scene = quiet_scene
    plan, _ = pay(scene, 1)
    with ahead(MINUTE_AHEAD):
        assert scene.work() == 0
        ready, health = client.get("/readyz"), client.get("/syncz")
        notice_tasks.watch_notices()
    assert {one.state for one in scene.operations(plan)} == {"queued"}
    assert (ready.status_code, health.status_code) == (503, 503)
    assert "this host's clock is 62." in ready.content.decode()
    assert health.json()["wrong_clocks"][0]["clock"].startswith("62.")
    assert ("wrong_clock", True) in notices(scene)

    assert scene.work() == 1
    assert client.get("/readyz").status_code == 200
    assert client.get("/syncz").json()["wrong_clocks"] == []
    notice_tasks.watch_notices()
    assert ("wrong_clock", False) in notices(scene)


def test_a_lane_that_loses_its_hosts_clock_ends_what_is_on_the_wire_and_claims_no_more(
    quiet_scene: Scene, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, settings.PLATFORM_CONNECTIONS = quiet_scene, 1
    monkeypatch.setattr("vendor_admin.operations.engine.lane_hold.RENEW_SECONDS", 0.0)
    scene.sandbox.control("write-settings", delay_ms=150)
    plan, _ = pay(scene, 8)
    working = at_work(scene)
    wait_until(lambda: scene.writes(ADJUST).get("applied", 0) >= 1, what="the first call")
    with ahead(MINUTE_AHEAD):
        working.join()
    states = [one.state for one in scene.operations(plan)]
    assert "sending" not in states
    assert {"succeeded", "queued"} <= set(states)


def test_a_worker_a_minute_ahead_takes_no_lane_and_books_no_money_a_second_time(
    quiet_scene: Scene, settings: Any, child_environment: dict[str, str], database_urls: dict[str, str]
) -> None:
    """It does not mind its clock, and would have waited out the patience with what the other one is sending."""
    scene, settings.PLATFORM_CONNECTIONS = quiet_scene, 1
    plan, accounts = pay(scene, 4)
    environment = child_environment | {"OPERATION_PATIENCE_SECONDS": "60"}
    scene.sandbox.control("write-settings", delay_ms=800)
    with Workers(environment, admin_url=database_urls["admin"]) as workers:
        workers.run(scene, "none", environment="live", seconds=0)  # until Django is loaded
        working = at_work(scene)
        wait_until(lambda: scene.writes(ADJUST).get("applied", 0) >= 1, what="the first call")
        workers.run(scene, "none", seconds=3, ahead=MINUTE_AHEAD.total_seconds())
        working.join()
    assert [len(scene.log_of(one)) for one in accounts] == [1, 1, 1, 1]
    assert {(one.state, one.attempts) for one in scene.operations(plan)} == {("succeeded", 1)}


def test_no_time_that_workers_store_is_their_own_hosts(
    quiet_scene: Scene, admin_connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = quiet_scene
    monkeypatch.setattr(database_clock, "MOST_OFF", timedelta(days=2))
    scene.sandbox.control("write", fault="no-answer", path=ADJUST, applies=False)
    scene.sandbox.control("write", fault="penalty", path=ADJUST, seconds=1)
    plan, _ = pay(scene, 3)
    with ahead(DAY_AHEAD):
        for task in (tasks.find_due, notice_tasks.watch_notices, notice_tasks.deliver_notices):
            task()
        for _ in range(4):
            scene.work()
    assert scene.reload(plan).state == Plan.State.FINISHED
    rows = admin_connection.execute(
        "SELECT table_name, column_name FROM information_schema.columns WHERE data_type = 'timestamp with time zone'"
        " AND table_schema = 'public' AND (table_name LIKE 'operations%' OR table_name LIKE 'organizations%')"
    )
    stored = [(table, column, newest(admin_connection, table, column)) for table, column in rows]
    tomorrow = database_clock.now() + DAY_AHEAD / 2
    found = {(table, column) for table, column, at in stored if at is not None}
    assert {("operations_operation", "call_ended_at"), ("organizations_platformsession", "expires_at")} <= found
    assert [(table, column) for table, column, at in stored if at is not None and at > tomorrow] == []


def newest(connection: psycopg.Connection, table: str, column: str) -> datetime | None:
    query = sql.SQL("SELECT max({}) FROM {}").format(sql.Identifier(column), sql.Identifier(table))
    row = connection.execute(query).fetchone()
    return row[0] if row else None


def test_a_call_ends_when_it_has_ended_and_that_of_a_dead_worker_when_its_claim_runs_out(quiet_scene: Scene) -> None:
    scene, delay = quiet_scene, timedelta(seconds=0.4)
    scene.sandbox.control("write-settings", delay_ms=delay.total_seconds() * 1000)
    plan, _ = pay(scene, 1)
    scene.work()
    (row,) = scene.operations(plan)
    assert row.sent_at is not None
    assert row.call_ended_at is not None
    assert row.call_ended_at >= row.sent_at + delay

    now = database_clock.now()
    runs_out = now + timedelta(seconds=30)
    with scene.scope():
        Operation.objects.filter(pk=row.pk).update(state="sending", claimed_by="died", claimed_until=runs_out)
    queue.recover(LaneKey(scene.organization.pk, "demo", "next"), now=now, settle_after=timedelta(0))
    (row,) = scene.operations(plan)
    assert (row.state, row.call_ended_at) == ("unknown", runs_out)


@pytest.mark.parametrize("seconds", [-3.0, -1.0, 0.0, 1.0, 3.0])
def test_a_clock_may_be_off_by_two_seconds(db: None, seconds: float) -> None:
    with ahead(timedelta(seconds=seconds)):
        assert host_clocks.check().is_host_right is (abs(seconds) < 2)
    assert HostClock.objects.exists() is (abs(seconds) > 2)


# Ages that are shown, sign-in, ends of keys and of saved answers, a hub's own times, and what compares both clocks.
# Everything else asks the database.
BY_THE_HOSTS_CLOCK = (
    "accounts/trading_accounts/api.py",
    "accounts/trading_accounts/views.py",
    "accounts/trading_accounts/admin.py",
    "accounts/billing/views.py",
    "accounts/members/views.py",
    "accounts/search/views.py",
    "oauth_bridge/",
    "vendor_admin/demo/",
    "vendor_admin/web/health.py",
    "vendor_admin/management/commands/seed_demo.py",
    "vendor_admin/organizations/pages/connection_pages.py",
    "vendor_admin/organizations/tenancy/database_clock.py",
    "vendor_admin/organizations/requests/fresh_code.py",
    "vendor_admin/organizations/requests/idle_sessions.py",
    "vendor_admin/organizations/sign_in/second_factor.py",
    "vendor_admin/organizations/pages/second_factor_pages.py",
    "vendor_admin/organizations/sign_in/session_store.py",
    "vendor_admin/organizations/staff/verbs.py",
    "vendor_admin/organizations/sign_in/staff_sign_in.py",
    "vendor_admin/listing/templatetags/vendor.py",
    "vendor_admin/partner_api/",
    "vendor_admin/sandbox/",
    "vendor_admin/sync/",
)


def test_nothing_but_named_places_goes_by_the_clock_of_its_host() -> None:
    root = Path(vendor_admin.__file__).parent.parent
    asking = re.compile(r"\b(timezone\.now|datetime\.now|datetime\.utcnow|time\.time)\(")
    found = {
        str(path.relative_to(root))
        for app in ("vendor_admin", "accounts", "risk", "oauth_bridge")
        for path in (root / app).rglob("*.py")
        if asking.search(path.read_text())
    }
    assert [one for one in sorted(found) if not one.startswith(BY_THE_HOSTS_CLOCK)] == []
