"""How fresh what a page or a plan shows is: by an organization's sockets, gaps, and comparisons with the platform.

Moments are compared only where the database stamped both; how long rows wait is measured by the hub that holds them,
within its own clock. So no host's clock makes old rows look fresh.
"""

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import JSONObject

from vendor_admin.mirrors.columns import mirror_models
from vendor_admin.mirrors.models.base import Source
from vendor_admin.organizations.models import Connection
from vendor_admin.sync.models import Gap, ReadingPlace, SyncState
from vendor_admin.sync.rolling import is_lapped
from vendor_admin.tradovate.socket.reconnect import IN_MAINTENANCE

STORED_WITHIN = timedelta(seconds=30)
"""What a socket received must be stored by then."""
COMPARED_WITHIN = timedelta(hours=26)
"""Mirrors that no snapshot fills are compared every hour, those of a large organization over a day."""
ROUNDS = 2
"""What is read by masters alone goes round all of them; a round may take that much longer than the one before it."""


@dataclass(frozen=True)
class Freshness:
    """One environment: live when all its sockets are. `since`: when the longest silent of the others was heard.

    `why` says why it is not live, without an end. An environment that never had a connection is not `is_known`.
    """

    environment: str
    is_live: bool
    why: str = ""
    since: datetime | None = None
    is_known: bool = True


class _Reading(NamedTuple):
    """How far a connection has read a type that the platform lists by masters alone. Times are None before the first
    round is over.
    """

    round: int
    next_master: int
    goal_round: int | None
    goal_master: int | None
    began_at: datetime | None
    ended_at: datetime | None

    def why_old(self, environment: str, entity_type: str, *, now: datetime) -> str:
        """Why these mirrors may be old, without an end."""
        name, what = environment.upper(), _named([entity_type])
        if self.began_at is None or self.ended_at is None:
            return f"The {what} of {name} have not all been read yet"
        if not is_lapped(self.round, self.next_master, self.goal_round, self.goal_master):
            return f"The {what} that {name} missed in its last gap have not all been read yet"
        within = max(COMPARED_WITHIN, ROUNDS * (self.ended_at - self.began_at))
        return _not_compared(name, within) if now - self.ended_at > within else ""


class _Socket(NamedTuple):
    """A connection with one of its leases, or without any."""

    environment: str
    is_enabled: bool
    created_at: datetime
    removed_at: datetime | None
    shard_count: int
    entity_types: list[str]
    lease_id: int | None
    shard: int | None
    state: str | None
    holder: str | None
    expires_at: datetime | None
    last_frame_at: datetime | None
    waiting_ms: int | None
    settled_at: datetime | None
    reconciled_at: datetime | None
    refused_types: list[str] | None
    reason: str | None
    places: list[dict[str, str | int | None]]

    @property
    def readings(self) -> dict[str, _Reading]:
        """By entity type."""
        return {str(one["entity_type"]): _reading_of(one) for one in self.places}


_OF_LEASE = (
    "id", "shard", "state", "holder", "expires_at", "last_frame_at", "waiting_ms", "settled_at", "reconciled_at",
    "refused_types", "reason",
)  # fmt: skip


def freshness(
    *, organization_id: int, now: datetime, environments: Iterable[str] = ("demo", "live")
) -> list[Freshness]:
    """The state of each environment's sockets, in one query."""
    sockets = _sockets(organization_id)
    return [_of(name, [one for one in sockets if one.environment == name], now=now) for name in environments]


class Sockets:
    """An organization's sockets with their newest gaps, looked at once. `now` is the database's time. Two queries."""

    def __init__(self, organization_id: int, *, now: datetime) -> None:
        self._now = now
        self._sockets = _sockets(organization_id)
        self._gaps = {gap.lease_id: gap for gap in _newest_gaps(self._sockets)}

    def why_old(self, environment: str, entity_types: Iterable[str]) -> str:
        """Why the mirrors of these types may say something else than the platform, without an end; empty if they do
        not.

        They are as fresh as can be known when they are among those that the connection mirrors, every socket is live
        and has stored what it received, what was missed in its last gap has been read, and, for types that no snapshot
        tells, the last comparison is not too long ago and was not refused. What the platform lists by masters alone is
        told by how far its reading is, type by type.
        """
        sockets = [one for one in self._sockets if one.environment == environment]
        state = _of(environment, sockets, now=self._now)
        if not state.is_live:
            return state.why
        if left_out := [one for one in set(entity_types) if any(_leaves_out(socket, one) for socket in sockets)]:
            return f"{environment.upper()} does not mirror {_named(left_out)}: they are not chosen in its connection"
        name, gaps = environment.upper(), [self._gaps[one.lease_id] for one in sockets if one.lease_id in self._gaps]
        if any(one.settled_at is None for one in sockets) or any(gap.settled_at is None for gap in gaps):
            return f"{name} has just come back, and what was missed meanwhile is still being read"
        others = sorted(one for one in set(entity_types) if mirror_models()[one].source is not Source.SNAPSHOT)
        if not others:
            return ""
        if refused := [one for one in others if any(one in (socket.refused_types or ()) for socket in sockets)]:
            return f"{name} does not let its user read {_named(refused)}"
        readings = {name: one for socket in sockets for name, one in socket.readings.items()}
        rolling = [one for one in others if mirror_models()[one].source is Source.LDEPS and one in readings]
        whys = [readings[one].why_old(environment, one, now=self._now) for one in rolling]
        if any(whys) or len(rolling) == len(others):
            return next(filter(None, whys), "")
        compared_at = max((one.reconciled_at for one in sockets if one.shard == 0 and one.reconciled_at), default=None)
        if compared_at is None or self._now - compared_at > COMPARED_WITHIN:
            return _not_compared(name, COMPARED_WITHIN)
        is_repaired = all(
            gap.lists_read_at or gap.repaired_at or (gap.settled_at and compared_at > gap.settled_at) for gap in gaps
        )
        return "" if is_repaired else f"What {name} missed in its last gap has not been read yet"

    def has_missed_since(self, environment: str, moment: datetime) -> bool:
        """Whether a gap was open then, or later, of which what was missed has been read by now."""
        leases = {one.lease_id for one in self._sockets if one.environment == environment}
        return any(
            lease_id in leases and gap.settled_at is not None and gap.settled_at > moment
            for lease_id, gap in self._gaps.items()
        )


