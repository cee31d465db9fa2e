"""Who may do what: every request of every role, posted, against the one table of rights; and that table in the docs."""

from contextlib import closing
from itertools import cycle, product

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.support.database import ROOT
from tests.support.people import staff_user
from tests.support.plan_desk import start_url
from tests.support.signed_in import signed_in
from vendor_admin.operations.actions import all_actions
from vendor_admin.operations.kinds import PlanKind, all_kinds
from vendor_admin.operations.models import ApprovalRule, Operation, Plan
from vendor_admin.organizations.models import Organization, StaffRole
from vendor_admin.organizations.roles import RIGHTS, Right
from vendor_admin.organizations.tenancy.scope import organization_scope

pytestmark = pytest.mark.pages

DOCUMENT = ROOT / "docs" / "operations.md"
ROLES = [role.value for role in StaffRole.Role]
BY_KIND = ("confirm", "discard", "pause", "resume", "cancel", "retry", "revert")


@pytest.fixture(params=ROLES)
def role(request) -> str:
    return request.param


@pytest.fixture
def person(role: str, alpha: Organization) -> Client:
    return signed_in(staff_user("person", alpha, role))


def _plan(alpha: Organization, kind: str, state: str = "preview") -> Plan:
    with organization_scope(alpha.pk):
        return Plan.objects.create(
            organization=alpha,
            kind=kind,
            title=kind,
            state=state,
            actor="somebody",
            needs_second_person=state == "waiting",
            created_at=timezone.now(),
        )


def _one_kind_of_each_right() -> list[PlanKind]:
    return list({kind.right: kind for kind in all_kinds()}.values())


def _states(alpha: Organization) -> dict[int, str]:
    with organization_scope(alpha.pk):
        return dict(Plan.objects.values_list("id", "state"))


def test_each_role_starts_the_actions_whose_right_it_has(person, role, alpha, trading_day):
    trading_day(1)

    for action in all_actions():
        allowed = action.kind.right in RIGHTS[role]
        address = start_url(action.name, action.on[0] if action.takes_selection else "", [1])
        assert (person.post(address, {"reason": "x"}).status_code != 403) is allowed, action.name
        assert (person.get(address).status_code != 403) is allowed, action.name
        for name in ("plan_file", "plan_file_template") if action.csv else ():
            answer = person.post(reverse(name, args=[action.name]))
            assert (answer.status_code != 403) is allowed, (name, action.name)


def test_each_role_acts_on_plans_of_the_kinds_whose_right_it_has(person, role, alpha):
    """Each verb for a kind of each right, and each kind by the verbs in turn."""
    asked = {*product(_one_kind_of_each_right(), BY_KIND), *zip(all_kinds(), cycle(BY_KIND), strict=False)}
    for kind, name in asked:
        allowed = kind.right in RIGHTS[role]
        plan = _plan(alpha, kind.name, state="running" if name == "cancel" else "preview")
        before = _states(alpha)
        status = person.post(reverse(f"admin:plan_{name}", args=[plan.pk]), {"reason": "x"}).status_code
        assert (status != 403) is allowed, (kind.name, name, status)
        if not allowed:
            assert _states(alpha) == before, (kind.name, name)


def test_each_role_approves_and_refuses_where_it_may_approve_plans(person, role, alpha):
    for kind in _one_kind_of_each_right():
        may_approve = Right.APPROVE_PLANS in RIGHTS[role]
        waiting = [_plan(alpha, kind.name, state="waiting") for _ in range(2)]
        approved = person.post(reverse("admin:plan_approve", args=[waiting[0].pk]))
        refused = person.post(reverse("admin:plan_cancel", args=[waiting[1].pk]), {"reason": "no"})
        assert (approved.status_code != 403) is may_approve, kind.name
        assert (refused.status_code != 403) is (may_approve or kind.right in RIGHTS[role]), kind.name


