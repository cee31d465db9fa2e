"""Turns waiting rows into the few JSON parameters of one flush."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from vendor_admin.sync.log.rows import BadRow, Row, by_lease
from vendor_admin.sync.log.statements import NONE_LEFT_OUT, MirrorStatements, statements_for
from vendor_admin.sync.models import Kind
from vendor_admin.tradovate.values import is_ahead, time_of


class _Stamped(msgspec.Struct):
    timestamp: datetime | None = None


class _StampedOddly(msgspec.Struct):
    timestamp: object = None


_stamped, _stamped_oddly = msgspec.json.Decoder(_Stamped), msgspec.json.Decoder(_StampedOddly)
Parameters = Sequence[object] | dict[str, object]
_Key = tuple[int, int, str]
_Latest = dict[str, dict[_Key, Row]]
_ENDS = frozenset({int(Kind.DELETED), int(Kind.VANISHED)})
_type_json: dict[str, bytes] = {}


class JsonParameter(bytes):
    """JSON text that goes to the server as it is (see writer.register_json_parameter)."""


def log_parameters(rows: Sequence[Row]) -> dict[str, object]:
    """The log's rows, in their order; a socket, and the time of a frame, are sent once and pointed at."""
    sockets, times = _Places(), _Places()
    objects = [
        b'{"s":%d,"v":"%b","q":%d,"r":%d,"k":%d,"t":%b,"i":%d,"a":%b,"e":%b}'
        % (
            sockets.of((row.organization_id, row.lease_id, row.epoch)),
            row.environment.encode(),
            row.seq,
            times.of(row.received_at),
            row.kind,
            _json_of(row.entity_type),
            row.entity_id,
            b"null" if row.account_id is None else b"%d" % row.account_id,
            row.entity,
        )
        for row in rows
    ]
    return {"log_rows": _array(objects), "log_sockets": _sockets_text(sockets), "log_times": f"{{{','.join(times)}}}"}


def ledger_parameter(rows: Sequence[Row | BadRow]) -> JsonParameter:
    """One ledger row per socket of the flush."""
    return _array(
        b'{"o":%d,"l":%d,"p":%d,"f":%d,"t":%d,"n":%d,"rf":"%b","rt":"%b"}'
        % (
            group[0].organization_id,
            lease_id,
            epoch,
            group[0].seq,
            group[-1].seq,
            len(group),
            group[0].received_at.encode(),
            group[-1].received_at.encode(),
        )
        for (lease_id, epoch), group in by_lease(rows).items()
    )


def fence_parameter(fences: dict[int, int]) -> JsonParameter:
    """Lease ids and the fences under which they are held."""
    return _array(b'{"id":%d,"fence":%d}' % (lease_id, fence) for lease_id, fence in sorted(fences.items()))


class Step(NamedTuple):
    """Rows that one statement takes to a mirror, sorted by key; `is_end` for those that say that an entity is gone."""

    statements: MirrorStatements
    rows: list[Row]
    is_end: bool


def by_mirror(rows: Iterable[Row]) -> list[Step]:
    """What a batch does to the mirrors, in order: as if its rows came one by one, but each entity is set once.

    Per mirror: the ends that a later state of the entity was told after, the latest state of each entity, and the ends
    after those. An end that a state came after stays, for the mirror may hold a newer one that refuses this state.
    """
    ended_before: _Latest = {}
    states: _Latest = {}
    ended_after: _Latest = {}
    for row in rows:
        key = (row.organization_id, row.entity_id, row.environment)
        if row.kind in _ENDS:
            state = states.get(row.entity_type, {}).get(key)
            if state is None or not _arrived_before(row, state):
                ended_after.setdefault(row.entity_type, {})[key] = row
        else:
            of_type = states.setdefault(row.entity_type, {})
            if key in of_type and (_arrived_before(row, of_type[key]) or _is_older(row, of_type[key])):
                continue
            of_type[key] = row
            ended = ended_after.get(row.entity_type)
            if ended and key in ended:
                ended_before.setdefault(row.entity_type, {})[key] = ended.pop(key)
    return [
        step
        for entity_type in sorted(states.keys() | ended_after.keys())
        for step in (
            *_ends(entity_type, ended_before),
            *_of_states(entity_type, states.get(entity_type, {})),
            *_ends(entity_type, ended_after),
        )
    ]


def _ends(entity_type: str, ended: _Latest) -> Iterator[Step]:
    if rows := ended.get(entity_type):
        yield Step(statements_for(entity_type), _sorted_by_key(rows), is_end=True)


