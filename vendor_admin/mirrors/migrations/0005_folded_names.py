"""One rule for names that differ in case alone, and a search that folds case and marks on both sides.

`folded_name` is what names are compared by; `searchable`, without marks, what the search and its indexes are about.
The search names whole names before those that only contain the words.
"""

from django.db import migrations

FUNCTIONS = r"""
CREATE OR REPLACE FUNCTION public.folded_name(name text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$ SELECT pg_catalog.lower(pg_catalog.upper(pg_catalog.normalize($1, 'NFKD'))) $$;

CREATE OR REPLACE FUNCTION public.searchable(name text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$ SELECT pg_catalog.regexp_replace(public.folded_name($1), '[\u0300-\u036f]', '', 'g') $$;
"""

FULL_NAME = "coalesce(first_name, '') || ' ' || coalesce(last_name, '')"
INDEXES = {
    "platformuser_name_searchable": ("mirrors_platformuser", "name"),
    "platformuser_email_searchable": ("mirrors_platformuser", "email"),
    "account_name_searchable": ("mirrors_account", "name"),
    "contactinfo_name_searchable": ("mirrors_contactinfo", FULL_NAME),
}
FORMER = (
    "platformuser_name_trigrams",
    "platformuser_email_trigrams",
    "account_name_trigrams",
    "contactinfo_name_trigrams",
)

SEARCH = r"""
CREATE OR REPLACE FUNCTION public.search_members_and_accounts(words text, row_limit integer)
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
"""


def _index(name: str, table: str, what: str) -> migrations.RunSQL:
    """Built beside who writes, as often as it takes: one whose build was broken off is dropped first."""
    build = f"CREATE INDEX CONCURRENTLY {name} ON {table} USING gin (public.searchable({what}) gin_trgm_ops)"
    return migrations.RunSQL([f"DROP INDEX CONCURRENTLY IF EXISTS {name}", build], migrations.RunSQL.noop)


class Migration(migrations.Migration):
    atomic = False  # for the indexes
    dependencies = [("mirrors", "0004_search_out_of_reach")]

    operations = [
        migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop),
        *(_index(name, table, what) for name, (table, what) in INDEXES.items()),
        migrations.RunSQL(SEARCH, migrations.RunSQL.noop),
        migrations.RunSQL([f"DROP INDEX CONCURRENTLY IF EXISTS {name}" for name in FORMER], migrations.RunSQL.noop),
    ]
