"""Reads of the platform what tells whether an operation of unknown outcome was done, within its share of the hour."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings

from vendor_admin.mirrors.models import Account, PlatformUser
from vendor_admin.operations.models import Operation, PlanRow
from vendor_admin.operations.precedence import Priority
from vendor_admin.operations.store import allowance
from vendor_admin.operations.store.allowance import MOST_PROOFS, Caller
from vendor_admin.operations.store.queue import step
from vendor_admin.operations.store.verdicts import LONGEST_TEXT
from vendor_admin.organizations.platform_access import budgets
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.tradovate.catalogue.look_ups import Entity, LookUp, Reading
from vendor_admin.tradovate.catalogue.write import Write
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.masking import storable
from vendor_admin.tradovate.outcomes import Json, Locked, Outcome, Penalized, Unknown
from vendor_admin.tradovate.rest.client import RestClient

log = structlog.get_logger(__name__)

LONGEST_PAUSE_SECONDS = 30.0
MOST_STEPS = 3
"""How many times what was found may lead on to something else to be read."""
NOTHING_SHOWN = (
    "{}: the platform lists nothing there, not even what has to be there. Perhaps it is the wrong host or API key."
)

Judge = Callable[[Outcome], Outcome]
Found = dict[LookUp, Sequence[Entity]]


def as_it_is(outcome: Outcome) -> Outcome:
    """The judge where no host is in question."""
    return outcome


class OutcomeNotRead(Exception):
    """The platform could not be read about an unknown outcome, and why; `until` is when to try again.

    `outcome` is what a call came to; None where none was made, which does not count as a reading. `waits_its_turn`
    where the hour's share of readings is used up: others were read instead.
    """

    def __init__(
        self, why: str, *, until: datetime, outcome: Outcome | None = None, waits_its_turn: bool = False
    ) -> None:
        super().__init__(why)
        self.until, self.outcome, self.waits_its_turn = until, outcome, waits_its_turn


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request of one item was carried out; None where that cannot be told. `shown` is what an answer would
    have told of it, as far as reading shows it.
    """

    is_done: bool | None
    shown: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads as one platform user. `judge` tells what an answer of a wrong host is worth."""

    client: RestClient
    caller: Caller
    token: str
    judge: Judge = as_it_is

    def verdicts(
        self, row: Operation, write: Write[Any], requests: Sequence[Any], rows: Sequence[PlanRow | None]
    ) -> tuple[list[Verdict], datetime]:
        """What became of each request of one item, and when it was read.

        Where something is not found, it counts only once the platform has shown what has to be there. Raises
        OutcomeNotRead.
        """
        read_at = database_clock.now()  # what came later than this may be missing from what is read
        if write.settling is None:  # it changes nothing, so it may be asked again, whatever came of it
            return [Verdict(False)] * len(requests), read_at
        environment = Environment(row.environment)
        found: Found = {}
        self._read(row, (one for request in requests for one in write.look_ups(request, environment)), found)
        known = {} if all(found.values()) else self._known(row)
        self._read_further(row, write, list(zip(requests, rows, strict=True)), found, read_at=read_at)
        patience = timedelta(seconds=settings.OPERATION_PATIENCE_SECONDS)

        def judged() -> list[tuple[Any, Reading, bool | None]]:
            readings = [_reading(row, one, found, read_at=read_at, known=known) for one in rows]
            return [
                (request, reading, write.happened(request, reading, patience=patience))
                for request, reading in zip(requests, readings, strict=True)
            ]

        is_patient = read_at - ended_at(row) >= patience
        proofs = dict.fromkeys(
            proof
            for request, reading, verdict in judged()
            if (verdict is not None or is_patient) and (proof := write.proof(request, reading, found))
        )
        self._read(row, [one for one in proofs if one not in found][:MOST_PROOFS], found)
        silent = next((one for one in proofs if one in found and not found[one]), None)
        if silent is not None:
            why = NOTHING_SHOWN.format(silent.operation.path)
            raise OutcomeNotRead(why, until=database_clock.now() + pause(row), outcome=Unknown(why))
        verdicts = [
            Verdict(is_done, write.shown(request, reading) if is_done else {}) for request, reading, is_done in judged()
        ]
        return verdicts, read_at

    def _read_further(
        self,
        row: Operation,
        write: Write[Any],
        items: Sequence[tuple[Any, PlanRow | None]],
        found: Found,
        *,
        read_at: datetime,
    ) -> None:
        """Read what the found leads to: the orders of a position's account, then their commands."""
        for _ in range(MOST_STEPS):
            more = [
                look_up
                for request, one in items
                for look_up in write.further(request, _reading(row, one, found, read_at=read_at, known={}))
                if look_up not in found
            ]
            if not more:
                return
            self._read(row, more, found)

    def _read(self, row: Operation, look_ups: Iterable[LookUp], found: Found) -> None:
        """Add the answers of all these look-ups, each made once."""
        wanted = dict.fromkeys(look_ups)
        if not wanted:
            return
        now = database_clock.now()
        share = allowance.draw_readings(self.caller, count=len(wanted), now=now)
        if share.until is not None:
            raise OutcomeNotRead(share.reason, until=share.until, waits_its_turn=not share.is_locked)
        for look_up in wanted:
            found[look_up] = self._look_up(row, look_up)

    def _look_up(self, row: Operation, look_up: LookUp) -> Sequence[Entity]:
        now = database_clock.now()
        drawn = allowance.draw(
            self.caller, look_up.operation, wanted=1, now=now, priority=Priority.NORMAL, of_user=budgets.READING_CALLS
        )
        if not drawn.count:
            raise OutcomeNotRead(drawn.reason, until=drawn.until or now + pause(row))
        outcome = self.judge(self.client.call(look_up.operation, token=self.token, params=look_up.parameters))
        if isinstance(outcome, Locked | Penalized):
            until = allowance.close_after(self.caller, look_up.operation, outcome, now=database_clock.now())
            raise OutcomeNotRead(_in_words(look_up, outcome), until=until, outcome=outcome)
        entities = look_up.entities(outcome)
        if entities is None:
            log.info("operations.not_readable_yet", operation=row.pk, outcome=type(outcome).__name__)
            raise OutcomeNotRead(_in_words(look_up, outcome), until=database_clock.now() + pause(row), outcome=outcome)
        return entities

    def _known(self, row: Operation) -> dict[str, LookUp]:
        """What asks for the newest user and account that the mirrors have; without any, for the user who calls."""
        environment = Environment(row.environment)
        known = {"user": LookUp(environment, "user", "find", self.caller.user_name)}
        for model in (PlatformUser, Account):
            with step(row.organization_id):
                own = model.objects.filter(organization_id=row.organization_id, environment=row.environment)
                ids = own.filter(deleted_at=None).order_by("-entity_id").values_list("entity_id", flat=True)
                newest = ids.first()
            if newest is not None:
                known[model.entity_type] = LookUp(environment, model.entity_type, "item", newest)
        return known


