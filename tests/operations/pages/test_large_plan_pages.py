"""The pages of plans of many rows, which workers preview, start and cancel: how far that is, and what can be done."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.support.pages import text_of
from tests.support.plan_desk import change_plan, change_rows, page, plan_of, preview, rows_of, verb
from vendor_admin.listing import lists
from vendor_admin.operations.models import Plan
from vendor_admin.operations.pages import plan_buttons
from vendor_admin.operations.plan_work.held_plans import check
from vendor_admin.operations.plans import targets as plan_targets
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope


@pytest.fixture
def large(alpha: Organization, trading_day: Callable[[int], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_targets, "DIRECT_ROWS", 2)
    trading_day(4)


def checked(alpha: Organization, plan_id: int) -> Plan:
    """The plan once a worker had time for it."""
    change_plan(alpha, plan_id, check_at=timezone.now() - timedelta(seconds=1))
    check(organization_id=alpha.pk, plan_id=plan_id)
    return plan_of(alpha, plan_id)


def newest_plans(alpha: Organization, *, behind: int) -> list[int]:
    with organization_scope(alpha.pk):
        return list(Plan.objects.filter(id__gt=behind).values_list("id", flat=True))


def progress(client: Client, plan_id: int) -> str:
    return str(text_of(client.get(reverse("admin:plan_progress", args=[plan_id]))))


def ask_too_much(plan: Plan, *, of: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(60)")
    return of


def test_a_large_plan_shows_how_far_its_preview_its_start_and_its_cancellation_are(
    alice: Client, alpha: Organization, large: None
) -> None:
    plan_id = preview(alice, [1, 2, 3, 4])
    change_plan(alpha, plan_id, work_done=1)
    text = page(alice, plan_id)
    assert "The preview is being made." in text
    assert "Will change" not in text, "how many is not known before the preview is made"
    assert 'aria-valuenow="25"' in text
    assert "Discard" in text
    assert "Continue to confirm" not in text
    assert 'data-plan-state="drafting"' in progress(alice, plan_id)

    assert checked(alpha, plan_id).state == Plan.State.PREVIEW
    assert len(rows_of(alpha, plan_id)) == 4
    assert "Continue to confirm" in page(alice, plan_id)

    said = text_of(verb(alice, plan_id, "confirm", count="4", password="pass-alice"))
    assert "It starts as soon as its rows are ready. Nothing has been sent yet." in said
    assert "It is being carried out" not in said
    assert ">starting</span>" in said
    assert "Nothing has been sent. The rows are compared" in said
    assert 'data-plan-state="held"' in progress(alice, plan_id)
    assert checked(alpha, plan_id).state == Plan.State.RUNNING

    said = text_of(verb(alice, plan_id, "cancel"))
    assert "The rows that wait are being cancelled." in said
    assert "Send cancelled rows" not in said
    assert "The rows that wait are being cancelled." in progress(alice, plan_id)
    assert checked(alpha, plan_id).check_at is None
    text = page(alice, plan_id)
    assert "The rows that wait are being cancelled." not in text
    assert "Send cancelled rows (4)" in text

    said = text_of(verb(alice, plan_id, "retry"))
    assert "The preview is being made. Nothing has been sent yet." in said
    assert "This is the preview" not in said


def test_of_many_rows_the_page_offers_to_retry_those_that_no_retry_has_begun_with(
    alice: Client, alpha: Organization, large: None
) -> None:
    plan_id = preview(alice, [1, 2, 3, 4])
    checked(alpha, plan_id)
    verb(alice, plan_id, "confirm", count="4", password="pass-alice")
    checked(alpha, plan_id)
    verb(alice, plan_id, "cancel")
    checked(alpha, plan_id)
    verb(alice, plan_id, "retry")
    (retry_id,) = newest_plans(alpha, behind=plan_id)
    checked(alpha, retry_id)
    assert "Send cancelled rows (4)" in page(alice, plan_id)

    change_rows(alpha, retry_id, 4, state="skipped")
    verb(alice, retry_id, "confirm", count="3", password="pass-alice")
    assert checked(alpha, retry_id).state == Plan.State.RUNNING
    assert "Send cancelled rows (1)" in page(alice, plan_id)


def test_a_plans_page_opens_and_offers_to_retry_where_counting_what_is_left_takes_too_long(
    alice: Client, alpha: Organization, large: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_id = preview(alice, [1, 2, 3, 4])
    checked(alpha, plan_id)
    verb(alice, plan_id, "confirm", count="4", password="pass-alice")
    checked(alpha, plan_id)
    verb(alice, plan_id, "cancel")
    checked(alpha, plan_id)
    monkeypatch.setattr(lists, "QUERY_TIMEOUT_MS", 100)
    monkeypatch.setattr(plan_buttons, "count_left", ask_too_much)

    assert "Send cancelled rows (4)" in page(alice, plan_id)


def test_a_resumed_plan_shows_how_many_of_its_rows_were_compared(
    alice: Client, alpha: Organization, large: None
) -> None:
    plan_id = preview(alice, [1, 2, 3, 4])
    checked(alpha, plan_id)
    verb(alice, plan_id, "confirm", count="4", password="pass-alice")
    assert checked(alpha, plan_id).state == Plan.State.RUNNING
    assert "Rows compared" not in progress(alice, plan_id)

    change_plan(alpha, plan_id, check_at=timezone.now(), work_done=1, work_total=4)
    text = progress(alice, plan_id)
    assert 'aria-label="Rows compared" aria-valuenow="25"' in text
    change_plan(alpha, plan_id, check_at=None)
    assert "Rows compared" not in progress(alice, plan_id)


def test_a_second_click_on_confirm_is_told_that_there_is_nothing_to_confirm(
    alice: Client, alpha: Organization, large: None
) -> None:
    plan_id = preview(alice, [1, 2, 3])
    checked(alpha, plan_id)
    for _ in range(2):
        said = text_of(verb(alice, plan_id, "confirm", count="3", password="pass-alice"))

    assert "there is nothing to confirm" in said
    assert plan_of(alpha, plan_id).state == Plan.State.HELD