def _of_states(entity_type: str, states: dict[_Key, Row]) -> Iterator[Step]:
    """Sorted by key, so that several hubs lock rows in the same order; entities with values left out by themselves."""
    rows = _sorted_by_key(states)
    left_out = {row.oddity.left_out for row in rows if row.oddity is not None} - {NONE_LEFT_OUT}
    for columns in (NONE_LEFT_OUT, *sorted(left_out, key=sorted)):
        group = [row for row in rows if _left_out_of(row) == columns] if left_out else rows
        if group:
            yield Step(statements_for(entity_type, columns), group, is_end=False)


def _left_out_of(row: Row) -> frozenset[str]:
    return row.oddity.left_out if row.oddity is not None else NONE_LEFT_OUT


def _sorted_by_key(rows: dict[_Key, Row]) -> list[Row]:
    return [row for _, row in sorted(rows.items())]


def _arrived_before(row: Row, other: Row) -> bool:
    """Whether one socket says that a row is the earlier of two: a number may have been set aside before."""
    return row.lease_id == other.lease_id and (row.epoch, row.seq) < (other.epoch, other.seq)


def _is_older(row: Row, other: Row) -> bool:
    """Whether an entity says of itself that it is older than another state of it: the platform may reorder events.

    A time ahead of its arrival says nothing, and a snapshot knows better than what an earlier connection heard.
    """
    if row.is_difference and row.lease_id == other.lease_id and row.epoch > other.epoch:
        return False
    mine, theirs = _timestamp_of(row), _timestamp_of(other)
    if mine is None or theirs is None or mine >= theirs:
        return False
    return not is_ahead(theirs, arrived_at=datetime.fromisoformat(other.received_at))


def _timestamp_of(row: Row) -> datetime | None:
    try:
        time = _stamped.decode(row.entity).timestamp
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _odd_timestamp_of(row)
    return time.replace(tzinfo=UTC) if time is not None and time.tzinfo is None else time


def _odd_timestamp_of(row: Row) -> datetime | None:
    try:
        return time_of(_stamped_oddly.decode(row.entity).timestamp)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def mirror_parameters(statements: MirrorStatements, rows: Sequence[Row]) -> dict[str, object]:
    """The rows of one mirror: the platform's object with our keys behind its own, or wrapped for the generic mirror.

    Of two equal keys jsonb keeps the last, so what is mended stands between.
    """
    return _pointing_at_sockets(rows, _generic_object if statements.is_generic else _typed_object)


def deletion_parameters(rows: Sequence[Row]) -> dict[str, object]:
    """The keys of entities that the platform deleted."""
    return _pointing_at_sockets(rows, _deletion_object)


def _pointing_at_sockets(rows: Sequence[Row], render: Callable[[Row, int], bytes]) -> dict[str, object]:
    sockets = _Places()
    objects = [render(row, sockets.of((row.organization_id, row.lease_id, row.epoch))) for row in rows]
    return {"rows": _array(objects), "sockets": _sockets_text(sockets)}


def _typed_object(row: Row, socket: int) -> bytes:
    return b'%b%b,"_a":%b,"_x":%b,"id":%d%b' % (
        row.entity[:-1],
        b"" if row.oddity is None else row.oddity.mended,
        b"null" if row.account_id is None else b"%d" % row.account_id,
        row.extra or b"null",
        row.entity_id,
        _own(row, socket),
    )


def _generic_object(row: Row, socket: int) -> bytes:
    return b'{"_e":%b,"_i":%d,"_t":%b%b' % (row.entity, row.entity_id, _json_of(row.entity_type), _own(row, socket))


def _deletion_object(row: Row, socket: int) -> bytes:
    return b'{"_i":%d,"_t":%b%b' % (row.entity_id, _json_of(row.entity_type), _own(row, socket))


def _own(row: Row, socket: int) -> bytes:
    """Our keys, and the end of the object."""
    return b',"_s":%d,"_v":"%b","_q":%d,"_r":"%b"}' % (
        socket,
        row.environment.encode(),
        row.seq,
        row.received_at.encode(),
    )


class _Places(dict[Any, int]):
    """Numbers things from 1 on, as Postgres numbers an array's elements."""

    def of(self, thing: Any) -> int:
        return self.setdefault(thing, len(self) + 1)


def _sockets_text(sockets: _Places) -> str:
    return "{" + ",".join(f"{{{organization},{lease},{epoch}}}" for organization, lease, epoch in sockets) + "}"


def _json_of(entity_type: str) -> bytes:
    encoded = _type_json.get(entity_type)
    if encoded is None:
        encoded = msgspec.json.encode(entity_type)
        if len(_type_json) < 1000:
            _type_json[entity_type] = encoded
    return encoded


def _array(objects: Iterable[bytes]) -> JsonParameter:
    return JsonParameter(b"[" + b",".join(objects) + b"]")
