"""Plans about money or risk that were interrupted at work: staff paused them, or their rows may have become old.

Meanwhile somebody may have changed what they were previewed from. So before such a plan goes on, the rows of which
nothing was sent yet are compared once with what the preview showed: those that moved are cancelled and say why, the
rest goes on. Rows that have begun finish whatever happens.

Until then the plan runs with `check_at` set, and no row of it begins (queue.SENDABLE). Workers look at it as they look
at plans that wait to start (held_plans.py): they compare with mirrors that are fresh again, or read the rows.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
import structlog
from django.db import connection

from vendor_admin.mirrors.readings import Readings
from vendor_admin.operations.kinds import RowDraft
from vendor_admin.operations.models import Operation, Plan, PlanRow
from vendor_admin.operations.plans import fresh_rows
from vendor_admin.operations.plans import targets as plan_targets
from vendor_admin.operations.plans.field_words import in_order, title_of, write
from vendor_admin.operations.plans.preview import drafts_of, has_moved
from vendor_admin.operations.store import wakeups
from vendor_admin.operations.store.outcome_store import cancel_queued
from vendor_admin.operations.store.verdicts import Unusable, call_of
from vendor_admin.organizations import audit
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Incarnation
from vendor_admin.tradovate.catalogue.request import without_secrets
from vendor_admin.tradovate.masking import has_secrets

log = structlog.get_logger(__name__)

LOOK_AFTER = timedelta(seconds=15)
"""A socket is mostly back by then. Rows are compared no more often, however often it comes and goes."""
MONEY_WAITS = "{}: money and risk wait, and go on by themselves once their rows can be compared with the platform."
RESTORED = "The database was restored"
NOT_COMPARED = "The rows have not been compared"
CHANGED = "Changed since the preview, so nothing of it was sent: {}."
SENT_TOGETHER = "Nothing of it was sent: it was to go out in one call with rows that changed since the preview."
LEFT_OUT = "rows left out"
_CHUNK = 500


def interrupt(plan_id: int, *, why: str, now: datetime) -> None:
    """Begin no row of a running plan before its rows were compared. `why` its rows may be old, without an end."""
    running = Plan.objects.filter(pk=plan_id, state=Plan.State.RUNNING, check_at=None)
    if running.update(check_at=now + LOOK_AFTER, wait_why=waits_because(why)):
        log.info("operations.plan_interrupted", plan=plan_id, why=why)


def interrupt_where_missed(operation: Operation, *, now: datetime) -> None:
    """Have the rows of a plan compared before a call that was not done is sent again, where the database was restored,
    or a gap came and went, since it was to be sent: nobody compared it while its outcome was unknown.
    """
    plan = Plan.objects.get(pk=operation.plan_id)
    if not plan.depends_on_rows or operation.after_id is not None:
        return
    since = operation.sent_at or operation.created_at
    plan.compared_at = min(plan.compared_at or since, since)
    was_restored = Incarnation.objects.filter(settled_at__gt=since).exclude(is_first=True).exists()
    why = RESTORED if was_restored else fresh_rows.age_of(plan, now=now).missed
    if why:
        interrupt(plan.pk, why=why, now=now)


def waits_because(why: str, detail: str = "") -> str:
    """What an interrupted plan says on its page."""
    return f"{MONEY_WAITS.format(why or NOT_COMPARED)} {detail}".strip()[:500]


def resume(plan: Plan, *, actor: Actor, now: datetime) -> Plan:
    """Let a plan that was paused at work go on where its rows were compared, or have a worker compare them first: of
    many rows, and of rows that have to be read.

    The plan is locked and runs again.
    """
    age = fresh_rows.age_of(plan, now=now)
    is_compared = plan.depends_on_rows and not age.why
    if age.must_be_read or (is_compared and plan_targets.is_large(plan)):
        plan.check_at, plan.wait_why = now, waits_because(age.why)
        plan.work_done = plan.work_total = 0
        plan.save(update_fields=["check_at", "wait_why", "work_done", "work_total"])
        wakeups.check_soon(plan.organization_id, plan.pk)
    elif is_compared:
        leave_out_moved(plan, fresh_rows.rows_to_change(plan), actor=actor, now=now)
        plan.compared_at = now
        plan.save(update_fields=["compared_at"])
    return plan


def go_on(plan: Plan, *, compared_at: datetime, readings: Readings | None) -> None:
    """Let an interrupted plan go on whose rows were compared with what was read, which is in force, or with mirrors
    that are fresh again. The plan is locked."""
    plan.read_at, plan.check_at, plan.wait_why = readings.at if readings is not None else plan.read_at, None, ""
    plan.compared_at = compared_at if readings is None else readings.at
    plan.work_done = plan.work_total = 0
    plan.save(update_fields=["read_at", "compared_at", "check_at", "wait_why", "work_done", "work_total"])
    environments = plan.operations.order_by().values_list("environment", flat=True).distinct()
    wakeups.work_soon(plan.organization_id, set(environments))


def leave_out_moved(plan: Plan, rows: Sequence[PlanRow], *, actor: Actor, now: datetime) -> None:
    """Cancel those of the rows, of which nothing was sent, that moved. They are all rows of their calls.

    A constant number of queries.
    """
    drafts = drafts_of(plan, rows, now=now) if rows else []
    whys = {row.pk: _why_moved(row, draft) for row, draft in zip(rows, drafts, strict=True) if has_moved(row, draft)}
    if not whys:
        return
    calls = _held_calls(rows, concerned=set(whys))
    left_out = _take_out([call for call in calls if call.is_split], whys)
    for call in calls:
        if not call.is_split:
            left_out |= {row.pk: whys.get(row.pk, SENT_TOGETHER) for row in call.rows}
    whole = [step.pk for call in calls if not call.is_split for step in call.steps]
    cancel_queued(Operation.objects.filter(id__in=whole), now=now)
    _say_why(left_out)
    log.info("operations.rows_left_out", plan=plan.pk, count=len(left_out))
    audit.record(
        organization=plan.organization,
        actor=actor,
        action=LEFT_OUT,
        subject=f"plan {plan.pk}: {plan.title}",
        subject_kind="plan",
        subject_id=plan.pk,
        new={"rows": len(left_out)},
        reason="They changed since the preview.",
        request_id=plan.request_id,
    )


@dataclass(frozen=True, slots=True)
class _Held:
    """A call of which nothing was sent, with the calls that follow it (`steps`), and the rows they are for.

    `is_split`: some of the rows stay, and the call can go out without the others.
    """

    steps: Sequence[Operation]
    rows: Sequence[PlanRow]
    is_split: bool


def _why_moved(row: PlanRow, draft: RowDraft) -> str:
    """In words, with the values of both."""
    if draft.why_skipped:
        return CHANGED.format(draft.why_skipped.rstrip("."))
    for shown, said, verb in ((row.old, draft.old, "is"), (row.new, draft.new, "would become")):
        names = [name for name in {**shown, **said} if shown.get(name) != said.get(name)]
        if names:
            values = ((name, write(name, said.get(name)), write(name, shown.get(name))) for name in in_order(names))
            changes = (f"{title_of(name)} {verb} {now}, and was shown as {before}" for name, now, before in values)
            return CHANGED.format("; ".join(changes))
    return CHANGED.format("the platform says something else")


def _held_calls(rows: Sequence[PlanRow], *, concerned: Collection[int]) -> list[_Held]:
    """The calls of the rows concerned, held so that no worker claims them; those that were just claimed are left out.

    `rows` are all of which nothing was sent, with their operations.
    """
    by_first: dict[int, list[PlanRow]] = defaultdict(list)
    for row in rows:
        if row.operation is not None:
            by_first[row.operation.after_id or row.operation.pk].append(row)
    firsts = [first for first, of_call in by_first.items() if any(row.pk in concerned for row in of_call)]
    waiting = Operation.objects.filter(id__in=firsts, state=Operation.State.QUEUED)
    held = {one.pk: one for one in waiting.select_for_update(of=("self",)).order_by("id")}
    followers = defaultdict(list)
    for follower in Operation.objects.filter(after_id__in=held).select_for_update(of=("self",)).order_by("id"):
        followers[follower.after_id].append(follower)
    calls = []
    for first, operation in held.items():
        steps, of_call = [operation, *followers[first]], by_first[first]
        stay = any(row.pk not in concerned for row in of_call)
        calls.append(_Held(steps, of_call, stay and all(_can_be_split(step, of_call) for step in steps)))
    return calls


def _can_be_split(operation: Operation, rows: Sequence[PlanRow]) -> bool:
    try:
        write, request = call_of(operation)
    except Unusable:
        return False
    return len(rows) == len(write.split(request))


def _take_out(calls: Sequence[_Held], whys: dict[int, str]) -> dict[int, str]:
    """Let calls go out without the rows that moved. Returns why, by row."""
    left_out: dict[int, str] = {}
    changed = []
    for call in calls:
        for step in call.steps:
            write, request = call_of(step)
            items = zip(write.split(request), call.rows, strict=True)
            (rest,) = write.join([item for item, row in items if row.pk not in whys])
            body = msgspec.to_builtins(rest)
            step.request = without_secrets(body)
            step.sealed_request = body if has_secrets(body) else {}
            changed.append(step)
        left_out |= {row.pk: whys[row.pk] for row in call.rows if row.pk in whys}
    Operation.objects.bulk_update(changed, ["request", "sealed_request"], batch_size=_CHUNK)
    gone = PlanRow.objects.filter(id__in=left_out)
    gone.update(state=PlanRow.State.CANCELLED, is_locking=False, secrets={}, operation=None)
    return left_out


def _say_why(whys: dict[int, str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE operations_planrow SET why = given.why FROM unnest(%s::bigint[], %s::text[]) AS given(row_id, why)"
            " WHERE id = given.row_id",
            [list(whys), list(whys.values())],
        )
