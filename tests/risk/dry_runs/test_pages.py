"""Trying an order from an account's page: the form, and what is shown of the platform's answer."""

import csv
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from risk.dry_runs.forms import TryOrderForm
from tests.support.pages import text_of
from tests.support.plan_desk import start_url
from tests.support.staff_and_rows import page_text
from vendor_admin.operations.actions import Selection
from vendor_admin.operations.models import ReadJob, ReadJobRow
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope

pytestmark = pytest.mark.pages

TYPED = {"contract": "ESZ6", "action": "Buy", "quantity": "2", "order_type": "Market", "price": "", "stop_price": ""}
DETAILS = {
    "beforeInitialMarginReq": 50, "initialMarginReq": 150.5, "beforeNetPos": -1, "isExitOrder": False,
    "totalCash": 50001, "netLiqValue": 50101.5, "excess": 49951, "futureCommAndFees": 2.28,
    "hypoLongPos": 1, "hypoShortPos": 3,
}  # fmt: skip
TAKEN = {"rejectReason": "Success", "details": DETAILS}
REFUSED = {"rejectReason": "TradingLocked", "comment": "Locked by admin", "details": DETAILS}


def ask(client: Client, alpha: Organization, *ids: int, **typed: str) -> ReadJob:
    answer = client.post(start_url("try-order", "account", ids or [10_001]), TYPED | typed)
    with organization_scope(alpha.pk):
        job = ReadJob.objects.order_by("-id")[0]
    assert answer["Location"] == reverse("dry_run", args=[job.pk])
    return job


def answered(alpha: Organization, job: ReadJob, *answers: Any) -> None:
    with organization_scope(alpha.pk):
        for position, answer in enumerate(answers, start=1):
            row = ReadJobRow.objects.filter(job=job, position=position)
            row.update(state=ReadJobRow.State.ANSWERED, answer=answer, read_at=job.created_at)
        ReadJob.objects.filter(pk=job.pk).update(state=ReadJob.State.FINISHED, due_at=None)


def shown(client: Client, job: ReadJob) -> str:
    return page_text(client.get(reverse("dry_run", args=[job.pk])))


def test_an_accounts_page_leads_to_the_form_for_those_who_may_ask(
    alice: Client, bob: Client, alpha: Organization, trading_day: Any
) -> None:
    trading_day(1)
    address = start_url("try-order", "account", [10_001])
    assert address in page_text(alice.get(reverse("account", args=[10_001]))).replace("&amp;", "&")
    assert address not in page_text(bob.get(reverse("account", args=[10_001]))).replace("&amp;", "&")
    assert bob.get(address).status_code == bob.post(address, TYPED).status_code == 403
    form = page_text(alice.get(address))
    assert '<datalist id="contract_offered"><option value="ESZ6">' in form
    assert 'list="contract_offered"' in form
    assert "Nothing is changed by it." in form


def test_what_is_typed_wrong_is_told_at_its_field_and_nothing_is_asked(
    alice: Client, alpha: Organization, trading_day: Any
) -> None:
    trading_day(1)
    for typed, field in (
        ({"contract": "NONE"}, "contract"),
        ({"order_type": "Limit"}, "price"),
        ({"quantity": "0"}, "quantity"),
        ({"order_type": "Stop", "stop_price": "a lot"}, "stop_price"),
    ):
        answer = alice.post(start_url("try-order", "account", [10_001]), TYPED | typed)
        assert answer.status_code == 200
        assert list(answer.context["form"].errors) == [field]
    with organization_scope(alpha.pk):
        assert not ReadJob.objects.exists()


