"""Asks a person about operations of unknown outcome, with both possibilities spelled out (decisions.py).

What could not be read at all is read on from time to time; what is found then closes the question.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db.models import QuerySet

from vendor_admin.operations.models import Operation
from vendor_admin.operations.store.queue import LaneKey, step
from vendor_admin.operations.store.verdicts import Unusable, call_of
from vendor_admin.tradovate.catalogue.write import Write

log = structlog.get_logger(__name__)

LONGEST_READING = timedelta(minutes=10)
READ_ON_EVERY = timedelta(minutes=10)
UNREAD = (
    "The platform could not be read: {} It is tried again every ten minutes, and what is found closes the question."
)


def question_of(write: Write[Any], undecided: Sequence[object]) -> str:
    """What a person has to decide about these requests."""
    doubts = [write.doubt(request) for request in undecided[:5]]
    more = f" ({len(undecided) - 5} more are in the same doubt.)" if len(undecided) > 5 else ""
    return "\n".join(f"If it was done: {one.if_done} If it was not: {one.if_not_done}" for one in doubts) + more


def ask_person(lane: LaneKey, row: Operation, why: str, *, now: datetime, until: datetime | None = None) -> None:
    """Ask a person about what cannot be read; it is read on from time to time."""
    question = UNREAD.format(why)
    with suppress(Unusable):
        write, request = call_of(row)
        question = f"{question}\n{question_of(write, write.split(request))}"
    with step(lane.organization_id):
        ours(lane, row).update(
            claimed_until=None,
            not_before=max(until or now, now + READ_ON_EVERY),
            settle_attempts=row.settle_attempts,
            needs_person=True,
            unreadable=why,
            question=question,
        )
    log.warning("operations.not_readable", operation=row.pk, name=row.name, why=why)


def ask_where_nothing_is_read(lane: LaneKey, why: str, *, now: datetime) -> None:
    """Nothing of this lane can be read now, for want of a connection or a token: ask a person where that lasts."""
    with step(lane.organization_id):
        waiting = Operation.objects.filter(
            organization_id=lane.organization_id,
            environment=lane.environment,
            state=Operation.State.UNKNOWN,
            needs_person=False,
        )
        waiting.filter(reading_since=None).update(reading_since=now)
        waiting.exclude(unreadable=why).update(unreadable=why)
        waiting.filter(reading_since__lte=now - LONGEST_READING).update(
            needs_person=True, unreadable=why, question=UNREAD.format(why)
        )


def ours(lane: LaneKey, row: Operation) -> QuerySet[Operation]:
    """The row, unless somebody has decided about it or taken it over meanwhile."""
    return Operation.objects.filter(id=row.pk, state=Operation.State.UNKNOWN, claimed_by=lane.holder)
