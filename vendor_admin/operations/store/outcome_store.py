"""Writes down what became of operations, many at once, under the claim of the lane's holder.

A row whose claim was lost meanwhile is left alone: somebody else settles it by reading.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet

from vendor_admin.operations.models import Operation, Plan, PlanRow
from vendor_admin.operations.store.follow_ups import follow_up
from vendor_admin.operations.store.queue import LaneKey
from vendor_admin.operations.store.rows import rows_of
from vendor_admin.operations.store.verdicts import Conclusion, ItemResult, Waiting

CANCELLED_WITH = "Not sent, since the step before it was refused."
CANCELLED_AFTER = "The plan was cancelled after the first of its steps was done."
_OPEN_STEP = (Operation.State.SENDING, Operation.State.UNKNOWN)

_CONCLUDE = """
    UPDATE operations_operation
       SET state = given.state,
           sent_at = given.sent_at,
           call_ended_at = CASE WHEN operations_operation.state = 'sending' THEN %(now)s ELSE call_ended_at END,
           finished_at = CASE WHEN given.state = 'unknown' THEN NULL ELSE %(now)s END,
           not_before = CASE WHEN given.state = 'unknown' THEN %(read_at)s ELSE not_before END,
           claimed_until = NULL,
           crashes = 0,
           penalty_ticket = '',
           reading_since = NULL,
           unreadable = '',
           needs_person = given.question <> '',
           question = given.question,
           error_text = given.error_text,
           advice = given.advice,
           response = coalesce(given.response, operations_operation.response),
           sealed_request = CASE WHEN given.state = 'unknown' THEN sealed_request ELSE '' END
      FROM unnest(%(ids)s::bigint[], %(states)s::text[], %(questions)s::text[], %(errors)s::text[],
                  %(advice)s::text[], %(responses)s::jsonb[], %(sent_at)s::timestamptz[])
           AS given(id, state, question, error_text, advice, response, sent_at)
     WHERE operations_operation.id = given.id
       AND operations_operation.claimed_by = %(holder)s
       AND operations_operation.state IN ('sending', 'unknown')
 RETURNING operations_operation.id
"""
_ROWS = """
    SELECT r.id, r.operation_id, NULL AS goes_on, r.position
      FROM operations_planrow r
     WHERE r.operation_id = ANY (%(ids)s::bigint[])
     UNION ALL
    SELECT r.id, o.after_id, o.state, r.position
      FROM operations_operation o JOIN operations_planrow r ON r.operation_id = o.id
     WHERE o.after_id = ANY (%(ids)s::bigint[])
     ORDER BY position
"""
_STORE_ROWS = """
    UPDATE operations_planrow
       SET state = given.state,
           why = given.why,
           result = operations_planrow.result || given.result,
           is_locking = operations_planrow.is_locking AND given.is_locking,
           secrets = CASE WHEN given.state IN ('succeeded', 'cancelled') THEN '' ELSE operations_planrow.secrets END
      FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::jsonb[], %s::boolean[])
           AS given(id, state, why, result, is_locking)
     WHERE operations_planrow.id = given.id
"""
_WAIT = """
    UPDATE operations_operation
       SET state = 'queued',
           claimed_until = NULL,
           crashes = 0,
           not_before = given.until,
           wait_reason = given.reason,
           penalty_ticket = given.ticket,
           attempts = coalesce(given.attempts, operations_operation.attempts),
           response = CASE WHEN given.refused = '' THEN response
                           ELSE jsonb_build_object('unauthorized', given.refused) END
      FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::int[])
           AS given(id, until, reason, ticket, refused, attempts)
     WHERE operations_operation.id = given.id
       AND operations_operation.claimed_by = %s
       AND operations_operation.state = 'sending'
