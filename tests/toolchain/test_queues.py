"""Which queue work waits in, who takes it, and how long it may wait there."""

import gc
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from django.conf import settings
from django_celery_beat.schedulers import ModelEntry

from tests.support.database import ROOT
from vendor_admin.celery import app
from vendor_admin.commands import DEMO_ROLES, ROLES, arguments_of
from vendor_admin.embedded import Program, RunningProgram
from vendor_admin.operations import tasks
from vendor_admin.operations.store import wakeups
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.sync.models import QueueWorker

for module in (
    "oauth_bridge",
    *(f"vendor_admin.{name}" for name in ("notices", "operations", "organizations", "partner_api", "sync")),
):
    import_module(f"{module}.tasks")
OURS = sorted(name for name in app.tasks if not name.startswith("celery."))


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, dict[str, Any]]]:
    messages: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(app, "send_task", lambda name, **options: messages.append((name, options)))
    return messages


@pytest.fixture(autouse=True)
def python_collects_garbage_as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def queue_of(task: str) -> str:
    return str(app.amqp.router.route({}, task)["queue"].name)


def queues_of(roles: dict[str, tuple[str, ...]]) -> list[str]:
    return [command[command.index("--queues") + 1] for command in roles.values() if "--queues" in command]


def taken_by(queues: str | None) -> set[str]:
    """The queues that a worker takes which is started with `--queues`, or without."""
    fresh = Celery("fresh", set_as_current=False)
    fresh.config_from_object("django.conf:settings", namespace="CELERY")
    fresh.steps = app.steps
    fresh.Worker(queues=queues, pool="solo")
    return set(fresh.amqp.queues.consume_from)


@pytest.mark.parametrize("roles", [ROLES, DEMO_ROLES])
def test_every_queue_is_taken_by_one_role(roles: dict[str, tuple[str, ...]]) -> None:
    words = queues_of(roles)
    taken = Counter(queue for given in words for queue in given.split(","))
    assert taken == Counter({*settings.CELERY_TASK_QUEUES, "sync"})
    assert {queue_of(task) for task in OURS} <= set(taken)


def test_nothing_that_people_wait_for_stands_behind_bulk_work_upkeep_or_other_peoples_servers() -> None:
    assert {task for task in OURS if queue_of(task) == "operations"} == {wakeups.WORK_TASK}
    assert {task for task in OURS if queue_of(task) == "rows"} == {wakeups.CHECK_TASK, wakeups.READ_ON_TASK}
    assert {"urgent", "tokens", "operations", "maintenance"} <= set(queues_of(ROLES))
    urgent = {task.rsplit(".", 1)[1] for task in OURS if queue_of(task) == "urgent"}
    assert {"work_at_once", "find_due", "watch_notices"} <= urgent
    assert not any("forget" in task or "partitions" in task for task in urgent)
    mails = {"deliver_notices", "tell_webhooks", "mail_email_link", "mail_person"}
    elsewhere = {"renew_link", "renew_token", "try_hosts_again", "check_connection", *mails}
    assert {task.rsplit(".", 1)[1] for task in OURS if queue_of(task) == "tokens"} == elsewhere


@pytest.mark.django_db
@pytest.mark.filterwarnings("ignore:You're running the worker with superuser")
@pytest.mark.parametrize("queues", ["default", None])
def test_a_worker_that_is_given_the_queue_for_everything_or_none_takes_all_work(queues: str | None) -> None:
    assert taken_by(queues) - {"default"} == set(settings.CELERY_TASK_QUEUES)
    assert taken_by("operations") == {"operations"}


@pytest.mark.django_db
@pytest.mark.parametrize("name", settings.CELERY_BEAT_SCHEDULE)
def test_what_beat_sends_expires_so_that_a_day_without_workers_leaves_no_backlog(name: str) -> None:
    given: dict[str, Any] = settings.CELERY_BEAT_SCHEDULE[name]
    entry = ModelEntry.from_entry(name, app, **given)
    assert entry.task in app.tasks
    assert 0 < entry.options["expires"] <= max(60, given["schedule"])


@pytest.mark.django_db
def test_a_wake_up_expires_and_a_persons_goes_before_all_turns(
    sent: list[tuple[str, dict[str, Any]]], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        wakeups.work_soon(1, ["demo"])
        wakeups.work_in_turn(1, "demo")
    assert [queue_of(task) for task, _ in sent] == ["urgent", "operations"]
    assert all(0 < options["expires"] <= 60 for _, options in sent)


@pytest.mark.django_db
def test_a_lane_that_used_its_time_goes_on_in_turn_with_the_others(
    monkeypatch: pytest.MonkeyPatch,
    sent: list[tuple[str, dict[str, Any]]],
    django_capture_on_commit_callbacks: Any,
) -> None:
    monkeypatch.setattr(tasks, "work_lane", lambda **_: 0)
    with django_capture_on_commit_callbacks(execute=True):
        tasks.work_at_once(1, "demo")
    assert sent == []
    monkeypatch.setattr(tasks, "AT_ONCE_SECONDS", 0.0)
    with django_capture_on_commit_callbacks(execute=True):
        tasks.work_at_once(1, "demo")
    assert [(queue_of(task), options["args"]) for task, options in sent] == [("operations", (1, "demo"))]


def test_a_worker_says_what_it_takes_while_it_is_connected_to_the_broker(
    committed_db: None, child_environment: dict[str, str], tmp_path: Path
) -> None:
    program = Program(
        name="operations", arguments=arguments_of(ROLES["operations"]), folder=ROOT, environment=child_environment
    )
    running = RunningProgram(program, log_path=tmp_path / "worker.log")
    try:
        deadline = time.monotonic() + 120
        while not QueueWorker.objects.exists():
            assert running.is_running, running.log_tail()
            assert time.monotonic() < deadline, running.log_tail()
            time.sleep(0.1)
    finally:
        running.stop()
    (worker,) = QueueWorker.objects.all()
    assert worker.name.startswith("operations@")
    assert worker.queues == ["operations"]
    assert abs(worker.seen_at - database_clock.now()) < timedelta(minutes=2)


@pytest.mark.django_db
@pytest.mark.filterwarnings("ignore:You're running the worker with superuser")
def test_workers_look_for_garbage_seldom() -> None:
    taken_by("rows")
    assert gc.get_threshold()[0] == 50_000
