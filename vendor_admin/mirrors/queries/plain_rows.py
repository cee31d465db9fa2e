"""Rows of mirrors without models, for what reads many: making models takes longer than reading the rows."""

from functools import cache
from typing import Any

from django.db.models import QuerySet

from vendor_admin.mirrors.models.base import Mirror

# What the sync keeps for itself, and what no model has a column for.
_NOT_READ = frozenset({"lease_id", "epoch", "seq", "extra"})


class PlainRow:
    """The columns of a row by their names, as a model has them."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__ = values


def plain_rows(rows: QuerySet[Any]) -> list[Any]:
    """Read rows of a mirror. One query."""
    model: Any = rows.model
    return [PlainRow(values) for values in rows.values(*_columns(model))]


@cache
def _columns(model: type[Mirror]) -> tuple[str, ...]:
    return tuple(field.attname for field in model._meta.concrete_fields if field.attname not in _NOT_READ)
