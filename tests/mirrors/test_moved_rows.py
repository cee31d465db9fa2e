"""What the generic table held of a type moves to the type's own table, value by value, and nothing else does."""

import importlib
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

import psycopg

from tests.support.staff_and_rows import Writer
from tests.sync.stored import Stored
from vendor_admin.mirrors.columns import mirror_models, platform_columns
from vendor_admin.organizations.models import Organization

migration: Any = importlib.import_module("vendor_admin.mirrors.migrations.0002_more_entity_types")
HELD: dict[str, dict[str, Any]] = {
    "accountRiskStatusLog": {
        "accountId": 5, "timestamp": "2026-11-20T15:00:00.000Z", "adminAction": "Normal",
        "maxNetLiq": 50500.25, "userTriggeredLiqOnly": False, "new": {"at": 1},
    },
    "productSession": {"openTime": {"hour": 17, "minute": 0}, "stopTime": {"hour": 25, "minute": 0}, "allDay": None},
    "autoLiqTransaction": {"accountId": 0, "liquidatedNetPos": "-2", "timestamp": "2026-13-20T15:00:00Z"},
    "contractGroup": {"name": "Index"},
    "spreadDefinition": {"spreadType": "CalendarSpread"},
}  # fmt: skip


def test_the_migration_knows_the_columns_of_its_types() -> None:
    kinds = {
        "id": "bigint",
        "whole": "bigint",
        "number": "numeric",
        "word": "text",
        "flag": "boolean",
        "time_of_day": "time",
    }
    kinds |= {"moment": "timestamp with time zone"}
    for name, columns in migration.COLUMNS.items():
        model = mirror_models()[migration.type_of(name)]
        told = {(column, key, kinds[kind], kind == "id") for column, (key, kind) in columns.items()}
        assert told == {(one.name, one.json_key, one.sql_type, one.is_id) for one in platform_columns(model)}, name


def test_rows_move_with_their_place_in_the_order_of_a_socket(
    alpha: Organization, write: Writer, owner_connection: psycopg.Connection, admin_connection: psycopg.Connection
) -> None:
    for number, (entity_type, entity) in enumerate(HELD.items(), start=70):
        payload = psycopg.types.json.Jsonb({"id": number} | entity)
        place = {"organization_id": alpha.pk, "environment": "live", "lease_id": 3, "epoch": 4, "seq": number}
        at = datetime(2026, 11, 20, 15, tzinfo=UTC)
        row = place | {"type_name": entity_type, "entity_id": number, "received_at": at, "payload": payload}
        write.insert("mirrors_genericentity", row | {"deleted_at": at if entity_type == "contractGroup" else None})
    moves = ";".join(migration.move(name) for name in migration.COLUMNS)
    owner_connection.execute(f"{migration.READERS}{moves}".encode())
    types = ", ".join(f"'{migration.type_of(name)}'" for name in migration.COLUMNS)
    owner_connection.execute(migration.FORGET.replace("{types}", types).encode())

    stored = Stored(admin_connection)
    (log,) = stored.mirror("accountriskstatuslog")
    assert (log["entity_id"], log["environment"], log["lease_id"], log["epoch"], log["seq"]) == (70, "live", 3, 4, 70)
    assert (log["account_id"], log["timestamp"], log["admin_action"], log["max_net_liq"]) == (
        5, datetime(2026, 11, 20, 15, tzinfo=UTC), "Normal", Decimal("50500.25"),
    )  # fmt: skip
    assert (log["user_triggered_liq_only"], log["extra"], log["deleted_at"]) == (False, {"new": {"at": 1}}, None)
    (session,) = stored.mirror("productsession")
    assert (session["open_time"], session["stop_time"], session["all_day"]) == (time(17), None, None)
    (closed,) = stored.mirror("autoliqtransaction")
    assert (closed["account_id"], closed["liquidated_net_pos"], closed["timestamp"]) == (None, -2, None)
    (group,) = stored.mirror("contractgroup")
    assert (group["name"], group["deleted_at"] is not None, group["extra"]) == ("Index", True, None)
    assert [row["type_name"] for row in stored.mirror("genericentity")] == ["spreadDefinition"]
