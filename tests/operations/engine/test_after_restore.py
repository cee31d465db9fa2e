"""A restored backup, a standby that took over, an older state in the same database: nothing is sent a second time."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from django.core.management import call_command
from django.db import connections
from psycopg import sql

from tests.support.scene import Scene
from vendor_admin.errors import Conflict
from vendor_admin.notices import tasks as notice_tasks
from vendor_admin.notices.models import Notice
from vendor_admin.operations import tasks
from vendor_admin.operations.engine import after_restore
from vendor_admin.operations.engine.runner import work
from vendor_admin.operations.engine.settlement import LEAST_WAIT_FOR_SHARE
from vendor_admin.operations.kinds import Target
from vendor_admin.operations.models import Operation, Plan, PlanRow
from vendor_admin.operations.store import allowance
from vendor_admin.organizations import incarnations
from vendor_admin.organizations.models import AuditEntry, Incarnation, Organization
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.organizations.tenancy.scope import organization_scope

ADJUST = "fundTransaction/adjustcash"
BACKUP = "backup_of_the_night"
State = Operation.State


@pytest.fixture(autouse=True)
def calls_are_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(after_restore, "CALLS_LAST", after_restore.CALLS_LAST * 0)


@pytest.fixture
def host_file(settings: Any, tmp_path: Path) -> Path:
    """Where this host's memory of the database will be."""
    settings.STATE_FOLDER = str(tmp_path / "state")
    incarnations.present(now=database_clock.now())
    (path,) = Path(settings.STATE_FOLDER).iterdir()
    return path


class Server:
    """The server that holds the tests' database, to back it up and to restore it."""

    def __init__(self, admin_url: str, name: str) -> None:
        self._url, self._name = urlsplit(admin_url)._replace(path="/postgres").geturl(), name

    def back_up(self) -> None:
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", BACKUP)
        self._run("CREATE DATABASE {} TEMPLATE {}", BACKUP, self._name)

    def restore(self) -> None:
        with psycopg.connect(self._url) as connection:
            query = "SELECT datdba::regrole::text FROM pg_database WHERE datname = %s"
            row = connection.execute(query, [self._name]).fetchone()
        assert row is not None
        self._run("DROP DATABASE {} WITH (FORCE)", self._name)
        self._run("CREATE DATABASE {} TEMPLATE {} OWNER {}", self._name, BACKUP, row[0])
        self._run("DROP DATABASE {} WITH (FORCE)", BACKUP)

    def _run(self, statement: str, *names: str) -> None:
        connections.close_all()
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@pytest.fixture
def server(committed_db: None, database_urls: dict[str, str], database_name: str) -> Iterator[Server]:
    yield Server(database_urls["admin"], database_name)
    connections.close_all()


def payments(scene: Scene, accounts: list[int]) -> list[Target]:
    money = {"cashChange": 250, "cashChangeType": "ManualAdjustment", "currencyId": 1}
    return [scene.any_write(ADJUST, {"accountId": one, **money}) for one in accounts]


def pay(scene: Scene, count: int, *, first: int = 0) -> tuple[Plan, list[int]]:
    """A running plan that adds money to some accounts, and their ids."""
    accounts = sorted(scene.expected("account"))[first : first + count]
    return scene.start("test_any_write", payments(scene, accounts)), accounts


def finish(scene: Scene, plan: Plan) -> None:
    for _ in range(5):
        scene.work()
    assert scene.reload(plan).state == Plan.State.FINISHED


def test_what_was_queued_at_the_backup_is_read_before_it_is_sent_and_money_moves_once(
    quiet_scene: Scene, server: Server
) -> None:
    scene = quiet_scene
    done, paid = pay(scene, 2)
    lost, not_paid = pay(scene, 1, first=2)
    preview = scene.preview("test_any_write", payments(scene, paid))
    with scene.scope():
        Plan.objects.filter(pk=lost.pk).update(state="paused")
    incarnations.present(now=database_clock.now())
    server.back_up()
    scene.work()
    server.restore()
    with scene.scope():
        Plan.objects.filter(pk=lost.pk).update(state="running")

    tasks.find_due()
    assert {one.state for one in scene.operations(done) + scene.operations(lost)} == {State.UNKNOWN}
    assert {one.state for one in scene.rows(done)} == {PlanRow.State.UNKNOWN}
    finish(scene, done)
    finish(scene, lost)
    assert [len(scene.log_of(one)) for one in paid + not_paid] == [1, 1, 1]
    assert [one.attempts for one in scene.operations(done)] == [0, 0]  # found, and not sent again
    assert [one.attempts for one in scene.operations(lost)] == [1]
    assert scene.reload(preview).state == Plan.State.STALE

    notice_tasks.watch_notices()
    with scene.scope():
        (notice,) = Notice.objects.filter(kind="restored", closed_at=None)
        (entry,) = AuditEntry.objects.filter(action="unfinished operations marked unknown")
    assert incarnations.ANOTHER_SERVER in notice.text
    assert entry.new == {"operations": 3, "previews": 1}


