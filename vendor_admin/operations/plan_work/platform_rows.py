"""Reads of the platform, over REST and within its budgets, what previews depend on while the mirrors may be old."""

import enum
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, closing
from datetime import datetime
from typing import Any

import structlog

from vendor_admin.mirrors.columns import mirror_models, platform_columns
from vendor_admin.mirrors.readings import Ask, Readings
from vendor_admin.operations.engine import hosts
from vendor_admin.operations.store import allowance
from vendor_admin.operations.store.allowance import Drawn
from vendor_admin.operations.store.queue import step
from vendor_admin.organizations.connections import host_search
from vendor_admin.organizations.models import Connection
from vendor_admin.organizations.platform_access import budgets, host_holds, tokens
from vendor_admin.organizations.platform_access.network_policy import addresses_to_call, judge_name
from vendor_admin.organizations.platform_access.tokens import TokenUnavailable
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.tradovate.catalogue.operation import MOST_IDS_IN_A_CALL
from vendor_admin.tradovate.operations import LOOK_UP_PARAMETERS, entity_operation
from vendor_admin.tradovate.outcomes import (
    Locked,
    NotSent,
    Outcome,
    Penalized,
    Rejected,
    Success,
    Unauthorized,
    Unknown,
    WrongHost,
)
from vendor_admin.tradovate.rest.client import CONNECT_SECONDS, RestClient
from vendor_admin.tradovate.rest.entities import ids_by_call
from vendor_admin.tradovate.trading_calendar import clock_times

log = structlog.get_logger(__name__)

MOST_CALLS = 200
"""A plan that needs more calls to be read waits until the mirrors are fresh: the hour's calls are for changes too."""
MOST_IDS = MOST_CALLS * MOST_IDS_IN_A_CALL
LONGEST_READING_SECONDS = 90.0
READ_SECONDS = 10.0
"""Shorter than for other calls: with the last call a reading still ends before what it read first is old again."""
TOO_MANY = f"To read its rows would take more than {MOST_CALLS} calls of the platform, so they are not read."


class Fault(enum.StrEnum):
    """Why rows could not be read. While the same fault lasts, the platform is asked less and less often."""

    TOO_MANY_CALLS = "too_many_calls"
    NO_CONNECTION = "no_connection"
    WRONG_HOST = "wrong_host"
    NO_TOKEN = "no_token"  # noqa: S105 - no secret
    BUDGET = "budget"
    LOCKED = "locked"
    NOT_ALLOWED = "not_allowed"
    NO_ANSWER = "no_answer"
    ERROR = "error"
    TOO_LONG = "too_long"
    NOT_COMPARED = "not_compared"
    OWN = "own"


