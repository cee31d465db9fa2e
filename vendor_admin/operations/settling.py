"""Finds out by reading what came of an operation whose outcome is unknown. Nothing is repeated before that is known.

Evidence that it was done, or after some patience that it was not, settles it. Where reading cannot tell, a person is
asked, with both possibilities spelled out (decisions.py). Where it cannot be read at all, a person is asked after
MOST_READINGS or LONGEST_READING; it is still read now and then, and what is found then closes the question.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.db.models import F
from django.db.models.functions import Coalesce

from vendor_admin.operations import allowance, queue
from vendor_admin.operations.allowance import Caller
from vendor_admin.operations.asking import LONGEST_READING, ask_person, ours, question_of
from vendor_admin.operations.masking import storable
from vendor_admin.operations.models import Operation, PlanRow
from vendor_admin.operations.queue import LaneKey, step
from vendor_admin.operations.results import LONGEST_TEXT, Conclusion, ItemResult, Unusable, call_of
from vendor_admin.operations.storing import rows_of, store
from vendor_admin.organizations import database_clock
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.operations.reading import Entity, LookUp, Reading
from vendor_admin.tradovate.operations.write import Write
from vendor_admin.tradovate.outcomes import Locked, Outcome, Penalized
from vendor_admin.tradovate.rest import RestClient

log = structlog.get_logger(__name__)

MOST_ATTEMPTS = 3
CLAIM_TTL = timedelta(seconds=60)
LONGEST_PAUSE_SECONDS = 30.0
MOST_READINGS = 20
REFUSED_TOGETHER = "The platform refused these {} together, perhaps for another of them, and changed nothing here: {}"
NOT_DONE = "Reading the platform shows that it was not done. Retry the plan to send it again."
LEAST_WAIT_FOR_SHARE = timedelta(seconds=30)
LAST_TRY = "{} The last try ended with: {}"
OWN_FAULT = "An error of this service, which is in its log."


Judge = Callable[[Outcome], Outcome]


def as_it_is(outcome: Outcome) -> Outcome:
    """The judge where no host is in question."""
    return outcome


class _NotRead(Exception):
    """The platform could not be read, and why; `until` is when to try again.

    `outcome` is what a call came to; None where none was made, which does not count as a reading. `waits_its_turn`
    where the hour's share of readings is used up: others were read instead.
    """

    def __init__(
        self, why: str, *, until: datetime, outcome: Outcome | None = None, waits_its_turn: bool = False
    ) -> None:
        super().__init__(why)
        self.until, self.outcome, self.waits_its_turn = until, outcome, waits_its_turn


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
        _read_and_act(lane, row, client, caller=caller, token=token, judge=judge)
    except _NotRead as failed:
        now = database_clock.now()
        if failed.waits_its_turn:
            _let_wait(lane, row, until=max(failed.until, now + LEAST_WAIT_FOR_SHARE))
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
        _put_off(lane, row, OWN_FAULT, until=now + _pause(row), was_read=True, now=now)
    return None


def _read_and_act(
    lane: LaneKey, row: Operation, client: RestClient, *, caller: Caller, token: str, judge: Judge
) -> None:
    write, request = call_of(row)
    with step(lane.organization_id):
        rows = list(rows_of(row.pk))
    requests = write.split(request)
    read_at = database_clock.now()  # what came later than this may be missing from what is read
    found = _read_all(write, row, requests, client=client, caller=caller, token=token, judge=judge)
    patience = timedelta(seconds=settings.OPERATION_PATIENCE_SECONDS)
    changes_nothing = write.settling is None  # so it may be asked again, whatever came of it
    verdicts = [
        False
        if changes_nothing
        else write.happened(request, _reading(row, one, found, read_at=read_at), patience=patience)
        for request, one in zip(requests, _for_each(rows, len(requests)), strict=True)
    ]
    _act(lane, row, write, requests, rows, verdicts, is_patient=read_at - _ended_at(row) >= patience)


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
        _read_later(lane, row, until=min(until, gives_up_at))


def _let_wait(lane: LaneKey, row: Operation, *, until: datetime) -> None:
    """Nothing is wrong with it: after a restore a whole plan may wait to be read. That asks nobody, and all of the lane
    waits at once.
    """
    with step(lane.organization_id):
        ours(lane, row).update(
            claimed_until=None, not_before=until, settle_attempts=row.settle_attempts - 1, reading_since=None
        )
    queue.postpone_readings(lane, until=until)


def _read_all(
    write: Write[Any],
    row: Operation,
    requests: Sequence[Any],
    *,
    client: RestClient,
    caller: Caller,
    token: str,
    judge: Judge,
) -> dict[LookUp, Sequence[Entity]]:
    """The answers of all look-ups that these requests need, each made once."""
    environment = Environment(row.environment)
    wanted = dict.fromkeys(one for request in requests for one in write.look_ups(request, environment))
    now = database_clock.now()
    share = allowance.draw_readings(caller, count=len(wanted), now=now)
    if share.until is not None:
        raise _NotRead(share.reason, until=share.until, waits_its_turn=not share.is_locked)
    found: dict[LookUp, Sequence[Entity]] = {}
    for look_up in wanted:
        now = database_clock.now()
        drawn = allowance.draw(caller, look_up.operation, wanted=1, now=now, of_user=allowance.READING_CALLS)
        if not drawn.count:
            raise _NotRead(drawn.reason, until=drawn.until or now + _pause(row))
        outcome = judge(client.call(look_up.operation, token=token, params=look_up.parameters))
        if isinstance(outcome, Locked | Penalized):
            until = allowance.close_after(caller, look_up.operation, outcome, now=database_clock.now())
            raise _NotRead(_in_words(look_up, outcome), until=until, outcome=outcome)
        entities = look_up.entities(outcome)
        if entities is None:
            log.info("operations.not_readable_yet", operation=row.pk, outcome=type(outcome).__name__)
            raise _NotRead(_in_words(look_up, outcome), until=database_clock.now() + _pause(row), outcome=outcome)
        found[look_up] = entities
    return found


def _in_words(look_up: LookUp, outcome: Outcome) -> str:
    """Why a look-up told nothing."""
    said = next((getattr(outcome, name) for name in ("error_text", "reason", "text") if hasattr(outcome, name)), "")
    words = storable(said)[:LONGEST_TEXT].rstrip(".") or f"an answer of another form ({type(outcome).__name__})"
    return f"{look_up.operation.path}: {words}."


def _reading(
    row: Operation, plan_row: PlanRow | None, found: Mapping[LookUp, Sequence[Entity]], *, read_at: datetime
) -> Reading:
    by_type: dict[str, list[Entity]] = {}
    for look_up, entities in found.items():
        by_type.setdefault(look_up.entity_type, []).extend(entities)
    return Reading(
        environment=Environment(row.environment),
        sent_at=_sent_at(row),
        ended_at=_ended_at(row),
        read_at=read_at,
        found=by_type,
        mark=row.short_id,
        before=plan_row.old or None if plan_row is not None else None,
    )


def _act(
    lane: LaneKey,
    row: Operation,
    write: Write[Any],
    requests: Sequence[Any],
    rows: Sequence[PlanRow],
    verdicts: Sequence[bool | None],
    *,
    is_patient: bool,
) -> None:
    now = database_clock.now()
    undecided = [request for request, verdict in zip(requests, verdicts, strict=True) if verdict is None]
    is_open = [one.state == PlanRow.State.UNKNOWN for one in _for_each(rows, len(requests)) if one is not None]
    if undecided and not is_patient:
        _read_later(lane, row, until=_ended_at(row) + timedelta(seconds=settings.OPERATION_PATIENCE_SECONDS))
    elif _may_be_sent_again(row) and not any(verdict is not False for verdict in verdicts) and all(is_open):
        _send_again(lane, row, now=now)
    else:
        refusal = row.response.get("refused")
        why_not = REFUSED_TOGETHER.format(len(requests), refusal) if refusal else _not_done(row)
        results = [_result(verdict, why_not=why_not) for verdict in verdicts]
        question = question_of(write, undecided) if undecided else ""
        with step(lane.organization_id):
            store(lane, [Conclusion(row, _keep_known(rows, results), why_not, question)], now=now)
        log.info("operations.settled", operation=row.pk, name=row.name, verdicts=[str(one) for one in verdicts][:10])


def _may_be_sent_again(row: Operation) -> bool:
    """What the platform refused it would refuse again; a call that got no answer is worth another try. But not once a
    person was asked, who may have done it by hand.
    """
    return row.attempts < MOST_ATTEMPTS and not row.needs_person and not row.response.get("refused")


def _not_done(row: Operation) -> str:
    return LAST_TRY.format(NOT_DONE, row.error_text) if row.error_text else NOT_DONE


def _result(verdict: bool | None, *, why_not: str) -> ItemResult:
    if verdict is None:
        return ItemResult(PlanRow.State.UNKNOWN, "Reading the platform does not tell whether it was done.")
    if verdict:
        return ItemResult(PlanRow.State.SUCCEEDED, result={"settled": "found by reading the platform"})
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
            wait_reason="The platform did not answer and it was not done: it is sent again.",
        )
        if is_ours:
            rows_of(row.pk).filter(state=PlanRow.State.UNKNOWN).update(state=PlanRow.State.QUEUED)


def _read_later(lane: LaneKey, row: Operation, *, until: datetime) -> None:
    with step(lane.organization_id):
        ours(lane, row).update(claimed_until=None, not_before=until, settle_attempts=row.settle_attempts)


def _for_each(rows: Sequence[PlanRow], count: int) -> Sequence[PlanRow | None]:
    """The row of each item; of a call without items, its only row."""
    if len(rows) == count:
        return rows
    return [rows[0] if rows else None] * count


def _pause(row: Operation) -> timedelta:
    """Until the next try to read, longer each time."""
    return timedelta(seconds=min(LONGEST_PAUSE_SECONDS, 2.0 ** min(row.settle_attempts - 1, 9)))


def _sent_at(row: Operation) -> datetime:
    return row.sent_at or row.created_at


def _ended_at(row: Operation) -> datetime:
    """By when the call had certainly ended: until then it may be anywhere on its way."""
    return row.call_ended_at or _sent_at(row)
