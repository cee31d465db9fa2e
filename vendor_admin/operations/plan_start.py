"""What happens when a plan starts: its rows are compared once more, and one operation is stored for every call."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet

from vendor_admin.operations import fresh_rows, nudges
from vendor_admin.operations.kinds import Call, kind_of
from vendor_admin.operations.masking import has_secrets
from vendor_admin.operations.models import Operation, Plan, PlanRow, new_short_id
from vendor_admin.operations.once_more import begun_meanwhile
from vendor_admin.operations.plan_rows import target_of
from vendor_admin.operations.plan_states import PlanProblem, move
from vendor_admin.operations.previews import drafts_of, has_moved, preview
from vendor_admin.operations.wiping import wipe_at_start
from vendor_admin.organizations import incarnations
from vendor_admin.tradovate.operations.request import without_secrets

_CHUNK = 2_000
RESTORED = (
    "The database was restored, and the workers have not looked yet what may have been done since the backup. "
    "Look at this page again in a minute."
)


def begin(plan: Plan, *, actor: str, now: datetime, action: str, request_id: str) -> Plan:
    """Start a plan, or hold it until its rows were read, where the mirrors they start from may be old.

    Returns a renewed preview where the mirror moved since this one. Raises PlanProblem where the database was restored
    and workers have not come by yet: the plan may have been carried out.
    """
    if not incarnations.is_settled():
        raise PlanProblem(RESTORED)
    age = fresh_rows.age_of(plan, now=now)
    if age.must_be_read:
        return hold(plan, why=age.why, actor=actor, now=now, action=action, request_id=request_id)
    renewed = None if age.why else renewed_if_moved(plan, now=now)
    if renewed is not None:
        return renewed
    plan.compared_at = plan.read_at if age.why else now
    return start(plan, actor=actor, now=now, action=action, request_id=request_id)


def hold(plan: Plan, *, why: str, actor: str, now: datetime, action: str, request_id: str) -> Plan:
    """Have a worker read the rows of the platform (held_plans.py); it starts then, if they are as shown."""
    plan.wait_why, plan.check_at, plan.checks_failed, plan.check_fault = f"{why}."[:500], now, 0, ""
    plan = move(plan, state=Plan.State.HELD, actor=actor, action=action, request_id=request_id)
    nudges.check_soon(plan.organization_id, plan.pk)
    return plan


def renewed_if_moved(plan: Plan, *, now: datetime) -> Plan | None:
    """A new preview where a row that will change no longer starts from what the mirror says, or what was read.

    It is that of the plan's maker, or of who took the plan over from a maker who may no longer make it.
    """
    maker = plan.taken_over_by or plan.actor
    rows = list(plan.rows.filter(state=PlanRow.State.PLANNED).order_by("position"))
    drafts = drafts_of(plan, rows, now=now)
    if not any(has_moved(row, draft) for row, draft in zip(rows, drafts, strict=True)):
        return None
    everything: QuerySet[PlanRow] = plan.rows.order_by("position")
    renewed = preview(
        organization=plan.organization,
        kind_name=plan.kind,
        targets=[target_of(row) for row in everything],
        parameters=plan.parameters,
        actor=maker,
        reason=plan.reason,
        now=now,
        request_id=plan.request_id,
        links={"renewed_from": plan, "reverts": plan.reverts, "retries": plan.retries},
    )
    plan.rows.update(secrets={})
    plan.finished_at, plan.check_at, plan.approved_by, plan.wait_why = now, None, "", ""
    move(plan, state=Plan.State.STALE, actor=maker, action="preview out of date", request_id=plan.request_id)
    return renewed


def start(plan: Plan, *, actor: str, now: datetime, action: str, request_id: str) -> Plan:
    """Store one operation for every call, hold the targets against other plans, and wake the workers."""
    rows = list(plan.rows.filter(state=PlanRow.State.PLANNED).order_by("position"))
    begun_by = begun_meanwhile(plan, rows)
    if begun_by is not None:
        raise PlanProblem(f"Plan {begun_by} has begun with some of the same since this preview. Make a new one.")
    _hold_starts(plan.organization_id)
    try:
        with transaction.atomic():
            PlanRow.objects.filter(plan=plan, state=PlanRow.State.PLANNED, target_id__isnull=False).update(
                is_locking=True
            )
    except IntegrityError:
        raise PlanProblem(
            "Another plan has begun to change some of the same targets. Wait until it ends, then make a new preview."
        ) from None
    calls = list(kind_of(plan.kind).calls(rows, parameters=plan.parameters, reason=plan.reason))
    operations = [_operation(plan, call, number=number, now=now) for number, call in enumerate(calls, start=1)]
    for previous, operation, call in zip(operations, operations[1:], calls[1:], strict=False):
        if call.after_previous:
            operation.after = previous
    _insert(operations)
    _bind_rows(zip(calls, operations, strict=True))
    wipe_at_start(plan)
    plan.started_at, plan.check_at, plan.wait_why = now, None, ""
    plan = move(plan, state=Plan.State.RUNNING, actor=actor, action=action, request_id=request_id)
    nudges.work_soon(plan.organization_id, {call.environment for call in calls})
    return plan


def _hold_starts(organization_id: int) -> None:
    """Let plans of one organization take their targets one after another, until the transaction ends.

    Two that share targets would each wait for what the other has taken: the order of their rows is not the same.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"operations start {organization_id}"])


def _insert(operations: Sequence[Operation]) -> None:
    """Insert operations, those that others follow first."""
    waiting = list(operations)
    while waiting:
        ready = [one for one in waiting if one.after is None or one.after.pk is not None]
        Operation.objects.bulk_create(ready, batch_size=_CHUNK)
        waiting = [one for one in waiting if one.pk is None]


def _bind_rows(calls: Iterable[tuple[Call, Operation]]) -> None:
    """Tell every row its operation; of several calls for one row, the last."""
    operation_of = {row.pk: operation.pk for call, operation in calls for row in call.rows}
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE operations_planrow SET operation_id = given.operation_id, state = 'queued'"
            " FROM unnest(%s::bigint[], %s::bigint[]) AS given(row_id, operation_id) WHERE id = given.row_id",
            [list(operation_of), list(operation_of.values())],
        )


def _operation(plan: Plan, call: Call, *, number: int, now: datetime) -> Operation:
    short_id = new_short_id()
    body = msgspec.to_builtins(call.write.marked(call.request, short_id))
    return Operation(
        organization_id=plan.organization_id,
        plan=plan,
        environment=call.environment,
        name=call.write.path,
        request=without_secrets(body),
        sealed_request=body if has_secrets(body) else {},
        short_id=short_id,
        idempotency_key=f"plan {plan.pk} call {number}",
        actor=plan.actor,
        reason=plan.reason,
        not_before=now,
        created_at=now,
    )
