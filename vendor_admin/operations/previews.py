"""Makes the preview of a plan: its rows, worked out once and stored."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.crypto import salted_hmac

from vendor_admin.mirrors.id_lists import among
from vendor_admin.mirrors.readings import readings_in_force
from vendor_admin.operations import authors, fresh_rows, nudges, plan_rows
from vendor_admin.operations.authors import NotAllowed
from vendor_admin.operations.charges import SPENDING, cost_of, in_words, spends_money
from vendor_admin.operations.kinds import Call, Json, PlanKind, PlanRequest, RowDraft, Target, kind_of
from vendor_admin.operations.models import ApprovalRule, Plan, PlanRow
from vendor_admin.operations.plan_rows import target_of
from vendor_admin.organizations.models import Organization
from vendor_admin.tradovate.errors import InvalidRequest

MOST_TARGETS = 100_000
LEAVE_IT_OUT = (
    f"Leave out what costs something, or ask somebody with the right “{SPENDING.value}”; an owner of the organization "
    "can give it."
)
PAID_ROWS_NAMED = 10
KEY_IS_TAKEN = "This idempotency key was used for another change. Use a new key for each change."


class InvalidPlan(ValueError):
    """Nothing can be previewed; the text tells a person why."""


class KeyIsTaken(InvalidPlan):
    """The idempotency key belongs to a plan that something else was asked of."""


def preview(
    *,
    organization: Organization,
    kind_name: str,
    targets: Sequence[Target],
    actor: str,
    reason: str,
    now: datetime,
    parameters: Mapping[str, Json] | None = None,
    request_id: str = "",
    idempotency_key: str | None = None,
    links: Mapping[str, Any] | None = None,
) -> Plan:
    """Store what a change would do, row by row. Nothing is sent before the plan is confirmed.

    With an idempotency key that is known already, the plan stored under it is returned and nothing is made; where
    something else is asked under that key, KeyIsTaken is raised. `links` are fields of Plan that lead to an earlier
    plan (renewed_from, reverts, retries). Must run inside the organization's scope. Raises InvalidPlan, NotAllowed
    where the actor may not make such a plan or spend what it costs, and KeyError for an unknown kind.
    """
    if not targets:
        raise InvalidPlan("Nothing is selected.")
    if len(targets) > MOST_TARGETS:
        raise InvalidPlan(f"One plan takes up to {MOST_TARGETS:,} targets; {len(targets):,} are selected.")
    kind = kind_of(kind_name)
    authors.require(actor, kind.right, organization_id=organization.pk)
    parameters = dict(parameters or {})
    digest = ""
    if idempotency_key is not None:
        digest = _digest_of(kind_name, targets, parameters, actor=actor, reason=reason)
        known = Plan.objects.filter(organization=organization, idempotency_key=idempotency_key).first()
        if known is not None:
            return _asked_the_same(known, digest)
    drafts = kind.drafts(PlanRequest(organization.pk, targets, parameters, now))
    _set_apart_moved(drafts)
    _set_apart_busy(drafts, organization_id=organization.pk)
    plan = Plan(
        organization=organization,
        kind=kind.name,
        title=kind.title,
        parameters=parameters,
        actor=actor,
        reason=reason,
        request_id=request_id,
        idempotency_key=idempotency_key,
        asked_digest=digest,
        created_at=now,
        **(links or {}),
    )
    rows = rows_of(drafts, plan=plan)
    calls = _valid_calls(kind, rows, plan=plan, now=now)
    planned = [draft for draft, row in zip(drafts, rows, strict=True) if row.state == PlanRow.State.PLANNED]
    plan.cost = cost_of(planned)
    plan.is_money = kind.is_money or spends_money(plan.cost)
    if spends_money(plan.cost) and not authors.holds(actor, SPENDING, organization.pk):
        raise NotAllowed(
            f"{in_words(plan.cost)}, and {actor} may not {SPENDING.value}. {LEAVE_IT_OUT} {_paid_rows(planned)}"
        )
    plan.second_person_why = _second_person_why(planned, cost=plan.cost, organization=organization)
    plan.needs_second_person = bool(plan.second_person_why)
    plan.calls_needed = len(calls)
    plan.calls_by_path = dict(Counter(f"{call.environment} {call.write.path}" for call in calls))
    _note_age(plan, planned, now=now)
    try:
        with transaction.atomic():
            plan.save(force_insert=True)
    except IntegrityError:
        # Another request with the same key was faster; its plan is committed by now, or this insert would still wait.
        return _asked_the_same(Plan.objects.get(organization=organization, idempotency_key=idempotency_key), digest)
    plan_rows.insert(plan, rows)
    if plan.check_at is not None:
        nudges.check_soon(plan.organization_id, plan.pk)
    return plan


def drafts_of(plan: Plan, rows: Iterable[PlanRow], *, now: datetime) -> Sequence[RowDraft]:
    """What a preview of the same rows would say now, in their order."""
    return kind_of(plan.kind).drafts(
        PlanRequest(plan.organization_id, [target_of(row) for row in rows], plan.parameters, now)
    )


def rows_of(drafts: Sequence[RowDraft], *, plan: Plan) -> list[PlanRow]:
    """Unsaved rows of a plan."""
    return [
        PlanRow(
            organization_id=plan.organization_id,
            plan=plan,
            position=position,
            environment=draft.environment,
            target_type=draft.target.entity_type,
            target_id=draft.target.entity_id,
            label=draft.label[:200],
            wanted=dict(draft.target.wanted),
            secrets=dict(draft.target.secrets),
            expected=None if draft.target.expected is None else dict(draft.target.expected),
            old=dict(draft.old),
            new=dict(draft.new),
            warnings=list(draft.warnings),
            state=PlanRow.State.SKIPPED if draft.why_skipped else PlanRow.State.PLANNED,
            why=draft.why_skipped,
        )
        for position, draft in enumerate(drafts, start=1)
    ]


def _paid_rows(planned: Sequence[RowDraft]) -> str:
    """Which rows cost something: of a file, by their lines."""
    paid = [draft.label for draft in planned if spends_money(draft.cost)]
    more = f", and {len(paid) - PAID_ROWS_NAMED:,} more" if len(paid) > PAID_ROWS_NAMED else ""
    return f"What costs something: {', '.join(paid[:PAID_ROWS_NAMED])}{more}."


def has_moved(row: PlanRow, draft: RowDraft) -> bool:
    """Whether a row that will change no longer starts from what the mirror says."""
    return bool(draft.why_skipped) or dict(draft.old) != row.old or dict(draft.new) != row.new


def approval_rule(organization: Organization) -> ApprovalRule:
    """The organization's thresholds, or the defaults."""
    return ApprovalRule.objects.filter(organization=organization).first() or ApprovalRule(organization=organization)


