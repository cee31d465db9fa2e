"""The four steps of a change on the pages: select, preview, confirm, progress. (Who may: test_plan_roles.py.)"""

import csv
import io

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.support.pages import text_of
from tests.support.people import staff_user
from tests.support.plan_desk import (
    REVOKE,
    change_plan,
    change_rows,
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

PERMISSIONS = "admin:mirrors_tradingpermission_changelist"


@pytest.fixture
def rita(alpha) -> Client:
    return signed_in(staff_user("rita", alpha, "risk"))


@pytest.fixture
def fiona(alpha) -> Client:
    return signed_in(staff_user("fiona", alpha, "finance"))


def _set_thresholds(alpha, **fields) -> None:
    with organization_scope(alpha.pk):
        ApprovalRule.objects.create(organization=alpha, **fields)


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


def test_refused_rows_show_the_platforms_words_and_are_retried(alice: Client, alpha, trading_day):
    trading_day(3)
    plan_id = preview(alice, [1, 2, 3])
    verb(alice, plan_id, "confirm")
    change_rows(alpha, plan_id, 1, 3, state="succeeded", is_locking=False)
    change_rows(alpha, plan_id, 2, state="rejected", why="Access is <denied>", is_locking=False)
    change_plan(alpha, plan_id, state=Plan.State.FINISHED)

    shown = page(alice, plan_id)
    assert "<q>Access is &lt;denied&gt;</q>" in shown
    assert 'va-primary">Retry failed rows (1)' in shown
    answer = verb(alice, plan_id, "retry")
    assert 'va-primary">Retry failed rows' not in page(alice, plan_id)

    retry = answer.context["plan"]
    assert (retry.retries_id, retry.state) == (plan_id, Plan.State.PREVIEW)
    assert [row.target_id for row in rows_of(alpha, retry.pk)] == [2]


def test_what_was_done_is_reverted_by_a_preview_with_a_reason(alice: Client, alpha, trading_day):
    trading_day(2)
    plan_id = preview(alice, [1, 2])
    verb(alice, plan_id, "confirm")
    change_rows(alpha, plan_id, 1, 2, state="succeeded", is_locking=False)
    change_plan(alpha, plan_id, state=Plan.State.FINISHED)

    assert "This field is required" in text_of(verb(alice, plan_id, "revert", reason=""))
    answer = verb(alice, plan_id, "revert", reason="the wrong ones")

    back = answer.context["plan"]
    assert (back.reverts_id, back.reason, back.kind) == (plan_id, "the wrong ones", "grant_trading_permissions")


def _ended(client: Client, alpha, plan_id: int, **states: tuple[int, ...]) -> None:
    """A plan that ran: which rows (by position) came to which state."""
    verb(client, plan_id, "confirm")
    for state, positions in states.items():
        change_rows(alpha, plan_id, *positions, state=state, is_locking=False)
    change_plan(alpha, plan_id, state=Plan.State.FINISHED)


def test_the_list_of_plans_says_how_many_rows_were_done_and_calls_no_refusal_a_success(alice, alpha, trading_day):
    trading_day(4)
    for ids, states in (
        ([1, 2], {"rejected": (1, 2)}),
        ([3, 4], {"succeeded": (1,), "rejected": (2,)}),
    ):
        _ended(alice, alpha, preview(alice, ids), **states)

    listed = " ".join(text_of(alice.get(reverse("admin:operations_plan_changelist"))).split())

    assert '<span class="va-badge va-bad">rejected</span>' in listed
    assert '<span class="va-badge va-warn">done in part</span>' in listed
    assert "2 refused" in listed
    assert "1 done, 1 refused" in listed
    assert "va-good" not in listed[listed.index("<tbody") : listed.index("</tbody")]


def test_a_plan_of_which_everything_was_refused_shows_no_full_bar(alice: Client, alpha, trading_day):
    trading_day(2)
    plan_id = preview(alice, [1, 2])
    _ended(alice, alpha, plan_id, rejected=(1, 2))

    shown = page(alice, plan_id)

    assert 'va-progress va-bad" role="progressbar" aria-label="Rows done" aria-valuenow="0"' in shown
    assert "Retry failed rows (2)" in shown
    assert ">Revert<" not in shown


def test_what_was_cancelled_did_not_fail(alice: Client, alpha, trading_day):
    trading_day(3)
    plan_id = preview(alice, [1, 2, 3])
    _ended(alice, alpha, plan_id, succeeded=(1,), cancelled=(2, 3))

    shown = page(alice, plan_id)

    assert "Send cancelled rows (2)" in shown
    assert "Retry failed rows" not in shown


def test_what_was_retried_or_reverted_is_not_offered_again(alice: Client, alpha, trading_day):
    trading_day(2)
    plan_id = preview(alice, [1, 2])
    _ended(alice, alpha, plan_id, succeeded=(1,), rejected=(2,))
    assert "Retry failed rows (1)" in page(alice, plan_id)
    assert ">Revert<" in page(alice, plan_id)

    retry = verb(alice, plan_id, "retry").context["plan"]
    assert "Retry failed rows (1)" in page(alice, plan_id)
    assert "then retry what failed" in page(alice, plan_id)
    verb(alice, retry.pk, "confirm")
    assert "retry what failed" not in page(alice, plan_id).lower()

    with organization_scope(alpha.pk):
        row = PlanRow.objects.get(plan_id=plan_id, position=1)
        back = Plan.objects.create(
            organization=alpha, kind="grant_trading_permissions", title="x", actor="alice", created_at=NOW,
            started_at=NOW, reverts_id=plan_id,
        )  # fmt: skip
        PlanRow.objects.create(
            organization=alpha, plan=back, position=1, environment="demo", target_type="account",
            target_id=row.old["accountId"], wanted={"userId": row.old["userId"]}, label="x",
        )  # fmt: skip
    assert ">Revert<" not in page(alice, plan_id)


def test_what_ended_for_good_is_given_again_at_new_cost_and_not_reverted(alice: Client, alpha, trading_day):
    trading_day(1)
    plan_id = preview(alice, [1], action="cancel-members", entity_type="user", tradingPermissions="on")
    done = [row.position for row in rows_of(alpha, plan_id) if row.state == PlanRow.State.PLANNED]
    _ended(alice, alpha, plan_id, succeeded=tuple(done))

    shown = page(alice, plan_id)
    form = text_of(alice.get(reverse("admin:plan_revert", args=[plan_id])))

    assert ">Revert<" not in shown
    assert ">Restore, at new cost<" in shown
    assert "cannot be taken back" in form


def test_the_progress_renews_itself_and_says_what_is_left(alice: Client, alpha, trading_day):
    trading_day(4)
    plan_id = preview(alice, [1, 2, 3, 4])
    verb(alice, plan_id, "confirm")
    change_rows(alpha, plan_id, 1, state="succeeded")
    change_rows(alpha, plan_id, 2, state="rejected", why="no")
    with organization_scope(alpha.pk):
        operations_of(alpha, plan_id)[0].__class__.objects.update(wait_reason="The platform slows it down.")

    fragment = text_of(alice.get(reverse("admin:plan_progress", args=[plan_id])))

    assert "<html" not in fragment
    assert 'data-plan-state="running"' in fragment
    assert "25 %" in fragment
    assert "1 of 4 rows done" in fragment
    assert "The platform slows it down." in fragment
    assert '<noscript><meta http-equiv="refresh" content="5; url=?by_itself=1"></noscript>' in page(alice, plan_id)


def test_the_rows_follow_the_progress(alice: Client, alpha, trading_day):
    trading_day(3)
    plan_id = preview(alice, [1, 2, 3])
    verb(alice, plan_id, "confirm")
    address = reverse("admin:plan_rows", args=[plan_id])
    assert f'data-refresh="{address}?show=queued' in page(alice, plan_id, "?show=queued")

    change_rows(alpha, plan_id, 1, state="succeeded")
    rows = text_of(alice.get(address))
    waiting = text_of(alice.get(address, {"show": "queued"}))

    assert "<html" not in rows
    assert '<span class="va-badge va-good">done</span>' in rows
    assert "Done <span>1</span>" in rows
    assert 'va-good">done' not in waiting
    change_plan(alpha, plan_id, state=Plan.State.FINISHED)
    assert address not in page(alice, plan_id)


def test_rows_are_shown_by_state_and_page_by_page(alice: Client, alpha, trading_day):
    trading_day(120)
    plan_id = preview(alice, range(1, 121))
    change_rows(alpha, plan_id, 5, 6, state="skipped", why="not this one")

    first = alice.get(reverse("admin:operations_plan_change", args=[plan_id]))
    second = alice.get(reverse("admin:operations_plan_change", args=[plan_id]) + f"?behind={first.context['later']}")
    back = alice.get(reverse("admin:operations_plan_change", args=[plan_id]) + f"?ahead={second.context['earlier']}")

    def positions(response) -> list[int]:
        return [row.position for row, *_ in response.context["rows"]]

    assert positions(first) == list(range(1, 51)) == positions(back)
    assert positions(second) == list(range(51, 101))
    assert back.context["earlier"] is None
    skipped = alice.get(reverse("admin:operations_plan_change", args=[plan_id]) + "?show=skipped")
    assert positions(skipped) == [5, 6]
    assert positions(
        alice.get(reverse("admin:operations_plan_change", args=[plan_id]) + "?show=x&behind=q")
    ) == positions(first)


def test_the_results_are_a_csv_in_the_plans_order(alice: Client, alpha, trading_day):
    trading_day(3)
    plan_id = preview(alice, [3, 1, 2])
    verb(alice, plan_id, "confirm")
    change_rows(alpha, plan_id, 2, state="rejected", why="=1+1")

    text = b"".join(alice.get(reverse("admin:plan_results", args=[plan_id]))).decode("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(text)))

    assert [line["Row"] for line in lines] == ["1", "2", "3"]
    assert [line["Platform id"] for line in lines] == ["3", "1", "2"]
    assert lines[1]["Result"] == "refused"
    assert lines[1]["Why"] == "'=1+1"
    assert "Revoked" in lines[0]["New"]


def test_changes_are_a_history_with_old_new_and_why_and_the_audit_leads_to_the_plan(alice, alpha, trading_day):
    trading_day(2)
    plan_id = preview(alice, [1, 2], reason="rule 4.2")
    assert alice.get(reverse("admin:operations_planrow_changelist")).context["rows"] == []
    verb(alice, plan_id, "confirm")

    history = alice.get(reverse("admin:operations_planrow_changelist"), {"type": "tradingPermission", "id": "1"})
    assert len(history.context["rows"]) == 1
    assert "Permission: Approved → Revoked" in text_of(history)
    audit = text_of(alice.get(reverse("admin:organizations_auditentry_changelist")))
    assert reverse("admin:operations_plan_change", args=[plan_id]) in audit
    exported = b"".join(alice.get(reverse("admin:organizations_auditentry_export"))).decode()
    assert '""state"": ""running""' in exported
    assert "rule 4.2" in exported
    assert "rule 4.2" in b"".join(alice.get(reverse("admin:operations_planrow_export"))).decode()


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
