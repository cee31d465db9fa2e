"""The queue of operations, as workers see it: rows claimed by conditional UPDATE, stored under the claim.

Every verb is its own short transaction, and none is open while a call is made. A crash leaves a row that says what is
known: `queued` was never sent, `sending` may have been and becomes `unknown`, which the engine clears by reading.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now

from vendor_admin.operations.models import Lane, Operation, Plan, PlanRow
from vendor_admin.operations.precedence import Aspect, Priority, Ticket, Touch, Waiting
from vendor_admin.operations.store.rows import rows_of
from vendor_admin.organizations.tenancy.scope import organization_scope

State = Operation.State
LANE_TTL = timedelta(seconds=15)
MOST_CRASHES = 3
PARKED = (
    "Three workers ended while this was being sent or read, so it may be what ended them. Nothing of it is sent or "
    "read again before a person has decided. It may have been done."
)
# After a restore every step of a row may be unknown: a step is read once it is known what became of the one before.
_IS_ITS_TURN = Q(after=None) | Q(after__state__in=(State.SUCCEEDED, State.REJECTED, State.CANCELLED))
TO_BE_READ = Q(state=State.UNKNOWN) & (Q(needs_person=False) | ~Q(unreadable="")) & _IS_ITS_TURN
"""Of unknown outcome, and reading can still tell."""
SENDABLE = Q(state=State.QUEUED, plan__state=Plan.State.RUNNING) & (
    Q(after=None, plan__check_at=None) | Q(after__state=State.SUCCEEDED)
)
"""Waits neither for the step before it nor for its plan's rows to be compared (interrupted_plans.py)."""

_FIRST_OF = """
        (SELECT o.id, o.name, o.priority, o.not_before
           FROM operations_operation o
           JOIN operations_plan p ON p.id = o.plan_id
           LEFT JOIN operations_operation previous ON previous.id = o.after_id
          WHERE o.organization_id = %(organization)s AND o.environment = %(environment)s AND o.name = ANY (%(names)s)
            AND o.state = 'queued' AND o.{} AND o.not_before <= %(now)s AND p.state = 'running'
            AND (o.after_id IS NULL AND p.check_at IS NULL OR previous.state = 'succeeded')
          ORDER BY o.not_before, o.id
          LIMIT {})
"""
_WAITING = f"""
    WITH due AS MATERIALIZED (
        {_FIRST_OF.format(f"priority = {Priority.URGENT}", "%(most_urgent)s")}
        UNION
        {_FIRST_OF.format(f"priority = {Priority.NORMAL}", "%(most)s")}
        UNION
        {_FIRST_OF.format("id = ANY (%(besides)s)", "ALL")}
    )
    SELECT due.id, due.name, due.priority, due.not_before,
           (SELECT coalesce(array_agg(ARRAY[r.target_type, r.target_id::text, r.changes]), '{{}}')
              FROM operations_planrow r
             WHERE r.target_id IS NOT NULL
               AND r.operation_id = ANY (ARRAY(
                   SELECT due.id UNION ALL SELECT f.id FROM operations_operation f WHERE f.after_id = due.id)))
      FROM due
"""  # noqa: S608 - our own text
# Asked once more, since somebody may have stopped or cancelled one of them a moment ago.
_CLAIM = """
    WITH due AS MATERIALIZED (
        SELECT o.id
          FROM operations_operation o
          JOIN operations_plan p ON p.id = o.plan_id
          LEFT JOIN operations_operation previous ON previous.id = o.after_id
         WHERE o.id = ANY (%(ids)s) AND o.organization_id = %(organization)s AND o.state = 'queued'
           AND p.state = 'running' AND (o.after_id IS NULL AND p.check_at IS NULL OR previous.state = 'succeeded')
         ORDER BY o.id
           FOR UPDATE OF o SKIP LOCKED
    )
    UPDATE operations_operation o
       SET state = 'sending', claimed_by = %(holder)s, claimed_until = %(until)s,
           -- Where a call before came to an unknown outcome, what was booked since that one counts.
           sent_at = CASE WHEN o.call_ended_at IS NULL THEN %(now)s ELSE coalesce(o.sent_at, %(now)s) END,
           wait_reason = '', attempts = attempts + 1
      FROM due
     WHERE o.id = due.id
 RETURNING o.*
"""


@dataclass(frozen=True, slots=True)
class LaneKey:
    """One organization's operations on one environment, worked on by one holder at a time."""

    organization_id: int
    environment: str
    holder: str


@contextmanager
def step(organization_id: int) -> Iterator[None]:
    """One short transaction of the organization, which is committed when it ends."""
    with organization_scope(organization_id, durable=True):
        yield


