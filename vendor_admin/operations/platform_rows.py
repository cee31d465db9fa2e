"""Reads of the platform, over REST and within its budgets, what previews depend on while the mirrors may be old."""

from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any

import structlog

from vendor_admin.mirrors.columns import mirror_models, platform_columns
from vendor_admin.mirrors.readings import Ask, Readings
from vendor_admin.operations import allowance, hosts
from vendor_admin.operations.queue import step
from vendor_admin.organizations import database_clock, host_search, tokens
from vendor_admin.organizations.models import Connection
from vendor_admin.organizations.tokens import TokenUnavailable
from vendor_admin.tradovate.entities import ids_by_call
from vendor_admin.tradovate.operations import LOOK_UP_PARAMETERS, entity_operation
from vendor_admin.tradovate.outcomes import Locked, Outcome, Penalized, Success, Unauthorized, WrongHost
from vendor_admin.tradovate.rest import RestClient

log = structlog.get_logger(__name__)

MOST_CALLS = 200
"""A plan that needs more calls to be read waits until the mirrors are fresh: the hour's calls are for changes too."""


class NotRead(Exception):
    """The platform could not be read now; the text says why, in sentences."""


def read(organization_id: int, asks: Sequence[Ask], *, now: datetime) -> Readings:
    """Read everything that is asked for, or raise NotRead. Must not be called inside a transaction."""
    calls = sum(len(ids_by_call(ask.wanted)) for ask in asks)
    if calls > MOST_CALLS:
        raise NotRead(f"To read its rows would take {calls:,} calls, and up to {MOST_CALLS} are made.")
    readings = Readings(organization_id, at=now)
    for environment in sorted({ask.environment for ask in asks}):
        reader = _Reader(organization_id, environment, now=now)
        with closing(reader):
            for ask in asks:
                if ask.environment == environment:
                    model = mirror_models()[ask.entity_type]
                    readings.add(ask, reader.read(ask), model=model, columns=platform_columns(model))
    return readings


class _Reader:
    """One host of one organization, with a good token. Raises NotRead where there is none."""

    def __init__(self, organization_id: int, environment: str, *, now: datetime) -> None:
        with step(organization_id):
            of_host = Connection.objects.select_related("organization").filter(organization_id=organization_id)
            connection = of_host.filter(environment=environment).first()
        name = environment.upper()
        if connection is None or not connection.is_enabled:
            why = f"The {name} connection is paused." if connection else f"There is no {name} connection."
            raise NotRead(why)
        if hold := host_search.hold_on(connection, now=now):
            raise NotRead(hold.reason)
        try:
            token = tokens.access_token(connection_id=connection.pk, organization_id=organization_id, now=now)
        except TokenUnavailable as missing:
            raise NotRead(f"{missing.reason} {missing.advice}") from missing
        self._session = hosts.session_at(connection, token)
        self._ids = {"connection_id": connection.pk, "organization_id": organization_id}
        self._client = RestClient(base_url=self._session.rest_url)

    def close(self) -> None:
        self._client.close()

    def read(self, ask: Ask) -> Iterable[dict[str, Any]]:
        """The entities of one question, in calls of as many ids as the platform takes."""
        name = "ldeps" if ask.by_master else "items"
        operation, (parameter,) = entity_operation(ask.entity_type, name), LOOK_UP_PARAMETERS[name]
        found: list[dict[str, Any]] = []
        for ids in ids_by_call(ask.wanted):
            now = database_clock.now()
            drawn = allowance.draw(self._session.caller, operation, wanted=1, now=now, of_user=allowance.READING_CALLS)
            if not drawn.count:
                raise NotRead(drawn.reason)
            outcome = self._client.call(operation, token=self._session.token, params={parameter: ids})
            entities = outcome.body if isinstance(outcome, Success) else None
            if not isinstance(entities, list) or not all(isinstance(one, dict) and "id" in one for one in entities):
                raise self._not_read(operation, outcome)
            found += entities
        return found

    def _not_read(self, operation: Any, outcome: Outcome) -> NotRead:
        """What a call without an answer means for everybody, and for who asked."""
        now = database_clock.now()
        log.info("operations.rows_not_read", path=operation.path, outcome=type(outcome).__name__)
        if isinstance(outcome, Locked | Penalized):
            allowance.close_after(self._session.caller, operation, outcome, now=now)
            return NotRead(f"The platform slowed down or locked {operation.path}.")
        if isinstance(outcome, WrongHost):
            host_search.resolve(outcome, **self._ids, asked=self._session.rest_url, now=now)
            return NotRead(f"The right host is being asked for: {outcome.text}.")
        # The token is left alone: a right that is missing looks the same, and each login may close a socket.
        what = "does not allow" if isinstance(outcome, Unauthorized) else "did not answer"
        return NotRead(f"The platform {what} {operation.path}.")
