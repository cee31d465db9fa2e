"""Rows of mirrors without models, for what reads many: making models takes longer than reading the rows."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, Final

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from vendor_admin.mirrors.models.base import Mirror
from vendor_admin.mirrors.queries.any_of import among, array_of
from vendor_admin.mirrors.readings import readings_in_force
from vendor_admin.organizations.tenancy.scope import organizations_in_scope, written_for

# What the sync keeps for itself, and what no model has a column for.
_NOT_READ = frozenset({"lease_id", "epoch", "seq", "extra"})
# What stands in a statement for the organization and for the ids until it is asked.
_SOME_ORGANIZATION: Final = -1
_NO_IDS: Final = "{}"

Narrowing = Callable[[QuerySet[Any]], QuerySet[Any]]


class PlainRow:
    """The columns of a row by their names, as a model has them."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__ = values


def plain_rows(rows: QuerySet[Any]) -> list[Any]:
    """Read rows of a mirror. One query."""
    model: Any = rows.model
    names = _columns(model)
    try:
        statement, parameters = rows.values_list(*names).query.sql_with_params()
    except EmptyResultSet:  # the conditions can hold for none
        return []
    return _read(statement, parameters, names)


def rows_among(
    model: type[Mirror],
    field: str,
    ids: Iterable[int | None],
    *,
    organization_id: int,
    narrowed: Narrowing | None = None,
) -> list[Any]:
    """Read rows of a mirror whose field holds one of these ids, `narrowed` by a function that is always the same.

    One query, which is written once for each mirror, field and function: Django takes longer to write one than the
    server to answer it.
    """
    wanted = sorted({one for one in ids if one is not None})
    if not wanted or organization_id not in organizations_in_scope():
        return []
    if readings_in_force() is not None:  # they change the statement
        rows = model.objects.filter(among(field, wanted), organization_id=organization_id)
        return plain_rows(narrowed(rows) if narrowed else rows)
    statement, parameters = _statement(model, field, narrowed)
    asked: dict[Any, Any] = {_SOME_ORGANIZATION: organization_id, _NO_IDS: array_of(wanted)}
    names = _columns(model)
    return _read(statement, [asked.get(value, value) for value in parameters], names)


def _read(statement: str, parameters: Sequence[Any], names: Sequence[str]) -> list[Any]:
    """The rows of a statement; no column of a mirror has to be converted."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return [PlainRow(dict(zip(names, row, strict=True))) for row in cursor.fetchall()]


@cache
def _statement(model: type[Mirror], field: str, narrowed: Narrowing | None) -> tuple[str, tuple[Any, ...]]:
    with written_for(_SOME_ORGANIZATION):
        rows = model.objects.filter(among(field, ()), organization_id=_SOME_ORGANIZATION)
        written: tuple[str, tuple[Any, ...]] = (
            (narrowed(rows) if narrowed else rows).values_list(*_columns(model)).query.sql_with_params()
        )
    return written


@cache
def _columns(model: type[Mirror]) -> tuple[str, ...]:
    return tuple(field.attname for field in model._meta.concrete_fields if field.attname not in _NOT_READ)
