"""What spends the organization's money needs the right to spend it, and a money plan's care, whatever it hides in."""

import html
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.support.people import staff_user
from tests.support.plan_desk import page, plan_of, rows_of, start_url, verb
from tests.support.signed_in import signed_in
from vendor_admin.errors import NotAllowed
from vendor_admin.mirrors.columns import mirror_models, platform_columns
from vendor_admin.mirrors.readings import Readings
from vendor_admin.operations.kinds import DependsOnRows, PlanRequest, Target, kind_of
from vendor_admin.operations.models import ApprovalRule, Plan, PlanRow
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope

pytestmark = pytest.mark.pages

MEMBER, PAYER, FREE, PAID, MEMBERSHIP, DATA, PLUGIN = 7, 900, 10, 11, 20, 30, 40
PASSWORD = "seven quiet herons"
NOW = timezone.now()


@pytest.fixture
def catalog(alpha: Organization, write: Any) -> Organization:
    """Alpha with things that cost something, a member, and an account that pays."""
    for entity_type, id_, values in (
        ("user", MEMBER, {"name": "trader", "status": "Active"}),
        ("account", PAYER, {"name": "ALPHA_DATA"}),
        ("cashBalance", PAYER, {"account_id": PAYER, "amount": 1000}),
        ("entitlement", FREE, {"name": "Chart", "price": 0}),
        ("entitlement", PAID, {"name": "Replay", "price": 15}),
        ("tradovateSubscriptionPlan", MEMBERSHIP, {"name": "Active", "price": 30}),
        ("marketDataSubscriptionPlan", DATA, {"name": "CME", "price": 16}),
        ("userPlugin", PLUGIN, {"user_id": MEMBER, "entitlement_id": PAID, "approval": False}),
    ):
        write.mirror(entity_type, alpha, id_, environment="live", **values)
    with organization_scope(alpha.pk):
        ended = Plan.objects.create(
            organization=alpha, kind="cancel_members", title="x", actor="x", state="finished", created_at=NOW
        )
        PlanRow.objects.create(
            organization=alpha, plan=ended, position=1, environment="live", target_type="user", target_id=MEMBER,
            label="x", state="succeeded", old={"userPluginIds": [PLUGIN]},
        )  # fmt: skip
    return alpha


def new_member(**wanted: Any) -> Target:
    values = {"name": "ANN_1001", "email": "ann@traders.example", "firstName": "Ann", "lastName": "Abel"}
    return Target("user", None, values | wanted, {"password": PASSWORD})


CHARGED: dict[str, tuple[str, Target, int]] = {
    "a new member's entitlement": ("create_members", new_member(entitlementIds=[FREE, PAID]), 15),
    "a new member's plan": ("create_members", new_member(tradovateSubscriptionPlanId=MEMBERSHIP), 30),
    "what was cancelled": ("give_again", Target("userPlugin", PLUGIN), 15),
    "an entitlement": ("add_entitlements", Target("user", MEMBER, {"entitlementId": PAID}), 15),
    "a membership": ("add_memberships", Target("user", MEMBER, {"tradovateSubscriptionPlanId": MEMBERSHIP}), 30),
    "market data": ("add_market_data", Target("user", MEMBER, {"marketDataSubscriptionPlanIds": [DATA]}), 16),
}


def preview(organization: Organization, actor: str, kind_name: str, *targets: Target) -> Plan:
    with organization_scope(organization.pk):
        return plans.preview(
            organization=organization,
            kind_name=kind_name,
            targets=targets,
            actor=Actor.staff(actor),
            reason="x",
            now=NOW,
        )


def test_whatever_kind_the_price_hides_in_it_is_a_money_plan_for_those_who_may_spend(catalog: Organization) -> None:
    for role in ("owner", "support", "risk"):
        staff_user(role, catalog, role)
    with organization_scope(catalog.pk):
        ApprovalRule.objects.create(organization=catalog, balance_change_over=1)

    for name, (kind_name, target, cost) in CHARGED.items():
        plan = preview(catalog, "owner", kind_name, target)
        assert [row.state for row in rows_of(catalog, plan.pk)] == ["planned"], name
        assert (plan.cost, plan.is_money) == (Decimal(cost), True), name
        assert f"It moves {cost:.2f} in all" in plan.second_person_why, name
        for role in ("support", "risk"):
            with pytest.raises(NotAllowed):
                preview(catalog, role, kind_name, target)
    with pytest.raises(NotAllowed, match=r"It costs 15\.00 for the first period, and risk may not manage"):
        preview(catalog, "risk", "give_again", Target("userPlugin", PLUGIN))
    free = preview(catalog, "support", "create_members", new_member(entitlementIds=[FREE]))
    assert (free.cost, free.is_money, free.needs_second_person) == (0, False, False)


