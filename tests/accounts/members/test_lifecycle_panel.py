"""What a member's page says about where they stand, and whether to revoke or to cancel."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.support.people import staff_user
from tests.support.signed_in import signed_in
from tests.support.staff_and_rows import NOW, page_text

pytestmark = pytest.mark.pages


def _member(write, alpha, *, accounts: int) -> str:
    """The page of member 1, confirmed and with Sim+, who trades so many accounts."""
    write.mirror("user", alpha, 1, name="ANN", status="Active", environment="live", timestamp=NOW)
    write.mirror("userPlugin", alpha, 4, user_id=1, plugin_name="tprop", environment="live", timestamp=NOW)
    for number in range(accounts):
        write.mirror("account", alpha, 100 + number, name=f"EVAL{number}")
        write.mirror("tradingPermission", alpha, 500 + number, user_id=1, account_id=100 + number, status="Accepted")
    return reverse("member", args=[1])


def test_a_members_page_shows_every_step_with_its_time_and_where_that_is_known_from(alice: Client, alpha, write):
    page = alice.get(_member(write, alpha, accounts=0))
    text = page_text(page)

    reached = {str(one.step): one.is_reached for one in page.context["standing"].life.milestones}
    assert [name for name, is_reached in reached.items() if is_reached] == [
        "invited",
        "confirmed",
        "agreement signed",
        "entitled",
    ]
    assert len(reached) == 7
    assert "Create an account for the member, or grant one." in text
    assert reverse("plan_start", args=["create-accounts-for-members"]) + "?type=user&amp;id=1" in text
    for known_from in ("the entitlements on LIVE", "the trading permissions on DEMO", "not known"):
        assert known_from in text


def test_the_page_proposes_to_revoke_while_other_accounts_stay_and_to_cancel_the_last(alice: Client, alpha, write):
    address = _member(write, alpha, accounts=2)
    text = page_text(alice.get(address))
    assert "For one failed account, revoke it.</strong> The trader has 1 other account," in text
    assert reverse("plan_start", args=["revoke-permissions"]) + "?type=tradingPermission&amp;id=501" in text
    assert address + '#ending">End access' in page_text(alice.get(reverse("account", args=[101])))

    write.connection.execute("UPDATE mirrors_tradingpermission SET status = 'Revoked' WHERE entity_id = 500")
    text = page_text(alice.get(address))
    assert "To end it, cancel the member." in text
    assert reverse("plan_start", args=["cancel-members"]) + "?type=user&amp;id=1" in text

    write.connection.execute("UPDATE mirrors_tradingpermission SET status = 'Revoked'")
    write.connection.execute("UPDATE mirrors_userplugin SET expiration_date = '2026-01-31', approval = false")
    text = page_text(alice.get(address))
    assert "Neither." in text
    assert "There is nothing to cancel." in text


def test_of_a_member_whom_the_platform_closed_it_proposes_to_end_everything(alice: Client, alpha, write):
    address = _member(write, alpha, accounts=2)
    write.connection.execute("UPDATE mirrors_platformuser SET status = 'Closed'")

    text = page_text(alice.get(address))

    assert "Cancel the member, so that nothing goes on" in text
    assert "To end it, cancel the member.</strong> The platform closed the user," in text
    assert "For one failed account, revoke it." not in text


def test_who_may_not_end_anything_reads_the_help_and_finds_no_way_to_start(bob: Client, alpha, write):
    text = page_text(bob.get(_member(write, alpha, accounts=1)))

    assert "Cancelling ends what a trader has" in text
    assert "Your role does not include cancelling." in text
    assert "/admin/do/" not in text


def test_a_member_with_many_accounts_costs_no_more_queries(alpha, write):
    client = signed_in(staff_user("sue", alpha, "owner"))
    address = _member(write, alpha, accounts=1)
    client.get(address)
    with CaptureQueriesContext(connection) as few:
        client.get(address)
    for number in range(1, 60):
        write.mirror("account", alpha, 100 + number, name=f"EVAL{number}")
        write.mirror("tradingPermission", alpha, 500 + number, user_id=1, account_id=100 + number, status="Accepted")
    with CaptureQueriesContext(connection) as many:
        text = page_text(client.get(address))

    assert "All 60 permissions" in text
    assert len(many) == len(few)