"""


def store(lane: LaneKey, verdicts: Sequence[Conclusion | Waiting], *, now: datetime) -> None:
    """Store verdicts in a constant number of statements. Must run inside a transaction of the organization.

    `now` is the database's time, read after the calls had ended: patience with what has no answer counts from then.
    """
    concluded = [one for one in verdicts if isinstance(one, Conclusion)]
    waiting = [one for one in verdicts if isinstance(one, Waiting)]
    if waiting:
        _wait(lane, waiting)
    if not concluded:
        return
    ours = _conclude(lane, concluded, now=now)
    concluded = [one for one in concluded if one.row.pk in ours]
    _store_rows(concluded)
    follow_up(concluded, now=now)
    rejected = [one.row.pk for one in concluded if one.state == Operation.State.REJECTED]
    if rejected:
        Operation.objects.filter(after_id__in=rejected, state=Operation.State.QUEUED).update(
            state=Operation.State.CANCELLED, finished_at=now, sealed_request={}, advice=CANCELLED_WITH
        )


def cancel_queued(operations: QuerySet[Operation], *, now: datetime, most: int | None = None) -> int:
    """Cancel those of these operations that wait, or the first of them, and their rows; rows whose earlier step is
    being sent or is unknown are cancelled when that is known. Returns the number of operations.
    """
    # Held, so that no worker claims one of them before its row is cancelled too.
    queued = operations.filter(state=Operation.State.QUEUED).select_for_update(of=("self",))
    ids = list(queued.order_by("id").values_list("id", flat=True)[:most])
    if not ids:
        return 0
    rows_of(*ids).exclude(operation__after__state__in=_OPEN_STEP).update(
        state=PlanRow.State.CANCELLED, is_locking=False, secrets={}
    )
    Operation.objects.filter(id__in=ids).update(
        state=Operation.State.CANCELLED, finished_at=now, sealed_request={}, wait_reason=""
    )
    return len(ids)


def cancel_planned(plan: Plan, *, most: int | None = None) -> int:
    """Cancel the rows of a plan, or the first of them, for which no operation is stored yet, or only a cancelled one.

    Returns their number.
    """
    is_left = Q(state=PlanRow.State.QUEUED, operation__state=Operation.State.CANCELLED)
    is_left &= ~Q(operation__after__state__in=_OPEN_STEP)
    planned = plan.rows.filter(Q(state=PlanRow.State.PLANNED) | is_left).order_by("position")
    ids = list(planned.values_list("id", flat=True)[:most])
    PlanRow.objects.filter(id__in=ids).update(state=PlanRow.State.CANCELLED, is_locking=False, secrets={})
    return len(ids)


def _conclude(lane: LaneKey, concluded: Sequence[Conclusion], *, now: datetime) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            _CONCLUDE,
            {
                "now": now,
                "read_at": now + timedelta(seconds=settings.OPERATION_SETTLE_SECONDS),
                "holder": lane.holder,
                "ids": [one.row.pk for one in concluded],
                "states": [one.state for one in concluded],
                "questions": [one.question for one in concluded],
                "errors": [one.error_text for one in concluded],
                "advice": [one.advice_text for one in concluded],
                "responses": [None if one.response is None else json.dumps(one.response) for one in concluded],
                "sent_at": [one.row.sent_at for one in concluded],
            },
        )
        return {row[0] for row in cursor.fetchall()}


def _store_rows(concluded: Sequence[Conclusion]) -> None:
    rows: dict[int, list[_Row]] = {one.row.pk: [] for one in concluded}
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, {"ids": list(rows)})
        for row_id, operation_id, next_step, _ in cursor.fetchall():
            rows[operation_id].append(_Row(row_id, next_step))
    given = [
        (row, one.row.name, row.result(result))
        for one in concluded
        for row, result in zip(rows[one.row.pk], _for_each(one.results, len(rows[one.row.pk])), strict=True)
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            _STORE_ROWS,
            [
                [row.id for row, _, _ in given],
                [str(result.state) for _, _, result in given],
                [result.why for _, _, result in given],
                [json.dumps({name: result.result} if result.result else {}) for _, name, result in given],
                [result.state in (PlanRow.State.QUEUED, PlanRow.State.UNKNOWN) for _, _, result in given],
            ],
        )


@dataclass(frozen=True, slots=True)
class _Row:
    """A row that an operation is for. Where its last step is another operation, `next_step` is that one's state: it
    was perhaps cancelled meanwhile, or after a restore may have been done."""

    id: int
    next_step: str | None = None

    def result(self, of_step: ItemResult) -> ItemResult:
        """What the row is once this step came to that."""
        if self.next_step is None or of_step.state != PlanRow.State.SUCCEEDED:
            return of_step
        if self.next_step == Operation.State.CANCELLED:
            return ItemResult(PlanRow.State.CANCELLED, CANCELLED_AFTER, of_step.result)
        is_known = self.next_step != Operation.State.UNKNOWN
        return ItemResult(PlanRow.State.QUEUED if is_known else PlanRow.State.UNKNOWN, of_step.why, of_step.result)


def _wait(lane: LaneKey, waiting: Sequence[Waiting]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            _WAIT,
            [
                [one.row.pk for one in waiting],
                [one.until for one in waiting],
                [one.reason[:300] for one in waiting],
                [one.penalty_ticket for one in waiting],
                [one.refused_token for one in waiting],
                [one.attempts for one in waiting],
                lane.holder,
            ],
        )


def _for_each(results: Sequence[ItemResult], count: int) -> Sequence[ItemResult]:
    return results if len(results) == count else [results[0]] * count
