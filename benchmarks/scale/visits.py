"""What is asked for: every list of the admin's registry with each of its filters, and the pages that are not lists."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import psycopg
from django.contrib import admin
from django.urls import get_resolver, reverse
from django.utils import timezone
from psycopg import sql

from benchmarks.installation import ENVIRONMENT
from benchmarks.scale.mirror_rows import ACCOUNTS, BUSY_ACCOUNT, FIRST_MEMBER
from vendor_admin.listing.admin_base import ReadOnlyAdmin
from vendor_admin.listing.lists import Filter, encode_cursor
from vendor_admin.mirrors.admin.mirror_admin import account_url
from vendor_admin.partner_api.reading.filters import DayFilter, FlagFilter, IdsFilter, MomentFilter
from vendor_admin.partner_api.reading.views import ReadingViewSet

FIRST_PAGE = "first page"
OPERATORS_ONLY = {"organization", "user"}
ABSENT_NUMBER, ABSENT_WORD = "1", "nonsense"
WORDS = {
    "one letter": "z",
    "two letters, common": "ev",
    "two letters, absent": "xq",
    "common beginning": "eval",
    "exact name of many alike": "trader",
    "a whole name": "maria chen",
    "whole e-mail": "trader1234@gmail.com",
    "a slip": "tradder123",
    "absent": "qqqqzzzz",
    "platform id": str(ACCOUNTS + 100),
}
DEEP = "SELECT {key} FROM {table} WHERE organization_id = %s ORDER BY {key} LIMIT 1 OFFSET %s"
COUNT = "SELECT count(*) FROM {table} WHERE organization_id = %s"
PRESENT = "SELECT {column} FROM {table} WHERE organization_id = %s AND {column} IS NOT NULL LIMIT 1 OFFSET 3"


@dataclass(frozen=True)
class Visit:
    """One page: `of` is the page's name, `how` which part of it, `table` what a list reads. `is_of_api`: a program
    asks for it.
    """

    of: str
    how: str
    address: str
    table: str = ""
    is_of_api: bool = False


def visits(database: psycopg.Connection, *, organization_id: int) -> list[Visit]:
    """Everything to ask for in one organization: the admin's lists and pages, and the lists of the partner API.
    `database` is bound by no policy.
    """
    return [
        *_lists(database, organization_id=organization_id),
        *_pages(database, organization_id=organization_id),
        *lists_of_api(),
    ]


def lists_of_api() -> Iterator[Visit]:
    """Each list of the partner API: its first page, in each order, and by each of its filters."""
    names: Any = get_resolver().reverse_dict
    for view in _views_of_api(ReadingViewSet):
        if not names.getlist(f"api_{view.collection}"):  # of one thing's rows
            continue
        address, table, of = reverse(f"api_{view.collection}"), view.model._meta.db_table, f"GET {view.collection}"
        yield Visit(of, FIRST_PAGE, address, table, is_of_api=True)
        for order in view.order_names():
            yield Visit(of, f"order_by={order}", f"{address}?order_by={order}", table, is_of_api=True)
        for name, one in view.filterset_class.base_filters.items():
            beside = {other: str(ACCOUNTS + 100) for other in view.filterset_class.needs.get(name, ())[:1]}
            for value in _values_of_api(one):
                query = urlencode({name: value, **beside})
                yield Visit(of, f"{name}={value}", f"{address}?{query}", table, is_of_api=True)


def _views_of_api(view: type[ReadingViewSet]) -> Iterator[type[ReadingViewSet]]:
    for one in view.__subclasses__():
        if "collection" in vars(one):
            yield one
        yield from _views_of_api(one)


def _values_of_api(one: Any) -> list[str]:
    if "choices" in one.extra:
        return [word for word, _ in one.extra["choices"]]
    now = timezone.now()
    values: dict[type, list[str]] = {
        FlagFilter: ["true", "false"],
        IdsFilter: [str(ACCOUNTS + 100), ABSENT_NUMBER],
        DayFilter: [now.date().isoformat()],
        MomentFilter: [(now - timedelta(days=1)).isoformat()],
    }
    return values.get(type(one), [ABSENT_WORD])


def _lists(database: psycopg.Connection, *, organization_id: int) -> Iterator[Visit]:
    for model, page in admin.site._registry.items():
        if not isinstance(page, ReadOnlyAdmin) or model._meta.model_name in OPERATORS_ONLY:
            continue
        table = model._meta.db_table
        name = page.heading or str(model._meta.verbose_name_plural)
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        yield Visit(name, FIRST_PAGE, address, table)
        if cursor := _deep_cursor(database, page, organization_id=organization_id):
            yield Visit(name, "deep page", f"{address}?before={cursor}", table)
        for one in page.filters:
            for how, value in _values(database, one, table=table, organization_id=organization_id):
                yield Visit(name, f"{one.name}={how}", f"{address}?{urlencode({one.name: value})}", table)


def _values(
    database: psycopg.Connection, one: Filter, *, table: str, organization_id: int
) -> Iterator[tuple[str, str]]:
    """What a filter is set to, with what the table calls it."""
    now = timezone.now()
    if one.kind == "choice":
        yield from ((value, value) for value, _ in one.choices if value)
    elif one.kind == "moment":
        yield "yesterday", (now - timedelta(days=1)).isoformat()
        yield "long ago", (now - timedelta(days=200)).isoformat()
    else:
        column = one.lookup or one.name
        known = _present(database, column, table=table, organization_id=organization_id) if one.apply is None else None
        if known is not None:
            yield "there", known
        yield "absent", ABSENT_NUMBER if one.kind == "number" else ABSENT_WORD


def _pages(database: psycopg.Connection, *, organization_id: int) -> Iterator[Visit]:
    for name in ("admin:index", "health", "billing", "all_tables"):
        yield Visit(name.removeprefix("admin:"), "", reverse(name))
    for how, words in WORDS.items():
        yield Visit("search", how, f"{reverse('find')}?{urlencode({'q': words})}")
    yield Visit("member", "", reverse("member", args=[FIRST_MEMBER]))
    for how, account in (("busy", BUSY_ACCOUNT), ("quiet", ACCOUNTS + 50)):
        yield Visit("account", how, account_url(account, ENVIRONMENT) or "")
    plan = database.execute("SELECT max(id) FROM operations_plan WHERE organization_id = %s", [organization_id])
    ((plan_id,),) = plan.fetchall()
    yield Visit("plan", "", reverse("admin:operations_plan_change", args=[plan_id]))
    for path in ("/syncz", "/metrics"):
        yield Visit(path, "", path)


def _deep_cursor(database: psycopg.Connection, page: ReadOnlyAdmin, *, organization_id: int) -> str:
    """Nine tenths down a list, or nothing where it has no second page."""
    table = sql.Identifier(page.model._meta.db_table)
    ((count,),) = database.execute(sql.SQL(COUNT).format(table=table), [organization_id]).fetchall()
    if count <= 500:
        return ""
    key = sql.SQL(", ").join(sql.Identifier(page.model._meta.get_field(name).column) for name in page.key)
    statement = sql.SQL(DEEP).format(key=key, table=table)
    row = database.execute(statement, [organization_id, count // 10]).fetchone()
    assert row is not None
    return encode_cursor(page.model(**dict(zip(page.key, row, strict=True))), page.key)


def _present(database: psycopg.Connection, column: str, *, table: str, organization_id: int) -> str | None:
    known = "SELECT FROM information_schema.columns WHERE table_name = %s AND column_name = %s"
    if database.execute(known, [table, column]).fetchone() is None:
        return None
    statement = sql.SQL(PRESENT).format(column=sql.Identifier(column), table=sql.Identifier(table))
    row = database.execute(statement, [organization_id]).fetchone()
    return None if row is None else row[0].isoformat() if isinstance(row[0], datetime) else str(row[0])