def test_each_role_decides_about_unknown_outcomes_where_it_may(person, role, alpha):
    plan = _plan(alpha, "revoke_trading_permissions", state="running")
    now = timezone.now()
    with organization_scope(alpha.pk):
        operation = Operation.objects.create(
            organization=alpha,
            plan=plan,
            environment="demo",
            name="user/revoketradingpermissions",
            idempotency_key="1",
            request={"tradingPermissionIds": [1]},
            actor="x",
            state="unknown",
            needs_person=True,
            not_before=now,
            created_at=now,
        )
    answer = person.post(
        reverse("admin:operation_decide", args=[operation.pk]), {"was_done": "yes", "reason": "looked it up"}
    )

    allowed = Right.DECIDE_UNKNOWN in RIGHTS[role]
    assert answer.status_code == (302 if allowed else 403)
    with organization_scope(alpha.pk):
        assert Operation.objects.get().state == ("succeeded" if allowed else "unknown")


def test_each_role_sets_thresholds_where_it_may(person, role, alpha):
    data = {"accounts_over": "5", "balance_change_over": "5", "reason": "x"}
    answer = person.post(reverse("thresholds"), data)

    allowed = Right.MANAGE_NOTICES in RIGHTS[role]
    assert answer.status_code == (302 if allowed else 403)
    with organization_scope(alpha.pk):
        assert ApprovalRule.objects.exists() is allowed


def test_each_role_reads_and_exports_what_its_rights_allow(person, role, alpha):
    plan = _plan(alpha, "revoke_trading_permissions")
    pages = {
        reverse("admin:operations_plan_changelist"): {Right.VIEW_OPERATIONS},
        reverse("admin:operations_plan_change", args=[plan.pk]): {Right.VIEW_OPERATIONS},
        reverse("admin:plan_progress", args=[plan.pk]): {Right.VIEW_OPERATIONS},
        reverse("admin:operations_operation_changelist"): {Right.VIEW_OPERATIONS},
        reverse("admin:operations_planrow_changelist"): {Right.VIEW_OPERATIONS},
        reverse("budgets"): {Right.VIEW_OPERATIONS},
        reverse("thresholds"): {Right.MANAGE_NOTICES},
        reverse("admin:plan_results", args=[plan.pk]): {Right.VIEW_OPERATIONS, Right.EXPORT},
        reverse("admin:operations_plan_export"): {Right.VIEW_OPERATIONS, Right.EXPORT},
        reverse("admin:operations_operation_export"): {Right.VIEW_OPERATIONS, Right.EXPORT},
        reverse("admin:operations_planrow_export"): {Right.VIEW_OPERATIONS, Right.EXPORT},
        reverse("admin:organizations_auditentry_changelist"): {Right.VIEW_AUDIT},
        reverse("admin:organizations_auditentry_export"): {Right.VIEW_AUDIT, Right.EXPORT},
    }

    statuses = {address: _status(person, address) for address in pages}

    assert statuses == {address: 200 if needed <= RIGHTS[role] else 403 for address, needed in pages.items()}


def test_nobody_adds_changes_or_deletes_rows_of_operations_by_the_admins_own_pages(person, alpha):
    plan = _plan(alpha, "revoke_trading_permissions")
    for model in ("plan", "operation", "planrow"):
        assert person.post(reverse(f"admin:operations_{model}_add"), {}).status_code == 403
        assert person.post(reverse(f"admin:operations_{model}_delete", args=[plan.pk])).status_code in (403, 404)
    assert _states(alpha) == {plan.pk: "preview"}


def _status(person, address: str) -> int:
    """What the page or file answers; a file is left there, so that the next one has its turn."""
    with closing(person.get(address)) as answer:
        return int(answer.status_code)


def _table(heading: str) -> list[list[str]]:
    """The rows of the first table below a heading of the document."""
    text = DOCUMENT.read_text().split(f"## {heading}\n", 1)[1]
    lines = text[text.index("\n|") + 1 :].split("\n\n", 1)[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if not line.startswith("|--")]


def test_the_documents_table_of_roles_is_that_of_the_code():
    [_, _, *roles], *rows = _table("Who may do what")

    assert roles == ROLES
    assert [row[0] for row in rows] == [right.value for right in Right]
    for right, _, *cells in rows:
        assert cells == ["✓" if Right(right) in RIGHTS[role] else "" for role in roles], right


def test_the_documents_table_of_changes_names_every_kind_of_plan():
    _, *rows = _table("What can be changed")
    known = {
        kind.title: (kind.right.value, "✓" if kind.is_money else "")
        for kind in all_kinds()
        if "(test)" not in kind.title
    }

    assert {title: (right, money) for title, right, money in rows} == known
