"""What workers make of answers, errors and faults of the connection, and when a job is tried again."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.trading_accounts.cash_snapshot import CashSnapshots
from tests.support.running_hub import wait_until
from tests.support.scene import Scene
from vendor_admin.celery import app
from vendor_admin.operations.kinds import Question
from vendor_admin.operations.models import ReadJob, ReadJobRow
from vendor_admin.operations.plan_work.platform_reader import PlatformReader
from vendor_admin.operations.read_jobs import work
from vendor_admin.operations.read_jobs.verbs import ask
from vendor_admin.operations.store import wakeups
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Connection
from vendor_admin.organizations.platform_access import tokens
from vendor_admin.tradovate.enums import NotSentKind
from vendor_admin.tradovate.outcomes import NotSent, Outcome, Success, Unauthorized, Unknown, WrongHost

pytestmark = pytest.mark.demo_alone

State = ReadJobRow.State
ANSWER = {"totalCashValue": 50_001.5, "netLiq": 50_101.5}

Answering = Callable[[dict[int, Outcome | Exception]], None]


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Answering:
    """Has the platform answer so for accounts; others it answers by itself. Nothing is waited for."""
    monkeypatch.setattr(work, "FIRST_PAUSE", timedelta(0))
    call = PlatformReader.call

    def answer(answers: dict[int, Outcome | Exception]) -> None:
        def answered(self: Any, operation: Any, *, body: dict[str, Any]) -> Outcome:
            found = answers.get(body["accountId"])
            if isinstance(found, Exception):
                raise found
            return found or call(self, operation, body=body)

        monkeypatch.setattr(PlatformReader, "call", answered)

    return answer


def asked(scene: Scene, *ids: int) -> ReadJob:
    with scene.scope():
        return ask(
            organization=scene.organization,
            kind=CashSnapshots(),
            questions=[Question(id_) for id_ in ids],
            environment="demo",
            actor=Actor.staff(scene.actor),
            now=timezone.now(),
        )


def read(scene: Scene, job: ReadJob, *, seconds: float = 20.0) -> ReadJob:
    work.read(organization_id=scene.organization.pk, job_id=job.pk, seconds=seconds)
    with scene.scope():
        return ReadJob.objects.get(pk=job.pk)


def read_until_over(scene: Scene, job: ReadJob) -> ReadJob:
    wait_until(lambda: read(scene, job).state == ReadJob.State.FINISHED, seconds=30, what="the end of a reading")
    return read(scene, job)


def change(scene: Scene, job: ReadJob, **fields: Any) -> None:
    with scene.scope():
        ReadJob.objects.filter(pk=job.pk).update(**fields)


def rows_of(scene: Scene, job: ReadJob) -> list[ReadJobRow]:
    with scene.scope():
        return list(ReadJobRow.objects.filter(job=job).order_by("position"))


@pytest.mark.parametrize("odd", ["\x00", "\ud800"], ids=["a-zero-byte", "half-a-letter"])
def test_an_answer_that_the_database_cannot_hold_is_stored_without_that(
    scene: Scene, answering: Answering, odd: str
) -> None:
    first, second = scene.account_ids(2)
    answering({first: Success({**ANSWER, "withdrawalRejectReason": f"a{odd}b"})})
    job = read_until_over(scene, asked(scene, first, second))
    changed, other = rows_of(scene, job)
    assert (changed.state, other.state) == (State.ANSWERED, State.ANSWERED)
    assert changed.answer == {**ANSWER, "withdrawalRejectReason": "a\ufffdb"}


@pytest.mark.parametrize(
    "answer", [RuntimeError("odd"), Success({**ANSWER, "odd": float("inf")})], ids=["an-error", "not-storable"]
)
def test_a_row_that_breaks_the_worker_is_given_up_and_others_are_answered(
    scene: Scene, answering: Answering, answer: Outcome | Exception
) -> None:
    first, second = scene.account_ids(2)
    answering({first: answer})
    job = asked(scene, first, second)
    assert read(scene, job).wait_why == work.OWN_FAULT
    broken, other = rows_of(scene, read_until_over(scene, job))
    assert (broken.state, broken.errors, broken.why) == (State.REFUSED, work.MOST_ERRORS, work.OWN_FAULT)
    assert other.state == State.ANSWERED


@pytest.mark.parametrize("body", [None, {}, [], "fine", {"errorText": ""}, {"totalCashValue": "a lot"}], ids=str)
def test_what_says_nothing_is_no_answer(scene: Scene, answering: Answering, body: Any) -> None:
    first, second = scene.account_ids(2)
    answering({first: Success(body)})
    empty, other = rows_of(scene, read_until_over(scene, asked(scene, first, second)))
    assert (empty.state, empty.errors, empty.answer) == (State.REFUSED, work.MOST_ERRORS, None)
    assert "something else" in empty.why
    assert other.state == State.ANSWERED


@pytest.mark.parametrize(
    "fault",
    [
        Unknown("no answer within 10 s"),
        NotSent(NotSentKind.REFUSED, "no connection"),
        Unauthorized("Access is denied", 403),
        Unauthorized("Expired Access Token", 401),
    ],
    ids=["no-answer", "not-sent", "403", "401"],
)
def test_a_fault_of_the_connection_is_not_held_against_a_row(
    scene: Scene, answering: Answering, fault: Outcome
) -> None:
    first, second = scene.account_ids(2)
    answering({first: fault})
    job = asked(scene, first, second)
    for _ in range(work.MOST_ERRORS + 2):
        read(scene, job)
    waiting, other = rows_of(scene, job)
    assert (waiting.state, waiting.errors) == (State.WAITING, 0)
    assert other.state == State.ANSWERED


def test_at_a_wrong_host_the_job_waits_and_no_row_is_given_up(scene: Scene, answering: Answering) -> None:
    (id_,) = scene.account_ids(1)
    answering({id_: WrongHost(421)})
    job = asked(scene, id_)
    for _ in range(work.MOST_ERRORS + 2):
        waiting = read(scene, job)
    (row,) = rows_of(scene, job)
    assert (row.state, row.errors) == (State.WAITING, 0)
    assert "host" in waiting.wait_why


def test_an_empty_404_of_the_right_host_is_about_the_row(scene: Scene, answering: Answering) -> None:
    first, second = scene.account_ids(2)
    answering({first: WrongHost(404)})
    missing, other = rows_of(scene, read_until_over(scene, asked(scene, first, second)))
    assert (missing.state, missing.errors) == (State.REFUSED, work.MOST_ERRORS)
    assert "error (404)" in missing.why
    assert other.state == State.ANSWERED


def test_a_token_that_the_platform_no_longer_takes_is_given_up_and_the_row_is_answered_with_the_next(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    (id_,) = scene.account_ids(1)
    given_up = []
    reject = tokens.reject_token

    def noted(**said: Any) -> None:
        given_up.append(said["token"])
        reject(**said)

    monkeypatch.setattr(tokens, "reject_token", noted)
    monkeypatch.setattr(work, "FIRST_PAUSE", timedelta(0))
    job = asked(scene, id_)
    scene.sandbox.control("revoke", organization=scene.vendor["name"])
    (row,) = rows_of(scene, read_until_over(scene, job))
    assert (row.state, row.errors, len(given_up)) == (State.ANSWERED, 0, 1)


def test_while_the_connection_is_paused_a_job_is_tried_less_and_less_often(scene: Scene) -> None:
    (id_,) = scene.account_ids(1)
    job = asked(scene, id_)
    with scene.scope():
        Connection.objects.filter(environment="demo").update(is_enabled=False)
    pauses = []
    for _ in range(12):
        before = timezone.now()
        change(scene, job, due_at=before)
        waiting = read(scene, job)
        assert waiting.due_at is not None
        pauses.append(waiting.due_at - before)
    assert "paused" in waiting.wait_why
    assert pauses[1] > work.FIRST_PAUSE * 1.5
    assert pauses[5] > work.FIRST_PAUSE * 30
    assert work.LONGEST_PAUSE <= pauses[-1] < work.LONGEST_PAUSE + timedelta(seconds=30)

    with scene.scope():
        Connection.objects.filter(environment="demo").update(is_enabled=True)
    change(scene, job, due_at=timezone.now())
    assert read(scene, job).failures == 0


def test_a_job_that_still_waits_after_a_day_ends_with_the_reason(scene: Scene) -> None:
    (id_,) = scene.account_ids(1)
    job = asked(scene, id_)
    with scene.scope():
        Connection.objects.filter(environment="demo").update(is_enabled=False)
    change(scene, job, created_at=timezone.now() - work.LONGEST_LIFE)
    job = read(scene, job)
    (row,) = rows_of(scene, job)
    assert (job.state, job.due_at) == (ReadJob.State.FINISHED, None)
    assert row.state == State.REFUSED
    assert "not answered within a day" in row.why
    assert "connection is paused" in row.why


def test_a_job_is_woken_in_the_queue_that_it_waits_in(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = scene.account_ids(3)
    job = asked(scene, *ids)
    sent: list[str] = []
    monkeypatch.setattr(app, "send_task", lambda name, **options: sent.append(name))
    work.wake_due()
    read(scene, job, seconds=0)
    work.wake_due()
    assert sent == [wakeups.READ_TASK, wakeups.READ_ON_TASK]
