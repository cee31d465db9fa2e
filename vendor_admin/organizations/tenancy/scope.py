"""The two walls between organizations.

In code, models that belong to an organization carry a `ScopedManager`: inside `organization_scope` it shows only rows
of the organizations in scope, outside of one it shows nothing. In the database the same ids stand in the setting
`app.orgs` of the transaction, which every row level security policy reads (see rls.py). Nothing else may set
`app.orgs`.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import chain
from typing import Any

from django.db import connection, models, transaction

_scope: ContextVar[tuple[int, ...]] = ContextVar("organizations_in_scope", default=())
_looked_up: ContextVar[dict[str, Any] | None] = ContextVar("looked_up_in_scope", default=None)


def organizations_in_scope() -> tuple[int, ...]:
    """Ids of the organizations that may be seen now; empty outside of a scope."""
    return _scope.get()


def looked_up_in_scope() -> dict[str, Any] | None:
    """Where something that was looked up may be kept until the scope that is open now ends; None outside of one."""
    return _looked_up.get()


@contextmanager
def written_for(organization_id: int) -> Iterator[None]:
    """Let managers write queries for an organization that is not asked now: nothing is asked of the database here."""
    token = _scope.set((organization_id,))
    try:
        yield
    finally:
        _scope.reset(token)


def set_database_scope(organization_ids: tuple[int, ...], *, settings: Mapping[str, str] | None = None) -> None:
    """Tell the current transaction which organizations may be seen. Must run inside a transaction (SET LOCAL).

    `settings` are others of PostgreSQL's, by name, in the same statement.
    """
    value = "{" + ",".join(str(int(one)) for one in organization_ids) + "}" if organization_ids else ""
    others = settings or {}
    calls = "set_config(%s, %s, true), " * len(others) + "set_config('app.orgs', %s, true)"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {calls}", [*chain.from_iterable(others.items()), value])


@contextmanager
def organization_scope(
    *organization_ids: int, durable: bool = False, settings: Mapping[str, str] | None = None
) -> Iterator[None]:
    """A transaction in which only these organizations exist. Scopes nest; the outer one is restored at the end.

    With `durable` it must be the outermost transaction, which is committed when the scope ends. `settings` are
    PostgreSQL's, by name: they hold until the outermost transaction ends, and cost no statement of their own.
    """
    outer = _scope.get()
    token, kept = _scope.set(tuple(organization_ids)), _looked_up.set({})
    is_outermost = not connection.in_atomic_block
    try:
        with transaction.atomic(durable=durable):
            set_database_scope(tuple(organization_ids), settings=settings)
            yield
            # Of the outermost one nothing is left to restore: the setting ends with its transaction.
            if not is_outermost and connection.in_atomic_block and not connection.needs_rollback:
                set_database_scope(outer)
    finally:
        _scope.reset(token)
        _looked_up.reset(kept)


def ask_in_scope(
    organization_id: int, statement: str, parameters: Mapping[str, Any], *, settings: Mapping[str, str] | None = None
) -> list[tuple[Any, ...]]:
    """The rows of one statement in a transaction and a scope of its own, in a single trip to the server.

    For what each request does beside its own transaction: opened and closed as usual that takes four trips more. Within
    a transaction it is a part of that one. `settings` as in `organization_scope`; `parameters` by name.
    """
    if connection.in_atomic_block:
        with organization_scope(organization_id, settings=settings), connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []
    names = ["app.orgs", *(settings or {})]
    values = [f"{{{int(organization_id)}}}", *(settings or {}).values()]
    calls = ", ".join(f"set_config('{name}', %(scope_{number})s, true)" for number, name in enumerate(names))
    told = {f"scope_{number}": value for number, value in enumerate(values)}
    with connection.cursor() as cursor:
        # Several statements sent at once are one transaction, in which settings hold that are local to it.
        cursor.execute(f"SELECT {calls}; {statement}", {**told, **parameters})
        cursor.nextset()
        return cursor.fetchall() if cursor.description else []


class ScopedManager(models.Manager):
    """The first wall: rows of the organizations in scope, and of no other."""

    def get_queryset(self) -> models.QuerySet:
        return super().get_queryset().filter(organization_id__in=organizations_in_scope())
