"""Policies, rights, fill factor, and the search over members and accounts.

Trigram operators are not leakproof, so below row level security the planner would not use their index. The search therefore
is one function of the owner, which takes its organizations from the transaction's setting and from nowhere else.
"""

from django.conf import settings
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations

from vendor_admin.organizations.tenancy.rls import protect

TABLES = [
    "account", "accountriskstatus", "cashbalance", "cashbalancelog", "command", "commandreport", "contactinfo", "contract",
    "contractmaturity", "currency", "entitlement", "exchange", "executionreport", "fill", "fillfee", "fillpair",
    "genericentity", "marginsnapshot", "marketdatasubscription", "marketdatasubscriptionplan", "order", "orderstrategy",
    "orderstrategylink", "orderversion", "permissionedaccountautoliq", "platformuser", "position", "product", "riskcategory",
    "tradingpermission", "tradovatesubscription", "tradovatesubscriptionplan", "useraccountautoliq",
    "useraccountpositionlimit", "useraccountriskparameter", "userplugin",
]  # fmt: skip

SEARCH = """
CREATE INDEX platformuser_name_trigrams ON mirrors_platformuser USING gin (upper(name) gin_trgm_ops);
CREATE INDEX platformuser_email_trigrams ON mirrors_platformuser USING gin (upper(email) gin_trgm_ops);
CREATE INDEX account_name_trigrams ON mirrors_account USING gin (upper(name) gin_trgm_ops);
CREATE INDEX contactinfo_name_trigrams ON mirrors_contactinfo
    USING gin (upper(coalesce(first_name, '') || ' ' || coalesce(last_name, '')) gin_trgm_ops);

CREATE FUNCTION search_members_and_accounts(words text, row_limit integer)
RETURNS TABLE (kind text, entity_id bigint, rank real)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    orgs bigint[] := nullif(current_setting('app.orgs', true), '')::bigint[];
    wanted text := upper(words);
    inside text := '%' || replace(replace(replace(upper(words), '\\', '\\\\'), '%', '\\%'), '_', '\\_') || '%';
BEGIN
    IF orgs IS NULL THEN RETURN; END IF;
    RETURN QUERY
    SELECT found.kind, found.entity_id, max(found.rank)::real FROM (
        (SELECT 'account' AS kind, a.entity_id, 2::real + similarity(upper(a.name), wanted) AS rank
           FROM mirrors_account a WHERE upper(a.name) LIKE inside AND a.organization_id = ANY (orgs) LIMIT 500)
        UNION ALL
        (SELECT 'member', u.entity_id, 2::real + similarity(upper(u.name), wanted)
           FROM mirrors_platformuser u WHERE upper(u.name) LIKE inside AND u.organization_id = ANY (orgs) LIMIT 500)
        UNION ALL
        (SELECT 'member', u.entity_id, 2::real + similarity(upper(u.email), wanted)
           FROM mirrors_platformuser u WHERE upper(u.email) LIKE inside AND u.organization_id = ANY (orgs) LIMIT 500)
        UNION ALL
        (SELECT 'member', c.user_id, 2::real
           FROM mirrors_contactinfo c
          WHERE upper(coalesce(c.first_name, '') || ' ' || coalesce(c.last_name, '')) LIKE inside
            AND c.organization_id = ANY (orgs) AND c.user_id IS NOT NULL LIMIT 500)
        UNION ALL
        (SELECT 'member', u.entity_id, similarity(upper(u.name), wanted)
           FROM mirrors_platformuser u WHERE upper(u.name) % wanted AND u.organization_id = ANY (orgs) LIMIT 500)
        UNION ALL
        (SELECT 'account', a.entity_id, similarity(upper(a.name), wanted)
           FROM mirrors_account a WHERE upper(a.name) % wanted AND a.organization_id = ANY (orgs) LIMIT 500)
        UNION ALL
        (SELECT 'account', a.entity_id, 9::real FROM mirrors_account a
          WHERE words ~ '^[0-9]{1,18}$' AND a.organization_id = ANY (orgs)
            AND a.entity_id = CASE WHEN words ~ '^[0-9]{1,18}$' THEN words::bigint END)
        UNION ALL
        (SELECT 'member', u.entity_id, 9::real FROM mirrors_platformuser u
          WHERE words ~ '^[0-9]{1,18}$' AND u.organization_id = ANY (orgs)
            AND u.entity_id = CASE WHEN words ~ '^[0-9]{1,18}$' THEN words::bigint END)
    ) AS found
    GROUP BY found.kind, found.entity_id
    ORDER BY max(found.rank) DESC, found.entity_id
    LIMIT row_limit;
END $$;
REVOKE ALL ON FUNCTION search_members_and_accounts FROM PUBLIC;
"""


def _storage(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"ALTER TABLE mirrors_{table} SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05)",
        migrations.RunSQL.noop,
    )


class Migration(migrations.Migration):
    dependencies = [("mirrors", "0002_initial"), ("organizations", "0002_policies")]

    operations = [
        *(protect(f"mirrors_{table}", app="SELECT", hub="SELECT, INSERT, UPDATE") for table in TABLES),
        *(_storage(table) for table in TABLES),
        TrigramExtension(),
        migrations.RunSQL(
            SEARCH + f'GRANT EXECUTE ON FUNCTION search_members_and_accounts TO "{settings.APP_ROLE}"',
            "DROP FUNCTION search_members_and_accounts",
        ),
    ]
