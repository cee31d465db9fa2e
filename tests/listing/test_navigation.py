"""The sidebar: what the signed-in person may open, put together from what the apps declare."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.support.people import staff_user
from tests.support.signed_in import signed_in
from vendor_admin.organizations.models import Organization

pytestmark = pytest.mark.pages


def _sidebar(client: Client) -> dict[str, list[str]]:
    groups = client.get(reverse("preferences")).context["sidebar_navigation"]
    return {str(group["title"]): [str(item["title"]) for item in group["items"]] for group in groups}


def test_an_owner_sees_every_group_of_the_organization_in_order(alice: Client) -> None:
    sidebar = _sidebar(alice)

    assert list(sidebar) == ["", "People and accounts", "Risk and trading", "Operations", "Sync", "Organization"]
    assert sidebar["People and accounts"][:3] == ["Members", "Linked members", "Accounts"]
    assert sidebar["Operations"][0] == "Alerts"
    assert {"Staff", "Portals", "Audit", "All tables"} <= set(sidebar["Organization"])


def test_entries_that_need_a_right_are_left_out_for_who_lacks_it(bob: Client, alpha: Organization) -> None:
    sidebar = _sidebar(bob)

    assert not {"Staff", "Portals", "Member sign-in"} & set(sidebar["Organization"])
    assert "Approval thresholds" not in sidebar["Operations"]
    assert "Approval thresholds" in _sidebar(signed_in(staff_user("ada", alpha, "owner")))["Operations"]


def test_an_operator_sees_the_installation_and_no_organization_before_entering_one(olga: Client) -> None:
    assert list(_sidebar(olga)) == ["", "Installation"]


def test_every_entry_of_an_owner_opens(alice: Client) -> None:
    groups = alice.get(reverse("preferences")).context["sidebar_navigation"]

    for item in (item for group in groups for item in group["items"]):
        assert alice.get(item["link"]).status_code == 200, item["title"]
