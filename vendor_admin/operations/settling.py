"""Finds out by reading what came of an operation whose outcome is unknown. Nothing is repeated before that is known.

Evidence that it was done, or after some patience that it was not, settles it. Where reading cannot tell, a person is
asked, with both possibilities spelled out (decisions.py).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db.models import F

from vendor_admin.operations import allowance
from vendor_admin.operations.allowance import Caller
from vendor_admin.operations.models import Operation, PlanRow
from vendor_admin.operations.queue import LaneKey, step
from vendor_admin.operations.results import Conclusion, ItemResult, body_of
from vendor_admin.operations.storing import rows_of, store
from vendor_admin.organizations import database_clock
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.operations import write_at
from vendor_admin.tradovate.operations.reading import Entity, LookUp, Reading
from vendor_admin.tradovate.operations.write import Write
from vendor_admin.tradovate.outcomes import Locked, Penalized
from vendor_admin.tradovate.rest import RestClient

log = structlog.get_logger(__name__)

MOST_ATTEMPTS = 3
CLAIM_TTL = timedelta(seconds=60)
LONGEST_PAUSE_SECONDS = 30.0
REFUSED_TOGETHER = "The platform refused these {} together, perhaps for another of them, and changed nothing here: {}"
NOT_DONE = "The platform did not answer, and reading shows that it was not done. Retry the plan to send it again."


class _NotRead(Exception):
    """The platform could not be read now; `until` is when to try again."""

    def __init__(self, until: datetime) -> None:
        super().__init__("not read")
        self.until = until


def settle(lane: LaneKey, row: Operation, client: RestClient, *, caller: Caller, token: str) -> None:
    """Read what the platform shows of an operation, and store what follows from it."""
    now = database_clock.now()
    if not _claim(lane, row, now=now):
        return
    write = write_at(row.name)
    with step(lane.organization_id):
        rows = list(rows_of(row.pk))
    requests = write.split(write.parse(body_of(row)))
    read_at = database_clock.now()  # what came later than this may be missing from what is read
    try:
        found = _read_all(write, row, requests, client=client, caller=caller, token=token)
    except _NotRead as failed:
        _read_later(lane, row, until=failed.until)
        return
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
    with step(lane.organization_id):
        claimed = Operation.objects.filter(
            id=row.pk,
            organization_id=lane.organization_id,
            state=Operation.State.UNKNOWN,
            settle_attempts=row.settle_attempts,
        ).update(claimed_by=lane.holder, settle_attempts=F("settle_attempts") + 1, not_before=now + CLAIM_TTL)
    row.settle_attempts += 1
    return bool(claimed)


def _read_all(
    write: Write[Any], row: Operation, requests: Sequence[Any], *, client: RestClient, caller: Caller, token: str
) -> dict[LookUp, Sequence[Entity]]:
    """The answers of all look-ups that these requests need, each made once."""
    environment = Environment(row.environment)
    found: dict[LookUp, Sequence[Entity]] = {}
    for look_up in (one for request in requests for one in write.look_ups(request, environment)):
        if look_up in found:
            continue
        now = database_clock.now()
        drawn = allowance.draw(caller, look_up.operation, wanted=1, now=now)
        if not drawn.count:
            raise _NotRead(drawn.until or now + _pause(row))
        outcome = client.call(look_up.operation, token=token, params=look_up.parameters)
        if isinstance(outcome, Locked | Penalized):
            raise _NotRead(allowance.close_after(caller, look_up.operation, outcome, now=database_clock.now()))
        entities = look_up.entities(outcome)
        if entities is None:
            log.info("operations.not_readable_yet", operation=row.pk, outcome=type(outcome).__name__)
            raise _NotRead(now + _pause(row))
        found[look_up] = entities
    return found


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
        why_not = REFUSED_TOGETHER.format(len(requests), refusal) if refusal else NOT_DONE
        results = [_result(verdict, why_not=why_not) for verdict in verdicts]
        question = _question(write, undecided) if undecided else ""
        with step(lane.organization_id):
            store(lane, [Conclusion(row, _keep_known(rows, results), why_not, question)], now=now)
        log.info("operations.settled", operation=row.pk, name=row.name, verdicts=[str(one) for one in verdicts][:10])


def _may_be_sent_again(row: Operation) -> bool:
    """What the platform refused it would refuse again; a call that got no answer is worth another try."""
    return row.attempts < MOST_ATTEMPTS and not row.response.get("refused")


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


def _question(write: Write[Any], undecided: Sequence[Any]) -> str:
    doubts = [write.doubt(request) for request in undecided[:5]]
    more = f" ({len(undecided) - 5} more are in the same doubt.)" if len(undecided) > 5 else ""
    return "\n".join(f"If it was done: {one.if_done} If it was not: {one.if_not_done}" for one in doubts) + more


def _send_again(lane: LaneKey, row: Operation, *, now: datetime) -> None:
    """Reading shows that it was not done, so sending it once more doubles nothing."""
    with step(lane.organization_id):
        Operation.objects.filter(id=row.pk, state=Operation.State.UNKNOWN, claimed_by=lane.holder).update(
            state=Operation.State.QUEUED,
            claimed_until=None,
            not_before=now,
            wait_reason="The platform did not answer and it was not done: it is sent again.",
        )
        rows_of(row.pk).filter(state=PlanRow.State.UNKNOWN).update(state=PlanRow.State.QUEUED)


def _read_later(lane: LaneKey, row: Operation, *, until: datetime) -> None:
    with step(lane.organization_id):
        Operation.objects.filter(id=row.pk, state=Operation.State.UNKNOWN, claimed_by=lane.holder).update(
            not_before=until
        )


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
