"""Reads one organization's platform for background work, within the budgets and locks, and says why it cannot."""

import enum
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog

from vendor_admin.operations.engine.platform_calls import hosts
from vendor_admin.operations.engine.platform_calls.calls import is_refused, suspects_token
from vendor_admin.operations.engine.platform_calls.gate import Gate
from vendor_admin.operations.engine.platform_calls.token_doubts import TokenDoubts
from vendor_admin.operations.precedence import Priority
from vendor_admin.operations.store import allowance
from vendor_admin.operations.store.allowance import Caller, Drawn
from vendor_admin.operations.store.queue import LaneKey, step
from vendor_admin.organizations.connections import host_search
from vendor_admin.organizations.connections.host_search import HostSearch
from vendor_admin.organizations.models import Connection
from vendor_admin.organizations.platform_access import budgets, host_holds, tokens
from vendor_admin.organizations.platform_access.network_policy import addresses_to_call, judge_name
from vendor_admin.organizations.platform_access.tokens import TokenUnavailable
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.tradovate.catalogue.operation import Operation
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
from vendor_admin.tradovate.trading_calendar import clock_times

log = structlog.get_logger(__name__)

READ_SECONDS = 10.0
"""Shorter than for other calls: with the last call a reading still ends before what it read first is old again."""
KEPT_FOR_CHANGES = "The hour's calls are used up, but for the last, which are kept for changes,"


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


class PlatformReader:
    """One host of one organization, with a good token. Raises NotRead where there is none."""

    def __init__(self, organization_id: int, environment: str, *, now: datetime) -> None:
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
        self._lane = LaneKey(organization_id, environment, holder="")
        self._client = RestClient(
            base_url=self._session.rest_url,
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            resolve=addresses_to_call,
            judge=judge_name,
        )

    @property
    def caller(self) -> Caller:
        """Whose budgets it draws on."""
        return self._session.caller

    def close(self) -> None:
        """End the connection."""
        self._client.close()

    def call(
        self, operation: Operation, *, params: Mapping[str, Any] | None = None, body: Mapping[str, Any] | None = None
    ) -> Outcome:
        """Make one call, drawn from the budgets. Raises NotRead where none can be made now."""
        now = database_clock.now()
        drawn = allowance.draw(
            self.caller, operation, wanted=1, now=now, priority=Priority.NORMAL, of_user=budgets.READING_CALLS
        )
        if not drawn.count:
            raise not_drawn(drawn, KEPT_FOR_CHANGES)
        return self._client.call(operation, token=self._session.token, params=params, body=body)

    def is_token_dead(self, outcome: Outcome) -> bool:
        """Find out whether an answer came of a token that the platform no longer takes. One harmless call tells, made
        only where the answer looks like that; a dead token is given up, and the next reader signs in.
        """
        gate = Gate()
        if not suspects_token(outcome) or not gate.doubt(self._session.token, is_refused=is_refused(outcome)):
            return False
        return TokenDoubts(self._lane, gate).is_dead(self._session, self._client)

    def not_read(self, operation: Operation, outcome: Outcome, rows: str) -> NotRead:
        """What a call without an answer means for everybody, and for who asked."""
        now = database_clock.now()
        log.info("operations.rows_not_read", path=operation.path, outcome=type(outcome).__name__)
        if isinstance(outcome, Locked | Penalized):
            until = allowance.close_after(self._session.caller, operation, outcome, now=now)
            return NotRead(
                f"The platform takes no calls for {rows} until {clock_times(until)}.", Fault.LOCKED, until=until
            )
        if isinstance(outcome, WrongHost):
            found = host_search.resolve(outcome, **self._ids, asked=self._session.rest_url, now=now)
            if isinstance(found, HostSearch):
                return NotRead(f"The right host is being asked for: {outcome.text}.", Fault.WRONG_HOST)
            outcome = found  # it was the right one: its answer is about what was asked
        if isinstance(outcome, Unauthorized):
            # The token is left alone: a right that is missing looks the same, and each login may close a socket
            # (`is_token_dead` tells).
            return NotRead(f"The platform does not let us read {rows} ({outcome.status}).", Fault.NOT_ALLOWED)
        if isinstance(outcome, NotSent):
            hosts.fall_back(self._ids["organization_id"], self._session, outcome)
        status = outcome.status if isinstance(outcome, Unknown | Rejected | Success) else None
        if status is None:
            return NotRead(f"The platform did not answer when asked for {rows}.", Fault.NO_ANSWER)
        if status < 300:
            return NotRead(f"The platform answered with something else when asked for {rows}.", Fault.ERROR)
        return NotRead(f"The platform answered with an error ({status}) when asked for {rows}.", Fault.ERROR)


def not_drawn(drawn: Drawn, used_up: str) -> NotRead:
    """No calls can be made now: closed by the platform, or a budget that is used up until a time."""
    until = f" until {clock_times(drawn.until)}" if drawn.until is not None else ""
    if drawn.is_locked:
        return NotRead(f"The platform takes no calls of this user{until}.", Fault.LOCKED, until=drawn.until)
    return NotRead(f"{used_up}{until}.", Fault.BUDGET, until=drawn.until)
