"""The mirrors: a table for each entity type, their policies, rights and storage, and the search over members and accounts."""

import django.db.models.deletion
import django.db.models.manager
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations, models

import vendor_admin.mirrors.fields.numeric
from vendor_admin.organizations.tenancy.rls import run_sql
from vendor_admin.schema.table_creation import CreateTables

TABLES = [
    "account", "accountriskstatus", "cashbalance", "cashbalancelog", "command", "commandreport", "contactinfo", "contract",
    "contractmaturity", "currency", "entitlement", "exchange", "executionreport", "fill", "fillfee", "fillpair",
    "genericentity", "marginsnapshot", "marketdatasubscription", "marketdatasubscriptionplan", "order", "orderstrategy",
    "orderstrategylink", "orderversion", "permissionedaccountautoliq", "platformuser", "position", "product", "riskcategory",
    "tradingpermission", "tradovatesubscription", "tradovatesubscriptionplan", "useraccountautoliq",
    "useraccountpositionlimit", "useraccountriskparameter", "userplugin",
]  # fmt: skip

# The scalar subselects make the planner read the setting once per statement instead of once per row.
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

# `folded_name` is what names are compared by; `searchable`, without marks, what the search and its indexes are about.
FOLDING = r"""
CREATE FUNCTION public.folded_name(name text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$ SELECT pg_catalog.lower(pg_catalog.upper(pg_catalog.normalize($1, 'NFKD'))) $$;

CREATE FUNCTION public.searchable(name text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$ SELECT pg_catalog.regexp_replace(public.folded_name($1), '[\u0300-\u036f]', '', 'g') $$;

CREATE INDEX platformuser_name_searchable ON mirrors_platformuser USING gin (public.searchable(name) gin_trgm_ops);
CREATE INDEX platformuser_email_searchable ON mirrors_platformuser USING gin (public.searchable(email) gin_trgm_ops);
CREATE INDEX account_name_searchable ON mirrors_account USING gin (public.searchable(name) gin_trgm_ops);
CREATE INDEX contactinfo_name_searchable ON mirrors_contactinfo
    USING gin (public.searchable(coalesce(first_name, '') || ' ' || coalesce(last_name, '')) gin_trgm_ops);
"""

