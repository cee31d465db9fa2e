"""The page of the account that pays for subscriptions."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.support.people import staff_user
from tests.support.signed_in import signed_in
from tests.support.staff_and_rows import page_text
from vendor_admin.organizations.models import AuditEntry
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.tradovate.trading_calendar import session_date

pytestmark = pytest.mark.pages

PAGE = "/admin/billing/"


@pytest.fixture
def paying(alpha, write) -> None:
    """ALPHA_DATA pays for two memberships, of which one no longer renews, and for one that is over."""
    today = session_date(timezone.now())
    write.mirror("account", alpha, 70, name="ALPHA_DATA", environment="live")
    write.mirror("cashBalance", alpha, 71, account_id=70, amount=100, environment="live")
    write.mirror("tradovateSubscriptionPlan", alpha, 5, name="ALPHA_MONTHLY", environment="live")
    for number, (days, is_cancelled) in enumerate([(9, False), (9, True), (-20, False)], start=1):
        write.mirror(
            "tradovateSubscription", alpha, number, environment="live", account_id=70, user_id=number, plan_price=60,
            tradovate_subscription_plan_id=5, cancelled_renewal=is_cancelled, expiration_date=today + timedelta(days),
        )  # fmt: skip


def test_the_page_says_which_account_pays_what_it_holds_and_what_for(alice: Client, paying):
    assert reverse("billing") == PAGE
    page = alice.get(PAGE)
    text = page_text(page)

    [line] = page.context["paid_for"].lines
    assert (line.plan, line.running, line.renewing, line.price) == ("ALPHA_MONTHLY", 2, 1, 120)
    assert "ALPHA_DATA" in text
    assert "found by its name" in text
    assert "It holds less than what runs was charged" in text
    assert PAGE in page_text(alice.get(reverse("admin:index")))


def test_without_one_the_page_says_what_to_do_and_with_several_it_asks(alice: Client, alpha, write):
    assert "Ask the platform's support which account pays" in page_text(alice.get(PAGE))

    write.mirror("account", alpha, 70, name="ALPHA_DATA", environment="live")
    write.mirror("account", alpha, 71, name="OTHER_DATA", environment="live")
    assert "Several accounts could be meant:</strong> ALPHA_DATA (70), OTHER_DATA (71)" in page_text(alice.get(PAGE))

    assert "no account 5" in page_text(alice.post(PAGE, {"account": "5", "reason": "a test"}))
    assert "Saved." in page_text(alice.post(PAGE, {"account": "71", "reason": "a test"}, follow=True))
    assert alice.get(PAGE).context["paying"].name == "OTHER_DATA"
    with organization_scope(alpha.pk):
        entry = AuditEntry.objects.get(action="billing account set")
    assert (entry.old, entry.new, entry.reason) == ({"account": None}, {"account": 71}, "a test")


def test_only_who_manages_subscriptions_may_say_which_account_pays(bob: Client, charlie: Client, alpha, paying):
    sam = signed_in(staff_user("sam", alpha, "support"))

    assert '<form method="post" class="va-form"' not in page_text(bob.get(PAGE))
    for client in (bob, sam):
        assert client.post(PAGE, {"account": "70", "reason": "x"}).status_code == 403
    assert "ALPHA_DATA" not in page_text(charlie.get(PAGE))
    assert "no account 70" in page_text(charlie.post(PAGE, {"account": "70", "reason": "x"}))
