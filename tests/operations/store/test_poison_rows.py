"""One row that cannot be sent, understood or stored harms itself alone, and no answer in hand is thrown away."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import DataError, OperationalError, connection
from django.utils import timezone

from tests.operations.scripted_run import OneSession, ScriptedCallers
from tests.support.engine_kinds import register_engine_kinds
from tests.support.scene import Scene
from tests.support.stored_plans import ADJUST, MONEY, Desk
from vendor_admin.operations.engine import runner
from vendor_admin.operations.engine.platform_calls.calls import Called, Permit, Session
from vendor_admin.operations.engine.runner import Runner
from vendor_admin.operations.models import Operation, Plan, PlanRow
from vendor_admin.operations.store import allowance, outcome_store, queue
from vendor_admin.operations.store import verdicts as results
from vendor_admin.operations.store.allowance import Caller
from vendor_admin.operations.store.queue import LaneKey
from vendor_admin.organizations import incarnations
from vendor_admin.tradovate.operations import WRITES
from vendor_admin.tradovate.outcomes import Success, Unknown

SESSION = Session(1, is_real=False, caller=Caller("http://127.0.0.1:9/v1", "vendor"), token="token")


@pytest.fixture
def desk(db: None) -> Desk:
    register_engine_kinds()
    return Desk()


def run(desk: Desk, *answers: list[Called], judging: Callable[[], None] = lambda: None) -> ScriptedCallers:
    """A run of the desk's lane to which these calls come back."""
    callers = ScriptedCallers(*answers)
    seams: dict[str, Any] = {"callers": callers, "sessions": OneSession(SESSION, judging=judging)}
    Runner(desk.lane, incarnations.present(now=timezone.now()), **seams).run(seconds=20)
    return callers


def answered(row: Operation) -> Called:
    now = timezone.now()
    return Called(
        row, WRITES[ADJUST], SESSION, Permit(now, time.monotonic() + 60), Success({"netLiq": 1.0}), sent_at=now
    )


def test_what_can_be_neither_decrypted_nor_read_nor_is_known_harms_itself_alone(quiet_scene: Scene) -> None:
    scene = quiet_scene
    accounts = sorted(scene.expected("account"))[:4]
    plan = scene.start("test_any_write", [scene.any_write(ADJUST, {"accountId": one, **MONEY}) for one in accounts])
    no_key, no_name, no_body, good = scene.operations(plan)
    with scene.scope(), connection.cursor() as cursor:
        cursor.execute("UPDATE operations_operation SET sealed_request = 'lost' WHERE id = %s", [no_key.pk])
        cursor.execute("UPDATE operations_planrow SET secrets = 'lost' WHERE operation_id = %s", [no_key.pk])
    with scene.scope():
        Operation.objects.filter(pk=no_name.pk).update(name="fundTransaction/moved")
        Operation.objects.filter(pk=no_body.pk).update(request={"accountId": "all"})

    scene.work()
    found = {one.pk: one for one in scene.operations(plan)}
    assert {pk: one.state for pk, one in found.items()} == {
        no_key.pk: "rejected",
        no_name.pk: "rejected",
        no_body.pk: "rejected",
        good.pk: "succeeded",
    }
    assert "CREDENTIAL_KEYS" in found[no_key.pk].error_text
    assert "does not know the call fundTransaction/moved" in found[no_name.pk].error_text
    assert "accountId" in found[no_body.pk].error_text
    assert {found[one.pk].advice for one in (no_key, no_name, no_body)} == {results.NOT_SENT_BY_US}
    assert scene.writes(ADJUST) == {"applied": 1}
    assert scene.reload(plan).state == "finished"
    assert [row.kept_secrets for row in scene.rows(plan)] == [{}] * 4


def left_sending(desk: Desk, row: Operation) -> Operation:
    return desk.change(row, state="sending", claimed_by="died", claimed_until=timezone.now())


def left_reading(desk: Desk, row: Operation) -> Operation:
    return desk.change(row, state="unknown", claimed_by="died", claimed_until=timezone.now())


def test_a_holder_that_only_lost_its_lane_takes_back_what_was_counted_as_its_crash(desk: Desk) -> None:
    (row,) = desk.operations(desk.adjusting(7))
    desk.change(row, crashes=queue.MOST_CRASHES - 1)
    left_sending(desk, row)
    lane = LaneKey(desk.lane.organization_id, "demo", "next")
    queue.recover(lane, now=timezone.now(), settle_after=timedelta(0))
    (row,) = desk.operations(row.plan_id)
    assert (row.crashes, row.needs_person) == (queue.MOST_CRASHES, True)
    desk.change(row, question="In the words of another release.")
    for holder in ("another", "died", "died"):
        queue.take_back_crashes(LaneKey(desk.lane.organization_id, "demo", holder))
    (row,) = desk.operations(row.plan_id)
    assert (row.state, row.crashes, row.needs_person, row.question) == ("unknown", queue.MOST_CRASHES - 1, False, "")


