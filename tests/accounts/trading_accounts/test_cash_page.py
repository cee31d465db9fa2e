"""What looking at the cash brought, as a table and as CSV."""

import csv

import pytest
from django.test import Client
from django.urls import reverse

from tests.support.plan_desk import start_url
from tests.support.staff_and_rows import page_text
from vendor_admin.operations.models import ApprovalRule, Plan, ReadJob, ReadJobRow
from vendor_admin.organizations.tenancy.scope import organization_scope

pytestmark = pytest.mark.pages

ANSWER = {"totalCashValue": 50001.5, "netLiq": 50101.5, "openPnL": 100, "realizedPnL": -20, "initialMargin": 500}


def _asked(client: Client, alpha, count: int) -> int:
    ids = [10_000 + number for number in range(1, count + 1)]
    answer = client.post(start_url("look-at-cash", "account", ids))
    with organization_scope(alpha.pk):
        job_id: int = ReadJob.objects.order_by("-id")[0].pk
    assert answer["Location"] == reverse("cash", args=[job_id])
    return job_id


def _look(client: Client, alpha, count: int) -> int:
    """A look at so many accounts, of which all but the last were answered."""
    job_id = _asked(client, alpha, count)
    with organization_scope(alpha.pk):
        rows = ReadJobRow.objects.filter(job=job_id)
        rows.filter(position__lt=count).update(state=ReadJobRow.State.ANSWERED, answer=ANSWER)
        rows.filter(position=count).update(state=ReadJobRow.State.REFUSED, why="Account is closed")
        ReadJob.objects.filter(pk=job_id).update(state=ReadJob.State.FINISHED, due_at=None)
    return job_id


def test_the_answers_stand_in_a_table_with_the_accounts_that_gave_none(
    alice: Client, charlie: Client, alpha, trading_day
):
    trading_day(2)
    job_id = _look(alice, alpha, 2)
    address = reverse("cash", args=[job_id])
    text = page_text(alice.get(address))

    assert "Not all answers are there yet." not in text
    assert ">EVAL1</a>" in text
    for figure in ("50,001.50", "50,101.50", "100.00", "−20.00", "500.00"):
        assert f"> {figure} <" in text
    assert "Account is closed" in text
    assert charlie.get(address).status_code == 404

    text = b"".join(alice.get(reverse("cash_csv", args=[job_id]))).decode("utf-8-sig")
    header, first, second = csv.reader(text.splitlines())
    assert header[:6] == ["Account", "Platform id", "Environment", "Cash", "Net liquidation", "Open P&L"]
    assert first[:6] == ["EVAL1", "10001", "demo", "50001.5", "50101.5", "100"]
    assert second[:6] == ["EVAL2", "10002", "demo", "", "", ""]
    assert second[-1] == "Account is closed"


def test_a_look_is_asked_at_once_and_is_no_change_that_somebody_confirms(alice: Client, alpha, trading_day):
    trading_day(3)
    with organization_scope(alpha.pk):
        ApprovalRule.objects.create(organization=alpha, accounts_over=2)
    form = page_text(alice.get(start_url("look-at-cash", "account", [10_001])))
    job_id = _asked(alice, alpha, 3)

    assert "Ask the platform now" in form
    assert "Preview" not in form
    with organization_scope(alpha.pk):
        assert not Plan.objects.exists()
        job = ReadJob.objects.get(pk=job_id)
        ReadJobRow.objects.filter(job=job, position=1).update(state=ReadJobRow.State.ANSWERED, answer=ANSWER)
        ReadJob.objects.filter(pk=job_id).update(wait_why="The platform takes no calls of this user.")
    assert job.state == ReadJob.State.RUNNING
    shown = page_text(alice.get(reverse("cash", args=[job_id])))
    assert "2 of 3 are still to come: The platform takes no calls of this user." in shown
    assert ">Revert<" not in shown


def test_a_look_that_waits_is_cancelled_on_its_page(alice: Client, bob: Client, alpha, trading_day):
    trading_day(2)
    job_id = _asked(alice, alpha, 2)
    address, cancel = reverse("cash", args=[job_id]), reverse("cash_cancel", args=[job_id])
    assert cancel in page_text(alice.get(address))
    assert bob.post(cancel).status_code == 403
    assert alice.get(cancel).status_code == 405

    shown = page_text(alice.post(cancel, follow=True))

    assert shown.count("Cancelled by alice.") == 2
    assert cancel not in shown
    assert "Not all answers are there yet." not in shown
    assert "over already" in page_text(alice.post(cancel, follow=True))


def test_a_look_at_nothing_that_is_there_says_so(alice: Client, alpha, trading_day):
    trading_day(1)

    answer = alice.post(start_url("look-at-cash", "account", [999]), follow=True)

    assert "Every row is skipped" in page_text(answer)


def test_a_look_at_many_accounts_has_pages(alice: Client, alpha, trading_day):
    trading_day(60)
    address = reverse("cash", args=[_look(alice, alpha, 60)])

    first = alice.get(address)
    second = alice.get(address, {"behind": first.context["page"].older})

    assert [len(page.context["rows"]) for page in (first, second)] == [50, 10]
    assert second.context["page"].older == ""


def test_one_button_looks_at_an_account_and_leads_to_the_answer(alice: Client, bob: Client, alpha, trading_day):
    trading_day(1)
    address = reverse("look_now", args=[10_001])
    assert address in page_text(alice.get(reverse("account", args=[10_001])))
    assert address not in page_text(bob.get(reverse("account", args=[10_001])))

    answer = alice.post(address, follow=True)

    with organization_scope(alpha.pk):
        assert ReadJob.objects.get().kind == "look_at_cash"
    assert "Not all answers are there yet." in page_text(answer)
    assert alice.get(address).status_code == 405
    assert bob.post(address).status_code == 403
    assert alice.post(reverse("look_now", args=[999])).status_code == 404