def hold_lane(lane: LaneKey) -> bool:
    """Take the lane, or keep it for another LANE_TTL by the database's clock. False while another holds it."""
    of_lane = {"organization_id": lane.organization_id, "environment": lane.environment}
    with step(lane.organization_id):
        Lane.objects.bulk_create([Lane(**of_lane)], ignore_conflicts=True)
        free = Q(holder=lane.holder) | Q(expires_at=None) | Q(expires_at__lte=Now())
        return bool(Lane.objects.filter(free, **of_lane).update(holder=lane.holder, expires_at=Now() + LANE_TTL))


def leave_lane(lane: LaneKey) -> None:
    """Let the next worker have the lane at once."""
    with step(lane.organization_id):
        Lane.objects.filter(
            organization_id=lane.organization_id, environment=lane.environment, holder=lane.holder
        ).update(holder="", expires_at=None)


def recover(lane: LaneKey, *, now: datetime, settle_after: timedelta) -> int:
    """What an earlier holder was sending may have been done: its outcome is unknown. Returns the number of rows.

    What it was sending or reading counts a crash: after MOST_CRASHES of them an operation is left to a person.
    Only the holder of the lane may call it: nobody else sends in this lane any more. A call that was on its way then
    has certainly ended when its claim runs out.
    """
    with step(lane.organization_id):
        left = (
            Operation.objects.filter(organization_id=lane.organization_id, environment=lane.environment)
            .filter(Q(state=Operation.State.SENDING) | Q(state=Operation.State.UNKNOWN, claimed_until__isnull=False))
            .exclude(claimed_by=lane.holder)
        )
        # Held, so that what their holder stores meanwhile, at last, is not overwritten.
        left_ids = list(left.select_for_update().values_list("id", flat=True))
        found = Operation.objects.filter(id__in=left_ids)
        ids = list(found.filter(state=Operation.State.SENDING).values_list("id", flat=True))
        Operation.objects.filter(id__in=ids).update(
            state=Operation.State.UNKNOWN,
            call_ended_at=Coalesce(F("claimed_until"), now),
            not_before=now + settle_after,
            reading_since=None,
            error_text="",
            advice="The worker stopped while this was being sent. The result is being read from the platform.",
        )
        rows_of(*ids).update(state=PlanRow.State.UNKNOWN)
        found.update(claimed_until=None, crashes=F("crashes") + 1)
        found.filter(crashes__gte=MOST_CRASHES).update(needs_person=True, question=PARKED, unreadable="")
    return len(ids)


def take_back_crashes(lane: LaneKey) -> None:
    """A holder that lost its lane, by being slow, lives: what was counted against its operations was no crash."""
    with step(lane.organization_id):
        counted = Operation.objects.filter(
            organization_id=lane.organization_id,
            environment=lane.environment,
            claimed_by=lane.holder,
            claimed_until=None,
            state=State.UNKNOWN,
            crashes__gt=0,
        )
        ids = list(counted.select_for_update().values_list("id", flat=True))
        found = Operation.objects.filter(id__in=ids)
        parked = found.filter(crashes=MOST_CRASHES, needs_person=True, unreadable="")
        parked.update(needs_person=False, question="")
        found.update(crashes=F("crashes") - 1, claimed_by="")


def tickets_held(lane: LaneKey, name: str) -> list[Ticket]:
    """The waiting operations of one name that hold a penalty ticket, what may be sent soonest first."""
    with step(lane.organization_id):
        held = (
            Operation.objects.filter(
                SENDABLE, organization_id=lane.organization_id, environment=lane.environment, name=name
            )
            .exclude(penalty_ticket="")
            .order_by("not_before", "id")
            .values_list("id", "priority", "not_before")
        )
        return [Ticket(id_, Priority(priority), due_at) for id_, priority, due_at in held]


def due_names(lane: LaneKey, *, now: datetime) -> list[str]:
    """What kinds of call may be sent now."""
    with step(lane.organization_id):
        return list(_sendable(lane, now=now).order_by("name").values_list("name", flat=True).distinct())


def urgent_names(lane: LaneKey, *, now: datetime) -> set[str]:
    """What kinds of call may be sent now for urgent operations."""
    with step(lane.organization_id):
        urgent = _sendable(lane, now=now).filter(priority=Priority.URGENT)
        return set(urgent.order_by().values_list("name", flat=True).distinct())


def count_due(lane: LaneKey, *, name: str, now: datetime, most: int) -> dict[Priority, int]:
    """How many calls of a name may be sent now, by priority, each counted up to `most`."""
    with step(lane.organization_id):
        due = _sendable(lane, now=now).filter(name=name).order_by().values("id")
        return {priority: int(due.filter(priority=priority)[:most].count()) for priority in Priority}


