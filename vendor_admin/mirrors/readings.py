"""What the platform has just shown, in place of what the mirrors say: for previews while the mirrors may be old.

Hubs alone write mirrors, and while no socket is live nobody does. So what a worker reads over REST is not stored in
them: inside `Readings.in_force` every query of a mirror sees the entities that were read instead of its rows.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import QuerySet
from django.db.models.sql import Query
from django.db.models.sql.compiler import SQLCompiler
from django.db.models.sql.datastructures import BaseTable

from vendor_admin.mirrors.fields.values import Kind, OddValueError, column_value
from vendor_admin.tradovate.operations import ENTITIES
from vendor_admin.tradovate.values import id_of

_in_force: ContextVar["Readings | None"] = ContextVar("readings_in_force", default=None)


@dataclass(frozen=True, slots=True)
class Ask:
    """Entities that a preview depends on: those of these ids, or with `by_master` those that belong to these masters
    (a cash balance, to its account). `ids` may hold None and repeat themselves.
    """

    environment: str
    entity_type: str
    ids: Sequence[int | None]
    by_master: bool = False

    @property
    def wanted(self) -> list[int]:
        """The ids to ask for, each once."""
        return list(dict.fromkeys(one for one in self.ids if one is not None))


class Readings:
    """What was read of one organization, beginning at `at`. What was asked for and not found is not there."""

    def __init__(self, organization_id: int, *, at: datetime) -> None:
        self.organization_id, self.at = organization_id, at
        self._asked: dict[str, list[tuple[str, str, list[int]]]] = defaultdict(list)
        self._found: dict[str, list[dict[str, Any]]] = defaultdict(list)

    def add(self, ask: Ask, entities: Iterable[Mapping[str, Any]], *, model: Any, columns: Sequence[Any]) -> None:
        """Take in the whole answer to one question. `columns` are those of the model that the platform fills."""
        table = model._meta.db_table
        key = "entity_id"
        if ask.by_master:
            master = f"{ENTITIES[ask.entity_type].master}Id"
            key = next(column.name for column in columns if column.json_key == master)
        self._asked[table].append((ask.environment, key, ask.wanted))
        known = {"id", *(column.json_key for column in columns)}
        for entity in entities:
            entity_id = id_of(entity["id"])
            if entity_id is None:
                continue
            row: dict[str, Any] = {column.name: _value(column, entity.get(column.json_key)) for column in columns}
            extra = {name: value for name, value in entity.items() if name not in known}
            row |= {"id": 0, "entity_id": entity_id, "organization_id": self.organization_id, "extra": extra or None}
            row |= {"environment": ask.environment, "lease_id": 0, "epoch": 0, "seq": 0, "received_at": self.at}
            self._found[table].append(row)

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """Let every query of a mirror see what was read."""
        token = _in_force.set(self)
        try:
            yield
        finally:
            _in_force.reset(token)

    def table(self, name: str) -> tuple[str, list[Any]] | None:
        """SQL in place of a table: its rows but those that were asked for, and what was found. None: as it is."""
        if name not in self._asked:
            return None
        conditions, parameters = [], list[Any]()
        for environment, key, ids in self._asked[name]:
            conditions.append(f'(environment = %s AND "{key}" IS NOT NULL AND "{key}" = ANY (%s::bigint[]))')
            parameters += [environment, ids]
        rows = {(row["environment"], row["entity_id"]): row for row in self._found[name]}.values()
        was_asked = " OR ".join(conditions)
        kept = f'SELECT * FROM "{name}" WHERE NOT (organization_id = %s AND ({was_asked}))'  # noqa: S608 - our own names
        found = f'SELECT * FROM jsonb_populate_recordset(NULL::"{name}", %s::jsonb)'  # noqa: S608
        return f"{kept} UNION ALL {found}", [
            self.organization_id,
            *parameters,
            msgspec.json.encode(list(rows)).decode(),
        ]


def readings_in_force() -> Readings | None:
    """What queries of mirrors see now instead of their rows, if anything."""
    return _in_force.get()


class _Table(BaseTable):
    """A mirror in a FROM clause."""

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        readings = _in_force.get()
        instead = readings.table(self.table_name) if readings is not None else None
        if instead is None:
            return super().as_sql(compiler, connection)
        sql, parameters = instead
        alias = compiler.quote_name_unless_alias(self.table_alias or self.table_name)
        return f"({sql}) {alias}", tuple(parameters)


class _Query(Query):
    base_table_class = _Table


class MirrorQuerySet(QuerySet[Any]):
    """Rows of a mirror, or what was read of the platform instead while readings are in force."""

    def __init__(self, model: Any = None, query: Any = None, using: str | None = None, hints: Any = None) -> None:
        super().__init__(model, query or _Query(model), using, hints)


def _value(column: Kind, value: object) -> object:
    """What a column holds of a value; nothing where it cannot take it, as in a mirror that never had another."""
    try:
        return column_value(column, value)
    except OddValueError:
        return None
