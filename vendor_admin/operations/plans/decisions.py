"""A person decides what reading could not tell: whether an operation was carried out."""

from collections.abc import Sequence
from datetime import datetime

from vendor_admin.errors import Conflict, Fault, InvalidFields
from vendor_admin.operations.models import Operation, PlanRow
from vendor_admin.operations.plans import authors
from vendor_admin.operations.store import wakeups
from vendor_admin.operations.store.outcome_store import CANCELLED_AFTER
from vendor_admin.operations.store.rows import rows_of
from vendor_admin.organizations import audit
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.roles import Right


def decide(
    *, operation: Operation, was_done: bool, actor: Actor, reason: str, now: datetime, request_id: str = ""
) -> Operation:
    """Take it as done, or as not done (then its rows count as rejected, and the plan's retry sends them again).

    Must run inside the organization's scope. Raises Conflict where nobody is asked any more, InvalidFields
    without a reason, and NotAllowed where the actor may not decide.
    """
    authors.require(actor, Right.DECIDE_UNKNOWN, organization_id=operation.organization_id)
    if not reason.strip():
        raise InvalidFields([Fault("reason", "required", "Say how you know: the reason is recorded in the audit log.")])
    found = Operation.objects.select_for_update().get(pk=operation.pk)
    if found.state != Operation.State.UNKNOWN or not found.needs_person:
        raise Conflict("This operation no longer waits for a decision.", code="already_decided")
    state = PlanRow.State.SUCCEEDED if was_done else PlanRow.State.REJECTED
    why = "" if was_done else f"Decided by {actor}: it was not done."
    open_rows = rows_of(found.pk).filter(state=PlanRow.State.UNKNOWN)
    rest = open_rows
    if was_done:
        _note_done(list(open_rows), found.name, actor=actor)
        # A next step that is unknown, after a restore, is read from the platform before its row goes on.
        going_on = open_rows.exclude(operation=found).exclude(operation__state=Operation.State.UNKNOWN)
        rest = open_rows.filter(operation=found)
        cancelled = going_on.filter(operation__state=Operation.State.CANCELLED)
        cancelled.update(state=PlanRow.State.CANCELLED, why=CANCELLED_AFTER, is_locking=False, secrets={})
        going_on.update(state=PlanRow.State.QUEUED, why="")
    rest.update(state=state, why=why, is_locking=False, **({"secrets": {}} if was_done else {}))
    if not was_done:
        Operation.objects.filter(after=found, state=Operation.State.QUEUED).update(
            state=Operation.State.CANCELLED, finished_at=now, sealed_request={}
        )
    found.state = Operation.State.SUCCEEDED if was_done else Operation.State.REJECTED
    found.needs_person, found.unreadable, found.finished_at, found.claimed_until = False, "", now, None
    found.sealed_request, found.advice = {}, why
    found.save()
    audit.record(
        organization=found.organization,
        actor=actor,
        action="unknown outcome decided",
        subject=f"operation {found.short_id}: {found.name}",
        subject_kind="operation",
        subject_id=found.pk,
        old={"state": "unknown"},
        new={"was done": was_done},
        reason=reason,
        request_id=request_id,
    )
    wakeups.work_soon(found.organization_id, [found.environment])
    return found


def _note_done(rows: Sequence[PlanRow], path: str, *, actor: Actor) -> None:
    """Keep with the rows that this call was done, so that a retry or a revert of them knows."""
    for row in rows:
        row.result[path] = {"decided": f"{actor}: it was done"}
    PlanRow.objects.bulk_update(rows, ["result"])