def test_money_that_was_not_sent_before_a_restore_is_compared_before_it_is(quiet_scene: Scene) -> None:
    scene = quiet_scene
    plan, accounts = pay(scene, 2)
    with scene.scope():
        Plan.objects.update(
            depends_on_rows=True,
            depends_on={"demo": ["cashBalance"]},
            read_at=database_clock.now() + timedelta(hours=1),
        )
    call_command("after_restore")
    for _ in range(3):
        scene.work(seconds=2)

    plan = scene.reload(plan)
    assert {one.state for one in scene.operations(plan)} == {State.QUEUED}
    assert plan.is_interrupted
    assert plan.wait_why.startswith("The database was restored: money and risk wait")
    assert [len(scene.log_of(one)) for one in accounts] == [0, 0]


def test_of_two_steps_the_second_is_read_only_once_the_first_is_known(quiet_scene: Scene) -> None:
    scene = quiet_scene
    plan, accounts = pay(scene, 2)
    first, second = scene.operations(plan)
    with scene.scope():  # the first account's payment is the first step of the second row
        Operation.objects.filter(pk=second.pk).update(after=first)
        PlanRow.objects.filter(operation=first).update(operation=None, state="skipped")
    call_command("after_restore")
    now = database_clock.now()
    with scene.scope():  # both could be read now, and the first one is not
        Operation.objects.update(not_before=now, call_ended_at=now - timedelta(minutes=1))
        Operation.objects.filter(pk=first.pk).update(not_before=now + timedelta(hours=1))
    scene.work(seconds=2)
    assert [(one.state, one.settle_attempts) for one in scene.operations(plan)] == [(State.UNKNOWN, 0)] * 2
    with scene.scope():
        Operation.objects.filter(pk=first.pk).update(not_before=now)
    scene.sandbox.control("write", fault="no-answer", path=ADJUST)
    finish(scene, plan)
    assert [one.state for one in scene.operations(plan)] == [State.SUCCEEDED] * 2
    assert [len(scene.log_of(one)) for one in accounts] == [1, 1]
    assert {one.state for one in scene.rows(plan)} == {PlanRow.State.SKIPPED, PlanRow.State.SUCCEEDED}


def test_a_large_plan_waits_for_its_share_of_the_hour_and_asks_nobody(
    quiet_scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = quiet_scene
    monkeypatch.setattr(allowance, "UNKNOWN_READS", replace(allowance.UNKNOWN_READS, limit=2))
    plan, _ = pay(scene, 6)
    call_command("after_restore")
    scene.work(seconds=3)
    rest = [one for one in scene.operations(plan) if one.state == State.UNKNOWN]
    assert len(rest) == 4
    soon = database_clock.now() + LEAST_WAIT_FOR_SHARE / 2
    assert all(one.not_before > soon and not one.needs_person and one.reading_since is None for one in rest)
    assert {one.settle_attempts for one in rest} == {0}


@pytest.fixture
def organization(committed_db: None) -> Iterator[Organization]:
    """One with an operation that waits, and no platform."""
    vendor, now = Organization.objects.create(slug="vendor", name="Vendor"), database_clock.now()
    with organization_scope(vendor.pk):
        plan = Plan.objects.create(organization=vendor, kind="x", state="running", actor="riley", created_at=now)
        Operation.objects.create(
            organization=vendor, plan=plan, environment="demo", name=ADJUST, request={}, idempotency_key="1",
            actor="riley", created_at=now, not_before=now,
        )  # fmt: skip
    yield vendor
    connections.close_all()


def state_of(vendor: Organization) -> str:
    with organization_scope(vendor.pk):
        return str(Operation.objects.get().state)


def look(vendor: Organization) -> str:
    """What became of the operation once a worker came by."""
    after_restore.settled_incarnation(now=database_clock.now())
    return state_of(vendor)


def test_a_first_start_a_restart_and_a_host_without_memory_change_nothing(
    organization: Organization, host_file: Path
) -> None:
    assert look(organization) == State.QUEUED
    Incarnation.objects.update(beat_at=database_clock.now() - incarnations.BEAT_EVERY)
    assert look(organization) == State.QUEUED
    assert json.loads(host_file.read_text())["beat"] == 1
    host_file.unlink()
    assert look(organization) == State.QUEUED
    assert json.loads(host_file.read_text())["beat"] == 1
    host_file.write_text("{")
    assert look(organization) == State.QUEUED
    assert Incarnation.objects.count() == 1


def lower_beat(_path: Path) -> None:
    Incarnation.objects.update(beat=0)


def forget_token(path: Path) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | {"token": str(uuid4())}))


