"""Reads as much of an entity as the log and the mirrors need: its id, its account, and fields we do not know.

The fast way decodes with a struct of the mirror's columns; an entity with an unknown key or a value of another form
takes the slow way, key by key (odd_values.py). An id of 0 means none: nothing is found or remembered by it.
"""

import re
from functools import cache
from itertools import count, islice
from typing import Annotated, Any

import msgspec

from vendor_admin.mirrors.columns import mirror_models, platform_columns
from vendor_admin.sync.log.odd_values import Id, is_a_day, is_plain, oddity_of, usual_type
from vendor_admin.sync.log.rows import Oddity
from vendor_admin.tradovate.values import MAX_ID, id_of

MAX_REMEMBERED = 200_000
# Pages and readers show entities with Python's own JSON, which recurses.
MAX_DEPTH = 200
_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)
# Which entity leads to the account of entities that do not name it: (key, entity type that the key refers to).
_LEADS_TO_ACCOUNT = {
    "orderVersion": ("orderId", "order"),
    "command": ("orderId", "order"),
    "commandReport": ("commandId", "command"),
    "fill": ("orderId", "order"),
    "fillFee": ("id", "fill"),
    "fillPair": ("positionId", "position"),
}
_REMEMBERED_TYPES = frozenset({"order", "command", "fill", "position"})
# Types whose entity stands inside another object: a notice of the other environment wraps what it is about.
_WRAPPED_IN = {"OtherEnvAdminAlertSignal": "adminAlertSignal"}
# Masters before their dependents, so that a snapshot's entities find their accounts.
_SNAPSHOT_ORDER = {"account": 0, "order": 1, "position": 1, "command": 2, "fill": 2}

# The account of each (socket, entity type, entity id), the longest unheard of first. Read and written by the one thread
# of a worker's event loop.
_remembered: dict[tuple[int, str, int], int] = {}
_sockets = count()
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


class UnreadableEntityError(ValueError):
    """The entity cannot be stored; the text says why."""