def test_a_price_that_was_read_of_the_platform_counts_and_not_the_mirrors(catalog: Organization) -> None:
    sold = ("entitlement", "tradovateSubscriptionPlan", "marketDataSubscriptionPlan")
    for name, (kind_name, target, _) in CHARGED.items():
        kind, request = kind_of(kind_name), PlanRequest(catalog.pk, [target], {}, NOW)
        assert isinstance(kind, DependsOnRows), name
        with organization_scope(catalog.pk):
            [ask] = [one for one in kind.asks(request) if one.entity_type in sold and one.wanted]
            model, readings = mirror_models()[ask.entity_type], Readings(catalog.pk, at=NOW)
            entities = [{"id": one, "name": "Dear", "price": 99.5} for one in ask.wanted]
            readings.add(ask, entities, model=model, columns=platform_columns(model))
            with readings.in_force():
                [draft] = kind.drafts(request)
        assert draft.cost == Decimal("99.5") * len(ask.wanted), name


def test_a_price_that_is_not_known_counts_as_one(catalog: Organization, write: Any) -> None:
    write.mirror("entitlement", catalog, 12, environment="live", name="Unpriced")
    for role in ("owner", "support"):
        staff_user(role, catalog, role)
    target = new_member(entitlementIds=[12])

    plan = preview(catalog, "owner", "create_members", target)
    assert (plan.cost, plan.is_money, plan.needs_second_person) == (None, True, True)
    with pytest.raises(NotAllowed, match="What it costs is not known"):
        preview(catalog, "support", "create_members", target)


def test_support_is_told_on_the_form_and_with_a_file_and_finance_confirms_with_a_password(
    catalog: Organization, alice: Client
) -> None:
    sam = signed_in(staff_user("sam", catalog, "support"))
    form = {
        "name": "ANN_1001", "email": "ann@traders.example", "password": PASSWORD, "first_name": "Ann",
        "last_name": "Abel", "entitlements": [str(PAID)], "reason": "",
    }  # fmt: skip
    file = f"name,email,password,first_name,last_name,entitlements\nANN_1001,a@b.example,{PASSWORD},Ann,Abel,Replay"

    typed = sam.post(start_url("create-members"), form)
    uploaded = sam.post(
        reverse("plan_file", args=["create-members"]), {"file": SimpleUploadedFile("m.csv", file.encode())}
    )
    for answer in (typed, uploaded):
        assert answer.status_code == 200
        text = html.unescape(answer.content.decode())
        assert "It costs 15.00 for the first period, and sam may not manage subscriptions." in text
        assert "ask somebody with the right “manage subscriptions”; an owner of the organization can give it" in text
        assert "cannot be confirmed without a reason" in text
    assert "What costs something: line 2: ANN_1001" in html.unescape(uploaded.content.decode())
    with organization_scope(catalog.pk):
        assert Plan.objects.count() == 1, "the cancelling one"

    made = alice.post(start_url("create-members"), form)
    plan_id = int(made["Location"].split("/change/")[0].split("/")[-1])
    confirm = alice.get(reverse("admin:plan_confirm", args=[plan_id])).content.decode()
    for shown in ("It costs 15.00 for the first period", 'name="count"', 'name="password"', 'name="reason"'):
        assert shown in confirm
    assert rows_of(catalog, plan_id)[0].new["entitlements"] == "Replay"
    assert "entitlementIds" not in page(alice, plan_id)
    verb(alice, plan_id, "confirm")
    assert plan_of(catalog, plan_id).state == Plan.State.PREVIEW
    assert sam.get(reverse("admin:plan_confirm", args=[plan_id])).status_code == 403
    assert "Your role does not allow you to manage subscriptions" in page(sam, plan_id)
    with organization_scope(catalog.pk), pytest.raises(NotAllowed):
        plans.confirm(plan=plan_of(catalog, plan_id), actor=Actor.staff("sam"), reason="x", now=NOW)


def test_a_plan_that_costs_something_is_not_retried_by_those_who_may_not_spend(catalog: Organization) -> None:
    for role in ("owner", "support"):
        staff_user(role, catalog, role)
    plan = preview(catalog, "owner", *CHARGED["a new member's entitlement"][:2])
    with organization_scope(catalog.pk):
        plan.rows.update(state="rejected")
        Plan.objects.filter(pk=plan.pk).update(state="finished")
        with pytest.raises(NotAllowed, match=r"It costs 15\.00"):
            plans.retry_failed(plan=plan, actor=Actor.staff("support"), now=NOW)
        assert plans.retry_failed(plan=plan, actor=Actor.staff("owner"), now=NOW).cost == 15
