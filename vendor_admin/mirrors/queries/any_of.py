"""A condition that takes ten thousand ids as easily as ten."""

from collections.abc import Iterable
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Lookup
from django.db.models.sql.compiler import SQLCompiler


def among(field: str, ids: Iterable[int | None]) -> "_Among":
    """For `filter`: the field holds one of these ids. As one array: with `__in` every id is a parameter of its own."""
    return _Among(F(field), array_of(sorted({one for one in ids if one is not None})))


def array_of(ids: Iterable[int]) -> str:
    """Ids as PostgreSQL writes an array: one text, where a list of them is a value for each."""
    return "{" + ",".join(map(str, ids)) + "}"


class _Among(Lookup):
    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        field, params = self.process_lhs(compiler, connection)
        return f"{field} = ANY (%s::bigint[])", (*params, self.rhs)
