"""Previews are confirmed, approved, paused and cancelled on the page of a plan."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.support.pages import text_of
from tests.support.people import staff_user
from tests.support.plan_desk import (
    operations_of,
    page,
    plan_of,
    preview,
    rows_of,
    start_url,
    verb,
)
from tests.support.signed_in import signed_in
from tests.support.staff_and_rows import NOW
from vendor_admin.operations import actions
from vendor_admin.operations.actions import Action, ActionForm
from vendor_admin.operations.kinds import Target
from vendor_admin.operations.models import ApprovalRule, Plan, PlanRow
from vendor_admin.organizations.models import AuditEntry
from vendor_admin.organizations.tenancy.scope import organization_scope


@pytest.fixture
def rita(alpha) -> Client:
    return signed_in(staff_user("rita", alpha, "risk"))


@pytest.fixture
def fiona(alpha) -> Client:
    return signed_in(staff_user("fiona", alpha, "finance"))


def _set_thresholds(alpha, **fields) -> None:
    with organization_scope(alpha.pk):
        ApprovalRule.objects.create(organization=alpha, **fields)


def test_a_small_plan_is_confirmed_by_one_button_and_runs(alice: Client, alpha, trading_day):
    trading_day(3)
    plan_id = preview(alice, [1, 2, 3])

    confirm = text_of(alice.get(reverse("admin:plan_confirm", args=[plan_id])))
    assert 'name="count"' not in confirm
    assert 'name="password"' not in confirm
    answer = verb(alice, plan_id, "confirm")

    assert "Confirmed. It is being carried out." in text_of(answer)
    assert plan_of(alpha, plan_id).state == Plan.State.RUNNING
    assert [one.name for one in operations_of(alpha, plan_id)] == ["user/revoketradingpermissions"]
    assert 'data-refresh="' in page(alice, plan_id)


def test_a_large_plan_asks_for_the_count_and_a_reason_and_then_for_a_second_person(alice, rita, alpha, trading_day):
    trading_day(3)
    _set_thresholds(alpha, accounts_over=2)
    plan_id = preview(alice, [1, 2, 3], reason="")

    without = text_of(verb(alice, plan_id, "confirm"))
    assert "This field is required" in without
    wrong = text_of(verb(alice, plan_id, "confirm", count="2", reason="close"))
    assert "3 rows will change; you typed “2”" in wrong
    assert plan_of(alpha, plan_id).state == Plan.State.PREVIEW
    verb(alice, plan_id, "confirm", count=" 3 ", reason="close down")

    waiting = plan_of(alpha, plan_id)
    assert (waiting.state, waiting.reason) == (Plan.State.WAITING, "close down")
    assert "You made it, so somebody else has to approve it." in page(alice, plan_id)
    assert "You made this plan. A second person has to approve it." in text_of(
        verb(alice, plan_id, "approve", count="3")
    )
    assert plan_of(alpha, plan_id).state == Plan.State.WAITING
    assert "Waits for your approval" in text_of(rita.get(reverse("admin:operations_plan_changelist")))
    assert "waits for your approval" in text_of(rita.get(reverse("admin:index")))
    assert "Waits for your approval" not in text_of(alice.get(reverse("admin:operations_plan_changelist")))
    assert "you typed" in text_of(verb(rita, plan_id, "approve", count="4"))
    verb(rita, plan_id, "approve", count="3")
    approved = plan_of(alpha, plan_id)
    assert (approved.state, approved.approved_by) == (Plan.State.RUNNING, "rita")


def test_who_made_a_plan_is_said_in_words_where_it_was_no_person(alice, alpha, trading_day):
    trading_day(1)
    plan_id = preview(alice, [1])
    with organization_scope(alpha.pk):
        Plan.objects.filter(pk=plan_id).update(actor="program:vac_1")

    for text in (page(alice, plan_id), text_of(alice.get(reverse("admin:operations_plan_changelist")))):
        assert "API client vac_1" in text
        assert "program:vac_1" not in text


def test_a_plan_that_waits_is_refused_by_the_second_person_with_a_reason(alice, rita, alpha, trading_day):
    trading_day(3)
    _set_thresholds(alpha, accounts_over=2)
    plan_id = preview(alice, [1, 2, 3])
    verb(alice, plan_id, "confirm", count="3")

    verb(rita, plan_id, "cancel", reason="not before Friday")

    assert plan_of(alpha, plan_id).state == Plan.State.CANCELLED
    with organization_scope(alpha.pk):
        said = AuditEntry.objects.get(action="plan cancelled")
    assert (said.actor, said.reason) == ("rita", "not before Friday")
    assert (said.subject_kind, said.subject_id) == ("plan", str(plan_id))


class AHundredMore(ActionForm):
    def targets(self) -> list[Target]:
        return [Target("account", id_, {"cashChange": "100"}) for id_ in self.selection.ids]

    def parameters(self) -> dict[str, str]:
        return {"by": "changeDemoBalance"}


def test_money_asks_for_reason_count_and_the_password_of_who_is_signed_in(
    fiona, alpha, trading_day, write, monkeypatch
):
    trading_day(2)
    write.mirror("cashBalance", alpha, 901, account_id=10_001, amount=50_000, currency_id=1)
    write.socket(alpha)
    action = Action("a-hundred-more", "change_balances", ("account",), AHundredMore)
    monkeypatch.setitem(actions.ACTIONS, action.name, action)
    missing = fiona.post(start_url(action.name, "account", [10_001]), {"reason": ""})
    assert "This field is required" in text_of(missing)
    plan_id = preview(fiona, [10_001], action=action.name, entity_type="account")
    assert [row.state for row in rows_of(alpha, plan_id)] == ["planned"]

    for given in ({}, {"count": "1"}, {"count": "1", "password": "pass-alice"}, {"password": "pass-fiona"}):
        verb(fiona, plan_id, "confirm", **given)
        assert plan_of(alpha, plan_id).state == Plan.State.PREVIEW, given
    verb(fiona, plan_id, "confirm", count="1", password="pass-fiona")

    assert plan_of(alpha, plan_id).state == Plan.State.RUNNING


def test_a_preview_is_renewed_and_nothing_sent_where_the_mirror_moved(alice, alpha, trading_day, hub_connection):
    trading_day(2)
    plan_id = preview(alice, [1, 2])
    hub_connection.execute(
        "UPDATE mirrors_tradingpermission SET status = 'Declined' WHERE entity_id = 1 AND organization_id = %s",
        [alpha.pk],
    )

    answer = verb(alice, plan_id, "confirm")

    assert "the platform changed since the preview" in text_of(answer)
    assert plan_of(alpha, plan_id).state == Plan.State.STALE
    renewed = answer.context["plan"]
    assert (renewed.renewed_from_id, renewed.state) == (plan_id, Plan.State.PREVIEW)
    assert [row.state for row in rows_of(alpha, renewed.pk)] == ["skipped", "planned"]
    assert f"plan {renewed.pk}" in page(alice, plan_id)
    assert not operations_of(alpha, plan_id)


def test_a_plan_is_paused_resumed_and_cancelled(alice: Client, alpha, trading_day):
    trading_day(2)
    plan_id = preview(alice, [1, 2])
    verb(alice, plan_id, "confirm")

    states = []
    for name in ("pause", "resume", "cancel"):
        verb(alice, plan_id, name)
        states.append(plan_of(alpha, plan_id).state)

    assert states == [Plan.State.PAUSED, Plan.State.RUNNING, Plan.State.CANCELLED]
    assert [one.state for one in operations_of(alpha, plan_id)] == ["cancelled"]
    again = verb(alice, plan_id, "pause")
    assert "This plan is cancelled and cannot be paused now." in text_of(again)


def test_verbs_are_posted_only(alice: Client, trading_day):
    trading_day(1)
    plan_id = preview(alice, [1])

    for name in ("discard", "pause", "resume", "cancel", "retry"):
        assert alice.get(reverse(f"admin:plan_{name}", args=[plan_id])).status_code == 405, name


def test_what_this_service_stopped_or_holds_says_why_on_its_page_and_what_was_paused_on_the_overview(alice, alpha):
    with organization_scope(alpha.pk):
        for state in ("paused", "held", "cancelled"):
            Plan.objects.create(
                organization=alpha, kind="change_balances", title="x", actor="mia", state=state,
                wait_why="mia may no longer change balances.", created_at=NOW, check_at=NOW,
            )  # fmt: skip
        numbers = dict(Plan.objects.values_list("state", "id"))

    shown = {state: page(alice, number) for state, number in numbers.items()}

    assert all("mia may no longer change balances." in text for text in shown.values())
    assert f'action="{reverse("admin:plan_resume", args=[numbers["paused"]])}"' in shown["paused"]
    assert f'action="{reverse("admin:plan_cancel", args=[numbers["held"]])}"' in shown["held"]
    assert f'data-refresh="{reverse("admin:plan_progress", args=[numbers["held"]])}"' in shown["held"]
    part = text_of(alice.get(reverse("admin:plan_progress", args=[numbers["held"]])))
    assert 'data-plan-state="held"' in part
    overview = text_of(alice.get(reverse("admin:index")))
    assert overview.count("mia may no longer change balances.") == 1


def test_counts_are_of_the_same_moment_as_the_rows_beside_them(alice: Client, alpha, trading_day, monkeypatch):
    """A worker may store a state between two queries."""
    trading_day(3)
    plan_id = preview(alice, [1, 2, 3])
    verb(alice, plan_id, "confirm")

    def another_moment(_: Plan) -> None:
        raise AssertionError("the rows were counted in a query of its own")

    monkeypatch.setattr("vendor_admin.operations.pages.plan_view.counts_of", another_moment)
    monkeypatch.setattr("vendor_admin.operations.plans.progress.counts_of", another_moment)
    with organization_scope(alpha.pk):
        PlanRow.objects.filter(plan=plan_id, position=2).update(state="succeeded")
    shown = alice.get(reverse("admin:operations_plan_change", args=[plan_id])).context
    assert shown["counts"] == {"queued": 2, "succeeded": 1}
    assert (shown["progress"].total, shown["progress"].done) == (3, 1)
    assert [row.state for row, *_ in shown["rows"]] == ["queued", "succeeded", "queued"]


@pytest.mark.parametrize(
    ("old", "new", "sums"), [("5", "lots", 0), ("lots", 9, 0), (None, "1e400000000", 0), (2, "5.5", 1), (None, [1], 0)]
)
def test_a_field_of_another_kind_with_the_name_of_an_amount_breaks_no_page(
    alice: Client, alpha, trading_day, old, new, sums
):
    trading_day(1)
    plan_id = preview(alice, [1])
    with organization_scope(alpha.pk):
        PlanRow.objects.filter(plan=plan_id).update(old={"amount": old}, new={"amount": new})
    shown = alice.get(reverse("admin:operations_plan_change", args=[plan_id]))
    assert len(shown.context["sums"]) == sums
