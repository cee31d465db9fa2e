"""What happens when a plan starts: its rows are compared once more, and one operation is stored for every call."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, OuterRef, QuerySet, Subquery

from vendor_admin.errors import Conflict
from vendor_admin.mirrors.queries.any_of import array_of
from vendor_admin.operations.kinds import AsThingsStand, Call, aspect_of, kind_of, priority_of
from vendor_admin.operations.models import ONE_PLAN_PER, Operation, Plan, PlanRow, new_short_id
from vendor_admin.operations.plans import fresh_rows
from vendor_admin.operations.plans import targets as plan_targets
from vendor_admin.operations.plans.follow_ups import begun_meanwhile
from vendor_admin.operations.plans.preview import drafts_of, has_moved, preview
from vendor_admin.operations.plans.states import move
from vendor_admin.operations.plans.wiping import wipe_at_start
from vendor_admin.operations.precedence import conflicting
from vendor_admin.operations.store import wakeups
from vendor_admin.operations.store.rows import target_of
from vendor_admin.organizations import incarnations
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.encryption import encrypt
from vendor_admin.tradovate.catalogue.request import without_secrets
from vendor_admin.tradovate.masking import has_secrets

ToStore = tuple[Call, dict[str, object]]
"""A call, and the operation that is stored for it."""

_INSERT = """
    INSERT INTO operations_operation
        (organization_id, plan_id, after_id, environment, name, request, sealed_request, short_id, idempotency_key,
         actor, reason, priority, state, attempts, not_before, wait_reason, penalty_ticket, claimed_by, error_text,
         advice, response, settle_attempts, needs_person, question, created_at)
    SELECT %(organization)s, %(plan)s, given.after_id, environment, name, request, sealed_request, short_id,
           idempotency_key, %(actor)s, %(reason)s, %(priority)s, 'queued', 0, %(now)s, '', '', '', '', '', '{}', 0,
           false, '', %(now)s
      FROM json_to_recordset(%(operations)s::json)
           AS given(after_id bigint, environment text, name text, request jsonb, sealed_request text, short_id text,
                    idempotency_key text)
 RETURNING idempotency_key, id