def _set_apart_moved(drafts: Sequence[RowDraft]) -> None:
    """Skip what an earlier plan changed and somebody changed again since."""
    for draft in drafts:
        expected = draft.target.expected
        if expected is None or draft.why_skipped:
            continue
        moved = [name for name, value in expected.items() if name in draft.old and draft.old[name] != value]
        if moved:
            draft.why_skipped = f"Changed since by somebody else: {', '.join(sorted(moved))}."


def _set_apart_busy(drafts: Sequence[RowDraft], *, organization_id: int) -> None:
    """Skip what a running plan is changing, and what was named twice."""
    is_of_these = among("target_id", (draft.target.entity_id for draft in drafts))
    busy = {
        (environment, entity_type, entity_id): plan_id
        for environment, entity_type, entity_id, plan_id in PlanRow.objects.filter(
            is_of_these, organization_id=organization_id, is_locking=True
        ).values_list("environment", "target_type", "target_id", "plan_id")
    }
    seen: set[tuple[str, str, int]] = set()
    for draft in drafts:
        if draft.why_skipped or draft.target.entity_id is None:
            continue
        key = (draft.environment, draft.target.entity_type, draft.target.entity_id)
        if key in busy:
            draft.why_skipped = f"Plan {busy[key]} is changing it right now."
        elif key in seen:
            draft.why_skipped = "It stands in this plan already."
        seen.add(key)


def _valid_calls(kind: PlanKind, rows: Sequence[PlanRow], *, plan: Plan, now: datetime) -> list[Call]:
    """The calls of the rows that will change, after rows that the platform would refuse were set apart."""
    planned = [row for row in rows if row.state == PlanRow.State.PLANNED]
    calls = list(kind.calls(planned, parameters=plan.parameters, reason=plan.reason)) if planned else []
    faulty = False
    for call in calls:
        requests = call.write.split(call.request)
        for request, row in zip(requests, call.rows if len(requests) == len(call.rows) else call.rows[:1], strict=True):
            try:
                call.write.validate(request, now=now)
            except InvalidRequest as invalid:
                row.state, row.why, faulty = PlanRow.State.SKIPPED, faults_in_words(invalid), True
    return _valid_calls(kind, rows, plan=plan, now=now) if faulty else calls


def faults_in_words(invalid: InvalidRequest) -> str:
    """Every fault of a request of one item, with the field it is in."""
    words = (str(fault) for fault in invalid.faults)
    return "; ".join(re.sub(r"^\w+\[0\]\.?", "", one) for one in words) + "."


def _note_age(plan: Plan, planned: Sequence[RowDraft], *, now: datetime) -> None:
    """Have a worker read the rows of the platform where they come from mirrors that may be old."""
    asks = fresh_rows.asks_of(plan, [draft.target for draft in planned], now=now)
    plan.depends_on_rows, plan.depends_on = bool(asks), fresh_rows.types_of(asks)
    if (readings := readings_in_force()) is not None:
        plan.read_at = readings.at
    elif why := fresh_rows.why_old(plan.organization_id, asks, now=now):
        plan.check_at, plan.wait_why = now, f"{why}."[:500]


def _second_person_why(planned: Sequence[RowDraft], *, cost: Decimal | None, organization: Organization) -> str:
    rule = approval_rule(organization)
    amounts = [draft.amount for draft in planned]
    if len(planned) > rule.accounts_over:
        return f"It changes {len(planned):,} of them; more than {rule.accounts_over:,} need a second person."
    if unknown := amounts.count(None):
        return f"How much it moves is not known of {unknown:,} of {len(planned):,} rows: that needs a second person."
    if cost is None:
        return "What it costs is not known: that needs a second person."
    amount = sum(abs(one) for one in amounts if one is not None) + cost
    if amount > rule.balance_change_over:
        return f"It moves {amount:,.2f} in all; more than {rule.balance_change_over:,.2f} need a second person."
    return ""


def _digest_of(
    kind_name: str, targets: Sequence[Target], parameters: Mapping[str, Json], *, actor: str, reason: str
) -> str:
    """Of everything that was asked for. Keyed, since passwords are among it."""
    asked = [[one.entity_type, one.entity_id, one.wanted, one.secrets, one.expected] for one in targets]
    text = json.dumps([kind_name, parameters, actor, reason, asked], sort_keys=True, default=dict)
    return salted_hmac("operations.plan", text, algorithm="sha256").hexdigest()


def _asked_the_same(plan: Plan, digest: str) -> Plan:
    if plan.asked_digest != digest:
        raise KeyIsTaken(KEY_IS_TAKEN)
    return plan
