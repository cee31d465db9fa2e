"""The mirror models against the platform's schemas: nothing the platform can say of an entity is without a column."""

import json
from typing import Any

import pytest

from tests.support.shared_material import shared_material
from vendor_admin.mirrors.columns import json_key, mirror_models, platform_columns
from vendor_admin.mirrors.models.base import Source
from vendor_admin.sync.log.statements import statements_for
from vendor_admin.tradovate.operations import ENTITIES

# What SQL types may hold a value of a schema's (type, format).
FITTING = {
    ("integer", "int64"): {"bigint"},
    ("integer", "int32"): {"bigint"},
    ("integer", ""): {"bigint"},
    ("number", "double"): {"numeric"},
    ("number", ""): {"numeric"},
    ("boolean", ""): {"boolean"},
    ("string", ""): {"text"},
    ("string", "date-time"): {"timestamp with time zone"},
}

# Objects of the platform's that are one value.
OF_PARTS = {"TradeDate": "date", "TradeTime": "time"}


@pytest.fixture(scope="module")
def schemas() -> dict[str, Any]:
    schemas: dict[str, Any] = json.loads(shared_material("tradovate/openapi.json").read_text())["components"]["schemas"]
    return schemas


def schema_of(schemas: dict[str, Any], entity_type: str) -> dict[str, Any]:
    properties: dict[str, Any] = schemas[entity_type[0].upper() + entity_type[1:]]["properties"]
    return properties


def test_every_field_of_every_schema_has_a_column(schemas: dict[str, Any]) -> None:
    missing = []
    for entity_type, model in mirror_models().items():
        keys = {column.json_key for column in platform_columns(model)} | {"id"}
        missing += [f"{entity_type}.{name}" for name in schema_of(schemas, entity_type) if name not in keys]
    assert missing == []
    assert len(mirror_models()) >= 30


def test_every_column_can_hold_what_its_schema_says(schemas: dict[str, Any]) -> None:
    wrong = []
    for entity_type, model in mirror_models().items():
        properties = schema_of(schemas, entity_type)
        for column in platform_columns(model):
            schema = properties.get(column.json_key)
            if schema is None:
                continue
            if "$ref" in schema or "allOf" in schema or "enum" in schema:
                described = json.dumps(schema)
                fitting = {next((sql for name, sql in OF_PARTS.items() if name in described), "text")}
            else:
                fitting = FITTING[schema["type"], schema.get("format", "")]
            if column.sql_type not in fitting:
                wrong.append(f"{entity_type}.{column.json_key}: {schema} in {column.sql_type}")
    assert wrong == []


def test_the_types_people_administer_have_mirrors() -> None:
    administered = {
        "user", "account", "tradingPermission", "userPlugin", "marketDataSubscription", "tradovateSubscription",
        "marketDataSubscriptionPlan", "tradovateSubscriptionPlan", "entitlement", "contactInfo", "cashBalance",
        "cashBalanceLog", "accountRiskStatus", "userAccountAutoLiq", "userAccountPositionLimit",
        "userAccountRiskParameter", "position", "order", "orderVersion", "fill", "orderStrategy", "command",
        "commandReport", "executionReport", "contract", "product", "autoLiqTransaction", "accountRiskStatusLog",
        "productSession", "productMargin", "contractMargin", "contractGroup", "currencyRate", "orderStrategyType",
        "categoryPositionLimit", "categoryRiskParameter", "riskTimePeriod",
    }  # fmt: skip
    assert administered <= mirror_models().keys()


def test_every_mirror_has_a_source_that_the_platform_offers() -> None:
    for entity_type, model in mirror_models().items():
        operations = ENTITIES[entity_type].operations
        if model.source in (Source.LDEPS, Source.CHOSEN):
            assert "ldeps" in operations, entity_type
            assert model.master == ENTITIES[entity_type].master, entity_type
            assert model.master in mirror_models(), entity_type
        if model.source is Source.LIST:
            assert "list" in operations, entity_type
        if model.absence_means_vanished:
            is_by_master = model.source in (Source.LDEPS, Source.CHOSEN)
            by = model.master_column if is_by_master else "list" in operations
            assert by, f"{entity_type}: absence from what?"


@pytest.mark.django_db
def test_every_mirror_has_statements_of_its_own_table() -> None:
    for entity_type, model in mirror_models().items():
        statements = statements_for(entity_type)
        assert model._meta.db_table in statements.upsert
        assert statements.upsert.count("ON CONFLICT") == 1
        assert "deleted_at" in statements.mark_deleted


def test_names_become_the_platforms_spelling() -> None:
    spelled = {"account_id": "accountId", "realized_pnl": "realizedPnL", "amount_sod": "amountSOD", "name": "name"}
    assert {name: json_key(name) for name in spelled} == spelled
