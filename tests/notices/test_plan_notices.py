"""Locks, plans and operations that somebody has to know of: told until they are over or somebody has seen them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database

from tests.notices.notice_desk import NOW, Desk, at, deliver, lock, look
from vendor_admin.notices.acknowledgement import acknowledge
from vendor_admin.notices.models import Notice, NoticeKind
from vendor_admin.operations.models import Operation, Plan
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.encryption import encrypt
from vendor_admin.organizations.models import AuditEntry


@pytest.fixture
def alpha(desk_of: Callable[[str], Desk]) -> Desk:
    return desk_of("alpha")


@pytest.fixture
def beta(desk_of: Callable[[str], Desk]) -> Desk:
    return desk_of("beta")


def test_a_lock_of_a_user_is_told_to_its_organization_alone_and_ends_by_itself(alpha: Desk, beta: Desk) -> None:
    alpha.connect()
    alpha.connect("live")
    beta.connect()
    lock("alpha@production")
    assert look(0) == (1, 0)  # both of its environments are of the one platform
    notice = alpha.notice()
    assert notice.title == "The platform locked this organization's calls until 2026-11-20 16:00 UTC (10:00 CT)"
    assert "429" in notice.text
    assert notice.path == "/admin/budgets/"
    assert beta.notices() == []
    assert look(3599) == (0, 0)
    assert look(3601) == (0, 1)


def test_a_captcha_at_an_address_is_told_to_everybody_who_calls_from_it(alpha: Desk, beta: Desk) -> None:
    alpha.connect()
    beta.connect(host="ninjatrader.dev")
    lock("production cashBalance/changedemobalance", kind="captcha")
    assert look(0) == (1, 0)
    assert (alpha.notice().subject, beta.notices()) == ("captcha", [])
    lock("staging user/create", kind="captcha")
    assert look(15) == (1, 0)
    assert beta.notice().title.startswith("The platform asks for a captcha")


def test_penalties_and_own_pauses_are_no_notices(alpha: Desk) -> None:
    alpha.connect()
    for number, kind in enumerate(("penalty", "budget", "unreachable", "unknown")):
        lock(f"alpha@production endpoint{number}", kind=kind)
    assert look(0) == (0, 0)


def test_a_lock_that_grows_longer_is_refreshed_and_not_told_again(alpha: Desk, mails: None) -> None:
    alpha.connect()
    alpha.mail("desk@alpha.example")
    lock("alpha@production")
    look(0)
    lock("alpha@production all calls of a user", seconds=7200)
    assert look(15) == (0, 0)
    assert "until 2026-11-20 17:00 UTC" in alpha.notice().title
    assert len(alpha.deliveries()) == 1


def test_an_organization_whose_key_was_lost_stops_nobody_elses_notices(alpha: Desk, beta: Desk) -> None:
    connection = alpha.connect()
    beta.connect()
    with alpha.scope(), database.cursor() as cursor:
        cursor.execute(
            "UPDATE organizations_connection SET credentials = %s WHERE id = %s",
            ["x" + encrypt({"name": "alpha"}), connection.pk],
        )
    lock("beta@production")
    assert look(0) == (1, 0)
    assert beta.notice().kind == NoticeKind.LOCKED


def test_a_plan_with_refused_rows_is_told_once_with_the_platforms_words(alpha: Desk) -> None:
    plan = alpha.plan()
    alpha.rows(plan, "succeeded", "rejected", "rejected", "skipped")
    fine = alpha.plan("All went well")
    alpha.rows(fine, "succeeded")
    running = alpha.plan("Still running", state="running")
    alpha.rows(running, "rejected", "queued")
    assert look(0) == (1, 0)
    assert look(15) == (0, 0)
    notice = alpha.notice()
    assert (notice.kind, notice.subject) == (NoticeKind.PLAN_FAILED, f"plan {plan.pk}")
    assert notice.title == "“Revoke 3 permissions” failed in 2 of 3 rows"
    assert "“The account is closed.”" in notice.text
    assert notice.path == f"/admin/operations/plan/{plan.pk}/change/"


def test_a_failed_plan_closes_when_what_failed_is_sent_again(alpha: Desk) -> None:
    plan = alpha.plan()
    alpha.rows(plan, "rejected")
    look(0)
    retry = alpha.plan("Retry", state="preview", started_at=None, retries=plan)
    assert look(15) == (0, 0)
    with alpha.scope():
        Plan.objects.filter(pk=retry.pk).update(state="running", started_at=at(20))
    assert look(30) == (0, 1)
    assert look(45) == (0, 0)


def test_a_failed_plan_that_somebody_has_seen_is_over_and_does_not_come_back(alpha: Desk, mails: None) -> None:
    plan = alpha.plan()
    alpha.rows(plan, "rejected")
    alpha.mail("desk@alpha.example")
    look(0)
    deliver(0)
    with alpha.scope():
        assert acknowledge(notice=alpha.notice(), actor=Actor.staff("riley"), now=at(10))
        assert not acknowledge(notice=alpha.notice(), actor=Actor.staff("sam"), now=at(11))
        assert [one.actor for one in AuditEntry.objects.filter(action="notice acknowledged")] == ["riley"]
    notice = alpha.notice()
    assert (notice.standing, notice.acknowledged_by, notice.resolution) == (Notice.CLOSED, "riley", "Seen by riley.")
    assert look(15) == look(8 * 86400) == (0, 0)
    deliver(400)
    assert alpha.told() == [("opened", "sent"), ("resolved", "sent")]


def test_what_somebody_takes_care_of_stays_until_it_is_over_and_is_open_again_when_it_comes_back(alpha: Desk) -> None:
    lease = alpha.socket(alpha.connect())
    alpha.set_socket(lease, "waiting")
    look(0)
    look(60)
    with alpha.scope():
        acknowledge(notice=alpha.notice(), actor=Actor.staff("riley"), now=at(70))
    look(75)
    assert alpha.notice().standing == Notice.ACKNOWLEDGED
    alpha.set_socket(lease, "live")
    look(90)
    assert alpha.notice().standing == Notice.CLOSED
    alpha.set_socket(lease, "waiting")
    look(105)
    look(165)
    notice = alpha.notice()
    assert (notice.standing, notice.times, notice.acknowledged_by) == (Notice.OPEN, 2, "")


def test_operations_that_wait_for_a_person_are_one_notice_a_plan(alpha: Desk) -> None:
    plan = alpha.plan("Add 250.00 to 2 accounts", state="running")
    first, second = alpha.undecided(plan, key="1"), alpha.undecided(plan, key="2")
    assert look(0) == (1, 0)
    assert alpha.notice().title == "“Add 250.00 to 2 accounts”: 2 operations to be decided by a person"
    assert alpha.notice().path == f"/admin/operations/operation/?person=yes&plan={plan.pk}"
    for operation, changed in ((first, (0, 0)), (second, (0, 1))):
        with alpha.scope():
            Operation.objects.filter(pk=operation.pk).update(state="succeeded", needs_person=False)
        assert look(15) == changed


def test_a_plan_that_waits_for_a_second_person_is_told_until_it_is_approved(alpha: Desk) -> None:
    plan = alpha.plan("Big", state="waiting", second_person_why="It changes 200 accounts.", confirmed_by="riley")
    assert look(0) == (1, 0)
    assert alpha.notice().text == "riley made it. It changes 200 accounts."
    with alpha.scope():
        Plan.objects.filter(pk=plan.pk).update(state="running")
    assert look(15) == (0, 1)


def test_a_plan_that_lost_its_authors_is_told_until_it_is_resumed_and_one_that_people_paused_is_not(
    alpha: Desk,
) -> None:
    alpha.plan("By hand", state="paused")
    plan = alpha.plan("Big", state="paused", wait_why="riley may no longer change balances.")
    assert look(0) == (1, 0)
    assert alpha.notice().title == "“Big” is paused: nobody stands behind it"
    assert alpha.notice().text == "riley may no longer change balances."
    with alpha.scope():
        Plan.objects.filter(pk=plan.pk).update(state="running", wait_why="")
    assert look(15) == (0, 1)


def ended(desk: Desk, title: str, *, state: str = "stale", confirmed: float = 0, **values: Any) -> Plan:
    """A plan that ended without being sent, so many seconds after it was confirmed."""
    plan = desk.plan(title, state=state, started_at=None, confirmed_by="casey", confirmed_at=NOW, **values)
    with desk.scope():
        Plan.objects.filter(pk=plan.pk).update(finished_at=NOW + timedelta(seconds=confirmed))
    return plan


def test_a_confirmed_plan_that_ends_unsent_is_told_until_its_new_preview_is_done_with(alpha: Desk) -> None:
    ended(alpha, "Told on the page")
    ended(alpha, "By a person", state="cancelled", confirmed=60)
    plan = ended(alpha, "Big", confirmed=60)
    renewed = alpha.plan("Big", state="preview", started_at=None, renewed_from=plan)

    assert look(61) == (1, 0)
    notice = alpha.notice()
    assert notice.title == "“Big” was confirmed and not sent"
    assert notice.text.startswith("casey confirmed it at 2026-11-20 15:00 UTC (09:00 CT). Nothing of it was sent. The")
    assert notice.next_step.startswith(f"riley and casey: look at plan {renewed.pk}, the new preview")
    assert notice.path.endswith(f"/{renewed.pk}/change/")
    with alpha.scope():
        Plan.objects.filter(pk=renewed.pk).update(state="running")
    assert look(75) == (0, 1)


def test_a_confirmed_plan_that_this_service_cancelled_is_told_until_somebody_has_seen_it(alpha: Desk) -> None:
    ended(alpha, "Big", state="cancelled", confirmed=60, wait_why="Plan 3 has begun with some of the same.")

    assert look(61) == (1, 0)
    assert "Nothing of it was sent. Plan 3 has begun" in alpha.notice().text
    assert alpha.notice().next_step == "riley and casey: if it is still wanted, make a new preview."
    with alpha.scope():
        acknowledge(notice=alpha.notice(), actor=Actor.staff("riley"), now=NOW + timedelta(seconds=62))
    assert look(75) == (0, 0)
    assert [one.closed_at is None for one in alpha.notices()] == [False]
