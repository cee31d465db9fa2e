"""What a plan's page says of its rows while it runs and once it has ended, and what can be done about them."""

import csv
import io

import pytest
from django.test import Client
from django.urls import reverse

from tests.support.pages import text_of
from tests.support.plan_desk import (
    change_plan,
    change_rows,
    operations_of,
    page,
    preview,
    rows_of,
    verb,
)
from tests.support.staff_and_rows import NOW
from vendor_admin.operations.models import Plan, PlanRow
from vendor_admin.organizations.tenancy.scope import organization_scope


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
    assert "2 rejected" in listed
    assert "1 done, 1 rejected" in listed
    assert "va-good" not in listed[listed.index("<tbody") : listed.index("</tbody")]


def test_a_plan_of_which_everything_was_refused_shows_no_full_bar(alice: Client, alpha, trading_day):
    trading_day(2)
    plan_id = preview(alice, [1, 2])
    _ended(alice, alpha, plan_id, rejected=(1, 2))

    shown = page(alice, plan_id)

    assert 'va-progress va-bad" role="progressbar" aria-label="Rows done" aria-valuenow="0"' in shown
    assert "Retry failed rows (2)" in shown
    assert ">Revert<" not in shown


@pytest.mark.parametrize(
    ("wanted", "old"),
    [
        ({"cashChange": "a lot"}, {}),
        ({"cashChange": None}, {}),
        ({"cashChange": "5", "by": "wire"}, {}),
        ({"cashChange": "5"}, {"maxNetLiq": "high"}),
    ],
    ids=["no-number", "nothing-asked-for", "unknown-way", "odd-peak"],
)
def test_a_row_that_cannot_be_read_is_shown_without_a_way_back(alice: Client, alpha, wanted, old):
    with organization_scope(alpha.pk):
        made = {"organization": alpha, "state": Plan.State.FINISHED, "started_at": NOW, "finished_at": NOW}
        plan = Plan.objects.create(
            **made, kind="change_balances", title="Change balances", actor="alice", created_at=NOW
        )
        PlanRow.objects.create(
            organization=alpha,
            plan=plan,
            position=1,
            environment="demo",
            target_type="account",
            target_id=10_001,
            label="EVAL1",
            wanted=wanted,
            old=old,
            new={"amount": "5"},
            state=PlanRow.State.SUCCEEDED,
        )

    shown = page(alice, plan.pk)

    assert "EVAL1" in shown
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
    assert "then retry the failed rows" in page(alice, plan_id)
    verb(alice, retry.pk, "confirm")
    assert "retry the failed rows" not in page(alice, plan_id).lower()

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
    assert lines[1]["Result"] == "rejected"
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