class Accounts:
    """Remembers the account of orders, commands, fills and positions of one socket.

    All sockets of a worker together remember MAX_REMEMBERED of them, those that were last heard of.
    """

    def __init__(self) -> None:
        self._socket = next(_sockets)

    def remember(self, entity_type: str, entity_id: int, account_id: int) -> None:
        key = self._socket, entity_type, entity_id
        if _remembered.pop(key, None) is None and len(_remembered) >= MAX_REMEMBERED:
            for oldest in list(islice(_remembered, MAX_REMEMBERED // 4)):
                del _remembered[oldest]
        _remembered[key] = account_id

    def account_of(self, entity_type: str, entity_id: int) -> int | None:
        return _remembered.get((self._socket, entity_type, entity_id))


def snapshot_order(entity_type: str) -> int:
    """Sort key for the collections of a snapshot."""
    return _SNAPSHOT_ORDER.get(entity_type, 3)


def read_entity(
    entity_type: str, entity: bytes, accounts: Accounts
) -> tuple[int, int | None, bytes | None, Oddity | None]:
    """The entity's (id, account id, JSON of unknown fields, what its mirror reads otherwise than it came).

    Raises UnreadableEntityError.
    """
    if len(entity) > 2 * MAX_DEPTH and _depth(entity) > MAX_DEPTH:
        raise UnreadableEntityError(f"nested deeper than {MAX_DEPTH} levels")
    reader = _reader(entity_type)
    try:
        known = reader.usual.decode(entity)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _read_slowly(entity_type, entity, accounts, reader)
    if not _is_plain(known, entity, reader):
        return _read_slowly(entity_type, entity, accounts, reader)
    lead = getattr(known, reader.lead_key) if reader.lead_key else None
    return known.id, _account_id(entity_type, known.id, known.accountId, lead, accounts, reader), None, None


_ID = ("id", Annotated[int, msgspec.Meta(ge=1, le=MAX_ID)])


class _Reader:
    """What is known about one entity type. `usual` decodes an entity of known keys, `known` passes over the others."""

    def __init__(self, entity_type: str) -> None:
        model = mirror_models().get(entity_type)
        self.is_typed = model is not None
        self.id_is_account_id = model is not None and model.id_is_account_id
        self.lead_key, self.lead_type = _LEADS_TO_ACCOUNT.get(entity_type, ("", ""))
        self.remembers = entity_type in _REMEMBERED_TYPES
        self.columns = platform_columns(model) if model is not None else ()
        self.keys = {"id", *(column.json_key for column in self.columns)}
        types = {column.json_key: usual_type(column) for column in self.columns} | {"id": Id, "accountId": Id}
        if self.lead_key:
            types[self.lead_key] = Id
        self.times = tuple(column.json_key for column in self.columns if column.is_time)
        self.days = tuple(column.json_key for column in self.columns if column.is_trade_date)
        fields = [
            (key, type_, msgspec.Raw() if type_ is msgspec.Raw else None) for key, type_ in types.items() if key != "id"
        ]
        self.usual = _decoder([_ID, *fields], forbids_unknown=self.is_typed)
        self.known = _decoder([_ID, *fields], forbids_unknown=False)


def _decoder(fields: list[Any], *, forbids_unknown: bool) -> msgspec.json.Decoder[Any]:
    struct = msgspec.defstruct(f"Known_{len(fields)}", fields, forbid_unknown_fields=forbids_unknown, gc=False)
    return msgspec.json.Decoder(struct)


@cache
def _typed_reader(entity_type: str) -> _Reader:
    return _Reader(entity_type)


@cache
def _untyped_reader() -> _Reader:
    return _Reader("")


def _reader(entity_type: str) -> _Reader:
    return _typed_reader(entity_type) if entity_type in mirror_models() else _untyped_reader()


def _account_id(
    entity_type: str, entity_id: int, named: int | None, lead: int | None, accounts: Accounts, reader: _Reader
) -> int | None:
    if reader.id_is_account_id or entity_type == "account":
        return entity_id
    account_id = named
    if account_id is None and lead is not None:
        account_id = accounts.account_of(reader.lead_type, lead)
    if account_id is not None and reader.remembers:
        accounts.remember(entity_type, entity_id, account_id)
    return account_id


def _read_slowly(
    entity_type: str, entity: bytes, accounts: Accounts, reader: _Reader
) -> tuple[int, int | None, bytes | None, Oddity | None]:
    try:
        members = _members.decode(entity)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableEntityError(f"not readable as JSON: {error}") from None
    wrapper = _WRAPPED_IN.get(entity_type)
    named = _value(members.get(wrapper)) if wrapper and "id" not in members else None
    given = named.get("id") if isinstance(named, dict) else _value(members.get("id"))
    if given is None:
        raise UnreadableEntityError("the entity has no id")
    entity_id = id_of(given)
    if entity_id is None:
        raise UnreadableEntityError("the entity's id is not a whole number from 1 on")
    lead = id_of(_value(members.get(reader.lead_key))) if reader.lead_key else None
    named_account = id_of(_value(members.get("accountId")))
    account_id = _account_id(entity_type, entity_id, named_account, lead, accounts, reader)
    if not reader.is_typed:
        return entity_id, account_id, None, None
    extra = {key: value for key, value in members.items() if key not in reader.keys and key != "accountId"}
    oddity = None if _is_usual(entity, reader) else oddity_of(members, reader.columns)
    return entity_id, account_id, msgspec.json.encode(extra) if extra else None, oddity


def _is_usual(entity: bytes, reader: _Reader) -> bool:
    """Whether all known values are of the usual form: only a key that we do not know led here."""
    try:
        known = reader.known.decode(entity)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return _is_plain(known, entity, reader)


def _is_plain(known: Any, entity: bytes, reader: _Reader) -> bool:
    """Whether PostgreSQL stores times and days of the usual form just as they were read."""
    for key in reader.times:
        time = getattr(known, key)
        if time is not None and not is_plain(time, entity):
            return False
    for key in reader.days:
        day = getattr(known, key)
        if day is not None and not is_a_day(day):
            return False
    return True


def _value(raw: msgspec.Raw | None) -> Any:
    """The value of a member; None for one that is missing, null, or beyond what Python can hold."""
    try:
        return None if raw is None else msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _depth(entity: bytes) -> int:
    """How deep objects and lists are nested, or a lower bound where it cannot be deep."""
    if entity.count(b"[") + entity.count(b"{") <= MAX_DEPTH:
        return 0
    depth = deepest = 0
    for sign in _BRACKETS.findall(entity):
        depth += (sign in b"[{") - (sign in b"]}")
        deepest = max(deepest, depth)
    return deepest
