"""What a worker does with all rows of a large plan: it makes them, compares them, starts them, cancels them.

It does so in short transactions, a few rows in each, so that nobody waits for it and memory stays small. Each holds the
plan by the worker's claim (claims.py). What it has done is stored with it, so whoever comes after a lost worker
goes on from there, and nothing is done twice. Nothing is sent before the last of them.
"""

from collections.abc import Iterator
from datetime import datetime

import structlog
from django.db.models import Max

from vendor_admin.errors import Conflict, Fault, InvalidFields
from vendor_admin.operations.kinds import Target
from vendor_admin.operations.models import Operation, Plan, PlanRow, PlanTargets
from vendor_admin.operations.plan_work.claims import claimed_step
from vendor_admin.operations.plans import follow_ups, fresh_rows, interrupted_plans, wiping
from vendor_admin.operations.plans import preview as previews
from vendor_admin.operations.plans import start as plan_start
from vendor_admin.operations.plans import targets as plan_targets
from vendor_admin.operations.store import outcome_store, wakeups
from vendor_admin.operations.store import rows as plan_rows
from vendor_admin.operations.store.queue import step
from vendor_admin.organizations.actors import WORKER
from vendor_admin.organizations.tenancy import database_clock

log = structlog.get_logger(__name__)


def draft(plan: Plan) -> None:
    """Make the rows of a plan that is being previewed. Raises NotAllowed as `preview` does."""
    now = database_clock.now()
    while _draft_some(plan, now=now):
        pass
    with claimed_step(plan) as held:
        held.state, held.work_done, held.work_total = Plan.State.PREVIEW, 0, 0
        held.wait_why, held.check_fault, held.checks_failed = "", "", 0
        previews.conclude(held, now=now)
        if held.starts_unseen:
            held.check_at = now
        held.save()
        if held.check_at is not None:
            wakeups.check_soon(held.organization_id, held.pk)
    log.info("operations.large_plan_previewed", plan=plan.pk)


def has_moved(plan: Plan) -> bool:
    """Whether a row that will change no longer starts from what the mirror says, or what was read."""
    for first, done, total in _chunks(plan):
        with claimed_step(plan) as held:
            if plan_start.any_moved(held, _rows(held, first), now=database_clock.now()):
                return True
            _note(held, done=done, total=total)
    return False


def store_start(plan: Plan) -> bool:
    """Compare the rows of a held plan, and store their operations as far as that was not done. Raises Conflict.

    False where a row no longer starts from what the mirror says, or what was read: what was stored is undone then.
    """
    with step(plan.organization_id):
        stored = Operation.objects.filter(plan=plan).count()
        has_begun = plan.rows.filter(state=PlanRow.State.QUEUED).exists()
    for first, done, total in _chunks(plan):
        with claimed_step(plan) as held:
            rows, now = _rows(held, first), database_clock.now()
            has_moved = plan_start.any_moved(held, rows, now=now)
            planned = [row for row in rows if row.state == PlanRow.State.PLANNED]
            if planned and not has_moved:
                calls = plan_start.calls_of(held, planned, after=stored)
                if not has_begun:
                    plan_start.refuse_shared(held)
                plan_start.store_calls(held, calls, now=now)
                stored, has_begun = stored + len(calls), True
            if not has_moved:
                _note(held, done=done, total=total)
        if has_moved:
            _take_back_start(plan)
            return False
    return True


def set_going(plan: Plan) -> None:
    """Let a held plan run whose operations are stored. The plan is locked."""
    waiting = Operation.objects.filter(plan=plan, state=Operation.State.QUEUED)
    plan.calls_needed, plan.work_done, plan.work_total = waiting.count(), 0, 0
    plan_start.set_going(
        plan, actor=WORKER, now=database_clock.now(), action="plan started", request_id=plan.request_id
    )
    log.info("operations.large_plan_started", plan=plan.pk, operations=plan.calls_needed)


def _take_back_start(plan: Plan) -> None:
    """Undo what was stored of a start, by whichever worker: nothing of it was sent."""
    for first, _, _ in _chunks(plan):  # as it was stored: no call is for rows of two chunks
        with claimed_step(plan) as held:
            begun = [row for row in _rows(held, first) if row.operation_id or row.is_locking]
            plan_start.take_back(held, begun, now=database_clock.now())


def leave_out_moved(plan: Plan) -> datetime:
    """Cancel what moved of the rows of an interrupted plan of which nothing was sent. Returns as of when all were
    compared.
    """
    begun_at = None
    for first, done, total in _chunks(plan):
        with claimed_step(plan) as held:
            now = database_clock.now()
            rows = fresh_rows.rows_to_change(held, first=first, before=first + plan_targets.CHUNK)
            interrupted_plans.leave_out_moved(held, rows, actor=WORKER, now=now)
            _note(held, done=done, total=total)
            begun_at = begun_at or now
    return begun_at or database_clock.now()