def _reading_of(place: dict[str, str | int | None]) -> _Reading:
    """What PostgreSQL's JSON says of a place."""
    numbers = (place["round"], place["next_master"], place["goal_round"], place["goal_master"])
    times = (place["last_began_at"], place["last_ended_at"])
    return _Reading(*numbers, *(datetime.fromisoformat(str(one)) if one else None for one in times))  # type: ignore[arg-type]


def _not_compared(name: str, within: timedelta) -> str:
    return f"{name} has not been compared with the platform for over {within.total_seconds() / 3600:.0f} hours"


def _leaves_out(socket: _Socket, entity_type: str) -> bool:
    """Whether the connection's choice of types, where one was made, is without this one."""
    return bool(socket.entity_types) and entity_type not in socket.entity_types


def _named(entity_types: Iterable[str]) -> str:
    return ", ".join(sorted(str(mirror_models()[one]._meta.verbose_name_plural) for one in entity_types))


def _sockets(organization_id: int) -> list[_Socket]:
    """Every socket that is wanted; a connection without leases has one row, without a lease, as has a removed one."""
    found = map(_Socket._make, _of_connections().filter(organization_id=organization_id))
    return [one for one in found if one.shard is None or one.shard < one.shard_count]


@functools.cache
def _of_connections() -> QuerySet[Connection, tuple[Any, ...]]:
    """What is read of every connection, put together once: each page of staff asks for it."""
    fields = ["environment", "is_enabled", "created_at", "removed_at", "shard_count", "entity_types"]
    fields += [f"leases__{name}" for name in _OF_LEASE]
    kept = ("entity_type", "round", "next_master", "goal_round", "goal_master", "last_began_at", "last_ended_at")
    places = ReadingPlace.unscoped.filter(connection=OuterRef("pk")).values(place=JSONObject(**{k: k for k in kept}))
    return Connection.unscoped.values_list(*fields, ArraySubquery(places)).order_by("leases__shard")


def _newest_gaps(sockets: Sequence[_Socket]) -> list[Gap]:
    ids = [one.lease_id for one in sockets if one.lease_id is not None]
    return list(Gap.objects.filter(lease_id__in=ids).order_by("lease_id", "-id").distinct("lease_id"))


def _of(environment: str, sockets: Sequence[_Socket], *, now: datetime) -> Freshness:
    name = environment.upper()
    if not sockets:
        return Freshness(environment, False, f"There is no {name} connection", is_known=False)
    behind = [one for one in sockets if not _is_live(one, now=now)]
    if not behind:
        return Freshness(environment, True)
    silent_longest = min(behind, key=lambda one: one.last_frame_at or one.created_at)
    return Freshness(
        environment, False, f"{name} is not live ({_state_of(silent_longest, now=now)})", silent_longest.last_frame_at
    )


def _state_of(socket: _Socket, *, now: datetime) -> str:
    if socket.removed_at is not None:
        return "its connection was removed"
    if not socket.is_enabled:
        return "paused"
    if not _is_held(socket, now=now):
        return "no worker holds its socket"
    if socket.state == SyncState.LIVE:
        return "its worker does not get stored what it receives"
    if socket.state == SyncState.WAITING and (socket.reason or "").startswith(IN_MAINTENANCE):
        until = (socket.reason or "").partition(".")[0]
        return until[0].lower() + until[1:]
    return str(SyncState(socket.state or SyncState.UNHELD).label)


def _is_held(socket: _Socket, *, now: datetime) -> bool:
    return bool(socket.holder) and socket.expires_at is not None and socket.expires_at > now


def _is_live(socket: _Socket, *, now: datetime) -> bool:
    is_wanted = socket.is_enabled and socket.removed_at is None
    is_stored = timedelta(milliseconds=socket.waiting_ms or 0) <= STORED_WITHIN
    return is_wanted and socket.state == SyncState.LIVE and _is_held(socket, now=now) and is_stored