def first_waiting(
    lane: LaneKey, *, names: Collection[str], most: int, most_urgent: int, now: datetime, besides: Collection[int] = ()
) -> list[Waiting]:
    """The first operations of these names that may be sent now: up to `most`, and besides up to `most_urgent` urgent
    ones, and those with an id of `besides`, however many are before them.

    Must run inside a transaction of the organization. One query.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _WAITING,
            {
                "organization": lane.organization_id,
                "environment": lane.environment,
                "names": list(names),
                "most": most,
                "most_urgent": most_urgent,
                "besides": list(besides),
                "now": now,
            },
        )
        return [
            Waiting(
                id_,
                name,
                Priority(priority),
                due_at,
                frozenset(
                    Touch(entity_type, int(entity_id), Aspect(aspect)) for entity_type, entity_id, aspect in rows
                ),
            )
            for id_, name, priority, due_at, rows in cursor.fetchall()
        ]


def claim(lane: LaneKey, *, ids: Collection[int], now: datetime, until: datetime) -> list[Operation]:
    """Mark waiting operations as being sent. Those that somebody else has, or stopped meanwhile, are left out.

    Must run inside a transaction of the organization; they are called after it has committed.
    """
    claimed = Operation.objects.raw(
        _CLAIM,
        {
            "organization": lane.organization_id,
            "ids": list(ids),
            "holder": lane.holder,
            "until": until,
            "now": now,
        },
    )
    return sorted(claimed, key=lambda one: one.pk)


def stopped_plans(lane: LaneKey, plan_ids: Collection[int]) -> set[int]:
    """Those of these plans that somebody paused or cancelled."""
    if not plan_ids:
        return set()
    with step(lane.organization_id):
        stopped = Plan.objects.filter(organization_id=lane.organization_id, id__in=plan_ids)
        return set(stopped.exclude(state=Plan.State.RUNNING).values_list("id", flat=True))


def postpone(
    lane: LaneKey,
    *,
    until: datetime,
    reason: str,
    names: Sequence[str] | None = None,
    priority: Priority | None = None,
) -> int:
    """Hold what waits in this lane until a time: only of these names and this priority, where they are given."""
    with step(lane.organization_id):
        waiting = Operation.objects.filter(
            organization_id=lane.organization_id,
            environment=lane.environment,
            state=Operation.State.QUEUED,
            not_before__lt=until,
        )
        if names is not None:
            waiting = waiting.filter(name__in=names)
        if priority is not None:
            waiting = waiting.filter(priority=priority)
        return waiting.update(not_before=until, wait_reason=reason[:300])


def postpone_all(lane: LaneKey, *, until: datetime, reason: str) -> None:
    """Hold everything in this lane, also what is to be read, until a time."""
    postpone(lane, until=until, reason=reason)
    with step(lane.organization_id):
        Operation.objects.filter(
            organization_id=lane.organization_id,
            environment=lane.environment,
            state=Operation.State.UNKNOWN,
            not_before__lt=until,
        ).update(not_before=until)


def postpone_readings(lane: LaneKey, *, until: datetime) -> None:
    """Read nothing more of this lane before a time: however much waits, it waits for its share of the hour."""
    with step(lane.organization_id):
        Operation.objects.filter(
            organization_id=lane.organization_id,
            environment=lane.environment,
            state=State.UNKNOWN,
            claimed_until=None,
            not_before__lt=until,
        ).update(not_before=until)


def unsettled(lane: LaneKey, *, now: datetime, limit: int) -> list[Operation]:
    """Operations of unknown outcome whose time to be read has come."""
    with step(lane.organization_id):
        return list(
            Operation.objects.filter(
                TO_BE_READ,
                organization_id=lane.organization_id,
                environment=lane.environment,
                not_before__lte=now,
            ).order_by("not_before", "id")[:limit]
        )


def next_due_at(lane: LaneKey) -> datetime | None:
    """When the next thing in this lane is due; None where nothing waits."""
    with step(lane.organization_id):
        return (
            Operation.objects.filter(
                SENDABLE | TO_BE_READ,
                organization_id=lane.organization_id,
                environment=lane.environment,
            )
            .order_by("not_before")
            .values_list("not_before", flat=True)
            .first()
        )


def _sendable(lane: LaneKey, *, now: datetime) -> Any:
    return Operation.objects.filter(
        SENDABLE, organization_id=lane.organization_id, environment=lane.environment, not_before__lte=now
    )