def cancel_rest(plan: Plan) -> None:
    """Cancel what waits of a cancelled plan. What is being sent or is unknown is settled as ever."""
    with step(plan.organization_id):
        waiting = plan.rows.filter(state__in=(PlanRow.State.PLANNED, PlanRow.State.QUEUED)).count()
        calls = Operation.objects.filter(plan=plan, state=Operation.State.QUEUED).count()
    # Of calls for many rows each, those for as many rows as of others.
    most = min(plan_targets.CHUNK, max(1, plan_targets.CHUNK * calls // max(1, waiting)))
    done = 0
    while True:
        with claimed_step(plan) as held:
            now = database_clock.now()
            count = outcome_store.cancel_queued(Operation.objects.filter(plan=held), now=now, most=most)
            count = count or outcome_store.cancel_planned(held, most=plan_targets.CHUNK)
            done += count
            _note(held, done=min(done, waiting), total=waiting)
        if not count:
            break
    with claimed_step(plan) as held:
        wiping.wipe_skipped(held)
        held.check_at, held.work_done, held.work_total = None, 0, 0
        held.save(update_fields=["check_at", "work_done", "work_total"])


def _draft_some(plan: Plan, *, now: datetime) -> bool:
    """Make the rows of the next targets. False where none are left."""
    with claimed_step(plan) as held:
        stored = PlanTargets.objects.filter(plan=held).order_by("first").first()
        if stored is None:
            return False
        if "link" in stored.asked:
            targets = _targets_of_earlier(held, stored)
        else:
            targets = plan_targets.targets_of(stored)
            held.work_done = stored.first - 1 + len(targets)
        rows = previews.draft(held, targets, first=stored.first, now=now) if targets else []
        plan_rows.insert(held, rows)
        held.save(update_fields=["work_done", "drafted", "cost", "calls_needed", "calls_by_path", "depends_on"])
        if "link" in stored.asked and stored.asked["behind"] is not None:
            stored.first += len(rows)
            stored.save(update_fields=["first", "asked"])
        else:
            stored.delete()
    return True


def _targets_of_earlier(plan: Plan, stored: PlanTargets) -> list[Target]:
    """The next of the targets of a plan that retries or reverts an earlier one; notes behind which row the rest are.

    Raises Conflict where none were left in all, and InvalidFields where they are too many.
    """
    link, behind = stored.asked["link"], stored.asked["behind"]
    earlier: Plan = getattr(plan, link)
    rows, behind = follow_ups.next_rows(earlier, link, behind=behind)
    all_targets = follow_ups.targets_again(earlier, rows, link)
    targets, begun_by = follow_ups.split_off_begun(all_targets, earlier=earlier, link=link)
    begun_by = begun_by or stored.asked["begun_by"]
    is_last = behind is None
    count = stored.first - 1 + len(targets)
    if is_last and not count:
        raise Conflict(follow_ups.why_nothing(link, begun_by), code="nothing_to_do")
    if count > previews.MOST_TARGETS:
        raise InvalidFields([Fault("targets", "too_many", f"{previews.TOO_MANY} this would have more.")])
    plan.work_done = plan.work_total if behind is None else behind
    stored.asked = {"link": link, "behind": behind, "begun_by": begun_by}
    return targets


def _chunks(plan: Plan) -> Iterator[tuple[int, int, int]]:
    """Of each chunk its first position, the rows that are done with it, and those of the plan in all."""
    with step(plan.organization_id):
        last = plan.rows.aggregate(last=Max("position"))["last"] or 0
    for first in range(1, last + 1, plan_targets.CHUNK):
        yield first, min(first - 1 + plan_targets.CHUNK, last), last


def _rows(plan: Plan, first: int) -> list[PlanRow]:
    """What will change of the CHUNK positions from the first on: as they were previewed, so are their calls.

    Without their warnings and results: who asks a row for one asks the database once more.
    """
    to_change = plan.rows.filter(state__in=(PlanRow.State.PLANNED, PlanRow.State.QUEUED)).defer("warnings", "result")
    return list(to_change.filter(position__gte=first, position__lt=first + plan_targets.CHUNK).order_by("position"))


def _note(plan: Plan, *, done: int, total: int) -> None:
    """How far the work has come, for the plan's page."""
    Plan.objects.filter(pk=plan.pk).update(work_done=done, work_total=total)
