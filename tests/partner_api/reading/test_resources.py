"""Every resource of mirrors: a list and one by its id, empty rows and full ones, as the schema says."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, models
from django.db.models import Model
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, get_resolver

from tests.support.partner_api.api import Api
from tests.support.partner_api.program import EVERY_SCOPE
from tests.support.staff_and_rows import Writer
from vendor_admin.mirrors.api.mirror_reading import MirrorReading
from vendor_admin.mirrors.columns import mirror_models
from vendor_admin.mirrors.models.base import Mirror
from vendor_admin.mirrors.queries.lookups import preferred_environment
from vendor_admin.organizations.models import Organization
from vendor_admin.partner_api.reading.resources import Resource

VALUES: dict[str, Any] = {
    "bigint": 7,
    "numeric": Decimal("1234567890.123456789"),
    "boolean": True,
    "text": 'Ann’s "word" <b>\u2028',
    "timestamp with time zone": datetime(2026, 11, 20, 15, 0, 0, 123456, tzinfo=UTC),
    "date": date(2026, 11, 20),
    "time": time(17, 30),
}


def reading_views() -> list[type[MirrorReading]]:
    """Every resource that the API has."""
    found = {}
    for pattern in patterns_of(get_resolver().url_patterns):
        view = getattr(pattern.callback, "cls", None)
        if isinstance(view, type) and issubclass(view, MirrorReading):
            found[view.collection] = view
    return list(found.values())


def patterns_of(patterns: Any) -> Iterator[URLPattern]:
    for one in patterns:
        if isinstance(one, URLPattern):
            yield one
        else:
            yield from patterns_of(one.url_patterns)


VIEWS = reading_views()
SPECIAL = {
    "environment": "live",
    "include_deleted": "true",
    "open": "true",
    "active": "true",
    "trade_date": "2026-11-20",
}


def full_row(model: type[Model]) -> dict[str, Any]:
    """A value for every column that the platform fills."""
    own = {field.name for field in Mirror._meta.get_fields()}
    fields: list[models.Field[Any, Any]] = [one for one in model._meta.concrete_fields if one.name not in own]
    return {str(one.column): VALUES[str(one.db_type(connection))] for one in fields}


@pytest.fixture
def filled(alpha: Organization, write: Writer) -> None:
    """An empty and a full row of every mirror, in both environments."""
    for entity_type, model in mirror_models().items():
        for environment in ("demo", "live"):
            write.mirror(entity_type, alpha, 7, environment=environment, **full_row(model))
            write.mirror(entity_type, alpha, 8, environment=environment)


def test_there_is_every_resource_of_mirrors() -> None:
    assert {view.collection for view in VIEWS} >= {
        "members", "accounts", "trading-permissions", "memberships", "entitlements", "market-data-subscriptions",
        "balances", "auto-liq", "position-limits", "risk-parameters", "positions", "orders", "fills",
        "order-strategies", "contracts", "products", "product-margins", "contract-margins", "trading-sessions",
        "contract-groups", "currency-rates", "strategy-types", "category-position-limits", "category-risk-parameters",
        "risk-periods", "auto-liquidations", "risk-status-history",
    }  # fmt: skip


def test_rows_with_and_without_values_are_as_the_schema_says(api: Api, filled: None) -> None:
    for view in VIEWS:
        listed = api.get(f"/api/v1/{view.collection}").json()["data"]

        assert [row["id"] for row in listed] == ["8", "7"], view
        assert {row["environment"] for row in listed} == {preferred_environment(view.model.entity_type)}, view
        for row in listed:
            one = api.get(f"/api/v1/{view.collection}/{row['id']}").json()
            assert without_ages(one) == without_ages(row), view


def test_a_time_of_day_is_told_as_the_exchange_says_it(api: Api, filled: None) -> None:
    session = api.get("/api/v1/trading-sessions/7").json()
    assert (session["open_time"], session["product_name"]) == ("17:30", VALUES["text"])
    assert api.get("/api/v1/trading-sessions/8").json()["open_time"] is None


def test_no_resource_shows_another_organization_anything(api: Api, beta: Organization, filled: None) -> None:
    stranger = Api.of(beta)

    for view in VIEWS:
        path = f"/api/v1/{view.collection}"
        assert stranger.get(path).json() == {"data": [], "next_cursor": None}, path
        assert stranger.get(f"{path}/7", expect=404).json()["code"] == "not_found", path
        for name in view.filterset_class.names():
            others = [f"{other}=7" for other in view.filterset_class.needs.get(name, ())[:1]]
            query = "&".join([f"{name}={SPECIAL.get(name, '7')}", *others])
            assert api.get(f"{path}?{query}").status_code == 200
            assert stranger.get(f"{path}?{query}").json()["data"] == [], query


def test_a_page_takes_the_same_queries_for_two_rows_as_for_one(api: Api, filled: None) -> None:
    api.get("/api/v1/members")  # notes that the key is used, once a while
    for view in VIEWS:
        counts = []
        for limit in (1, 2):
            with CaptureQueriesContext(connection) as captured:
                assert len(api.get(f"/api/v1/{view.collection}?order_by=id&limit={limit}").json()["data"]) == limit
            counts.append(len(captured))
        assert counts[0] == counts[1], view


def test_a_key_without_the_scope_is_refused(alpha: Organization) -> None:
    for view in VIEWS:
        scopes = view.required_scopes
        needed = scopes["GET"] if isinstance(scopes, Mapping) else scopes
        without = Api.of(alpha, scopes=tuple(scope for scope in EVERY_SCOPE if scope not in needed))
        with_it_alone = Api.of(alpha, scopes=tuple(needed))
        for path in (f"/api/v1/{view.collection}", f"/api/v1/{view.collection}/7"):
            assert without.get(path, expect=403).json()["code"] == "insufficient_scope", path
            with_it_alone.get(path, expect=(200, 404))


def test_every_field_and_filter_is_described() -> None:
    missing = [found for view in VIEWS for found in undescribed(view.serializer_class)]
    missing += [
        f"{view.collection}?{name}"
        for view in VIEWS
        for name, one in view.filterset_class.base_filters.items()
        if not one.extra.get("help_text")
    ]
    assert missing == []


def undescribed(resource: type[Resource]) -> Iterator[str]:
    for name, field in resource().fields.items():
        if not field.help_text:
            yield f"{resource.__name__}.{name}"
        inner = getattr(field, "child", field)
        if isinstance(inner, Resource):
            yield from undescribed(type(inner))


def without_ages(row: Any) -> Any:
    if isinstance(row, dict):
        return {name: without_ages(value) for name, value in row.items() if name != "age_seconds"}
    return [without_ages(value) for value in row] if isinstance(row, list) else row