"""
TARGETS_TAKEN = "targets_taken"
TAKEN = "Another plan has begun to change some of the same targets. Wait until it ends, then make a new preview."
TOO_LATE = "Too much time has passed since this was confirmed: the market is not what it was then. Place it anew."
RESTORED = (
    "The database was restored, and the workers have not looked yet what may have been done since the backup. "
    "Look at this page again in a minute."
)


def begin(plan: Plan, *, actor: Actor, now: datetime, action: str, request_id: str) -> Plan:
    """Start a plan, or have a worker do it: where it is large, and where the mirrors it starts from may be old.

    Returns a renewed preview where the mirror moved since this one. Raises Conflict where the database was restored
    and workers have not come by yet: the plan may have been carried out.
    """
    if not incarnations.is_settled():
        raise Conflict(RESTORED, code="database_restored")
    if plan_targets.is_large(plan):
        return hold(plan, why="", actor=actor, now=now, action=action, request_id=request_id)
    age = fresh_rows.age_of(plan, now=now)
    if age.must_be_read:
        return hold(plan, why=age.why, actor=actor, now=now, action=action, request_id=request_id)
    renewed = None if age.why else renewed_if_moved(plan, now=now)
    if renewed is not None:
        return renewed
    plan.compared_at = plan.read_at if age.why else now
    return start(plan, actor=actor, now=now, action=action, request_id=request_id)


def hold(plan: Plan, *, why: str, actor: Actor, now: datetime, action: str, request_id: str) -> Plan:
    """Have a worker start the plan, if its rows are as shown (held_plans.py). `why` they are read of the platform
    before, without an end; empty where they need not be.
    """
    plan.wait_why = f"{why}."[:500] if why else ""
    plan.check_at, plan.checks_failed, plan.check_fault = now, 0, ""
    plan.work_done = plan.work_total = 0
    plan = move(plan, state=Plan.State.HELD, actor=actor, action=action, request_id=request_id)
    wakeups.check_soon(plan.organization_id, plan.pk)
    return plan


def renewed_if_moved(plan: Plan, *, now: datetime) -> Plan | None:
    """A new preview where a row that will change no longer starts from what the mirror says, or what was read.

    It is that of the plan's maker, or of who took the plan over from a maker who may no longer make it.
    """
    rows = list(plan.rows.filter(state=PlanRow.State.PLANNED).order_by("position"))
    return renew(plan, now=now) if any_moved(plan, rows, now=now) else None


def any_moved(plan: Plan, rows: Sequence[PlanRow], *, now: datetime) -> bool:
    """Whether one of these rows no longer starts from what the mirror says, or what was read, and that matters."""
    kind: object = kind_of(plan.kind)
    if isinstance(kind, AsThingsStand) and kind.as_things_stand:
        return False
    drafts = drafts_of(plan, rows, now=now) if rows else []
    return any(has_moved(row, draft) for row, draft in zip(rows, drafts, strict=True))


def renew(plan: Plan, *, now: datetime) -> Plan:
    """A new preview of all that a plan was asked for, in its place."""
    maker = Actor.from_key(plan.taken_over_by or plan.actor)
    everything: QuerySet[PlanRow] = plan.rows.order_by("position")
    renewed = preview(
        organization=plan.organization,
        kind_name=plan.kind,
        targets=[target_of(row) for row in everything.iterator(chunk_size=plan_targets.CHUNK)],
        parameters=plan.parameters,
        actor=maker,
        reason=plan.reason,
        now=now,
        request_id=plan.request_id,
        links={"renewed_from": plan, "reverts": plan.reverts, "retries": plan.retries},
        starts_unseen=plan.starts_unseen and not _was_renewed_twice(plan),
    )
    plan.rows.exclude(secrets="").update(secrets={})
    plan.finished_at, plan.check_at, plan.approved_by, plan.wait_why = now, None, "", ""
    move(plan, state=Plan.State.STALE, actor=maker, action="preview out of date", request_id=plan.request_id)
    return renewed


def _was_renewed_twice(plan: Plan) -> bool:
    """Whether what a plan changes moves so often that somebody should look at it."""
    return plan.renewed_from is not None and plan.renewed_from.renewed_from_id is not None


def start(plan: Plan, *, actor: Actor, now: datetime, action: str, request_id: str) -> Plan:
    """Store one operation for every call, hold the targets against other plans, and wake the workers."""
    rows = list(plan.rows.filter(state=PlanRow.State.PLANNED).order_by("position"))
    _refuse_being_started(plan)
    store_calls(plan, calls_of(plan, rows), now=now)
    return set_going(plan, actor=actor, now=now, action=action, request_id=request_id)


def refuse_shared(plan: Plan) -> None:
    """Raise Conflict where another plan changes the same of a target of this one, or is to since a worker is
    starting it bit by bit: of two such plans one gets all of its own. The transaction holds the starts from then on.
    """
    _refuse_where(plan, is_locking=True)
    _refuse_being_started(plan)


def calls_of(plan: Plan, rows: Sequence[PlanRow], *, after: int = 0) -> list[ToStore]:
    """The calls for some rows of a plan, of which `after` are stored, with what is to be stored of each."""
    calls = kind_of(plan.kind).calls(rows, parameters=plan.parameters, reason=plan.reason) if rows else ()
    return [(call, _operation(plan, call, number=number)) for number, call in enumerate(calls, start=after + 1)]


def store_calls(plan: Plan, calls: Sequence[ToStore], *, now: datetime) -> None:
    """Store the operations of some rows of a plan, and keep other plans from changing their targets. Raises Conflict
    where another plan has a target already, or has begun to retry or to revert the same, and where a plan that waited
    for approval asks for what was meant for the market of then.
    """
    if any(call.write.is_too_late(asked_at=plan.confirmed_at or now, now=now) for call, _ in calls):
        raise Conflict(TOO_LATE)
    hold_starts(plan.organization_id)  # before the plan that this one retries is held, as whoever confirms a plan does
    begun_by = begun_meanwhile(plan, {row.pk: row for call, _ in calls for row in call.rows}.values())
    if begun_by is not None:
        text = f"Plan {begun_by} has begun with some of the same since this preview. Make a new one."
        raise Conflict(text, code=TARGETS_TAKEN)
    try:
        with transaction.atomic():
            _store(plan, calls, now=now)
    except IntegrityError as error:
        if not _is_taken(error):
            raise
        raise Conflict(TAKEN, code=TARGETS_TAKEN) from None


def take_back(plan: Plan, rows: Sequence[PlanRow], *, now: datetime) -> None:
    """Undo the start of some rows, of which nothing was sent: their calls are cancelled, and their targets let go."""
    last_steps = Operation.objects.filter(id__in={row.operation_id for row in rows})
    ids = {one for steps in last_steps.values_list("id", "after_id") for one in steps}
    Operation.objects.filter(plan=plan, id__in=ids - {None}, state=Operation.State.QUEUED).update(
        state=Operation.State.CANCELLED, finished_at=now, sealed_request={}
    )
    PlanRow.objects.filter(id__in=[row.pk for row in rows]).update(
        state=PlanRow.State.PLANNED, is_locking=False, operation=None
    )


def set_going(plan: Plan, *, actor: Actor, now: datetime, action: str, request_id: str) -> Plan:
    """Let workers send the operations of a plan, which are all stored."""
    wipe_at_start(plan)
    plan.started_at, plan.check_at, plan.wait_why = now, None, ""
    plan = move(plan, state=Plan.State.RUNNING, actor=actor, action=action, request_id=request_id)
    wakeups.work_soon(plan.organization_id, {name.split(" ", 1)[0] for name in plan.calls_by_path})
    return plan


def hold_starts(organization_id: int) -> None:
    """Let plans of one organization take their targets one after another, until the transaction ends.

    Two that share targets would each wait for what the other has taken: the order of their rows is not the same.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"operations start {organization_id}"])


