"""The pages of operations, of budgets and locks, and of the approval thresholds."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.support.pages import text_of
from tests.support.people import staff_user
from tests.support.plan_desk import change_plan, operations_of, page, plan_of, preview, rows_of, verb
from tests.support.signed_in import signed_in
from vendor_admin.operations.models import ApprovalRule, Operation
from vendor_admin.operations.pages.budget_view import maintenance_of
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.connections.verbs import connect_organization
from vendor_admin.organizations.models import AuditEntry, Organization, StaffRole, User
from vendor_admin.organizations.platform_access import budgets
from vendor_admin.organizations.platform_access.budgets import SOCKET_SYNC
from vendor_admin.organizations.tenancy.scope import organization_scope

LIST = "admin:operations_operation_changelist"
QUESTION = "If it was done: the permission is revoked. If it was not: it is as before."


def _change(organization: Organization, operation_id: int, **fields: Any) -> None:
    with organization_scope(organization.pk):
        Operation.objects.filter(pk=operation_id).update(**fields)


def _sent(client: Client, organization: Organization, ids: Any, **fields: Any) -> Operation:
    """An operation that revokes these permissions, in a state that workers bring about."""
    plan_id = preview(client, ids)
    verb(client, plan_id, "confirm")
    [operation] = operations_of(organization, plan_id)
    _change(organization, operation.pk, **fields)
    return operation


def _like(organization: Organization, operation: Operation, states: list[str]) -> list[int]:
    """The ids of operations like this one, in these states and made one after the other."""
    ids = []
    with organization_scope(organization.pk):
        for number, state in enumerate(states):
            operation.pk, operation.state = None, state
            operation.short_id, operation.idempotency_key = f"copy-{number}", f"copy-{number}"
            operation.save(force_insert=True)
            ids.append(int(operation.pk))
    return ids


def _in_doubt(client: Client, organization: Organization, ids: Any) -> Operation:
    operation = _sent(client, organization, ids, state="unknown", needs_person=True, question=QUESTION)
    with organization_scope(organization.pk):
        operation.rows.update(state="unknown")
    return operation


def _decide(client: Client, operation: Operation, **data: Any) -> Any:
    return client.post(reverse("admin:operation_decide", args=[operation.pk]), data, follow=True)


def test_unknown_operations_stand_first_then_the_refused_then_the_newest(alice: Client, alpha, trading_day):
    trading_day(1)
    first = _sent(alice, alpha, [1], state="unknown")
    ids = [first.pk, *_like(alpha, first, ["succeeded", "rejected", "queued", "rejected", "succeeded"])]

    rows = [row for *_, row in alice.get(reverse(LIST)).context["rows"]]
    assert [row.pk for row in rows] == [ids[n] for n in (0, 4, 2, 5, 3, 1)]
    newest = [row.pk for *_, row in alice.get(reverse(LIST), {"order": "newest"}).context["rows"]]
    assert newest == ids[::-1]


def test_the_list_pages_by_key_in_that_order(alice: Client, alpha, trading_day):
    trading_day(1)
    _like(alpha, _sent(alice, alpha, [1], state="rejected"), (["succeeded", "rejected"] * 30)[:59])

    first = alice.get(reverse(LIST))
    second = alice.get(reverse(LIST), {"before": first.context["page"].older})
    back = alice.get(reverse(LIST), {"after": second.context["page"].newer})

    def ids(response: Any) -> list[int]:
        return [row.pk for *_, row in response.context["rows"]]

    assert len(ids(first) + ids(second)) == 60 == len(set(ids(first) + ids(second)))
    assert [row.state for *_, row in first.context["rows"]] == ["rejected"] * 30 + ["succeeded"] * 20
    assert ids(back) == ids(first)


def test_operations_are_filtered_by_state_actor_name_plan_and_whether_they_wait(alice: Client, alpha, trading_day):
    trading_day(3)
    refused = _sent(alice, alpha, [1], state="rejected")
    doubtful = _in_doubt(alice, alpha, [2])
    _sent(alice, alpha, [3])

    def found(**query: str) -> list[int]:
        return [row.pk for *_, row in alice.get(reverse(LIST), query).context["rows"]]

    assert found(state="rejected") == [refused.pk]
    assert found(person="yes") == [doubtful.pk]
    assert found(plan=str(refused.plan_id)) == [refused.pk]
    assert found(who="nobody") == []
    assert len(found(who="alice", name="user/revoketradingpermissions")) == 3
    assert found(short=doubtful.short_id) == [doubtful.pk]
    assert found(name="cashBalance/changedemobalance") == []


def test_the_platforms_words_stand_under_a_plain_sentence_with_the_next_step(alice: Client, alpha, trading_day):
    trading_day(1)
    operation = _sent(
        alice, alpha, [1], state="rejected", error_text="Access is <denied>\nto 7", advice="Retry the plan."
    )

    shown = text_of(alice.get(reverse("admin:operations_operation_change", args=[operation.pk])))

    assert shown.index("Retry the plan.") < shown.index("Access is &lt;denied&gt;<br>to 7")
    assert "The platform did not do it." in shown
    assert "CT" in shown


def test_secrets_in_a_request_are_never_shown_and_raw_data_needs_its_right(
    alice: Client, bob: Client, alpha, trading_day
):
    trading_day(1)
    operation = _sent(alice, alpha, [1])
    _change(
        alpha,
        operation.pk,
        request={"users": [{"name": "ann", "password": "hunter22"}]},
        sealed_request={"users": [{"name": "ann", "password": "hunter22"}]},
        response={"body": {"accessToken": "tok-12345"}},
    )
    address = reverse("admin:operations_operation_change", args=[operation.pk])

    for client in (alice, bob):
        shown = text_of(client.get(address))
        assert "hunter22" not in shown
        assert "tok-12345" not in shown
    assert "&quot;ann&quot;" in text_of(alice.get(address))
    assert "&quot;ann&quot;" not in text_of(bob.get(address))
    exported = b"".join(alice.get(reverse("admin:operations_operation_export"))).decode()
    assert "hunter22" not in exported
    assert "ann" in exported


@pytest.mark.parametrize(
    ("answer", "state", "row_state"), [("yes", "succeeded", "succeeded"), ("no", "rejected", "rejected")]
)
def test_a_person_decides_with_both_possibilities_and_a_reason(alice, alpha, trading_day, answer, state, row_state):
    trading_day(2)
    operation = _in_doubt(alice, alpha, [1, 2])
    shown = text_of(alice.get(reverse("admin:operations_operation_change", args=[operation.pk])))
    assert shown.count("If it was done") >= 2
    assert shown.count("If it was not") >= 2

    refused = _decide(alice, operation, was_done=answer, reason=" ")
    assert "This field is required" in text_of(refused)
    assert operations_of(alpha, operation.plan_id)[0].state == "unknown"
    _decide(alice, operation, was_done=answer, reason="looked at the dashboard")

    assert operations_of(alpha, operation.plan_id)[0].state == state
    assert {row.state for row in rows_of(alpha, operation.plan_id)} == {row_state}
    with organization_scope(alpha.pk):
        said = AuditEntry.objects.get(action="unknown outcome decided")
    assert (said.actor, said.reason) == ("alice", "looked at the dashboard")
    assert (said.subject_kind, said.subject_id) == ("operation", str(operation.pk))
    again = _decide(alice, operation, was_done=answer, reason="once more")
    assert "no longer waits for a decision" in text_of(again)


def test_what_nobody_is_asked_about_shows_no_decision(alice: Client, alpha, trading_day):
    trading_day(1)
    operation = _sent(alice, alpha, [1], state="unknown")

    shown = text_of(alice.get(reverse("admin:operations_operation_change", args=[operation.pk])))

    assert "A person has to decide" not in shown
    assert "The platform is read again" in shown


def test_what_cannot_be_read_says_why_how_often_when_next_and_when_a_person_is_asked(alice, alpha, trading_day):
    trading_day(1)
    now = timezone.now()
    why = "tradingPermission/item: Access is denied."
    operation = _sent(
        alice, alpha, [1], state="unknown", settle_attempts=3, unreadable=why, reading_since=now, not_before=now
    )
    shown = alice.get(reverse("admin:operations_operation_change", args=[operation.pk]))
    text = text_of(shown)
    assert f"The last reading told nothing.</strong> {why}" in text
    assert "Read 3 times so far" in text
    assert "or after 20 readings" in text
    assert shown.context["person_at"] == now + timedelta(minutes=10)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"settled": "found by reading the platform"}, "found by reading the platform, which had not answered"),
        ({"decided": "sam: it was done"}, "A person found that it was done"),
        ({"permissionId": 5}, "The platform did it."),
    ],
)
def test_what_was_done_says_how_that_is_known(alice: Client, alpha, trading_day, how, words):
    trading_day(1)
    operation = _sent(alice, alpha, [1], state="succeeded")
    with organization_scope(alpha.pk):
        operation.rows.update(state="succeeded", result={operation.name: how})
    shown = text_of(alice.get(reverse("admin:operations_operation_change", args=[operation.pk])))
    assert words in shown


def test_the_overview_says_what_waits_for_a_decision(alice: Client, bob: Client, alpha, trading_day):
    trading_day(1)
    _in_doubt(alice, alpha, [1])

    assert "a person has to decide" in text_of(alice.get(reverse("admin:index")))
    assert "a person has to decide" not in text_of(bob.get(reverse("admin:index")))


@pytest.mark.parametrize(
    ("fields", "says", "does_not_say"),
    [
        ({"unreadable": "the key may not read it."}, "could not be read about this: the key may not", "does not tell"),
        ({"unreadable": "It is odd.", "name": "user/moved"}, "could not be read about this: It is odd.", "If it was"),
        ({"crashes": 3, "question": "Three workers ended."}, "Three workers ended.", "is tried again"),
        ({}, "Reading the platform does not tell", "is tried again"),
    ],
)
def test_a_person_is_told_why_they_are_asked(
    alice: Client, alpha, trading_day, fields: dict[str, Any], says: str, does_not_say: str
):
    trading_day(1)
    operation = _in_doubt(alice, alpha, [1])
    _change(alpha, operation.pk, **fields)
    with organization_scope(alpha.pk), connection.cursor() as cursor:
        cursor.execute("UPDATE operations_operation SET sealed_request = 'of a lost key'")
        cursor.execute("UPDATE operations_planrow SET secrets = 'of a lost key'")

    shown = text_of(alice.get(reverse("admin:operations_operation_change", args=[operation.pk])))
    assert says in shown
    assert does_not_say not in shown
    assert "permission" in page(alice, operation.plan_id)


def test_who_looks_after_several_organizations_sees_how_each_stands(
    alice: Client, olga: Client, alpha, beta, trading_day
):
    trading_day(2)
    _in_doubt(alice, alpha, [1])
    assert alice.get(reverse(LIST)).context["standings"] == []
    StaffRole.objects.create(user=User.objects.get(username="alice"), organization=beta, role="viewer")

    for client in (alice, olga):
        standings = {one.organization.slug: one for one in client.get(reverse(LIST)).context["standings"]}
        assert (standings["alpha"].for_person, standings["alpha"].unknown) == (1, 1)
        assert (standings["beta"].for_person, standings["beta"].unknown) == (0, 0)
    assert olga.get(reverse(LIST)).context["rows"] == []


def test_another_organizations_operation_is_not_found(alice: Client, charlie: Client, alpha, trading_day):
    trading_day(1)
    operation = _in_doubt(alice, alpha, [1])

    assert charlie.get(reverse("admin:operations_operation_change", args=[operation.pk])).status_code == 404
    assert _decide(charlie, operation, was_done="yes", reason="curious").status_code == 404
    assert charlie.get(reverse(LIST)).context["rows"] == []
    assert operations_of(alpha, operation.plan_id)[0].state == "unknown"


def _connect(organization: Organization, **more: Any) -> None:
    connect_organization(
        slug=organization.slug,
        is_simulated=organization.is_simulated,
        environment="demo",
        actor=Actor.staff("test"),
        rest_url="https://demo.tradovateapi.com/v1",
        websocket_url="wss://demo.tradovateapi.com/v1/websocket",
        credentials={
            "name": "api-user",
            "password": "p4ssw0rd-long",
            "app_id": "a",
            "cid": "1",
            "sec": "s3cret-s3cret",
        },
        **more,
    )


def test_the_page_of_budgets_shows_what_is_used_and_left(alice: Client, alpha):
    _connect(alpha)
    now = timezone.now()
    for second in range(7):
        used_at = now - timedelta(seconds=second)
        assert budgets.take_many(budget=SOCKET_SYNC, subject="production", wanted=1, now=used_at)[0] == 1

    response = alice.get(reverse("budgets"))

    lines = {line.name: line for line in response.context["budgets"]}
    assert (lines["user/syncrequest"].used, lines["user/syncrequest"].left) == (7, 293)
    assert lines["all calls of a user"].subject == "api-user@production"
    assert lines["user/createevaluationaccounts"].limit == 100
    assert not lines["user/createevaluationaccounts"].counts_successes
    assert "Nothing is locked" in text_of(response)
    assert {name: line.kept for name, line in lines.items() if line.kept} == {"all calls of a user": 250}
    assert "the last part of each hour is kept for them" in text_of(response)


def test_locks_in_force_say_what_they_close_until_when_and_why(alice: Client, charlie: Client, alpha, beta):
    _connect(alpha)
    until = timezone.now() + timedelta(minutes=40)
    budgets.lock(key="api-user@production", until=until, reason="The platform answered 429.", kind="locked")
    budgets.lock(key="production user/createevaluationusers", until=until, reason="Captcha.", kind="captcha")
    budgets.lock(key="somebody@elsewhere.example", until=until, reason="Not ours.")
    budgets.lock(key="production order/dryrun", until=timezone.now() - timedelta(minutes=1), reason="Over.")

    response = alice.get(reverse("budgets"))

    assert {(lock.closes, lock.subject, lock.kind) for lock in response.context["locks"]} == {
        ("every call", "api-user@production", "locked"),
        ("user/createevaluationusers", "production", "captcha"),
    }
    assert "The platform answered 429." in text_of(response)
    assert "add a connection" in text_of(charlie.get(reverse("budgets")))


def test_what_waits_is_summed_up_with_the_reason(alice: Client, alpha, trading_day):
    _connect(alpha)
    trading_day(2)
    for number in (1, 2):
        _sent(alice, alpha, [number], wait_reason="The hour's budget of calls is used up.")

    [line] = alice.get(reverse("budgets")).context["queue"]

    assert (line.name, line.count) == ("user/revoketradingpermissions", 2)
    assert "used up" in line.wait_reason


@pytest.mark.parametrize(
    ("now", "is_now", "held_until"),
    [
        (datetime(2026, 11, 20, 21, 45, tzinfo=UTC), True, datetime(2026, 11, 21, 2, 30, tzinfo=UTC)),
        (datetime(2026, 11, 20, 20, 0, tzinfo=UTC), False, datetime(2026, 11, 21, 2, 30, tzinfo=UTC)),
        (datetime(2026, 7, 6, 12, 0, tzinfo=UTC), False, datetime(2026, 7, 6, 22, 30, tzinfo=UTC)),
    ],
)
def test_the_next_maintenance_is_known_in_winter_and_summer(now, is_now, held_until):
    found = maintenance_of(now)

    assert found is not None
    assert (found.is_now, found.held_until) == (is_now, held_until)


def test_an_owner_sets_the_thresholds_which_are_audited_and_hold_from_then_on(alice: Client, alpha, trading_day):
    trading_day(3)
    before = preview(alice, [1, 2])

    page = text_of(alice.get(reverse("thresholds")))
    assert 'value="100"' in page
    for wrong in ({"accounts_over": "-1", "balance_change_over": "5", "reason": "x"}, {"accounts_over": "1"}):
        assert alice.post(reverse("thresholds"), wrong).status_code == 200
    alice.post(reverse("thresholds"), {"accounts_over": "1", "balance_change_over": "2500.50", "reason": "audit"})

    with organization_scope(alpha.pk):
        rule, said = ApprovalRule.objects.get(), AuditEntry.objects.get(action="approval thresholds changed")
    assert (rule.accounts_over, rule.balance_change_over) == (1, Decimal("2500.50"))
    assert (said.old["accounts over"], said.new["accounts over"], said.reason) == ("100", "1", "audit")
    assert plan_of(alpha, preview(alice, [1, 2])).needs_second_person
    assert not plan_of(alpha, preview(alice, [3])).needs_second_person
    assert not plan_of(alpha, before).needs_second_person


def test_a_finished_plan_is_told_from_one_that_runs(alice: Client, alpha, trading_day):
    trading_day(1)
    operation = _sent(alice, alpha, [1], state="succeeded")
    change_plan(alpha, operation.plan_id, state="finished")

    fragment = text_of(alice.get(reverse("admin:plan_progress", args=[operation.plan_id])))

    assert 'data-plan-state="finished"' in fragment


def test_a_new_person_of_another_role_sees_operations_but_not_what_needs_more(alpha, alice, trading_day):
    trading_day(1)
    operation = _in_doubt(alice, alpha, [1])
    sam = signed_in(staff_user("sam", alpha, "support"))

    shown = text_of(sam.get(reverse("admin:operations_operation_change", args=[operation.pk])))

    assert "Your role does not include deciding" in shown
    assert "Decide</button>" not in shown
