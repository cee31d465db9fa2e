"""Tables for eleven more entity types, with their policies, rights and storage; what the generic table held of them moves."""

from collections.abc import Mapping
from typing import Any

import django.db.models.deletion
import django.db.models.manager
from django.db import migrations, models

from vendor_admin.mirrors.fields.numeric import NumericField
from vendor_admin.organizations.tenancy.rls import run_sql
from vendor_admin.schema.table_creation import CreateTables

POLICIES = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY in_scope ON {table} TO {app}
    USING (organization_id = ANY ((SELECT nullif(current_setting('app.orgs', true), '')::bigint[])::bigint[]))
    WITH CHECK (organization_id = ANY ((SELECT nullif(current_setting('app.orgs', true), '')::bigint[])::bigint[]));
CREATE POLICY owner_sees_all ON {table} TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY hub_serves_all ON {table} TO {hub} USING (true) WITH CHECK (true);
REVOKE ALL ON {table} FROM {app}, {hub};
GRANT SELECT ON {table} TO {app};
GRANT SELECT, INSERT, UPDATE ON {table} TO {hub};
"""
STORAGE = "ALTER TABLE {table} SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);"

# What each column is: the key in the platform's JSON, and the kind of value.
ABOUT = {
    "contract_id": ("contractId", "id"),
    "product_id": ("productId", "id"),
    "exchange_id": ("exchangeId", "id"),
    "product_type": ("productType", "word"),
    "risk_discount_contract_group_id": ("riskDiscountContractGroupId", "id"),
    "product_verification_status": ("productVerificationStatus", "word"),
    "contract_group_id": ("contractGroupId", "id"),
    "fungible_product_id": ("fungibleProductId", "id"),
}
MARGIN = {
    "initial_margin": ("initialMargin", "number"),
    "maintenance_margin": ("maintenanceMargin", "number"),
    "timestamp": ("timestamp", "moment"),
}
COLUMNS: dict[str, dict[str, tuple[str, str]]] = {
    "AccountRiskStatusLog": {
        "account_id": ("accountId", "id"),
        "timestamp": ("timestamp", "moment"),
        "admin_action": ("adminAction", "word"),
        "admin_timestamp": ("adminTimestamp", "moment"),
        "liquidate_only": ("liquidateOnly", "moment"),
        "user_triggered_liq_only": ("userTriggeredLiqOnly", "flag"),
        "max_net_liq": ("maxNetLiq", "number"),
        "min_net_liq": ("minNetLiq", "number"),
    },
    "AutoLiqTransaction": {
        "account_id": ("accountId", "id"),
        "contract_id": ("contractId", "id"),
        "timestamp": ("timestamp", "moment"),
        "liquidated_net_pos": ("liquidatedNetPos", "whole"),
        "cancelled_sell_limit_qty": ("cancelledSellLimitQty", "whole"),
        "cancelled_sell_stop_qty": ("cancelledSellStopQty", "whole"),
        "cancelled_buy_limit_qty": ("cancelledBuyLimitQty", "whole"),
        "cancelled_buy_stop_qty": ("cancelledBuyStopQty", "whole"),
        "initiator": ("initiator", "word"),
        "admin_action": ("adminAction", "word"),
    },
    "CategoryPositionLimit": ABOUT
    | {
        "active": ("active", "flag"),
        "risk_time_period_id": ("riskTimePeriodId", "id"),
        "total_by": ("totalBy", "word"),
        "short_limit": ("shortLimit", "whole"),
        "long_limit": ("longLimit", "whole"),
        "exposed_limit": ("exposedLimit", "whole"),
        "fungible_exposed_limit": ("fungibleExposedLimit", "whole"),
        "description": ("description", "word"),
        "risk_category_id": ("riskCategoryId", "id"),
    },
    "CategoryRiskParameter": ABOUT
    | {
        "max_opening_order_qty": ("maxOpeningOrderQty", "whole"),
        "max_closing_order_qty": ("maxClosingOrderQty", "whole"),
        "fungible_max_opening_order_qty": ("fungibleMaxOpeningOrderQty", "whole"),
        "fungible_max_closing_order_qty": ("fungibleMaxClosingOrderQty", "whole"),
        "max_back_month": ("maxBackMonth", "whole"),
        "pre_expiration_days": ("preExpirationDays", "whole"),
        "margin_percentage": ("marginPercentage", "number"),
        "margin_dollar_value": ("marginDollarValue", "number"),
        "hard_limit": ("hardLimit", "flag"),
        "category_position_limit_id": ("categoryPositionLimitId", "id"),
    },
    "ContractGroup": {"name": ("name", "word")},
    "ContractMargin": MARGIN,
    "CurrencyRate": {"timestamp": ("timestamp", "moment"), "rate": ("rate", "number")},
    "OrderStrategyType": {"name": ("name", "word"), "enabled": ("enabled", "flag")},
    "ProductMargin": MARGIN,
    "ProductSession": {
        "open_time": ("openTime", "time_of_day"),
        "start_time": ("startTime", "time_of_day"),
        "stop_time": ("stopTime", "time_of_day"),
        "close_time": ("closeTime", "time_of_day"),
        "sunday_open_time": ("sundayOpenTime", "time_of_day"),
        "all_day": ("allDay", "flag"),
    },
    "RiskTimePeriod": {
        "name": ("name", "word"),
        "start_time": ("startTime", "time_of_day"),
        "stop_time": ("stopTime", "time_of_day"),
        "platform_organization_id": ("organizationId", "id"),
    },
}
NAMES = {
    "AccountRiskStatusLog": "risk status change",
    "AutoLiqTransaction": "auto-liquidation",
    "CategoryPositionLimit": "category position limit",
    "CategoryRiskParameter": "category risk parameter",
    "ContractGroup": "contract group",
    "ContractMargin": "contract margin",
    "CurrencyRate": "currency rate",
    "OrderStrategyType": "strategy type",
    "ProductMargin": "product margin",
    "ProductSession": "trading session",
    "RiskTimePeriod": "risk period",
}
INDEXES = {
    "AccountRiskStatusLog": ("account_id", "accountriskstatuslog_account"),
    "AutoLiqTransaction": ("account_id", "autoliqtransaction_account"),
    "CategoryPositionLimit": ("risk_category_id", "categorypositionlimit_category"),
    "CategoryRiskParameter": ("category_position_limit_id", "categoryriskparameter_limit"),
    "ContractGroup": ("name", "contractgroup_name"),
}
FIELDS: Mapping[str, type[Any]] = {
    "id": models.BigIntegerField,
    "whole": models.BigIntegerField,
    "number": NumericField,
    "word": models.TextField,
    "flag": models.BooleanField,
    "moment": models.DateTimeField,
    "time_of_day": models.TimeField,
}

# Read a value of JSON as the mirrors' writer does: what is no value of its kind reads as none.
READERS = r"""
CREATE FUNCTION pg_temp.read_word(value jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT nullif(value, 'null') #>> '{}'
$$;
CREATE FUNCTION pg_temp.read_number(value jsonb) RETURNS numeric LANGUAGE sql AS $$
    SELECT CASE WHEN jsonb_typeof(value) IN ('number', 'string')
                 AND value #>> '{}' ~ '^\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?\s*$'
                THEN (value #>> '{}')::numeric END
$$;
CREATE FUNCTION pg_temp.read_whole(value jsonb) RETURNS bigint LANGUAGE sql AS $$
    SELECT CASE WHEN number = trunc(number) AND number BETWEEN -9223372036854775808 AND 9223372036854775807
                THEN number::bigint END
      FROM (SELECT pg_temp.read_number(value) AS number) AS read
$$;
CREATE FUNCTION pg_temp.read_id(value jsonb) RETURNS bigint LANGUAGE sql AS $$
    SELECT CASE WHEN number > 0 THEN number END FROM (SELECT pg_temp.read_whole(value) AS number) AS read
$$;
CREATE FUNCTION pg_temp.read_flag(value jsonb) RETURNS boolean LANGUAGE sql AS $$
    SELECT CASE lower(value #>> '{}') WHEN 'true' THEN true WHEN '1' THEN true
                                      WHEN 'false' THEN false WHEN '0' THEN false END
$$;
CREATE FUNCTION pg_temp.read_moment(value jsonb) RETURNS timestamptz LANGUAGE plpgsql AS $$
BEGIN
    IF value #>> '{}' !~ '^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z$' THEN RETURN NULL; END IF;
    RETURN (value #>> '{}')::timestamptz;
EXCEPTION WHEN data_exception THEN RETURN NULL;
END $$;
CREATE FUNCTION pg_temp.read_time_of_day(value jsonb) RETURNS time LANGUAGE sql AS $$
    SELECT CASE WHEN hour BETWEEN 0 AND 23 AND minute BETWEEN 0 AND 59
                THEN make_time(hour::integer, minute::integer, 0) END
      FROM (SELECT pg_temp.read_whole(value->'hour') AS hour, pg_temp.read_whole(value->'minute') AS minute) AS read
$$;
"""
MOVE = """
INSERT INTO {table} (organization_id, environment, entity_id, lease_id, epoch, seq, received_at, deleted_at, extra{names})
SELECT organization_id, environment, entity_id, lease_id, epoch, seq, received_at, deleted_at,
       nullif(payload - 'id'{keys}, '{}'){values}
  FROM mirrors_genericentity WHERE type_name = '{type}' AND jsonb_typeof(payload) = 'object'
"""
FORGET = "DELETE FROM mirrors_genericentity WHERE type_name IN ({types})"


def create(name: str) -> migrations.CreateModel:
    """The table of one type."""
    fields: list[tuple[str, Any]] = [
        ("id", models.BigAutoField(primary_key=True, serialize=False)),
        ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
        ("entity_id", models.BigIntegerField(verbose_name="platform id")),
        ("lease_id", models.BigIntegerField(editable=False)),
        ("epoch", models.BigIntegerField(editable=False)),
        ("seq", models.BigIntegerField(editable=False)),
        ("received_at", models.DateTimeField(editable=False)),
        ("deleted_at", models.DateTimeField(editable=False, null=True)),
        ("extra", models.JSONField(editable=False, null=True)),
        *((column, FIELDS[kind](null=True)) for column, (_, kind) in COLUMNS[name].items()),
        (
            "organization",
            models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="organizations.organization",
            ),
        ),
    ]
    options: dict[str, Any] = {
        "verbose_name": NAMES[name],
        "abstract": False,
        "base_manager_name": "unscoped",
        "constraints": [
            models.UniqueConstraint(fields=("organization", "entity_id", "environment"), name=f"{name.lower()}_entity")
        ],
    }
    if name in INDEXES:
        field, index = INDEXES[name]
        options["indexes"] = [models.Index(fields=["organization", field, "entity_id"], name=index)]
    managers: list[tuple[str, Any]] = [
        (manager, django.db.models.manager.Manager()) for manager in ("objects", "unscoped")
    ]
    return migrations.CreateModel(name=name, fields=fields, options=options, managers=managers)


def table_of(name: str) -> str:
    """The table of one type."""
    return f"mirrors_{name.lower()}"


def type_of(name: str) -> str:
    """The platform's name of one type."""
    return name[0].lower() + name[1:]


def move(name: str) -> str:
    """Move the rows of one type out of the generic table. Their places in a socket's order move with them."""
    columns = COLUMNS[name]
    named = {
        "{table}": table_of(name),
        "{names}": "".join(f', "{column}"' for column in columns),
        "{keys}": "".join(f" - '{key}'" for key, _ in columns.values()),
        "{values}": "".join(f", pg_temp.read_{kind}(payload->'{key}')" for key, kind in columns.values()),
        "{type}": type_of(name),
    }
    statement = MOVE
    for mark, text in named.items():
        statement = statement.replace(mark, text)
    return statement


class Migration(migrations.Migration):
    dependencies = [
        ("mirrors", "0001_initial"),
        ("organizations", "0001_initial"),
    ]

    operations = [
        CreateTables(*(create(name) for name in COLUMNS)),
        *(run_sql((POLICIES + STORAGE).replace("{table}", table_of(name))) for name in COLUMNS),
        run_sql(READERS + ";".join(move(name) for name in COLUMNS)),
        run_sql(FORGET.replace("{types}", ", ".join(f"'{type_of(name)}'" for name in COLUMNS))),
    ]
