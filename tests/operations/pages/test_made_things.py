"""What a plan made is linked from its rows, named in its CSV, and the start of what comes next."""

import csv
import io
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.support.pages import text_of
from tests.support.people import staff_user
from tests.support.plan_desk import change_plan, change_rows, page
from tests.support.signed_in import signed_in
from tests.support.staff_and_rows import NOW
from vendor_admin.operations.kinds import Target
from vendor_admin.operations.models import Plan
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope

pytestmark = pytest.mark.pages

PASSWORD = "seven quiet herons"


def new_member(number: int) -> Target:
    wanted = {"name": f"NEW_{number}", "email": f"new.{number}@x.example", "firstName": "Ann", "lastName": "Abel"}
    return Target("user", None, wanted, {"password": PASSWORD})


@pytest.fixture
def made(alice: Client, alpha: Organization, write: Any) -> int:
    """A plan that made three members: the answer named one, another was found by reading, the third was refused."""
    with organization_scope(alpha.pk):
        plan = plans.preview(
            organization=alpha, kind_name="create_members", targets=[new_member(one) for one in (1, 2, 3)],
            actor=Actor.staff("alice"), reason="x", now=NOW,
        )  # fmt: skip
    change_rows(alpha, plan.pk, 1, state="succeeded", result={"user/createevaluationusers": {"userId": 71}})
    change_rows(alpha, plan.pk, 2, state="succeeded", result={"user/createevaluationusers": {"settled": "found"}})
    change_rows(alpha, plan.pk, 3, state="rejected", why="no")
    change_plan(alpha, plan.pk, state=Plan.State.FINISHED, started_at=NOW)
    for number in (1, 2):
        write.mirror("user", alpha, 70 + number, name=f"NEW_{number}", environment="live")
    return plan.pk


def test_new_members_are_linked_from_their_rows_and_named_in_the_csv(alice: Client, made: int):
    shown = page(alice, made)
    text = b"".join(alice.get(reverse("admin:plan_results", args=[made]))).decode("utf-8-sig")
    history = text_of(alice.get(reverse("admin:operations_planrow_changelist")))

    for user_id in (71, 72):
        assert reverse("member", args=[user_id]) in shown
        assert reverse("member", args=[user_id]) in history
    assert [line["Platform id"] for line in csv.DictReader(io.StringIO(text))] == ["71", "72", ""]


def test_accounts_are_created_for_the_members_that_a_plan_made(alice: Client, alpha, made: int):
    link = "/admin/do/create-accounts-for-members/?type=user&amp;all=1&amp;filter=plan%3D" + str(made)
    assert link in page(alice, made)

    form = text_of(alice.get(link.replace("&amp;", "&")))

    assert "2 chosen" in form
    assert "NEW_1" in form
    assert link not in page(signed_in(staff_user("vera", alpha, "viewer")), made)


def test_a_plan_that_makes_nothing_leads_on_to_nothing(alice: Client, alpha, trading_day):
    trading_day(1)
    with organization_scope(alpha.pk):
        plan = plans.preview(
            organization=alpha, kind_name="revoke_trading_permissions", targets=[Target("tradingPermission", 1)],
            actor=Actor.staff("alice"), reason="x", now=NOW,
        )  # fmt: skip

    assert "create-accounts" not in page(alice, plan.pk)