def _refuse_being_started(plan: Plan) -> None:
    hold_starts(plan.organization_id)
    stored = PlanRow.objects.filter(plan=OuterRef("pk"), state=PlanRow.State.QUEUED)
    being_started = Plan.objects.filter(Exists(stored), organization_id=plan.organization_id, state=Plan.State.HELD)
    others = list(being_started.exclude(pk=plan.pk).values_list("id", flat=True))
    if others:
        _refuse_where(plan, plan__in=others, state=PlanRow.State.PLANNED)


def _refuse_where(plan: Plan, **others: Any) -> None:
    """Raise Conflict where one of these other rows changes the same of a target of this plan."""
    # Looked up row by row, by the indexes of what is locked: as a join, PostgreSQL compares each with each where it has
    # not counted yet what other plans have just taken.
    same = PlanRow.objects.filter(
        **others,
        changes__in=[aspect.value for aspect in conflicting(aspect_of(plan.kind))],
        organization_id=OuterRef("organization_id"),
        environment=OuterRef("environment"),
        target_type=OuterRef("target_type"),
        target_id=OuterRef("target_id"),
    )
    mine = plan.rows.filter(state=PlanRow.State.PLANNED, is_locking=False)
    if mine.annotate(taken=Subquery(same.values("id")[:1])).filter(taken__isnull=False).exists():
        raise Conflict(TAKEN, code=TARGETS_TAKEN)


def _is_taken(error: IntegrityError) -> bool:
    """Whether a target was taken twice."""
    diagnosis = getattr(error.__cause__, "diag", None)
    return str(getattr(diagnosis, "constraint_name", None)).startswith(ONE_PLAN_PER)


def _store(plan: Plan, calls: Sequence[ToStore], *, now: datetime) -> None:
    id_of: dict[int, int] = {}
    waiting = list(range(len(calls)))
    follows = {place for place in waiting[1:] if calls[place][0].after_previous}
    while waiting:  # those that others follow first
        ready = [place for place in waiting if place not in follows or place - 1 in id_of]
        for place in ready:
            calls[place][1]["after_id"] = id_of[place - 1] if place in follows else None
        inserted = _insert(plan, [calls[place][1] for place in ready], now=now)
        id_of |= dict(zip(ready, inserted, strict=True))
        waiting = [place for place in waiting if place not in id_of]
    _bind_rows((call, id_of[place]) for place, (call, _) in enumerate(calls))


def _insert(plan: Plan, operations: Sequence[dict[str, object]], *, now: datetime) -> list[int]:
    """Insert operations in one statement. Returns their keys, in their order."""
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            {
                "organization": plan.organization_id,
                "plan": plan.pk,
                "actor": plan.actor,
                "reason": plan.reason,
                "priority": priority_of(plan.kind).value,
                "now": now,
                "operations": json.dumps(operations),
            },
        )
        id_of = dict(cursor.fetchall())
    return [id_of[one["idempotency_key"]] for one in operations]


def _bind_rows(calls: Iterable[tuple[Call, int]]) -> None:
    """Tell every row its operation (of several calls for one row, the last) and take its target."""
    operation_of = {row.pk: operation_id for call, operation_id in calls for row in call.rows}
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE operations_planrow"
            " SET operation_id = given.operation_id, state = 'queued', is_locking = target_id IS NOT NULL"
            " FROM unnest(%s::bigint[], %s::bigint[]) AS given(row_id, operation_id) WHERE id = given.row_id",
            [array_of(operation_of), array_of(operation_of.values())],
        )


def _operation(plan: Plan, call: Call, *, number: int) -> dict[str, object]:
    short_id = new_short_id()
    body = msgspec.to_builtins(call.write.marked(call.request, short_id))
    is_secret = has_secrets(body)
    return {
        "environment": call.environment,
        "name": call.write.path,
        "request": without_secrets(body) if is_secret else body,
        "sealed_request": encrypt(body) if is_secret else "",
        "short_id": short_id,
        "idempotency_key": f"plan {plan.pk} call {number}",
    }