def test_the_page_waits_for_the_answer_and_then_tells_it_in_words(
    alice: Client, charlie: Client, alpha: Organization, trading_day: Any
) -> None:
    trading_day(1)
    job = ask(alice, alpha, order_type="StopLimit", price="6000.25", stop_price="6000")
    waiting = shown(alice, job)
    assert "data-reload-seconds" in waiting
    assert "No order was placed" in waiting
    answered(alpha, job, TAKEN)
    page = shown(alice, job)
    assert "EVAL1: Buy ESZ6, 2 Stop limit, stop 6,000, limit 6,000.25" in page
    assert "The platform would take it." in page
    assert "data-reload-seconds" not in page
    for figure in ("50.00", "150.50", "short 1", "long 1", "50,001.00", "49,951.00", "2.28"):
        assert figure in page, figure
    assert "up to 1 long and 3 short" in page
    assert charlie.get(reverse("dry_run", args=[job.pk])).status_code == 404


def test_a_refusal_is_told_in_plain_words_with_the_platforms_own(
    alice: Client, alpha: Organization, trading_day: Any
) -> None:
    trading_day(1)
    job = ask(alice, alpha)
    answered(alpha, job, REFUSED)
    page = shown(alice, job)
    assert "The platform would refuse it." in page
    assert "Trading is locked on the account. <code>TradingLocked</code>" in page
    assert "Locked by admin" in page


def test_an_order_is_tried_for_many_accounts_at_once_and_told_as_a_table_and_as_csv(
    alice: Client, alpha: Organization, trading_day: Any
) -> None:
    trading_day(3)
    job = ask(alice, alpha, 10_001, 10_002, 10_003)
    answered(alpha, job, TAKEN, REFUSED)
    page = shown(alice, job)
    assert "Orders by account" in page
    assert "Try another order" not in page
    assert page.count("would be taken") == 1
    assert page.count("would be refused") == 1
    assert "EVAL2: Buy ESZ6, 2 Market" in page
    text = b"".join(alice.get(reverse("dry_run_csv", args=[job.pk]))).decode("utf-8-sig")
    header, first, second, *_ = csv.reader(text.splitlines())
    assert header[:4] == ["Platform id", "Order", "Verdict", "Why"]
    assert first[:3] == ["10001", "EVAL1: Buy ESZ6, 2 Market", "would be taken"]
    assert second[2:6] == [
        "would be refused", "Trading is locked on the account.", "TradingLocked", "Locked by admin",
    ]  # fmt: skip


def test_a_table_of_many_accounts_takes_the_queries_of_few(
    alice: Client, alpha: Organization, trading_day: Any
) -> None:
    trading_day(12)
    few, many = ask(alice, alpha, 10_001, 10_002), ask(alice, alpha, *range(10_001, 10_013))
    shown(alice, few)  # some things are looked up once in a process
    counts = []
    for job in (few, many):
        with CaptureQueriesContext(connection) as captured:
            shown(alice, job)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_no_more_accounts_are_asked_about_at_once_than_the_platform_takes_in_an_hour(alpha: Organization) -> None:
    def errors(count: int) -> list[str]:
        chosen = Selection(alpha.pk, timezone.now(), "account", range(1, count + 1))
        with organization_scope(alpha.pk):
            return list(TryOrderForm(TYPED, selection=chosen).errors)

    assert (errors(500), errors(501)) == (["contract"], ["__all__"])


def test_the_number_of_another_question_is_no_dry_run(alice: Client, alpha: Organization, trading_day: Any) -> None:
    trading_day(1)
    alice.post(start_url("look-at-cash", "account", [10_001]))
    with organization_scope(alpha.pk):
        job = ReadJob.objects.get()
    assert alice.get(reverse("dry_run", args=[job.pk])).status_code == 404


def test_a_dry_run_that_waits_can_be_cancelled_once(alice: Client, alpha: Organization, trading_day: Any) -> None:
    trading_day(1)
    job = ask(alice, alpha)
    address = reverse("dry_run_cancel", args=[job.pk])
    assert alice.get(address).status_code == 405
    assert "Cancelled by alice." in text_of(alice.post(address, follow=True))
    assert "over already" in text_of(alice.post(address, follow=True))