@pytest.mark.parametrize(
    ("happens", "why"),
    [
        (lambda _: Incarnation.objects.update(system_identifier="1"), incarnations.ANOTHER_SERVER),
        (lambda _: Incarnation.objects.update(database_oid="1"), incarnations.ANOTHER_SERVER),
        (lambda _: Incarnation.objects.update(timeline="0000000A"), incarnations.ANOTHER_TIMELINE),
        (lower_beat, incarnations.TIME_WENT_BACK),
        (forget_token, incarnations.TIME_WENT_BACK),
        (lambda _: None, ""),
    ],
    ids=["cluster", "database", "timeline", "counter", "token", "nothing"],
)
def test_each_sign_of_another_life_makes_what_waits_unknown_once(
    organization: Organization, host_file: Path, happens: Callable[[Path], object], why: str
) -> None:
    Incarnation.objects.update(beat=7)
    look(organization)
    happens(host_file)
    assert look(organization) == (State.UNKNOWN if why else State.QUEUED)
    assert [one.why for one in Incarnation.objects.order_by("id")] == [incarnations.FIRST, *([why] if why else [])]
    look(organization)
    assert Incarnation.objects.count() == (2 if why else 1)
    assert json.loads(host_file.read_text())["token"] == str(Incarnation.objects.latest("id").token)


def test_another_hosts_older_memory_is_no_sign(organization: Organization, host_file: Path) -> None:
    before = host_file.read_text()
    incarnations.begin_anew(why="somebody restored", now=database_clock.now())
    look(organization)
    host_file.write_text(before)
    look(organization)
    assert Incarnation.objects.count() == 2


def test_nobody_starts_a_plan_of_the_backup_before_workers_have_seen_that_it_is_one(quiet_scene: Scene) -> None:
    scene = quiet_scene
    preview = scene.preview("test_any_write", payments(scene, sorted(scene.expected("account"))[:1]))
    incarnations.present(now=database_clock.now())
    Incarnation.objects.update(timeline="0000000A")
    with pytest.raises(Conflict, match="was restored"):
        scene.confirm(preview)
    scene.work()
    assert scene.reload(preview).state == Plan.State.STALE


def test_no_lane_works_until_all_is_marked_and_marking_goes_on_where_it_was_broken_off(
    organization: Organization, monkeypatch: pytest.MonkeyPatch, admin_connection: psycopg.Connection
) -> None:
    incarnations.present(now=database_clock.now())
    begun = incarnations.begin_anew(why="by hand", now=database_clock.now())
    admin_connection.autocommit = False
    admin_connection.execute("SELECT FROM organizations_incarnation FOR UPDATE")  # another process marks
    assert work(organization_id=organization.pk, environment="demo") == 0
    assert after_restore.settled_incarnation(now=database_clock.now()) is None
    assert state_of(organization) == State.QUEUED
    admin_connection.rollback()
    assert work(organization_id=organization.pk, environment="demo") == 0  # nothing is due
    assert state_of(organization) == State.UNKNOWN
    begun.refresh_from_db()
    assert begun.settled_at is not None


def test_a_lane_whose_database_is_replaced_under_it_claims_no_more(
    quiet_scene: Scene, settings: Any, admin_connection: psycopg.Connection
) -> None:
    scene, settings.PLATFORM_CONNECTIONS = quiet_scene, 1
    scene.sandbox.control("write-settings", delay_ms=100)
    plan, accounts = pay(scene, 8)
    admin_connection.execute(
        "CREATE FUNCTION restore() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " INSERT INTO organizations_incarnation (token, system_identifier, timeline, database_oid, is_first, why,"
        " began_at, beat, beat_at)"
        " VALUES (gen_random_uuid(), '', '', '', false, 'another host saw it', now(), 0, now()); RETURN NULL; END $$;"
        "CREATE TRIGGER restore AFTER UPDATE ON operations_operation FOR EACH ROW WHEN (NEW.state = 'succeeded')"
        " EXECUTE FUNCTION restore()"
    )
    scene.work()
    states = [one.state for one in scene.operations(plan)]
    assert State.SENDING not in states
    assert states.count(State.SUCCEEDED) < 8
    admin_connection.execute("DROP TRIGGER restore ON operations_operation")
    finish(scene, plan)
    assert [len(scene.log_of(one)) for one in accounts] == [1] * 8


def test_a_server_that_does_not_say_who_it_is_is_still_worked_with(
    organization: Organization, admin_connection: psycopg.Connection
) -> None:
    incarnations.identity_statement.cache_clear()
    admin_connection.execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
    try:
        assert look(organization) == State.QUEUED
        assert Incarnation.objects.get().system_identifier == ""
        Incarnation.objects.update(timeline="0000000A")
        assert look(organization) == State.UNKNOWN
    finally:
        incarnations.identity_statement.cache_clear()
