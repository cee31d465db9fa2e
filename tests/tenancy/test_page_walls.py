"""Charlie of Beta must see nothing of Alpha, whatever the address; operators see nothing before they enter."""

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from tests.support.staff_and_rows import NOW
from vendor_admin.organizations.models import AuditEntry, Organization
from vendor_admin.organizations.tenancy.scope import organization_scope


def _lists() -> list[str]:
    return [
        reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for model in admin.site._registry
        if model._meta.app_label in ("mirrors", "sync")
    ]


def test_staff_of_another_organization_see_empty_lists_and_find_no_object(
    alice, bob, charlie, alpha, trading_day, write
):
    trading_day(2)
    write.gap(alpha, ended_at=NOW)
    write.quarantine(alpha)
    objects = 0

    for address in _lists():
        assert charlie.get(address).context["rows"] == [], address
        for object_address, _, _ in alice.get(address).context["rows"]:
            objects += 1
            assert charlie.get(object_address).status_code == 404, object_address
            assert bob.get(object_address, follow=True).status_code == 200, object_address
    assert objects > 20


def test_staff_of_another_organization_find_nothing_by_search_and_export_nothing(alice, charlie, trading_day):
    trading_day(2)

    assert len(alice.get(reverse("find"), {"q": "trader"}).context["hits"]) == 2
    assert charlie.get(reverse("find"), {"q": "trader"}).context["hits"] == []
    assert charlie.get(reverse("find"), {"q": "10001"}).context["hits"] == []
    exported = b"".join(charlie.get(reverse("admin:mirrors_account_export"))).decode()
    assert exported.count("\r\n") == 1


def test_a_member_of_staff_cannot_switch_to_an_organization_without_a_role_there(charlie: Client, alpha: Organization):
    response = charlie.post(reverse("enter"), {"organization": alpha.pk, "reason": "curious"})

    assert response.status_code == 404
    assert charlie.get(reverse("admin:index")).context["organization"].slug == "beta"


def test_an_operator_sees_sockets_but_no_tenant_data_before_entering(olga: Client, alpha, trading_day, write):
    trading_day(1)
    write.gap(alpha, ended_at=NOW)

    assert olga.get(reverse("admin:index")).context["health"]["is_operators"]
    for address in _lists():
        assert olga.get(address).context["rows"] == [], address
    for address in (reverse("member", args=[1]), reverse("account", args=[10_001])):
        assert olga.get(address).status_code == 404
    assert olga.get(reverse("find"), {"q": "trader"}).context["hits"] == []
    assert olga.get(reverse("admin:mirrors_account_export")).status_code == 404


def test_an_operator_enters_with_a_reason_that_is_audited_and_leaves_again(olga: Client, alpha, trading_day):
    trading_day(1)

    olga.post(reverse("enter"), {"organization": alpha.pk, "reason": " "})
    assert olga.get(reverse("account", args=[10_001])).status_code == 404

    olga.post(reverse("enter"), {"organization": alpha.pk, "reason": "ticket 12"})
    assert olga.get(reverse("account", args=[10_001])).status_code == 200
    with organization_scope(alpha.pk):
        assert list(AuditEntry.objects.values_list("actor", "action", "reason")) == [
            ("olga", "operator entered", "ticket 12")
        ]

    olga.post(reverse("leave"))
    assert olga.get(reverse("account", args=[10_001])).status_code == 404


@pytest.mark.parametrize(("organization", "mark"), [("alpha", "LIVE"), ("beta", "DEMO DATA")])
def test_every_page_says_whether_the_organization_is_real(alice, charlie, organization, mark):
    client = {"alpha": alice, "beta": charlie}[organization]

    for name in ("admin:index", "find", "admin:mirrors_account_changelist", "preferences"):
        assert f">{mark}</strong>" in client.get(reverse(name)).content.decode()


def test_a_person_without_an_organization_is_told_what_to_do(alice: Client, alpha: Organization):
    alpha.staff_roles.all().delete()

    response = alice.get(reverse("admin:index"))

    assert "no role in any organization yet" in response.content.decode()
    assert alice.get(reverse("admin:mirrors_account_changelist")).status_code == 403