# Trigram operators are not leakproof, so below row level security the planner would not use their index. The search
# therefore is one function of the owner, which takes its organizations from the transaction's setting and from nowhere
# else. It looks at nothing that its caller can make: temporary objects come last, and every name says its schema.
# It names whole names before those that only contain the words.
SEARCH = r"""
CREATE FUNCTION public.search_members_and_accounts(words text, row_limit integer)
RETURNS TABLE (kind text, entity_id bigint, rank real)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    orgs bigint[] := nullif(current_setting('app.orgs', true), '')::bigint[];
    asked text := left(words, 100);
    wanted text := public.searchable(asked);
    inside text := '%' || replace(replace(replace(wanted, '\', '\\'), '%', '\%'), '_', '\_') || '%';
    exact_id bigint := CASE WHEN asked ~ '^[0-9]{1,18}$' THEN asked::bigint END;
BEGIN
    IF orgs IS NULL OR wanted = '' THEN RETURN; END IF;
    RETURN QUERY
    SELECT found.kind, found.entity_id, max(found.rank)::real FROM (
        (SELECT 'account' AS kind, a.entity_id, 2::real + public.similarity(public.searchable(a.name), wanted) AS rank
           FROM public.mirrors_account a
          WHERE public.searchable(a.name) LIKE inside AND a.organization_id = ANY (orgs) LIMIT 500)
        UNION ALL
        (SELECT 'member', u.entity_id, 2::real + public.similarity(public.searchable(u.name), wanted)
           FROM public.mirrors_platformuser u
          WHERE public.searchable(u.name) LIKE inside AND u.organization_id = ANY (orgs) LIMIT 500)
        UNION ALL
        (SELECT 'member', u.entity_id, 2::real + public.similarity(public.searchable(u.email), wanted)
           FROM public.mirrors_platformuser u
          WHERE public.searchable(u.email) LIKE inside AND u.organization_id = ANY (orgs) LIMIT 500)
        UNION ALL
        (SELECT 'member', c.user_id, 2::real
           FROM public.mirrors_contactinfo c
          WHERE public.searchable(coalesce(c.first_name, '') || ' ' || coalesce(c.last_name, '')) LIKE inside
            AND c.organization_id = ANY (orgs) AND c.user_id IS NOT NULL LIMIT 500)
        UNION ALL
        (SELECT 'member', u.entity_id, public.similarity(public.searchable(u.name), wanted)
           FROM public.mirrors_platformuser u
          WHERE public.searchable(u.name) OPERATOR(public.%) wanted AND u.organization_id = ANY (orgs) LIMIT 500)
        UNION ALL
        (SELECT 'account', a.entity_id, public.similarity(public.searchable(a.name), wanted)
           FROM public.mirrors_account a
          WHERE public.searchable(a.name) OPERATOR(public.%) wanted AND a.organization_id = ANY (orgs) LIMIT 500)
        UNION ALL
        (SELECT 'account', a.entity_id, 8::real FROM public.mirrors_account a
          WHERE public.searchable(a.name) = wanted AND a.organization_id = ANY (orgs) LIMIT 500)
        UNION ALL
        (SELECT 'member', u.entity_id, 8::real FROM public.mirrors_platformuser u
          WHERE public.searchable(u.name) = wanted AND u.organization_id = ANY (orgs) LIMIT 500)
        UNION ALL
        (SELECT 'member', u.entity_id, 8::real FROM public.mirrors_platformuser u
          WHERE public.searchable(u.email) = wanted AND u.organization_id = ANY (orgs) LIMIT 500)
        UNION ALL
        (SELECT 'account', a.entity_id, 9::real FROM public.mirrors_account a
          WHERE a.organization_id = ANY (orgs) AND a.entity_id = exact_id)
        UNION ALL
        (SELECT 'member', u.entity_id, 9::real FROM public.mirrors_platformuser u
          WHERE u.organization_id = ANY (orgs) AND u.entity_id = exact_id)
    ) AS found
    GROUP BY found.kind, found.entity_id
    ORDER BY max(found.rank) DESC, found.entity_id
    LIMIT least(row_limit, 1000);
END $$;
REVOKE ALL ON FUNCTION public.search_members_and_accounts FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.search_members_and_accounts TO {app};
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("organizations", "0001_initial"),
    ]

    operations = [
        CreateTables(
            migrations.CreateModel(
                name="Account",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("entity_id", models.BigIntegerField(verbose_name="platform id")),
                    ("lease_id", models.BigIntegerField(editable=False)),
                    ("epoch", models.BigIntegerField(editable=False)),
                    ("seq", models.BigIntegerField(editable=False)),
                    ("received_at", models.DateTimeField(editable=False)),
                    ("deleted_at", models.DateTimeField(editable=False, null=True)),
                    ("extra", models.JSONField(editable=False, null=True)),
                    ("name", models.TextField(null=True)),
                    ("user_id", models.BigIntegerField(null=True)),
                    ("account_type", models.TextField(null=True)),
                    ("restricted", models.BooleanField(null=True)),
                    ("closed", models.BooleanField(null=True)),
                    ("clearing_house_id", models.BigIntegerField(null=True)),
                    ("risk_category_id", models.BigIntegerField(null=True)),
                    ("auto_liq_profile_id", models.BigIntegerField(null=True)),
                    ("margin_account_type", models.TextField(null=True)),
                    ("legal_status", models.TextField(null=True)),
                    ("timestamp", models.DateTimeField(null=True)),
                    ("evaluation_size", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("readonly", models.BooleanField(null=True)),
                    ("cc_email", models.TextField(null=True)),
                    ("futures_disabled", models.BooleanField(null=True)),
                    ("swap_enabled", models.BooleanField(null=True)),
                    ("ssf_risk_disclosure_acknowledgment", models.DateTimeField(null=True)),
                    ("spot_margin_enabled", models.BooleanField(null=True)),
                    ("active", models.BooleanField(null=True)),
                    ("archived", models.BooleanField(null=True)),
                ],
                options={
                    "verbose_name": "account",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [
                        models.Index(fields=["organization", "user_id", "entity_id"], name="account_user_id"),
                        models.Index(fields=["organization", "active", "entity_id"], name="account_active"),
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "entity_id", "environment"), name="account_entity"
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="CashBalance",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("entity_id", models.BigIntegerField(verbose_name="platform id")),
                    ("lease_id", models.BigIntegerField(editable=False)),
                    ("epoch", models.BigIntegerField(editable=False)),
                    ("seq", models.BigIntegerField(editable=False)),
                    ("received_at", models.DateTimeField(editable=False)),
                    ("deleted_at", models.DateTimeField(editable=False, null=True)),
                    ("extra", models.JSONField(editable=False, null=True)),
                    ("account_id", models.BigIntegerField(null=True)),
                    ("timestamp", models.DateTimeField(null=True)),
                    ("trade_date", models.DateField(null=True)),
                    ("currency_id", models.BigIntegerField(null=True)),
                    ("amount", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("realized_pnl", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("week_realized_pnl", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("amount_sod", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("archived", models.BooleanField(null=True)),
                ],
                options={
                    "verbose_name": "cash balance",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [
                        models.Index(fields=["organization", "account_id", "entity_id"], name="cashbalance_account")
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "entity_id", "environment"), name="cashbalance_entity"
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="CashBalanceLog",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("entity_id", models.BigIntegerField(verbose_name="platform id")),
                    ("lease_id", models.BigIntegerField(editable=False)),
                    ("epoch", models.BigIntegerField(editable=False)),
                    ("seq", models.BigIntegerField(editable=False)),
                    ("received_at", models.DateTimeField(editable=False)),
                    ("deleted_at", models.DateTimeField(editable=False, null=True)),
                    ("extra", models.JSONField(editable=False, null=True)),
                    ("account_id", models.BigIntegerField(null=True)),
                    ("timestamp", models.DateTimeField(null=True)),
                    ("trade_date", models.DateField(null=True)),
                    ("currency_id", models.BigIntegerField(null=True)),
                    ("amount", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("realized_pnl", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("week_realized_pnl", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("cash_change_type", models.TextField(null=True)),
                    ("fill_pair_id", models.BigIntegerField(null=True)),
                    ("fill_id", models.BigIntegerField(null=True)),
                    ("fund_transaction_id", models.BigIntegerField(null=True)),
                    ("comment", models.TextField(null=True)),
                    ("delta", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("sender_id", models.BigIntegerField(null=True)),
                ],
                options={
                    "verbose_name": "cash balance log",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [
                        models.Index(fields=["organization", "account_id", "entity_id"], name="cashbalancelog_account"),
                        models.Index(
                            fields=["organization", "trade_date", "entity_id"], name="cashbalancelog_trade_date"
                        ),
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "entity_id", "environment"), name="cashbalancelog_entity"
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="MarginSnapshot",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("entity_id", models.BigIntegerField(verbose_name="platform id")),
                    ("lease_id", models.BigIntegerField(editable=False)),
                    ("epoch", models.BigIntegerField(editable=False)),
                    ("seq", models.BigIntegerField(editable=False)),
                    ("received_at", models.DateTimeField(editable=False)),
                    ("deleted_at", models.DateTimeField(editable=False, null=True)),
                    ("extra", models.JSONField(editable=False, null=True)),
                    ("timestamp", models.DateTimeField(null=True)),
                    ("risk_time_period_id", models.BigIntegerField(null=True)),
                    ("initial_margin", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("maintenance_margin", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("auto_liq_level", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("liq_only_level", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("total_used_margin", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("full_initial_margin", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("position_margin", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("total_used_full_margin", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("open_collateral_req", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                ],
                options={
                    "verbose_name": "margin snapshot",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "entity_id", "environment"), name="marginsnapshot_entity"
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="Contract",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("entity_id", models.BigIntegerField(verbose_name="platform id")),
                    ("lease_id", models.BigIntegerField(editable=False)),
                    ("epoch", models.BigIntegerField(editable=False)),
                    ("seq", models.BigIntegerField(editable=False)),
                    ("received_at", models.DateTimeField(editable=False)),
                    ("deleted_at", models.DateTimeField(editable=False, null=True)),
                    ("extra", models.JSONField(editable=False, null=True)),
                    ("name", models.TextField(null=True)),
                    ("contract_maturity_id", models.BigIntegerField(null=True)),
                    ("timestamp", models.DateTimeField(null=True)),
                    ("status", models.TextField(null=True)),
                    ("provider_tick_size", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                ],
                options={
                    "verbose_name": "contract",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [models.Index(fields=["organization", "name", "entity_id"], name="contract_name")],
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "entity_id", "environment"), name="contract_entity"
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="ContractMaturity",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("entity_id", models.BigIntegerField(verbose_name="platform id")),
                    ("lease_id", models.BigIntegerField(editable=False)),
                    ("epoch", models.BigIntegerField(editable=False)),
                    ("seq", models.BigIntegerField(editable=False)),
                    ("received_at", models.DateTimeField(editable=False)),
                    ("deleted_at", models.DateTimeField(editable=False, null=True)),
                    ("extra", models.JSONField(editable=False, null=True)),
                    ("product_id", models.BigIntegerField(null=True)),
                    ("expiration_month", models.BigIntegerField(null=True)),
                    ("expiration_date", models.DateTimeField(null=True)),
                    ("first_intent_date", models.DateTimeField(null=True)),
                    ("underlying_id", models.BigIntegerField(null=True)),
                    ("is_front", models.BooleanField(null=True)),
                    ("kalshi_event_id", models.BigIntegerField(null=True)),
                ],
                options={
                    "verbose_name": "contract maturity",
                    "verbose_name_plural": "contract maturities",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "entity_id", "environment"), name="contractmaturity_entity"
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="Product",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("entity_id", models.BigIntegerField(verbose_name="platform id")),
                    ("lease_id", models.BigIntegerField(editable=False)),
                    ("epoch", models.BigIntegerField(editable=False)),
                    ("seq", models.BigIntegerField(editable=False)),
                    ("received_at", models.DateTimeField(editable=False)),
                    ("deleted_at", models.DateTimeField(editable=False, null=True)),
                    ("extra", models.JSONField(editable=False, null=True)),
                    ("name", models.TextField(null=True)),
                    ("currency_id", models.BigIntegerField(null=True)),
                    ("product_type", models.TextField(null=True)),
                    ("description", models.TextField(null=True)),
                    ("exchange_id", models.BigIntegerField(null=True)),
                    ("contract_group_id", models.BigIntegerField(null=True)),
                    ("risk_discount_contract_group_id", models.BigIntegerField(null=True)),
                    ("status", models.TextField(null=True)),
                    ("months", models.TextField(null=True)),
                    ("is_secured", models.BooleanField(null=True)),
                    ("value_per_point", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("price_format_type", models.TextField(null=True)),
                    ("price_format", models.BigIntegerField(null=True)),
                    ("tick_size", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("post_trade_category_id", models.BigIntegerField(null=True)),
                    ("allow_provider_contract_info", models.BooleanField(null=True)),
                    ("exchange_channel_id", models.BigIntegerField(null=True)),
                    ("has_replay", models.BooleanField(null=True)),
                    ("is_micro", models.BooleanField(null=True)),
                    ("lookup_weight", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("market_data_source", models.TextField(null=True)),
                ],
                options={
                    "verbose_name": "product",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [models.Index(fields=["organization", "name", "entity_id"], name="product_name")],
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "entity_id", "environment"), name="product_entity"
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="Exchange",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("entity_id", models.BigIntegerField(verbose_name="platform id")),
                    ("lease_id", models.BigIntegerField(editable=False)),
                    ("epoch", models.BigIntegerField(editable=False)),
                    ("seq", models.BigIntegerField(editable=False)),
                    ("received_at", models.DateTimeField(editable=False)),
                    ("deleted_at", models.DateTimeField(editable=False, null=True)),
                    ("extra", models.JSONField(editable=False, null=True)),
                    ("name", models.TextField(null=True)),
                    ("mic_code", models.TextField(null=True)),
                ],
                options={
                    "verbose_name": "exchange",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "entity_id", "environment"), name="exchange_entity"
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="Currency",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("entity_id", models.BigIntegerField(verbose_name="platform id")),
                    ("lease_id", models.BigIntegerField(editable=False)),
                    ("epoch", models.BigIntegerField(editable=False)),
                    ("seq", models.BigIntegerField(editable=False)),
                    ("received_at", models.DateTimeField(editable=False)),
                    ("deleted_at", models.DateTimeField(editable=False, null=True)),
                    ("extra", models.JSONField(editable=False, null=True)),
                    ("name", models.TextField(null=True)),
                    ("symbol", models.TextField(null=True)),
                ],
                options={
                    "verbose_name": "currency",
                    "verbose_name_plural": "currencies",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "entity_id", "environment"), name="currency_entity"
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="GenericEntity",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("entity_id", models.BigIntegerField(verbose_name="platform id")),
                    ("lease_id", models.BigIntegerField(editable=False)),
                    ("epoch", models.BigIntegerField(editable=False)),
                    ("seq", models.BigIntegerField(editable=False)),
                    ("received_at", models.DateTimeField(editable=False)),
                    ("deleted_at", models.DateTimeField(editable=False, null=True)),
                    ("extra", models.JSONField(editable=False, null=True)),
                    ("type_name", models.TextField(verbose_name="entity type")),
                    ("payload", models.JSONField()),
                ],
                options={
                    "verbose_name": "other entity",
                    "verbose_name_plural": "other entities",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "type_name", "entity_id", "environment"), name="genericentity_key"
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="AccountRiskStatus",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("entity_id", models.BigIntegerField(verbose_name="platform id")),
                    ("lease_id", models.BigIntegerField(editable=False)),
                    ("epoch", models.BigIntegerField(editable=False)),
                    ("seq", models.BigIntegerField(editable=False)),
                    ("received_at", models.DateTimeField(editable=False)),
                    ("deleted_at", models.DateTimeField(editable=False, null=True)),
                    ("extra", models.JSONField(editable=False, null=True)),
                    ("admin_action", models.TextField(null=True)),
                    ("admin_timestamp", models.DateTimeField(null=True)),
                    ("liquidate_only", models.DateTimeField(null=True)),
                    ("user_triggered_liq_only", models.BooleanField(null=True)),
                    ("max_net_liq", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("min_net_liq", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                ],
                options={
                    "verbose_name": "account risk status",
                    "verbose_name_plural": "account risk statuses",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "entity_id", "environment"), name="accountriskstatus_entity"
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="UserAccountAutoLiq",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("entity_id", models.BigIntegerField(verbose_name="platform id")),
                    ("lease_id", models.BigIntegerField(editable=False)),
                    ("epoch", models.BigIntegerField(editable=False)),
                    ("seq", models.BigIntegerField(editable=False)),
                    ("received_at", models.DateTimeField(editable=False)),
                    ("deleted_at", models.DateTimeField(editable=False, null=True)),
                    ("extra", models.JSONField(editable=False, null=True)),
                    ("changes_locked", models.BooleanField(null=True)),
                    ("margin_percentage_alert", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("daily_loss_percentage_alert", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("daily_loss_alert", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("margin_percentage_liq_only", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("daily_loss_percentage_liq_only", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("daily_loss_liq_only", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("margin_percentage_auto_liq", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("daily_loss_percentage_auto_liq", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("daily_loss_auto_liq", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("weekly_loss_auto_liq", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("flatten_timestamp", models.DateTimeField(null=True)),
                    ("trailing_max_drawdown", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("trailing_max_drawdown_limit", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("trailing_max_drawdown_mode", models.TextField(null=True)),
                    ("daily_profit_auto_liq", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("weekly_profit_auto_liq", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("do_not_unlock", models.BooleanField(null=True)),
                ],
                options={
                    "verbose_name": "user account auto liq",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "entity_id", "environment"), name="useraccountautoliq_entity"
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="PermissionedAccountAutoLiq",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("entity_id", models.BigIntegerField(verbose_name="platform id")),
                    ("lease_id", models.BigIntegerField(editable=False)),
                    ("epoch", models.BigIntegerField(editable=False)),
                    ("seq", models.BigIntegerField(editable=False)),
                    ("received_at", models.DateTimeField(editable=False)),
                    ("deleted_at", models.DateTimeField(editable=False, null=True)),
                    ("extra", models.JSONField(editable=False, null=True)),
                    ("margin_percentage_alert", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("daily_loss_percentage_alert", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("daily_loss_alert", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("margin_percentage_liq_only", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("daily_loss_percentage_liq_only", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("daily_loss_liq_only", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("margin_percentage_auto_liq", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("daily_loss_percentage_auto_liq", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("daily_loss_auto_liq", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("weekly_loss_auto_liq", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("daily_profit_auto_liq", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("weekly_profit_auto_liq", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("changes_locked", models.BooleanField(null=True)),
                ],
                options={
                    "verbose_name": "permissioned account auto liq",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "entity_id", "environment"),
                            name="permissionedaccountautoliq_entity",
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="UserAccountPositionLimit",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("entity_id", models.BigIntegerField(verbose_name="platform id")),
                    ("lease_id", models.BigIntegerField(editable=False)),
                    ("epoch", models.BigIntegerField(editable=False)),
                    ("seq", models.BigIntegerField(editable=False)),
                    ("received_at", models.DateTimeField(editable=False)),
                    ("deleted_at", models.DateTimeField(editable=False, null=True)),
                    ("extra", models.JSONField(editable=False, null=True)),
                    ("contract_id", models.BigIntegerField(null=True)),
                    ("product_id", models.BigIntegerField(null=True)),
                    ("exchange_id", models.BigIntegerField(null=True)),
                    ("product_type", models.TextField(null=True)),
                    ("risk_discount_contract_group_id", models.BigIntegerField(null=True)),
                    ("product_verification_status", models.TextField(null=True)),
                    ("contract_group_id", models.BigIntegerField(null=True)),
                    ("fungible_product_id", models.BigIntegerField(null=True)),
                    ("active", models.BooleanField(null=True)),
                    ("risk_time_period_id", models.BigIntegerField(null=True)),
                    ("total_by", models.TextField(null=True)),
                    ("short_limit", models.BigIntegerField(null=True)),
                    ("long_limit", models.BigIntegerField(null=True)),
                    ("exposed_limit", models.BigIntegerField(null=True)),
                    ("fungible_exposed_limit", models.BigIntegerField(null=True)),
                    ("description", models.TextField(null=True)),
                    ("account_id", models.BigIntegerField(null=True)),
                ],
                options={
                    "verbose_name": "user account position limit",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [
                        models.Index(
                            fields=["organization", "account_id", "entity_id"], name="useraccountpositionlim_account"
                        )
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "entity_id", "environment"), name="useraccountpositionlimit_entity"
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="UserAccountRiskParameter",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("entity_id", models.BigIntegerField(verbose_name="platform id")),
                    ("lease_id", models.BigIntegerField(editable=False)),
                    ("epoch", models.BigIntegerField(editable=False)),
                    ("seq", models.BigIntegerField(editable=False)),
                    ("received_at", models.DateTimeField(editable=False)),
                    ("deleted_at", models.DateTimeField(editable=False, null=True)),
                    ("extra", models.JSONField(editable=False, null=True)),
                    ("contract_id", models.BigIntegerField(null=True)),
                    ("product_id", models.BigIntegerField(null=True)),
                    ("exchange_id", models.BigIntegerField(null=True)),
                    ("product_type", models.TextField(null=True)),
                    ("risk_discount_contract_group_id", models.BigIntegerField(null=True)),
                    ("product_verification_status", models.TextField(null=True)),
                    ("contract_group_id", models.BigIntegerField(null=True)),
                    ("fungible_product_id", models.BigIntegerField(null=True)),
                    ("max_opening_order_qty", models.BigIntegerField(null=True)),
                    ("max_closing_order_qty", models.BigIntegerField(null=True)),
                    ("fungible_max_opening_order_qty", models.BigIntegerField(null=True)),
                    ("fungible_max_closing_order_qty", models.BigIntegerField(null=True)),
                    ("max_back_month", models.BigIntegerField(null=True)),
                    ("pre_expiration_days", models.BigIntegerField(null=True)),
                    ("margin_percentage", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("margin_dollar_value", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("hard_limit", models.BooleanField(null=True)),
                    ("user_account_position_limit_id", models.BigIntegerField(null=True)),
                ],
                options={
                    "verbose_name": "user account risk parameter",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [
                        models.Index(
                            fields=["organization", "user_account_position_limit_id", "entity_id"],
                            name="useraccountriskparamet_user_ac",
                        )
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "entity_id", "environment"), name="useraccountriskparameter_entity"
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="RiskCategory",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("entity_id", models.BigIntegerField(verbose_name="platform id")),
                    ("lease_id", models.BigIntegerField(editable=False)),
                    ("epoch", models.BigIntegerField(editable=False)),
                    ("seq", models.BigIntegerField(editable=False)),
                    ("received_at", models.DateTimeField(editable=False)),
                    ("deleted_at", models.DateTimeField(editable=False, null=True)),
                    ("extra", models.JSONField(editable=False, null=True)),
                    ("name", models.TextField(null=True)),
                ],
                options={
                    "verbose_name": "risk category",
                    "verbose_name_plural": "risk categories",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "entity_id", "environment"), name="riskcategory_entity"
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="Position",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("entity_id", models.BigIntegerField(verbose_name="platform id")),
                    ("lease_id", models.BigIntegerField(editable=False)),
                    ("epoch", models.BigIntegerField(editable=False)),
                    ("seq", models.BigIntegerField(editable=False)),
                    ("received_at", models.DateTimeField(editable=False)),
                    ("deleted_at", models.DateTimeField(editable=False, null=True)),
                    ("extra", models.JSONField(editable=False, null=True)),
                    ("account_id", models.BigIntegerField(null=True)),
                    ("contract_id", models.BigIntegerField(null=True)),
                    ("timestamp", models.DateTimeField(null=True)),
                    ("trade_date", models.DateField(null=True)),
                    ("net_pos", models.BigIntegerField(null=True)),
                    ("net_price", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("bought", models.BigIntegerField(null=True)),
                    ("bought_value", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("sold", models.BigIntegerField(null=True)),
                    ("sold_value", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("prev_pos", models.BigIntegerField(null=True)),
                    ("prev_price", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("archived", models.BooleanField(null=True)),
                ],
                options={
                    "verbose_name": "position",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [
                        models.Index(fields=["organization", "account_id", "entity_id"], name="position_account")
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "entity_id", "environment"), name="position_entity"
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="Order",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("entity_id", models.BigIntegerField(verbose_name="platform id")),
                    ("lease_id", models.BigIntegerField(editable=False)),
                    ("epoch", models.BigIntegerField(editable=False)),
                    ("seq", models.BigIntegerField(editable=False)),
                    ("received_at", models.DateTimeField(editable=False)),
                    ("deleted_at", models.DateTimeField(editable=False, null=True)),
                    ("extra", models.JSONField(editable=False, null=True)),
                    ("account_id", models.BigIntegerField(null=True)),
                    ("contract_id", models.BigIntegerField(null=True)),
                    ("spread_definition_id", models.BigIntegerField(null=True)),
                    ("timestamp", models.DateTimeField(null=True)),
                    ("action", models.TextField(null=True)),
                    ("ord_status", models.TextField(null=True)),
                    ("execution_provider_id", models.BigIntegerField(null=True)),
                    ("oco_id", models.BigIntegerField(null=True)),
                    ("parent_id", models.BigIntegerField(null=True)),
                    ("linked_id", models.BigIntegerField(null=True)),
                    ("admin", models.BooleanField(null=True)),
                    ("archived", models.BooleanField(null=True)),
                    ("external", models.BooleanField(null=True)),
                ],
                options={
                    "verbose_name": "order",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [models.Index(fields=["organization", "account_id", "entity_id"], name="order_account")],
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "entity_id", "environment"), name="order_entity"
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="OrderVersion",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("entity_id", models.BigIntegerField(verbose_name="platform id")),
                    ("lease_id", models.BigIntegerField(editable=False)),
                    ("epoch", models.BigIntegerField(editable=False)),
                    ("seq", models.BigIntegerField(editable=False)),
                    ("received_at", models.DateTimeField(editable=False)),
                    ("deleted_at", models.DateTimeField(editable=False, null=True)),
                    ("extra", models.JSONField(editable=False, null=True)),
                    ("account_id", models.BigIntegerField(null=True)),
                    ("order_id", models.BigIntegerField(null=True)),
                    ("order_qty", models.BigIntegerField(null=True)),
                    ("order_type", models.TextField(null=True)),
                    ("price", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("stop_price", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("limit_if_touched_price", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("max_show", models.BigIntegerField(null=True)),
                    ("peg_difference", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("time_in_force", models.TextField(null=True)),
                    ("expire_time", models.DateTimeField(null=True)),
                    ("text", models.TextField(null=True)),
                ],
                options={
                    "verbose_name": "order version",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [
                        models.Index(fields=["organization", "order_id", "entity_id"], name="orderversion_order_i"),
                        models.Index(fields=["organization", "account_id", "entity_id"], name="orderversion_account"),
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "entity_id", "environment"), name="orderversion_entity"
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="Command",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("entity_id", models.BigIntegerField(verbose_name="platform id")),
                    ("lease_id", models.BigIntegerField(editable=False)),
                    ("epoch", models.BigIntegerField(editable=False)),
                    ("seq", models.BigIntegerField(editable=False)),
                    ("received_at", models.DateTimeField(editable=False)),
                    ("deleted_at", models.DateTimeField(editable=False, null=True)),
                    ("extra", models.JSONField(editable=False, null=True)),
                    ("account_id", models.BigIntegerField(null=True)),
                    ("order_id", models.BigIntegerField(null=True)),
                    ("timestamp", models.DateTimeField(null=True)),
                    ("cl_ord_id", models.TextField(null=True)),
                    ("command_type", models.TextField(null=True)),
                    ("command_status", models.TextField(null=True)),
                    ("sender_id", models.BigIntegerField(null=True)),
                    ("user_session_id", models.BigIntegerField(null=True)),
                    ("activation_time", models.DateTimeField(null=True)),
                    ("custom_tag50", models.TextField(null=True)),
                    ("is_automated", models.BooleanField(null=True)),
                ],
                options={
                    "verbose_name": "command",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [
                        models.Index(fields=["organization", "order_id", "entity_id"], name="command_order_i"),
                        models.Index(fields=["organization", "account_id", "entity_id"], name="command_account"),
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "entity_id", "environment"), name="command_entity"
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="CommandReport",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("entity_id", models.BigIntegerField(verbose_name="platform id")),
                    ("lease_id", models.BigIntegerField(editable=False)),
                    ("epoch", models.BigIntegerField(editable=False)),
                    ("seq", models.BigIntegerField(editable=False)),
                    ("received_at", models.DateTimeField(editable=False)),
                    ("deleted_at", models.DateTimeField(editable=False, null=True)),
                    ("extra", models.JSONField(editable=False, null=True)),
                    ("account_id", models.BigIntegerField(null=True)),
                    ("command_id", models.BigIntegerField(null=True)),
                    ("timestamp", models.DateTimeField(null=True)),
                    ("command_status", models.TextField(null=True)),
                    ("reject_reason", models.TextField(null=True)),
                    ("text", models.TextField(null=True)),
                    ("ord_status", models.TextField(null=True)),
                ],
                options={
                    "verbose_name": "command report",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [
                        models.Index(fields=["organization", "command_id", "entity_id"], name="commandreport_command"),
                        models.Index(fields=["organization", "account_id", "entity_id"], name="commandreport_account"),
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "entity_id", "environment"), name="commandreport_entity"
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="ExecutionReport",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("entity_id", models.BigIntegerField(verbose_name="platform id")),
                    ("lease_id", models.BigIntegerField(editable=False)),
                    ("epoch", models.BigIntegerField(editable=False)),
                    ("seq", models.BigIntegerField(editable=False)),
                    ("received_at", models.DateTimeField(editable=False)),
                    ("deleted_at", models.DateTimeField(editable=False, null=True)),
                    ("extra", models.JSONField(editable=False, null=True)),
                    ("command_id", models.BigIntegerField(null=True)),
                    ("name", models.TextField(null=True)),
                    ("account_id", models.BigIntegerField(null=True)),
                    ("contract_id", models.BigIntegerField(null=True)),
                    ("timestamp", models.DateTimeField(null=True)),
                    ("trade_date", models.DateField(null=True)),
                    ("order_id", models.BigIntegerField(null=True)),
                    ("exec_type", models.TextField(null=True)),
                    ("exec_ref_id", models.TextField(null=True)),
                    ("ord_status", models.TextField(null=True)),
                    ("action", models.TextField(null=True)),
                    ("cum_qty", models.BigIntegerField(null=True)),
                    ("avg_px", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("last_qty", models.BigIntegerField(null=True)),
                    ("last_px", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("reject_reason", models.TextField(null=True)),
                    ("text", models.TextField(null=True)),
                    ("exchange_order_id", models.TextField(null=True)),
                ],
                options={
                    "verbose_name": "execution report",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [
                        models.Index(fields=["organization", "account_id", "entity_id"], name="executionreport_account")
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "entity_id", "environment"), name="executionreport_entity"
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="Fill",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("entity_id", models.BigIntegerField(verbose_name="platform id")),
                    ("lease_id", models.BigIntegerField(editable=False)),
                    ("epoch", models.BigIntegerField(editable=False)),
                    ("seq", models.BigIntegerField(editable=False)),
                    ("received_at", models.DateTimeField(editable=False)),
                    ("deleted_at", models.DateTimeField(editable=False, null=True)),
                    ("extra", models.JSONField(editable=False, null=True)),
                    ("account_id", models.BigIntegerField(null=True)),
                    ("order_id", models.BigIntegerField(null=True)),
                    ("contract_id", models.BigIntegerField(null=True)),
                    ("timestamp", models.DateTimeField(null=True)),
                    ("trade_date", models.DateField(null=True)),
                    ("action", models.TextField(null=True)),
                    ("qty", models.BigIntegerField(null=True)),
                    ("price", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("active", models.BooleanField(null=True)),
                    ("finally_paired", models.BigIntegerField(null=True)),
                    ("external", models.BooleanField(null=True)),
                ],
                options={
                    "verbose_name": "fill",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [
                        models.Index(fields=["organization", "order_id", "entity_id"], name="fill_order_i"),
                        models.Index(fields=["organization", "account_id", "entity_id"], name="fill_account"),
                        models.Index(fields=["organization", "trade_date", "entity_id"], name="fill_trade_date"),
                    ],
                    "constraints": [
                        models.UniqueConstraint(fields=("organization", "entity_id", "environment"), name="fill_entity")
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="FillFee",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("entity_id", models.BigIntegerField(verbose_name="platform id")),
                    ("lease_id", models.BigIntegerField(editable=False)),
                    ("epoch", models.BigIntegerField(editable=False)),
                    ("seq", models.BigIntegerField(editable=False)),
                    ("received_at", models.DateTimeField(editable=False)),
                    ("deleted_at", models.DateTimeField(editable=False, null=True)),
                    ("extra", models.JSONField(editable=False, null=True)),
                    ("account_id", models.BigIntegerField(null=True)),
                    ("clearing_fee", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("clearing_currency_id", models.BigIntegerField(null=True)),
                    ("exchange_fee", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("exchange_currency_id", models.BigIntegerField(null=True)),
                    ("nfa_fee", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("nfa_currency_id", models.BigIntegerField(null=True)),
                    ("brokerage_fee", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("brokerage_currency_id", models.BigIntegerField(null=True)),
                    ("ip_fee", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("ip_currency_id", models.BigIntegerField(null=True)),
                    ("commission", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("commission_currency_id", models.BigIntegerField(null=True)),
                    ("order_routing_fee", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("order_routing_currency_id", models.BigIntegerField(null=True)),
                ],
                options={
                    "verbose_name": "fill fee",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [
                        models.Index(fields=["organization", "account_id", "entity_id"], name="fillfee_account")
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "entity_id", "environment"), name="fillfee_entity"
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="FillPair",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("entity_id", models.BigIntegerField(verbose_name="platform id")),
                    ("lease_id", models.BigIntegerField(editable=False)),
                    ("epoch", models.BigIntegerField(editable=False)),
                    ("seq", models.BigIntegerField(editable=False)),
                    ("received_at", models.DateTimeField(editable=False)),
                    ("deleted_at", models.DateTimeField(editable=False, null=True)),
                    ("extra", models.JSONField(editable=False, null=True)),
                    ("account_id", models.BigIntegerField(null=True)),
                    ("position_id", models.BigIntegerField(null=True)),
                    ("buy_fill_id", models.BigIntegerField(null=True)),
                    ("sell_fill_id", models.BigIntegerField(null=True)),
                    ("qty", models.BigIntegerField(null=True)),
                    ("buy_price", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("sell_price", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("active", models.BooleanField(null=True)),
                ],
                options={
                    "verbose_name": "fill pair",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [
                        models.Index(fields=["organization", "position_id", "entity_id"], name="fillpair_positio"),
                        models.Index(fields=["organization", "account_id", "entity_id"], name="fillpair_account"),
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "entity_id", "environment"), name="fillpair_entity"
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="OrderStrategy",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("entity_id", models.BigIntegerField(verbose_name="platform id")),
                    ("lease_id", models.BigIntegerField(editable=False)),
                    ("epoch", models.BigIntegerField(editable=False)),
                    ("seq", models.BigIntegerField(editable=False)),
                    ("received_at", models.DateTimeField(editable=False)),
                    ("deleted_at", models.DateTimeField(editable=False, null=True)),
                    ("extra", models.JSONField(editable=False, null=True)),
                    ("account_id", models.BigIntegerField(null=True)),
                    ("timestamp", models.DateTimeField(null=True)),
                    ("contract_id", models.BigIntegerField(null=True)),
                    ("order_strategy_type_id", models.BigIntegerField(null=True)),
                    ("initiator_id", models.BigIntegerField(null=True)),
                    ("action", models.TextField(null=True)),
                    ("params", models.TextField(null=True)),
                    ("uuid", models.TextField(null=True)),
                    ("status", models.TextField(null=True)),
                    ("failure_message", models.TextField(null=True)),
                    ("sender_id", models.BigIntegerField(null=True)),
                    ("custom_tag50", models.TextField(null=True)),
                    ("user_session_id", models.BigIntegerField(null=True)),
                ],
                options={
                    "verbose_name": "order strategy",
                    "verbose_name_plural": "order strategies",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [
                        models.Index(fields=["organization", "account_id", "entity_id"], name="orderstrategy_account")
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "entity_id", "environment"), name="orderstrategy_entity"
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="OrderStrategyLink",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("entity_id", models.BigIntegerField(verbose_name="platform id")),
                    ("lease_id", models.BigIntegerField(editable=False)),
                    ("epoch", models.BigIntegerField(editable=False)),
                    ("seq", models.BigIntegerField(editable=False)),
                    ("received_at", models.DateTimeField(editable=False)),
                    ("deleted_at", models.DateTimeField(editable=False, null=True)),
                    ("extra", models.JSONField(editable=False, null=True)),
                    ("order_strategy_id", models.BigIntegerField(null=True)),
                    ("order_id", models.BigIntegerField(null=True)),
                    ("label", models.TextField(null=True)),
                ],
                options={
                    "verbose_name": "order strategy link",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [
                        models.Index(
                            fields=["organization", "order_strategy_id", "entity_id"], name="orderstrategylink_order_s"
                        )
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "entity_id", "environment"), name="orderstrategylink_entity"
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="PlatformUser",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("entity_id", models.BigIntegerField(verbose_name="platform id")),
                    ("lease_id", models.BigIntegerField(editable=False)),
                    ("epoch", models.BigIntegerField(editable=False)),
                    ("seq", models.BigIntegerField(editable=False)),
                    ("received_at", models.DateTimeField(editable=False)),
                    ("deleted_at", models.DateTimeField(editable=False, null=True)),
                    ("extra", models.JSONField(editable=False, null=True)),
                    ("name", models.TextField(null=True)),
                    ("timestamp", models.DateTimeField(null=True)),
                    ("email", models.TextField(null=True)),
                    ("status", models.TextField(null=True)),
                    ("professional", models.BooleanField(null=True)),
                    ("platform_organization_id", models.BigIntegerField(null=True)),
                    ("introducing_partner_id", models.BigIntegerField(null=True)),
                    ("user_type", models.TextField(null=True)),
                    ("linked_user_id", models.BigIntegerField(null=True)),
                    ("hibernated", models.BooleanField(null=True)),
                ],
                options={
                    "verbose_name": "user",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [
                        models.Index(fields=["organization", "status", "entity_id"], name="platformuser_status")
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "entity_id", "environment"), name="platformuser_entity"
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="ContactInfo",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("entity_id", models.BigIntegerField(verbose_name="platform id")),
                    ("lease_id", models.BigIntegerField(editable=False)),
                    ("epoch", models.BigIntegerField(editable=False)),
                    ("seq", models.BigIntegerField(editable=False)),
                    ("received_at", models.DateTimeField(editable=False)),
                    ("deleted_at", models.DateTimeField(editable=False, null=True)),
                    ("extra", models.JSONField(editable=False, null=True)),
                    ("user_id", models.BigIntegerField(null=True)),
                    ("first_name", models.TextField(null=True)),
                    ("last_name", models.TextField(null=True)),
                    ("street_address1", models.TextField(null=True)),
                    ("street_address2", models.TextField(null=True)),
                    ("city", models.TextField(null=True)),
                    ("state", models.TextField(null=True)),
                    ("post_code", models.TextField(null=True)),
                    ("country", models.TextField(null=True)),
                    ("phone", models.TextField(null=True)),
                    ("mailing_is_different", models.BooleanField(null=True)),
                    ("mailing_street_address1", models.TextField(null=True)),
                    ("mailing_street_address2", models.TextField(null=True)),
                    ("mailing_city", models.TextField(null=True)),
                    ("mailing_state", models.TextField(null=True)),
                    ("mailing_post_code", models.TextField(null=True)),
                    ("mailing_country", models.TextField(null=True)),
                    ("approved_id", models.BigIntegerField(null=True)),
                    ("joint_first_name", models.TextField(null=True)),
                    ("joint_last_name", models.TextField(null=True)),
                    ("ira_custodian_name", models.TextField(null=True)),
                ],
                options={
                    "verbose_name": "contact info",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [
                        models.Index(fields=["organization", "user_id", "entity_id"], name="contactinfo_user_id")
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "entity_id", "environment"), name="contactinfo_entity"
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="TradingPermission",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("entity_id", models.BigIntegerField(verbose_name="platform id")),
                    ("lease_id", models.BigIntegerField(editable=False)),
                    ("epoch", models.BigIntegerField(editable=False)),
                    ("seq", models.BigIntegerField(editable=False)),
                    ("received_at", models.DateTimeField(editable=False)),
                    ("deleted_at", models.DateTimeField(editable=False, null=True)),
                    ("extra", models.JSONField(editable=False, null=True)),
                    ("user_id", models.BigIntegerField(null=True)),
                    ("account_id", models.BigIntegerField(null=True)),
                    ("account_holder_contact", models.TextField(null=True)),
                    ("account_holder_email", models.TextField(null=True)),
                    ("cta_contact", models.TextField(null=True)),
                    ("cta_email", models.TextField(null=True)),
                    ("status", models.TextField(null=True)),
                    ("updated", models.DateTimeField(null=True)),
                    ("approved_by_id", models.BigIntegerField(null=True)),
                ],
                options={
                    "verbose_name": "trading permission",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [
                        models.Index(fields=["organization", "user_id", "entity_id"], name="tradingpermission_user_id"),
                        models.Index(
                            fields=["organization", "account_id", "entity_id"], name="tradingpermission_account"
                        ),
                        models.Index(fields=["organization", "status", "entity_id"], name="tradingpermission_status"),
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "entity_id", "environment"), name="tradingpermission_entity"
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="UserPlugin",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("entity_id", models.BigIntegerField(verbose_name="platform id")),
                    ("lease_id", models.BigIntegerField(editable=False)),
                    ("epoch", models.BigIntegerField(editable=False)),
                    ("seq", models.BigIntegerField(editable=False)),
                    ("received_at", models.DateTimeField(editable=False)),
                    ("deleted_at", models.DateTimeField(editable=False, null=True)),
                    ("extra", models.JSONField(editable=False, null=True)),
                    ("user_id", models.BigIntegerField(null=True)),
                    ("timestamp", models.DateTimeField(null=True)),
                    ("plan_price", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("cash_balance_log_id", models.BigIntegerField(null=True)),
                    ("account_id", models.BigIntegerField(null=True)),
                    ("plugin_name", models.TextField(null=True)),
                    ("approval", models.BooleanField(null=True)),
                    ("entitlement_id", models.BigIntegerField(null=True)),
                    ("start_date", models.DateField(null=True)),
                    ("expiration_date", models.DateField(null=True)),
                    ("paid_amount", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("autorenewal", models.BooleanField(null=True)),
                    ("plan_categories", models.TextField(null=True)),
                    ("rebate", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                ],
                options={
                    "verbose_name": "user plugin",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [
                        models.Index(fields=["organization", "user_id", "entity_id"], name="userplugin_user_id")
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "entity_id", "environment"), name="userplugin_entity"
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="Entitlement",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("entity_id", models.BigIntegerField(verbose_name="platform id")),
                    ("lease_id", models.BigIntegerField(editable=False)),
                    ("epoch", models.BigIntegerField(editable=False)),
                    ("seq", models.BigIntegerField(editable=False)),
                    ("received_at", models.DateTimeField(editable=False)),
                    ("deleted_at", models.DateTimeField(editable=False, null=True)),
                    ("extra", models.JSONField(editable=False, null=True)),
                    ("title", models.TextField(null=True)),
                    ("price", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("start_date", models.DateField(null=True)),
                    ("discontinued_date", models.DateField(null=True)),
                    ("name", models.TextField(null=True)),
                    ("duration", models.BigIntegerField(null=True)),
                    ("duration_units", models.TextField(null=True)),
                    ("autorenewal", models.BooleanField(null=True)),
                    ("legal_entity_type", models.TextField(null=True)),
                    ("required_non_pro_certification", models.BooleanField(null=True)),
                    ("is_upgradable", models.BooleanField(null=True)),
                    ("free_for_first_time", models.BooleanField(null=True)),
                    ("min_days_between_use", models.BigIntegerField(null=True)),
                    ("purchase_type", models.TextField(null=True)),
                    ("rebate_contracts_threshold", models.BigIntegerField(null=True)),
                    ("use_limit", models.BigIntegerField(null=True)),
                ],
                options={
                    "verbose_name": "entitlement",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "entity_id", "environment"), name="entitlement_entity"
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="MarketDataSubscription",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("entity_id", models.BigIntegerField(verbose_name="platform id")),
                    ("lease_id", models.BigIntegerField(editable=False)),
                    ("epoch", models.BigIntegerField(editable=False)),
                    ("seq", models.BigIntegerField(editable=False)),
                    ("received_at", models.DateTimeField(editable=False)),
                    ("deleted_at", models.DateTimeField(editable=False, null=True)),
                    ("extra", models.JSONField(editable=False, null=True)),
                    ("user_id", models.BigIntegerField(null=True)),
                    ("timestamp", models.DateTimeField(null=True)),
                    ("plan_price", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("cash_balance_log_id", models.BigIntegerField(null=True)),
                    ("account_id", models.BigIntegerField(null=True)),
                    ("market_data_subscription_plan_id", models.BigIntegerField(null=True)),
                    ("year", models.BigIntegerField(null=True)),
                    ("month", models.BigIntegerField(null=True)),
                    ("expired", models.BooleanField(null=True)),
                    ("renewal_credit_card_id", models.BigIntegerField(null=True)),
                    ("renewal_account_id", models.BigIntegerField(null=True)),
                ],
                options={
                    "verbose_name": "market data subscription",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [
                        models.Index(
                            fields=["organization", "user_id", "entity_id"], name="marketdatasubscription_user_id"
                        )
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "entity_id", "environment"), name="marketdatasubscription_entity"
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="MarketDataSubscriptionPlan",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("entity_id", models.BigIntegerField(verbose_name="platform id")),
                    ("lease_id", models.BigIntegerField(editable=False)),
                    ("epoch", models.BigIntegerField(editable=False)),
                    ("seq", models.BigIntegerField(editable=False)),
                    ("received_at", models.DateTimeField(editable=False)),
                    ("deleted_at", models.DateTimeField(editable=False, null=True)),
                    ("extra", models.JSONField(editable=False, null=True)),
                    ("name", models.TextField(null=True)),
                    ("title", models.TextField(null=True)),
                    ("price", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("start_date", models.DateField(null=True)),
                    ("discontinued_date", models.DateField(null=True)),
                    ("exchange_scope_id", models.BigIntegerField(null=True)),
                    ("data_type", models.TextField(null=True)),
                    ("professional", models.TextField(null=True)),
                    ("tooltip", models.TextField(null=True)),
                ],
                options={
                    "verbose_name": "market data subscription plan",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "entity_id", "environment"),
                            name="marketdatasubscriptionplan_entity",
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="TradovateSubscription",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("entity_id", models.BigIntegerField(verbose_name="platform id")),
                    ("lease_id", models.BigIntegerField(editable=False)),
                    ("epoch", models.BigIntegerField(editable=False)),
                    ("seq", models.BigIntegerField(editable=False)),
                    ("received_at", models.DateTimeField(editable=False)),
                    ("deleted_at", models.DateTimeField(editable=False, null=True)),
                    ("extra", models.JSONField(editable=False, null=True)),
                    ("user_id", models.BigIntegerField(null=True)),
                    ("timestamp", models.DateTimeField(null=True)),
                    ("plan_price", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("cash_balance_log_id", models.BigIntegerField(null=True)),
                    ("account_id", models.BigIntegerField(null=True)),
                    ("tradovate_subscription_plan_id", models.BigIntegerField(null=True)),
                    ("start_date", models.DateField(null=True)),
                    ("expiration_date", models.DateField(null=True)),
                    ("paid_amount", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("cancelled_renewal", models.BooleanField(null=True)),
                    ("cancel_reason", models.TextField(null=True)),
                ],
                options={
                    "verbose_name": "tradovate subscription",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [
                        models.Index(
                            fields=["organization", "user_id", "entity_id"], name="tradovatesubscription_user_id"
                        )
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "entity_id", "environment"), name="tradovatesubscription_entity"
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="TradovateSubscriptionPlan",
                fields=[
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
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
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("entity_id", models.BigIntegerField(verbose_name="platform id")),
                    ("lease_id", models.BigIntegerField(editable=False)),
                    ("epoch", models.BigIntegerField(editable=False)),
                    ("seq", models.BigIntegerField(editable=False)),
                    ("received_at", models.DateTimeField(editable=False)),
                    ("deleted_at", models.DateTimeField(editable=False, null=True)),
                    ("extra", models.JSONField(editable=False, null=True)),
                    ("name", models.TextField(null=True)),
                    ("title", models.TextField(null=True)),
                    ("price", vendor_admin.mirrors.fields.numeric.NumericField(null=True)),
                    ("start_date", models.DateField(null=True)),
                    ("discontinued_date", models.DateField(null=True)),
                    ("category", models.TextField(null=True)),
                    ("trial", models.BooleanField(null=True)),
                    ("duration", models.BigIntegerField(null=True)),
                    ("duration_units", models.TextField(null=True)),
                    ("risk_category_id", models.BigIntegerField(null=True)),
                    ("multiple_accounts", models.BooleanField(null=True)),
                    ("platform_organization_id", models.BigIntegerField(null=True)),
                    ("replay_sessions", models.BigIntegerField(null=True)),
                    ("footnote", models.TextField(null=True)),
                    ("sim_only", models.BooleanField(null=True)),
                ],
                options={
                    "verbose_name": "tradovate subscription plan",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("organization", "entity_id", "environment"), name="tradovatesubscriptionplan_entity"
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
        ),
        *(run_sql((POLICIES + STORAGE).replace("{table}", f"mirrors_{table}")) for table in TABLES),
        TrigramExtension(),
        run_sql(FOLDING + SEARCH),
    ]
