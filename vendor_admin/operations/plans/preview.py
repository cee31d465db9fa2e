"""Makes the preview of a plan: its rows, worked out once and stored."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.crypto import salted_hmac

from vendor_admin.errors import Conflict, Fault, InvalidFields, NotAllowed
from vendor_admin.mirrors.queries.any_of import among
from vendor_admin.mirrors.readings import readings_in_force
from vendor_admin.operations.kinds import (
    Call,
    Json,
    PlanKind,
    PlanRequest,
    RowDraft,
    Target,
    aspect_of,
    kind_of,
    waits_for_no_one,
)
from vendor_admin.operations.models import Plan, PlanRow
from vendor_admin.operations.plans import approval_rules, authors, fresh_rows
from vendor_admin.operations.plans import targets as plan_targets
from vendor_admin.operations.plans.charges import SPENDING, in_words, spends_money
from vendor_admin.operations.plans.field_words import titles_of
from vendor_admin.operations.plans.tally import Tally
from vendor_admin.operations.precedence import conflicting
from vendor_admin.operations.skip_reasons import SkipReason
from vendor_admin.operations.store import rows as plan_rows
from vendor_admin.operations.store import wakeups
from vendor_admin.operations.store.rows import target_of
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization
from vendor_admin.tradovate.errors import InvalidRequest

MOST_TARGETS = 100_000
TOO_MANY = f"One plan takes up to {MOST_TARGETS:,} targets;"
LEAVE_IT_OUT = (
    f"Leave out what costs something, or ask somebody with the right “{SPENDING.value}”; an owner of the organization "
    "can give it."
)
KEY_IS_TAKEN = "This idempotency key was used for another change. Use a new key for each change."


def preview(
    *,
    organization: Organization,
    kind_name: str,
    targets: Sequence[Target],
    actor: Actor,
    reason: str,
    now: datetime,
    parameters: Mapping[str, Json] | None = None,
    request_id: str = "",
    idempotency_key: str | None = None,
    links: Mapping[str, object] | None = None,
    starts_unseen: bool = False,
) -> Plan:
    """Store what a change would do, row by row. Nothing is sent before the plan is confirmed.

    With `starts_unseen` a worker confirms it as soon as its rows are there and fresh (unseen_plans.py).

    Of many targets the plan is stored as "being previewed", and a worker makes its rows (large_plans.py).

    With an idempotency key that is known already, the plan stored under it is returned and nothing is made; where
    something else is asked under that key, Conflict is raised. `links` are fields of Plan that lead to an earlier
    plan (renewed_from, reverts, retries). Must run inside the organization's scope. Raises InvalidFields, NotAllowed
    where the actor may not make such a plan or spend what it costs, and KindGone for an unknown kind.
    """
    _check_number(targets)
    kind = kind_of(kind_name)
    authors.require(actor, kind.right, organization_id=organization.pk)
    parameters = dict(parameters or {})
    digest = ""
    if idempotency_key is not None:
        digest = _digest_of(kind_name, targets, parameters, actor=actor.key, reason=reason)
        known = Plan.objects.filter(organization=organization, idempotency_key=idempotency_key).first()
        if known is not None:
            return _asked_the_same(known, digest)
    plan = Plan(
        organization=organization,
        kind=kind.name,
        title=kind.title,
        parameters=parameters,
        actor=actor.key,
        reason=reason,
        request_id=request_id,
        idempotency_key=idempotency_key,
        asked_digest=digest,
        created_at=now,
        starts_unseen=starts_unseen,
        **(links or {}),
    )
    # What was just read of the platform is known here and now only.
    is_large = len(targets) > plan_targets.DIRECT_ROWS and readings_in_force() is None
    rows = [] if is_large else _drafted_at_once(plan, targets, now=now)
    if is_large:
        _leave_to_worker(plan, kind, rows_to_make=len(targets), now=now)
    try:
        with transaction.atomic():
            plan.save(force_insert=True)
    except IntegrityError:
        # Another request with the same key was faster; its plan is committed by now, or this insert would still wait.
        return _asked_the_same(Plan.objects.get(organization=organization, idempotency_key=idempotency_key), digest)
    if is_large:
        plan_targets.store(plan, targets)
    else:
        plan_rows.insert(plan, rows)
    if plan.check_at is not None:
        wakeups.check_soon(plan.organization_id, plan.pk)
    return plan


def preview_again(
    *,
    earlier: Plan,
    link: str,
    kind_name: str,
    actor: Actor,
    reason: str,
    now: datetime,
    request_id: str,
    parameters: Mapping[str, Json] | None = None,
) -> Plan:
    """Have a worker preview what retries or reverts (`link`) the many rows of an earlier plan, which is locked.

    Must run inside the organization's scope. Raises NotAllowed where the actor may not make such a plan.
    """
    kind = kind_of(kind_name)
    authors.require(actor, kind.right, organization_id=earlier.organization_id)
    plan = Plan(
        organization=earlier.organization,
        kind=kind.name,
        title=kind.title,
        parameters=dict(parameters or {}),
        actor=actor.key,
        reason=reason,
        request_id=request_id,
        created_at=now,
        **{link: earlier},
    )
    _leave_to_worker(plan, kind, rows_to_make=earlier.rows.count(), now=now)
    plan.save(force_insert=True)
    plan_targets.store_earlier(plan, link)
    wakeups.check_soon(plan.organization_id, plan.pk)
    return plan


def _check_number(targets: Sequence[Target]) -> None:
    if not targets:
        raise InvalidFields([Fault("targets", "required", "Nothing is selected.")])
    if len(targets) > MOST_TARGETS:
        raise InvalidFields([Fault("targets", "too_many", f"{TOO_MANY} {len(targets):,} are selected.")])


def _drafted_at_once(plan: Plan, targets: Sequence[Target], *, now: datetime) -> list[PlanRow]:
    rows = draft(plan, targets, first=1, now=now)
    conclude(plan, now=now)
    if plan.starts_unseen:
        plan.check_at = now
    return rows


def _leave_to_worker(plan: Plan, kind: PlanKind, *, rows_to_make: int, now: datetime) -> None:
    """Have a worker make the rows (large_plans.py)."""
    plan.state, plan.check_at, plan.work_total = Plan.State.DRAFTING, now, rows_to_make
    plan.is_money = kind.is_money


def draft(plan: Plan, targets: Sequence[Target], *, first: int, now: datetime) -> list[PlanRow]:
    """Work out the rows of some of a plan's targets, and add to the plan what they come to. They are not stored.

    `first` is the position of the first of them. The rows before it are stored.
    """
    kind = kind_of(plan.kind)
    stands_before = plan.pk if first > 1 else None
    drafts = kind.drafts(PlanRequest(plan.organization_id, targets, plan.parameters, now, after_rows_of=stands_before))
    _set_apart_moved(drafts)
    _set_apart_busy(drafts, kind, organization_id=plan.organization_id, after_rows_of=stands_before)
    rows = rows_of(drafts, plan=plan, first=first)
    calls = _valid_calls(kind, rows, plan=plan, now=now)
    planned = [draft for draft, row in zip(drafts, rows, strict=True) if row.state == PlanRow.State.PLANNED]
    tally = Tally.read(plan.drafted)
    tally.add(planned)
    plan.drafted, plan.cost = tally.as_json(), tally.cost
    plan.calls_needed += len(calls)
    plan.calls_by_path = dict(
        Counter(plan.calls_by_path) + Counter(f"{call.environment} {call.write.path}" for call in calls)
    )
    asks = fresh_rows.asks_of(plan, [draft.target for draft in planned], now=now)
    plan.depends_on = fresh_rows.joined(plan.depends_on, fresh_rows.types_of(asks))
    return rows


def conclude(plan: Plan, *, now: datetime) -> None:
    """Say of a plan whose rows are all worked out what it takes: rights, a second person, and rows that are fresh.

    Raises NotAllowed where its maker may not spend what it costs.
    """
    tally, plan.drafted = Tally.read(plan.drafted), {}
    plan.is_money = kind_of(plan.kind).is_money or spends_money(tally.cost)
    if spends_money(tally.cost) and not authors.holds(plan.actor, SPENDING, plan.organization_id):
        text = (
            f"{in_words(tally.cost)}, and {plan.actor} may not {SPENDING.value}. {LEAVE_IT_OUT} {tally.paid_in_words()}"
        )
        raise NotAllowed(text, rights=[SPENDING.value])
    _note_size(plan, tally, now=now)
    _note_age(plan, now=now)


def drafts_of(plan: Plan, rows: Iterable[PlanRow], *, now: datetime) -> Sequence[RowDraft]:
    """What a preview of the same rows would say now, in their order."""
    return kind_of(plan.kind).drafts(
        PlanRequest(plan.organization_id, [target_of(row) for row in rows], plan.parameters, now)
    )


def rows_of(drafts: Sequence[RowDraft], *, plan: Plan, first: int = 1) -> list[PlanRow]:
    """Unsaved rows of a plan, from a position on."""
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
            why=str(draft.why_skipped),
        )
        for position, draft in enumerate(drafts, start=first)
    ]


def has_moved(row: PlanRow, draft: RowDraft) -> bool:
    """Whether a row that will change no longer starts from what the mirror says."""
    return bool(draft.why_skipped) or dict(draft.old) != row.old or dict(draft.new) != row.new


def _set_apart_moved(drafts: Sequence[RowDraft]) -> None:
    """Skip what an earlier plan changed and somebody changed again since."""
    for draft in drafts:
        expected = draft.target.expected
        if expected is None or draft.why_skipped:
            continue
        moved = [name for name, value in expected.items() if name in draft.old and draft.old[name] != value]
        if moved:
            draft.why_skipped = SkipReason.CHANGED_SINCE.format(titles_of(moved))


def _set_apart_busy(
    drafts: Sequence[RowDraft], kind: PlanKind, *, organization_id: int, after_rows_of: int | None
) -> None:
    """Skip that of which a running plan is changing the same, and what was named twice."""
    is_of_these = among("target_id", (draft.target.entity_id for draft in drafts))
    changes = [aspect.value for aspect in conflicting(aspect_of(kind.name))]
    busy = {
        (environment, entity_type, entity_id): plan_id
        for environment, entity_type, entity_id, plan_id in PlanRow.objects.filter(
            is_of_these, organization_id=organization_id, is_locking=True, changes__in=changes
        ).values_list("environment", "target_type", "target_id", "plan_id")
    }
    before = PlanRow.objects.filter(is_of_these, plan=after_rows_of, state=PlanRow.State.PLANNED)
    seen: set[tuple[str, str, int | None]] = set()
    if after_rows_of is not None:
        seen.update(before.values_list("environment", "target_type", "target_id"))
    for draft in drafts:
        if draft.why_skipped or draft.target.entity_id is None:
            continue
        key = (draft.environment, draft.target.entity_type, draft.target.entity_id)
        if key in busy:
            draft.why_skipped = SkipReason.BUSY.format(busy[key])
        elif key in seen:
            draft.why_skipped = SkipReason.TWICE
        seen.add(key)


def _valid_calls(kind: PlanKind, rows: Sequence[PlanRow], *, plan: Plan, now: datetime) -> list[Call]:
    """The calls of the rows that will change, after rows that the platform would refuse were skipped."""
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


def _note_age(plan: Plan, *, now: datetime) -> None:
    """Have a worker read the rows of the platform where they come from mirrors that may be old."""
    plan.depends_on_rows, plan.check_at = bool(plan.depends_on), None
    if (readings := readings_in_force()) is not None:
        plan.read_at = readings.at
    elif why := fresh_rows.why_types_old(plan.organization_id, plan.depends_on, now=now):
        plan.check_at, plan.wait_why = now, f"{why}."[:500]


def _note_size(plan: Plan, tally: Tally, *, now: datetime) -> None:
    """Whether it needs a second person, by its size and by what its maker started today."""
    plan.rows_counted = 0 if waits_for_no_one(plan.kind) else tally.planned
    plan.amount = None if tally.unknown or tally.cost is None else tally.amount + tally.cost
    why = approval_rules.why_of_size(plan.rows_counted, tally, rule=approval_rules.approval_rule(plan.organization))
    plan.second_person_why = why or approval_rules.why_of_day(plan, people={plan.actor}, now=now)
    plan.needs_second_person = bool(plan.second_person_why)


def _digest_of(
    kind_name: str, targets: Sequence[Target], parameters: Mapping[str, Json], *, actor: str, reason: str
) -> str:
    """Of everything that was asked for. Keyed, since passwords are among it."""
    asked = [[one.entity_type, one.entity_id, one.wanted, one.secrets, one.expected] for one in targets]
    text = json.dumps([kind_name, parameters, actor, reason, asked], sort_keys=True, default=dict)
    return salted_hmac("operations.plan", text, algorithm="sha256").hexdigest()


def _asked_the_same(plan: Plan, digest: str) -> Plan:
    if plan.asked_digest != digest:
        raise Conflict(KEY_IS_TAKEN, code="idempotency_key_used")
    return plan
