"""Outcomes that cannot be read: a person is asked in time, people's calls are left alone, and reading goes on."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from tests.support.engine_kinds import register_engine_kinds
from tests.support.stored_plans import Desk
from tests.tradovate.operations.examples import BODIES, NOW
from vendor_admin.errors import NotAllowed
from vendor_admin.operations.engine import settlement
from vendor_admin.operations.models import Operation, Plan
from vendor_admin.operations.pages.undecided import doubts_of
from vendor_admin.operations.plans import decisions, unknown_outcomes
from vendor_admin.operations.precedence import Priority
from vendor_admin.operations.store import allowance, outcome_store, queue
from vendor_admin.operations.store.allowance import UNKNOWN_READS, Caller
from vendor_admin.operations.store.verdicts import Waiting
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.platform_access import budgets
from vendor_admin.organizations.platform_access.budgets import READING_CALLS, USER_CALLS
from vendor_admin.tradovate.enums import NotSentKind
from vendor_admin.tradovate.operations import WRITES, entity_operation
from vendor_admin.tradovate.outcomes import NotSent, Outcome, Rejected, Success, Unauthorized, Unknown

CALLER = Caller("http://127.0.0.1:9/v1", "vendor")
LOG = entity_operation("cashBalanceLog", "deps")
REFUSED = Unauthorized("Access is denied", 403)
OTHER_FORM = Success({"odd": 1})
BALANCE = {"cashBalance/deps": Success([{"id": 3, "accountId": 7, "amount": 1_000.0}])}
LOST_NAME, LOST_BODY, LOST_KEY = (
    {"name": "fundTransaction/moved"},
    {"request": {"accountId": "all"}},
    {"sealed_request": "gAAAA-of-another-key"},
)


class Platform:
    """Answers every look-up alike, but those of `others` by their path, and counts them."""

    def __init__(self, answer: Outcome, others: Mapping[str, Outcome] | None = None) -> None:
        self.answer, self.others, self.calls = answer, others or {}, 0

    def call(self, operation: Any, *, token: str, params: Mapping[str, Any]) -> Outcome:
        self.calls += 1
        return self.others.get(operation.path, self.answer)


@pytest.fixture
def desk(db: None) -> Desk:
    register_engine_kinds()
    return Desk()


def in_doubt(desk: Desk, **fields: Any) -> Operation:
    """An adjustment of unknown outcome, sent a moment ago."""
    (row,) = desk.operations(desk.adjusting(7))
    sent = {"sent_at": timezone.now(), "attempts": 1, "error_text": "no answer within 20 s"}
    return desk.change(row, state="unknown", **sent | fields)


def read(desk: Desk, row: Operation, answer: Outcome, others: Mapping[str, Outcome] | None = None) -> Operation:
    platform: Any = Platform(answer, others)
    settlement.settle(desk.lane, row, platform, caller=CALLER, token="t")
    return desk.change(row, not_before=timezone.now())


def booked(row: Operation) -> Success:
    """The log with our entry in it."""
    entry = {"id": 5, "accountId": 7, "delta": 250, "comment": row.short_id, "timestamp": "2026-11-10T18:00:02Z"}
    return Success([entry])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (REFUSED, "cashBalanceLog/deps: Access is denied"),
        (Rejected("No \x00such thing", 404), "such thing"),
        (Unknown("no answer within 20 s"), "no answer within 20 s"),
        (NotSent(NotSentKind.DNS, "the name is not known"), "the name is not known"),
        (OTHER_FORM, "another form (Success)"),
    ],
)
def test_after_twenty_readings_that_told_nothing_a_person_is_asked_and_told_why(
    desk: Desk, answer: Outcome, words: str
) -> None:
    row = in_doubt(desk)
    row = desk.change(row, settle_attempts=settlement.MOST_READINGS - 2)
    row = read(desk, row, answer)
    assert not row.needs_person
    row = read(desk, row, answer)
    assert row.needs_person
    assert row.state == Operation.State.UNKNOWN
    assert words in row.unreadable
    assert words in row.question
    assert "If it was done: " in row.question


def test_what_was_not_readable_is_read_on_and_what_is_found_closes_the_question(desk: Desk) -> None:
    row = in_doubt(desk, settle_attempts=settlement.MOST_READINGS)
    before = timezone.now()
    platform: Any = Platform(REFUSED)
    settlement.settle(desk.lane, row, platform, caller=CALLER, token="t")
    (row,) = desk.operations(row.plan_id)
    assert row.needs_person
    assert row.not_before >= before + unknown_outcomes.READ_ON_EVERY
    assert queue.unsettled(desk.lane, now=row.not_before, limit=9) == [row]

    row = read(desk, row, booked(row))
    assert (row.state, row.needs_person, row.unreadable) == ("succeeded", False, "")
    assert [one.state for one in desk.rows(row.plan_id)] == ["succeeded"]


def test_once_a_person_was_asked_nothing_is_sent_again_by_itself(desk: Desk) -> None:
    """They may have done it by hand meanwhile."""
    long_ago = timezone.now() - timedelta(minutes=5)
    asked = in_doubt(desk, sent_at=long_ago, needs_person=True, unreadable="no scope")
    asked = read(desk, asked, Success([]), BALANCE)
    assert asked.state == Operation.State.REJECTED
    assert "it was not done" in asked.error_text
    assert "no answer within 20 s" in asked.error_text


def test_an_empty_log_proves_nothing_while_the_platform_shows_no_balance_either(desk: Desk) -> None:
    """It was seen to answer 200 and an empty list where there were accounts."""
    long_ago = timezone.now() - timedelta(minutes=5)
    row = in_doubt(desk, sent_at=long_ago)
    row = read(desk, row, Success([]))
    assert (row.state, row.needs_person, row.settle_attempts) == ("unknown", False, 1)
    row = read(desk, row, Success([]), BALANCE)
    assert (row.state, row.attempts) == ("queued", 1)  # it is sent again


def test_a_platform_that_goes_on_showing_nothing_ends_with_a_person_who_is_told(desk: Desk) -> None:
    row = in_doubt(desk, sent_at=timezone.now() - timedelta(minutes=5), settle_attempts=settlement.MOST_READINGS - 1)
    row = read(desk, row, Success([]))
    assert (row.state, row.needs_person) == ("unknown", True)
    assert "cashBalance/deps: the platform lists nothing there" in row.unreadable
    assert "If it was done: " in row.question
    assert read(desk, row, booked(row)).state == "succeeded"  # it is read on


def test_a_row_sent_again_is_found_by_what_was_booked_since_the_first_call(desk: Desk) -> None:
    first_at = timezone.now() - timedelta(minutes=9)
    row = in_doubt(desk, sent_at=first_at, call_ended_at=first_at + timedelta(seconds=20))
    row = read(desk, row, Success([]), BALANCE)
    assert row.state == "queued"
    (claimed,) = desk.claim(Plan(pk=row.plan_id))
    assert (claimed.state, claimed.sent_at, claimed.attempts) == ("sending", first_at, 2)

    row = desk.change(row, state="unknown", call_ended_at=timezone.now(), sent_at=claimed.sent_at)
    late = {"id": 5, "accountId": 7, "delta": 250, "timestamp": (first_at + timedelta(minutes=4)).isoformat()}
    row = read(desk, desk.change(row, call_ended_at=first_at), Success([late]))
    assert row.state == "unknown"  # not ours by its words, but it may be


def test_a_call_that_was_certainly_not_carried_out_does_not_count_as_the_first(desk: Desk) -> None:
    plan = desk.adjusting(7)
    (row,) = desk.claim(plan)
    with desk.scope():
        outcome_store.store(desk.lane, [Waiting(row, timezone.now(), "slowed down")], now=timezone.now())
    (again,) = desk.claim(plan)
    assert again.sent_at is not None
    assert row.sent_at is not None
    assert again.sent_at > row.sent_at


def test_a_person_may_decide_while_it_is_read_on(desk: Desk) -> None:
    row = in_doubt(desk, needs_person=True, unreadable="no scope")
    with desk.scope():
        with pytest.raises(NotAllowed, match="nora may not decide"):
            decisions.decide(operation=row, was_done=True, actor=Actor.staff("nora"), reason="seen", now=timezone.now())
        decisions.decide(operation=row, was_done=True, actor=Actor.staff("sam"), reason="seen", now=timezone.now())
    read(desk, row, Success([]))
    (row,) = desk.operations(row.plan_id)
    assert (row.state, row.unreadable) == ("succeeded", "")


def test_ten_minutes_without_a_reading_are_enough_and_a_lock_does_not_hide_the_row_for_its_hour(desk: Desk) -> None:
    now = timezone.now()
    budgets.lock(key=CALLER.user, until=now + timedelta(hours=1), reason="The platform answered 429.")
    platform: Any = Platform(REFUSED)
    row = in_doubt(desk)
    settlement.settle(desk.lane, row, platform, caller=CALLER, token="t")
    (row,) = desk.operations(row.plan_id)
    assert not row.needs_person
    assert row.settle_attempts == 0  # nothing was read
    assert row.not_before <= timezone.now() + unknown_outcomes.LONGEST_READING

    row = desk.change(row, reading_since=now - unknown_outcomes.LONGEST_READING)
    settlement.settle(desk.lane, row, platform, caller=CALLER, token="t")
    (row,) = desk.operations(row.plan_id)
    assert row.needs_person
    assert row.unreadable == "The platform answered 429."
    assert platform.calls == 0


def test_without_a_connection_or_a_token_a_person_is_asked_as_well(desk: Desk) -> None:
    now = timezone.now()
    row = in_doubt(desk)
    unknown_outcomes.ask_where_nothing_is_read(desk.lane, "The connection is paused by staff.", now=now)
    assert not desk.change(row, attempts=1).needs_person
    unknown_outcomes.ask_where_nothing_is_read(desk.lane, "It is paused.", now=now + unknown_outcomes.LONGEST_READING)
    row = desk.change(row, attempts=1)
    assert (row.needs_person, row.unreadable) == (True, "It is paused.")


@pytest.mark.parametrize(
    ("lost", "why"), [(LOST_NAME, "does not know the call"), (LOST_BODY, "accountId"), (LOST_KEY, "CREDENTIAL_KEYS")]
)
def test_what_cannot_even_be_asked_about_goes_to_a_person_at_once_and_harms_no_other(
    desk: Desk, lost: dict[str, Any], why: str
) -> None:
    row = in_doubt(desk)
    broken = spoilt(desk, row, lost)
    broken = read(desk, broken, booked(row))
    assert broken.needs_person
    assert why in broken.unreadable
    with desk.scope():
        assert doubts_of(broken, []) == []
        decisions.decide(operation=broken, was_done=False, actor=Actor.staff("sam"), reason="asked", now=timezone.now())


def test_an_error_of_ours_while_reading_counts_as_a_reading_and_ends_no_run(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("a bug")

    row = in_doubt(desk, settle_attempts=settlement.MOST_READINGS - 1)
    monkeypatch.setattr("vendor_admin.tradovate.catalogue.write.Write.happened", fail)
    row = read(desk, row, booked(row))
    assert row.needs_person
    assert row.unreadable == settlement.OWN_FAULT


def spoilt(desk: Desk, row: Operation, lost: dict[str, Any]) -> Operation:
    """The row with something that this version of the service, or its keys, cannot read."""
    if "sealed_request" not in lost:
        return desk.change(row, **lost)
    with desk.scope(), connection.cursor() as cursor:
        cursor.execute("UPDATE operations_operation SET sealed_request = %s WHERE id = %s", ["not-of-our-keys", row.pk])
    return desk.change(row, attempts=1)


def test_readings_have_a_share_of_the_hour_and_are_taken_whole(db: None) -> None:
    now = timezone.now()
    use(UNKNOWN_READS, UNKNOWN_READS.limit - 5, now)
    refused = allowance.draw_readings(CALLER, count=6, now=now)
    assert refused.count == 0
    assert refused.until is not None
    assert refused.until > now
    assert "share" in refused.reason
    assert allowance.draw_readings(CALLER, count=5, now=now).until is None
    assert allowance.draw_readings(CALLER, count=1, now=now).until is not None


def test_the_last_calls_of_the_hour_are_left_to_people(db: None) -> None:
    now = timezone.now()
    use(USER_CALLS, READING_CALLS.limit, now)
    normal = Priority.NORMAL
    assert allowance.draw(CALLER, LOG, wanted=1, now=now, of_user=READING_CALLS, priority=normal).count == 0
    assert allowance.draw(CALLER, LOG, wanted=1, now=now, priority=normal).count == 1


def test_readings_leave_more_than_what_is_kept_for_urgent_operations_so_nothing_is_kept_of_them_twice() -> None:
    assert allowance.left_to(Priority.NORMAL, READING_CALLS) == READING_CALLS
    assert READING_CALLS.limit <= allowance.left_to(Priority.NORMAL, USER_CALLS).limit < USER_CALLS.limit


def use(budget: budgets.Budget, count: int, now: datetime) -> None:
    drawn, _ = budgets.take_many(budget=budget, subject=CALLER.user, wanted=count, now=now)
    assert drawn == count


@pytest.mark.parametrize("path", sorted(WRITES))
def test_one_reading_of_the_largest_call_fits_into_the_share(path: str) -> None:
    write = WRITES[path]
    request = write.read(BODIES[path], now=NOW)
    most = write.batch.most if write.batch else 1
    for environment in write.operation.environments:
        (one,) = write.split(request)
        assert len(write.look_ups(one, environment)) * most <= UNKNOWN_READS.limit