class NotRead(Exception):
    """The platform could not be read now; the text says why, in sentences. `until`: before that it cannot be either."""

    def __init__(self, why: str, fault: Fault, *, until: datetime | None = None) -> None:
        super().__init__(why)
        self.fault, self.until = fault, until


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
    """One host of one organization, with a good token. Raises NotRead where there is none."""

    def __init__(self, organization_id: int, environment: str, *, now: datetime, ends_at: float) -> None:
        self._ends_at = ends_at
        self._share = Drawn(0, now)
        with step(organization_id):
            of_host = Connection.objects.select_related("organization").filter(organization_id=organization_id)
            connection = of_host.filter(environment=environment).first()
        name = environment.upper()
        if connection is None or not connection.is_enabled:
            why = f"The {name} connection is paused." if connection else f"There is no {name} connection."
            raise NotRead(why, Fault.NO_CONNECTION)
        if hold := host_holds.hold_on(connection, now=now):
            raise NotRead(hold.reason, Fault.WRONG_HOST)
        try:
            token = tokens.access_token(connection_id=connection.pk, organization_id=organization_id, now=now)
        except TokenUnavailable as missing:
            raise NotRead(f"{missing.reason} {missing.advice}", Fault.NO_TOKEN) from missing
        self._session = hosts.session_at(connection, token)
        self._ids = {"connection_id": connection.pk, "organization_id": organization_id}
        self._client = RestClient(
            base_url=self._session.rest_url,
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            resolve=addresses_to_call,
            judge=judge_name,
        )

    def draw(self, count: int) -> None:
        """Take all the calls of the reading out of the share of readings, or none."""
        now = database_clock.now()
        drawn = allowance.draw_readings(self._session.caller, count=count, now=now, share=allowance.ROW_READS)
        if drawn.until is not None:
            raise _not_drawn(drawn, "The hour's share of calls for reading rows is used up")
        self._share = drawn

    def close(self) -> None:
        """Give back what was drawn and not called."""
        self._client.close()
        left, drawn_at = self._share.count, self._share.at
        allowance.give_back_readings(self._session.caller, count=left, drawn_at=drawn_at, share=allowance.ROW_READS)

    def read(self, ask: Ask) -> Iterable[dict[str, Any]]:
        """The entities of one question, in calls of as many ids as the platform takes."""
        name = "ldeps" if ask.by_master else "items"
        operation, (parameter,) = entity_operation(ask.entity_type, name), LOOK_UP_PARAMETERS[name]
        found: list[dict[str, Any]] = []
        for ids in ids_by_call(ask.wanted):
            if time.monotonic() > self._ends_at:
                why = f"The platform answered so slowly that its rows were not read in {LONGEST_READING_SECONDS:.0f} s."
                raise NotRead(why, Fault.TOO_LONG)
            now = database_clock.now()
            drawn = allowance.draw(self._session.caller, operation, wanted=1, now=now, of_user=budgets.READING_CALLS)
            if not drawn.count:
                raise _not_drawn(drawn, "The hour's calls are used up, but for the last, which are kept for changes,")
            self._share = Drawn(self._share.count - 1, self._share.at)
            outcome = self._client.call(operation, token=self._session.token, params={parameter: ids})
            entities = outcome.body if isinstance(outcome, Success) else None
            if not isinstance(entities, list) or not all(isinstance(one, dict) and "id" in one for one in entities):
                raise self._not_read(operation, outcome, rows_in_words(ask))
            found += entities
        return found

    def _not_read(self, operation: Any, outcome: Outcome, rows: str) -> NotRead:
        """What a call without an answer means for everybody, and for who asked."""
        now = database_clock.now()
        log.info("operations.rows_not_read", path=operation.path, outcome=type(outcome).__name__)
        if isinstance(outcome, Locked | Penalized):
            until = allowance.close_after(self._session.caller, operation, outcome, now=now)
            return NotRead(
                f"The platform takes no calls for {rows} until {clock_times(until)}.", Fault.LOCKED, until=until
            )
        if isinstance(outcome, WrongHost):
            host_search.resolve(outcome, **self._ids, asked=self._session.rest_url, now=now)
            return NotRead(f"The right host is being asked for: {outcome.text}.", Fault.WRONG_HOST)
        if isinstance(outcome, Unauthorized):
            # The token is left alone: a right that is missing looks the same, and each login may close a socket.
            return NotRead(f"The platform does not let us read {rows} ({outcome.status}).", Fault.NOT_ALLOWED)
        if isinstance(outcome, NotSent):
            hosts.fall_back(self._ids["organization_id"], self._session, outcome)
        status = outcome.status if isinstance(outcome, Unknown | Rejected | Success) else None
        if status is None:
            return NotRead(f"The platform did not answer when asked for {rows}.", Fault.NO_ANSWER)
        if status < 300:
            return NotRead(f"The platform answered with something else when asked for {rows}.", Fault.ERROR)
        return NotRead(f"The platform answered with an error ({status}) when asked for {rows}.", Fault.ERROR)


def rows_in_words(ask: Ask) -> str:
    """What is asked for, in people's words: "the account's row", "the rows of the cash balances"."""
    names = mirror_models()[ask.entity_type]._meta
    return f"the {names.verbose_name}'s row" if len(ask.wanted) == 1 else f"the rows of the {names.verbose_name_plural}"


def _not_drawn(drawn: Drawn, used_up: str) -> NotRead:
    """No calls can be made now: closed by the platform, or a budget that is used up until a time."""
    until = f" until {clock_times(drawn.until)}" if drawn.until is not None else ""
    if drawn.is_locked:
        return NotRead(f"The platform takes no calls of this user{until}.", Fault.LOCKED, until=drawn.until)
    return NotRead(f"{used_up}{until}.", Fault.BUDGET, until=drawn.until)
