"""Reads of the platform, over REST and within its budgets, what previews depend on while the mirrors may be old."""

import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, closing
from datetime import datetime

import structlog

from vendor_admin.mirrors.columns import mirror_models, platform_columns
from vendor_admin.mirrors.readings import Ask, Readings
from vendor_admin.operations.plan_work.platform_reader import Fault, NotRead, PlatformReader, not_drawn
from vendor_admin.operations.store import allowance
from vendor_admin.operations.store.allowance import Drawn
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.tradovate.catalogue.operation import MOST_IDS_IN_A_CALL
from vendor_admin.tradovate.operations import LOOK_UP_PARAMETERS, entity_operation
from vendor_admin.tradovate.outcomes import (
    Success,
)
from vendor_admin.tradovate.rest.entities import ids_by_call

log = structlog.get_logger(__name__)

MOST_CALLS = 200
"""A plan that needs more calls to be read waits until the mirrors are fresh: the hour's calls are for changes too."""
MOST_IDS = MOST_CALLS * MOST_IDS_IN_A_CALL
LONGEST_READING_SECONDS = 90.0
TOO_MANY = f"To read its rows would take more than {MOST_CALLS} calls of the platform, so they are not read."


def calls_of(asks: Iterable[Ask]) -> int:
    """How many calls it takes to read all of this."""
    return sum(len(ids_by_call(ask.wanted)) for ask in asks)


def read(organization_id: int, asks: Sequence[Ask], *, now: datetime) -> Readings:
    """Read everything that is asked for, or raise NotRead. Must not be called inside a transaction.

    Takes LONGEST_READING_SECONDS, and what the last call takes.
    """
    if calls_of(asks) > MOST_CALLS:
        raise NotRead(TOO_MANY, Fault.TOO_MANY_CALLS)
    ends_at = time.monotonic() + LONGEST_READING_SECONDS
    readings = Readings(organization_id, at=now)
    with ExitStack() as readers:
        of_host = {}
        for environment in sorted({ask.environment for ask in asks}):
            reader = readers.enter_context(closing(_Reader(organization_id, environment, now=now, ends_at=ends_at)))
            reader.draw(calls_of(ask for ask in asks if ask.environment == environment))
            of_host[environment] = reader
        for ask in asks:
            model = mirror_models()[ask.entity_type]
            readings.add(ask, of_host[ask.environment].read(ask), model=model, columns=platform_columns(model))
    return readings


class _Reader:
    """The reading of one host of one organization. Raises NotRead where there is no good token for it."""

    def __init__(self, organization_id: int, environment: str, *, now: datetime, ends_at: float) -> None:
        self._ends_at = ends_at
        self._share = Drawn(0, now)
        self._platform = PlatformReader(organization_id, environment, now=now)

    def draw(self, count: int) -> None:
        """Take all the calls of the reading out of the share of readings, or none."""
        now = database_clock.now()
        drawn = allowance.draw_readings(self._platform.caller, count=count, now=now, share=allowance.ROW_READS)
        if drawn.until is not None:
            raise not_drawn(drawn, "The hour's share of calls for reading rows is used up")
        self._share = drawn

    def close(self) -> None:
        """Give back what was drawn and not called."""
        self._platform.close()
        left, drawn_at = self._share.count, self._share.at
        allowance.give_back_readings(self._platform.caller, count=left, drawn_at=drawn_at, share=allowance.ROW_READS)

    def read(self, ask: Ask) -> Iterable[dict[str, object]]:
        """The entities of one question, in calls of as many ids as the platform takes."""
        name = "ldeps" if ask.by_master else "items"
        operation, (parameter,) = entity_operation(ask.entity_type, name), LOOK_UP_PARAMETERS[name]
        found: list[dict[str, object]] = []
        for ids in ids_by_call(ask.wanted):
            if time.monotonic() > self._ends_at:
                why = f"The platform answered so slowly that its rows were not read in {LONGEST_READING_SECONDS:.0f} s."
                raise NotRead(why, Fault.TOO_LONG)
            outcome = self._platform.call(operation, params={parameter: ids})
            self._share = Drawn(self._share.count - 1, self._share.at)
            entities = outcome.body if isinstance(outcome, Success) else None
            if not isinstance(entities, list) or not all(isinstance(one, dict) and "id" in one for one in entities):
                raise self._platform.not_read(operation, outcome, rows_in_words(ask))
            found += entities
        return found


def rows_in_words(ask: Ask) -> str:
    """What is asked for, in people's words: "the account's row", "the rows of the cash balances"."""
    names = mirror_models()[ask.entity_type]._meta
    return f"the {names.verbose_name}'s row" if len(ask.wanted) == 1 else f"the rows of the {names.verbose_name_plural}"
