"""Reads as much of an entity as the log and the mirrors need: its id, its account, and fields we do not know.

The fast way decodes with a struct of the mirror's known keys, whose values stay undecoded; an entity with an unknown
key or an odd id takes the slow way through a dict. Wrong types of other values are the database's to refuse.
"""

import re
from functools import cache
from typing import Any

import msgspec

from vendor_admin.mirrors.columns import mirror_models, platform_columns

MAX_REMEMBERED = 200_000
_MAX_BIGINT = 2**63 - 1
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


class UnreadableEntityError(ValueError):
    """The entity cannot be stored; the text says why."""


class Accounts:
    """Remembers the account of orders, commands, fills and positions of one organization and environment."""

    def __init__(self) -> None:
        self._by_entity: dict[tuple[str, int], int] = {}

    def remember(self, entity_type: str, entity_id: int, account_id: int) -> None:
        if len(self._by_entity) >= MAX_REMEMBERED:
            for key in list(self._by_entity)[: MAX_REMEMBERED // 4]:
                del self._by_entity[key]
        self._by_entity[entity_type, entity_id] = account_id

    def account_of(self, entity_type: str, entity_id: int) -> int | None:
        return self._by_entity.get((entity_type, entity_id))


def snapshot_order(entity_type: str) -> int:
    """Sort key for the collections of a snapshot."""
    return _SNAPSHOT_ORDER.get(entity_type, 3)


def read_entity(entity_type: str, entity: bytes, accounts: Accounts) -> tuple[int, int | None, bytes | None]:
    """The entity's (id, account id, JSON of unknown fields). Raises UnreadableEntityError."""
    if len(entity) > 2 * MAX_DEPTH and _depth(entity) > MAX_DEPTH:
        raise UnreadableEntityError(f"nested deeper than {MAX_DEPTH} levels")
    reader = _reader(entity_type)
    try:
        known = reader.decoder.decode(entity)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _read_slowly(entity_type, entity, accounts, reader)
    if not 0 <= known.id <= _MAX_BIGINT:
        raise UnreadableEntityError("id is out of range")
    lead = getattr(known, reader.lead_key) if reader.lead_key else None
    return known.id, _account_id(entity_type, known.id, known.accountId, lead, accounts, reader), None


class _Reader:
    """What is known about one entity type."""

    def __init__(self, entity_type: str) -> None:
        model = mirror_models().get(entity_type)
        self.is_typed = model is not None
        self.id_is_account_id = model is not None and model.id_is_account_id
        self.lead_key, self.lead_type = _LEADS_TO_ACCOUNT.get(entity_type, ("", ""))
        self.remembers = entity_type in _REMEMBERED_TYPES
        self.keys = {"id"} | ({column.json_key for column in platform_columns(model)} if model else set())
        fields: list[tuple[str, Any, Any] | tuple[str, Any]] = [("id", int), ("accountId", int | None, None)]
        if self.lead_key and self.lead_key != "id":
            fields.append((self.lead_key, int | None, None))
        taken = {name for name, *_ in fields}
        fields += [(key, msgspec.Raw, msgspec.Raw()) for key in sorted(self.keys - taken)]
        struct = msgspec.defstruct(f"Known_{len(fields)}", fields, forbid_unknown_fields=self.is_typed, gc=False)
        self.decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(struct)


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
    return account_id if account_id is None or 0 <= account_id <= _MAX_BIGINT else None


def _read_slowly(
    entity_type: str, entity: bytes, accounts: Accounts, reader: _Reader
) -> tuple[int, int | None, bytes | None]:
    try:
        values = msgspec.json.decode(entity)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableEntityError(f"not readable as JSON: {error}") from None
    if not isinstance(values, dict):
        raise UnreadableEntityError("the entity is not an object")
    inner = values.get(_WRAPPED_IN.get(entity_type))
    named = inner if isinstance(inner, dict) and "id" not in values else values
    if "id" not in named:
        raise UnreadableEntityError("the entity has no id")
    entity_id = _integer(named["id"])
    if entity_id is None or not 0 <= entity_id <= _MAX_BIGINT:
        raise UnreadableEntityError("the entity's id is not a whole number")
    lead = _integer(values.get(reader.lead_key)) if reader.lead_key else None
    account_id = _account_id(entity_type, entity_id, _integer(values.get("accountId")), lead, accounts, reader)
    extra = {key: value for key, value in values.items() if key not in reader.keys and key != "accountId"}
    return entity_id, account_id, msgspec.json.encode(extra) if extra and reader.is_typed else None


def _depth(entity: bytes) -> int:
    """How deep objects and lists are nested, or a lower bound where it cannot be deep."""
    if entity.count(b"[") + entity.count(b"{") <= MAX_DEPTH:
        return 0
    depth = deepest = 0
    for sign in _BRACKETS.findall(entity):
        depth += (sign in b"[{") - (sign in b"]}")
        deepest = max(deepest, depth)
    return deepest


def _integer(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and value.strip().lstrip("-").isdigit() and len(value) < 20:
        return int(value)
    return None
