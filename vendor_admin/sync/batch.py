"""Turns waiting rows into the few JSON parameters of one flush."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from vendor_admin.sync.models import Kind
from vendor_admin.sync.rows import BadRow, Row, by_lease
from vendor_admin.sync.statements import MirrorStatements, statements_for


class _Stamped(msgspec.Struct):
    timestamp: datetime | None = None


_stamped = msgspec.json.Decoder(_Stamped)
Parameters = Sequence[object] | dict[str, object]
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


def by_mirror(rows: Iterable[Row]) -> list[tuple[MirrorStatements, list[Row], list[Row]]]:
    """Per mirror: the latest row of each entity that sets values, and the last row of each entity whose end is a
    deletion.

    Sorted by key, so that several hubs lock rows in the same order.
    """
    values: dict[str, dict[tuple[int, int, str], Row]] = {}
    deletions: dict[str, dict[tuple[int, int, str], Row]] = {}
    for row in rows:
        key = (row.organization_id, row.entity_id, row.environment)
        if row.kind in _ENDS:
            value = values.get(row.entity_type, {}).get(key)
            if value is None or not _arrived_before(row, value):
                deletions.setdefault(row.entity_type, {})[key] = row
        else:
            of_type = values.setdefault(row.entity_type, {})
            if key not in of_type or not _is_older(row, of_type[key]):
                of_type[key] = row
            deleted = deletions.get(row.entity_type)
            if deleted:
                deleted.pop(key, None)
    return [
        (
            statements_for(entity_type),
            [row for _, row in sorted(values.get(entity_type, {}).items())],
            [row for _, row in sorted(deletions.get(entity_type, {}).items())],
        )
        for entity_type in sorted(values.keys() | deletions.keys())
    ]


def _arrived_before(row: Row, other: Row) -> bool:
    """Whether one socket says that a row is the earlier of two: a number may have been set aside before."""
    return row.lease_id == other.lease_id and (row.epoch, row.seq) < (other.epoch, other.seq)


def _is_older(row: Row, other: Row) -> bool:
    """Whether an entity says of itself that it is older than another state of it: the platform may reorder events."""
    try:
        mine, theirs = _stamped.decode(row.entity).timestamp, _stamped.decode(other.entity).timestamp
        return mine is not None and theirs is not None and mine < theirs
    except (msgspec.MsgspecError, TypeError):
        return False


def mirror_parameters(statements: MirrorStatements, rows: Sequence[Row]) -> dict[str, object]:
    """The rows of one mirror: the platform's object with our keys behind its own, or wrapped for the generic mirror."""
    return _pointing_at_sockets(rows, _generic_object if statements.is_generic else _typed_object)


def deletion_parameters(rows: Sequence[Row]) -> dict[str, object]:
    """The keys of entities that the platform deleted."""
    return _pointing_at_sockets(rows, _deletion_object)


def _pointing_at_sockets(rows: Sequence[Row], render: Callable[[Row, int], bytes]) -> dict[str, object]:
    sockets = _Places()
    objects = [render(row, sockets.of((row.organization_id, row.lease_id, row.epoch))) for row in rows]
    return {"rows": _array(objects), "sockets": _sockets_text(sockets)}


def _typed_object(row: Row, socket: int) -> bytes:
    return b'%b,"_a":%b,"_x":%b,"id":%d%b' % (
        row.entity[:-1],
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