def pause(row: Operation) -> timedelta:
    """Until the next try to read, longer each time."""
    return timedelta(seconds=min(LONGEST_PAUSE_SECONDS, 2.0 ** min(row.settle_attempts - 1, 9)))


def ended_at(row: Operation) -> datetime:
    """By when the call had certainly ended: until then it may be anywhere on its way."""
    return row.call_ended_at or _sent_at(row)


def _sent_at(row: Operation) -> datetime:
    return row.sent_at or row.created_at


def _reading(
    row: Operation,
    plan_row: PlanRow | None,
    found: Mapping[LookUp, Sequence[Entity]],
    *,
    read_at: datetime,
    known: Mapping[str, LookUp],
) -> Reading:
    by_type: dict[str, list[Entity]] = {}
    for look_up, entities in found.items():
        by_type.setdefault(look_up.entity_type, []).extend(entities)
    return Reading(
        environment=Environment(row.environment),
        sent_at=_sent_at(row),
        ended_at=ended_at(row),
        read_at=read_at,
        found=by_type,
        mark=row.short_id,
        before=plan_row.old or None if plan_row is not None else None,
        known=known,
    )


def _in_words(look_up: LookUp, outcome: Outcome) -> str:
    """Why a look-up told nothing."""
    said = next((getattr(outcome, name) for name in ("error_text", "reason", "text") if hasattr(outcome, name)), "")
    words = storable(said)[:LONGEST_TEXT].rstrip(".") or f"an answer of another form ({type(outcome).__name__})"
    return f"{look_up.operation.path}: {words}."
