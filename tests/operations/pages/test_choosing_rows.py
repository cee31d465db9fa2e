"""From marked rows of a list to the preview of a plan."""

from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.support.pages import text_of
from tests.support.plan_desk import (
    REVOKE,
    operations_of,
    page,
    plan_of,
    preview,
    rows_of,
    start_url,
    verb,
)
from vendor_admin.operations.models import Plan
from vendor_admin.organizations.tenancy.scope import organization_scope

PERMISSIONS = "admin:mirrors_tradingpermission_changelist"


def test_a_list_offers_what_the_role_may_do_and_a_box_for_each_row(alice: Client, bob: Client, trading_day):
    trading_day(2)

    seen = {name: text_of(client.get(reverse(PERMISSIONS))) for name, client in (("a", alice), ("b", bob))}

    assert seen["a"].count('form="bulk"') == 2
    assert f'<option value="{REVOKE}">' in seen["a"]
    assert 'form="bulk"' not in seen["b"]
    assert REVOKE not in seen["b"]


def test_marked_rows_lead_to_the_form_and_then_to_a_preview_of_them(alice: Client, alpha, trading_day):
    trading_day(4)

    form = alice.get(
        reverse("plan_choose"),
        {"type": "tradingPermission", "action": REVOKE, "id": ["2", "4"], "filter": ""},
        follow=True,
    )
    assert "2 chosen" in text_of(form)
    plan_id = preview(alice, [2, 4])

    assert [row.target_id for row in rows_of(alpha, plan_id)] == [2, 4]
    shown = page(alice, plan_id)
    assert "Approved" in shown
    assert "Revoked" in shown
    assert "Positions are open" in shown
    assert not operations_of(alpha, plan_id)


def test_all_rows_that_match_the_filters_are_taken_not_only_those_of_the_page(alice: Client, alpha, trading_day):
    trading_day(60)
    query = {"type": "tradingPermission", "action": REVOKE, "all": "1", "filter": "user=", "id": "3"}

    form = alice.get(reverse("plan_choose"), query, follow=True)
    assert "60 chosen" in text_of(form)
    alice.post(form.redirect_chain[-1][0], {"reason": "close down"})
    one = alice.get(reverse("plan_choose"), query | {"filter": "user=7"}, follow=True)

    assert "1 chosen" in text_of(one)
    with organization_scope(alpha.pk):
        assert Plan.objects.get().rows.count() == 60


def test_what_cannot_be_chosen_is_said_and_makes_no_plan(alice: Client, alpha, trading_day):
    trading_day(1)
    nothing = alice.get(
        reverse("plan_choose"), {"type": "tradingPermission", "action": REVOKE, "filter": ""}, follow=True
    )
    assert "Mark the rows" in text_of(nothing)
    no_action = alice.get(reverse("plan_choose"), {"type": "tradingPermission", "action": "", "id": "1"}, follow=True)
    assert "Choose what to do" in text_of(no_action)

    for query in (
        "type=tradingPermission",
        "type=tradingPermission&id=x",
        "type=tradingPermission&all=1&filter=user=x",
    ):
        response = alice.post(reverse("plan_start", args=[REVOKE]) + "?" + query, {"reason": "x"})
        assert response.status_code == 200
        assert "va-warn" in text_of(response)
    for query in ("type=order&id=1", "type=nonsense&id=1", ""):
        assert alice.get(reverse("plan_start", args=[REVOKE]) + "?" + query).status_code == 404
    assert alice.get(reverse("plan_start", args=["nothing"])).status_code == 404
    with organization_scope(alpha.pk):
        assert not Plan.objects.exists()


def test_a_member_page_and_an_account_page_begin_the_same_steps(alice: Client, alpha, trading_day):
    trading_day(2)

    for address, entity_type, entity_id in (
        (reverse("member", args=[2]), "user", 2),
        (reverse("account", args=[10_002]), "account", 10_002),
        (reverse("admin:mirrors_tradingpermission_change", args=[2]), "tradingPermission", 2),
    ):
        link = f"{reverse('plan_start', args=[REVOKE])}?type={entity_type}&amp;id={entity_id}"
        assert link in text_of(alice.get(address))
        plan_id = preview(alice, [entity_id], entity_type=entity_type)
        assert [row.target_id for row in rows_of(alpha, plan_id)] == [2]


def test_skipped_rows_say_why_and_a_plan_of_them_alone_cannot_be_confirmed(alice: Client, alpha, trading_day, write):
    trading_day(1)
    write.mirror("tradingPermission", alpha, 77, user_id=1, account_id=10_001, status="Revoked")

    plan_id = preview(alice, [77, 999])
    shown = page(alice, plan_id)

    assert "It is Revoked already." in shown
    assert "The platform has no such permission." in shown
    assert "Nothing would change" in shown
    assert "there is nothing to confirm" in text_of(verb(alice, plan_id, "confirm"))
    assert plan_of(alpha, plan_id).state == Plan.State.PREVIEW


def test_another_organization_finds_no_plan_and_chooses_no_rows(charlie: Client, alice: Client, trading_day):
    trading_day(2)
    plan_id = preview(alice, [1, 2])

    assert charlie.get(reverse("admin:operations_plan_change", args=[plan_id])).status_code == 404
    for name in ("confirm", "approve", "discard", "pause", "resume", "cancel", "retry", "revert"):
        assert charlie.post(reverse(f"admin:plan_{name}", args=[plan_id]), {"reason": "x"}).status_code == 404, name
    for name in ("progress", "results"):
        assert charlie.get(reverse(f"admin:plan_{name}", args=[plan_id])).status_code == 404, name
    assert charlie.get(reverse("admin:operations_plan_changelist")).context["rows"] == []
    others = preview(charlie, [1, 2])
    assert {row.why for row in rows_of(charlie.get(reverse("admin:index")).context["organization"], others)} == {
        "The platform has no such permission."
    }


def test_empty_pages_say_what_to_do_first(alice: Client):
    plans = text_of(alice.get(reverse("admin:operations_plan_changelist")))
    operations = text_of(alice.get(reverse("admin:operations_operation_changelist")))
    changes = text_of(alice.get(reverse("admin:operations_planrow_changelist")))

    assert "Begin in a list" in plans
    assert "choose rows in a list" in operations
    assert "No plan has changed anything yet" in changes


def test_the_number_of_queries_does_not_grow_with_the_plan(alice: Client, alpha, trading_day):
    trading_day(90)
    few, many = preview(alice, [1, 2]), preview(alice, range(1, 91))

    def queries(address: str) -> int:
        cache.clear()
        with CaptureQueriesContext(connection) as captured:
            assert alice.get(address).status_code == 200
        return len(captured)

    for name in ("operations_plan_change", "plan_confirm"):
        counts = [queries(reverse(f"admin:{name}", args=[plan_id])) for plan_id in (few, many)]
        assert counts[0] == counts[1] < 40, (name, counts)
    for start in (start_url(REVOKE, "tradingPermission", [1]), start_url(REVOKE, "tradingPermission", range(1, 50))):
        assert queries(start) < 20
