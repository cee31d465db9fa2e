"""Finds out by reading what came of an operation whose outcome is unknown. Nothing is repeated before that is known.

Evidence that it was done, or after some patience that it was not, settles it. Where reading cannot tell, a person is
asked, with both possibilities spelled out (decisions.py). Where it cannot be read at all, a person is asked after
MOST_READINGS or LONGEST_READING; it is still read now and then, and what is found then closes the question.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.db.models import F
from django.db.models.functions import Coalesce

from vendor_admin.operations.engine.look_ups import Judge, OutcomeNotRead, Reader, Verdict, as_it_is, ended_at, pause
from vendor_admin.operations.models import Operation, PlanRow
from vendor_admin.operations.plans import interrupted_plans
from vendor_admin.operations.plans.unknown_outcomes import LONGEST_READING, ask_person, ours, question_of
from vendor_admin.operations.store import queue
from vendor_admin.operations.store.allowance import Caller
from vendor_admin.operations.store.outcome_store import store
from vendor_admin.operations.store.queue import LaneKey, step
from vendor_admin.operations.store.rows import rows_of
from vendor_admin.operations.store.verdicts import Conclusion, ItemResult, Unusable, call_of
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.tradovate.catalogue.write import Write
from vendor_admin.tradovate.outcomes import Outcome
from vendor_admin.tradovate.rest.client import RestClient

log = structlog.get_logger(__name__)

MOST_ATTEMPTS = 3
CLAIM_TTL = timedelta(seconds=60)
MOST_READINGS = 20
REFUSED_TOGETHER = "The platform refused these {} together, perhaps for another of them, and changed nothing here: {}"
NOT_DONE = "Reading the platform shows that it was not done. Retry the plan to send it again."
LEAST_WAIT_FOR_SHARE = timedelta(seconds=30)
LAST_TRY = "{} The last try ended with: {}"
OWN_FAULT = "An error of this service, which is in its log."


def settle(
    lane: LaneKey, row: Operation, client: RestClient, *, caller: Caller, token: str, judge: Judge = as_it_is
) -> Outcome | None:
    """Read what the platform shows of an operation, and store what follows from it.

    `judge` tells what an answer of a wrong host is worth: nothing was found only if the host is the right one.
    Where it could not be read, returns what a call came to: the token may be dead. Raises the errors of a database
    that is away; whatever else goes wrong here is a reading that did not work.
    """
    now = database_clock.now()
    if not _claim(lane, row, now=now):
        return None
    try:
        _read_and_act(lane, row, Reader(client, caller, token, judge))
    except OutcomeNotRead as failed:
        now = database_clock.now()
        if failed.waits_its_turn:
            _let_wait(lane, row, str(failed), until=max(failed.until, now + LEAST_WAIT_FOR_SHARE))
        else:
            _put_off(lane, row, str(failed), until=failed.until, was_read=failed.outcome is not None, now=now)
        return failed.outcome
    except Unusable as unusable:
        ask_person(lane, row, str(unusable), now=database_clock.now())
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        log.exception("operations.reading_failed", operation=row.pk, name=row.name)
        now = database_clock.now()
        _put_off(lane, row, OWN_FAULT, until=now + pause(row), was_read=True, now=now)
    return None


def _read_and_act(lane: LaneKey, row: Operation, reader: Reader) -> None:
    write, request = call_of(row)
    with step(lane.organization_id):
        rows = list(rows_of(row.pk))
    requests = write.split(request)
    verdicts, read_at = reader.verdicts(row, write, requests, _for_each(rows, len(requests)))
    is_patient = read_at - ended_at(row) >= timedelta(seconds=settings.OPERATION_PATIENCE_SECONDS)
    _act(lane, row, write, requests, rows, verdicts, is_patient=is_patient)


def _claim(lane: LaneKey, row: Operation, *, now: datetime) -> bool:
    row.reading_since = row.reading_since or now
    with step(lane.organization_id):
        claimed = Operation.objects.filter(
            id=row.pk,
            organization_id=lane.organization_id,
            state=Operation.State.UNKNOWN,
            settle_attempts=row.settle_attempts,
        ).update(
            claimed_by=lane.holder,
            claimed_until=now + CLAIM_TTL,
            settle_attempts=F("settle_attempts") + 1,
            reading_since=Coalesce("reading_since", now),
            not_before=now + CLAIM_TTL,
        )
    row.settle_attempts += 1
    return bool(claimed)


def _put_off(lane: LaneKey, row: Operation, why: str, *, until: datetime, was_read: bool, now: datetime) -> None:
    """Read it again at a time, or ask a person where that has lasted long enough."""
    if not was_read:
        row.settle_attempts -= 1
    gives_up_at = (row.reading_since or now) + LONGEST_READING
    if row.needs_person or row.settle_attempts >= MOST_READINGS or now >= gives_up_at:
        ask_person(lane, row, why, now=now, until=until)
    else:
        _read_later(lane, row, until=min(until, gives_up_at), why=why)


def _let_wait(lane: LaneKey, row: Operation, why: str, *, until: datetime) -> None:
    """Nothing is wrong with it: after a restore a whole plan may wait to be read. That asks nobody, and all of the lane
    waits at once.
    """
    with step(lane.organization_id):
        ours(lane, row).update(
            claimed_until=None,
            not_before=until,
            settle_attempts=row.settle_attempts - 1,
            reading_since=None,
            unreadable=why,
        )
    queue.postpone_readings(lane, until=until)


def _act(
    lane: LaneKey,
    row: Operation,
    write: Write[Any],
    requests: Sequence[Any],
    rows: Sequence[PlanRow],
    verdicts: Sequence[Verdict],
    *,
    is_patient: bool,
) -> None:
    now = database_clock.now()
    undecided = [request for request, verdict in zip(requests, verdicts, strict=True) if verdict.is_done is None]
    is_open = [one.state == PlanRow.State.UNKNOWN for one in _for_each(rows, len(requests)) if one is not None]
    if undecided and not is_patient:
        _read_later(lane, row, until=ended_at(row) + timedelta(seconds=settings.OPERATION_PATIENCE_SECONDS))
    elif _may_be_sent_again(write, row) and all(verdict.is_done is False for verdict in verdicts) and all(is_open):
        _send_again(lane, row, now=now)
    else:
        refusal = row.response.get("refused")
        why_not = REFUSED_TOGETHER.format(len(requests), refusal) if refusal else _not_done(row)
        results = [_result(verdict, why_not=why_not) for verdict in verdicts]
        question = question_of(write, undecided) if undecided else ""
        with step(lane.organization_id):
            store(lane, [Conclusion(row, _keep_known(rows, results), why_not, question)], now=now)
        log.info(
            "operations.settled", operation=row.pk, name=row.name, verdicts=[str(one.is_done) for one in verdicts][:10]
        )


def _may_be_sent_again(write: Write[Any], row: Operation) -> bool:
    """What the platform refused it would refuse again; a call that got no answer is worth another try. But not once a
    person was asked, who may have done it by hand, and never an order.
    """
    if not write.is_sent_again or row.needs_person:
        return False
    return row.attempts < MOST_ATTEMPTS and not row.response.get("refused")


def _not_done(row: Operation) -> str:
    return LAST_TRY.format(NOT_DONE, row.error_text) if row.error_text else NOT_DONE


def _result(verdict: Verdict, *, why_not: str) -> ItemResult:
    if verdict.is_done is None:
        return ItemResult(PlanRow.State.UNKNOWN, "Reading the platform does not tell whether it was done.")
    if verdict.is_done:
        return ItemResult(PlanRow.State.SUCCEEDED, result={"settled": "found by reading the platform", **verdict.shown})
    return ItemResult(PlanRow.State.REJECTED, why_not)


def _keep_known(rows: Sequence[PlanRow], results: Sequence[ItemResult]) -> list[ItemResult]:
    """What the platform answered about a row is not replaced by what reading suggests."""
    if len(results) != len(rows):
        return list(results)
    known = (PlanRow.State.SUCCEEDED, PlanRow.State.REJECTED)
    return [
        ItemResult(row.state, row.why) if row.state in known else result
        for row, result in zip(rows, results, strict=True)
    ]


def _send_again(lane: LaneKey, row: Operation, *, now: datetime) -> None:
    """Reading shows that it was not done, so sending it once more doubles nothing. Unless a person was asked meanwhile,
    who may have done it by hand.
    """
    with step(lane.organization_id):
        unasked = ours(lane, row).filter(needs_person=False)
        is_ours = unasked.update(
            state=Operation.State.QUEUED,
            claimed_until=None,
            not_before=now,
            settle_attempts=0,
            reading_since=None,
            unreadable="",
            wait_reason="The platform did not answer and it was not done: it is sent again.",
        )
        if is_ours:
            rows_of(row.pk).filter(state=PlanRow.State.UNKNOWN).update(state=PlanRow.State.QUEUED)
            interrupted_plans.interrupt_where_missed(row, now=now)


def _read_later(lane: LaneKey, row: Operation, *, until: datetime, why: str = "") -> None:
    """`why`: why it could not be read, where that is the reason."""
    with step(lane.organization_id):
        ours(lane, row).update(
            claimed_until=None, not_before=until, settle_attempts=row.settle_attempts, unreadable=why
        )


def _for_each(rows: Sequence[PlanRow], count: int) -> Sequence[PlanRow | None]:
    """The row of each item; of a call without items, its only row."""
    if len(rows) == count:
        return rows
    return [rows[0] if rows else None] * count