@pytest.mark.parametrize("leave", [left_sending, left_reading])
def test_a_row_at_which_three_runs_ended_is_left_to_a_person_and_never_sent_again_unread(
    desk: Desk, leave: Callable[[Desk, Operation], Operation]
) -> None:
    (row,) = desk.operations(desk.adjusting(7))
    now = timezone.now()
    for crash in (1, 2, 3):
        assert not row.needs_person
        leave(desk, row)
        queue.recover(LaneKey(desk.lane.organization_id, "demo", f"next {crash}"), now=now, settle_after=timedelta(0))
        (row,) = desk.operations(row.plan_id)
        assert (row.state, row.crashes, row.claimed_until) == ("unknown", crash, None)
    assert row.needs_person
    assert "Three workers ended" in row.question
    assert queue.unsettled(desk.lane, now=now + timedelta(days=1), limit=9) == []
    assert queue.next_due_at(desk.lane) is None


def test_only_runs_that_end_one_after_the_other_park_a_row_an_answer_in_between_begins_anew(
    desk: Desk,
) -> None:
    (row,) = desk.operations(desk.adjusting(7))
    desk.change(row, crashes=queue.MOST_CRASHES - 1)
    (claimed,) = desk.claim(Plan(pk=row.plan_id))
    run(desk, [replace(answered(claimed), outcome=Unknown("no answer within 20 s"))])
    (row,) = desk.operations(row.plan_id)
    assert (row.state, row.crashes) == ("unknown", 0)
    left_reading(desk, row)
    queue.recover(LaneKey(desk.lane.organization_id, "demo", "next"), now=timezone.now(), settle_after=timedelta(0))
    (row,) = desk.operations(row.plan_id)
    assert (row.crashes, row.needs_person) == (1, False)


def test_draws_that_cannot_be_given_back_leave_nothing_claimed_and_unsent_nor_stored_twice(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = desk.adjusting(7, 8)
    (held,) = desk.claim(plan)[:1]
    _, other = desk.operations(plan)
    desk.change(other, state="queued", claimed_by="")

    def fail(*_: Any, **__: Any) -> None:
        raise OperationalError("the database is away")

    monkeypatch.setattr(allowance, "give_back", fail)
    callers = run(desk, [replace(answered(held), outcome=None, sent_at=None)])
    assert sorted(callers.handed_out) == [held.pk, other.pk]
    assert {one.state for one in desk.operations(plan)} == {"sending"}


def test_an_answer_that_makes_sense_to_nobody_is_read_and_the_others_are_stored(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd, good = desk.claim(desk.adjusting(7, 8))
    really = results.verdict_of

    def verdict_of(write: Any, row: Operation, outcome: Any, **others: Any) -> Any:
        if row.pk == odd.pk:
            raise RuntimeError("a bug")
        return really(write, row, outcome, **others)

    monkeypatch.setattr(results, "verdict_of", verdict_of)
    run(desk, [answered(odd), answered(good)])
    assert [(one.state, one.error_text) for one in desk.operations(odd.plan_id)] == [
        ("unknown", results.NOT_UNDERSTOOD),
        ("succeeded", ""),
    ]


def test_an_answer_that_cannot_be_stored_takes_no_other_with_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    odd, good = desk.claim(desk.adjusting(7, 8))
    really = outcome_store.store

    def store(lane: LaneKey, verdicts: Any, *, now: Any) -> None:
        really(lane, verdicts, now=now)
        if odd.pk in {one.row.pk for one in verdicts}:
            raise DataError("too long for its column")

    monkeypatch.setattr(outcome_store, "store", store)
    run(desk, [answered(odd), answered(good)])
    assert [one.state for one in desk.operations(odd.plan_id)] == ["sending", "succeeded"]


@pytest.mark.parametrize("ended_by", [OperationalError("the database is away"), RuntimeError("a bug")])
def test_answers_in_hand_outlive_a_database_that_is_away_and_whatever_ends_the_run(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, ended_by: Exception
) -> None:
    plan = desk.adjusting(7, 8)
    really, blinks = outcome_store.store, [OperationalError("fail-over"), OperationalError("fail-over")]

    def store(lane: LaneKey, verdicts: Any, *, now: Any) -> None:
        if blinks:
            raise blinks.pop()
        really(lane, verdicts, now=now)

    ends = [ended_by]

    def end() -> None:
        if ends:
            raise ends.pop()

    monkeypatch.setattr(outcome_store, "store", store)
    monkeypatch.setattr(runner, "OUTAGE_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(connection, "close", lambda: None)  # the test's own transaction lives in it
    answers = [answered(row) for row in desk.claim(plan)]
    if isinstance(ended_by, OperationalError):
        run(desk, answers, judging=end)
    else:
        with pytest.raises(RuntimeError):
            run(desk, answers, judging=end)
    assert {(one.state, one.attempts) for one in desk.operations(plan)} == {("succeeded", 1)}
    with desk.scope():
        assert set(PlanRow.objects.values_list("state", flat=True)) == {"succeeded"}
