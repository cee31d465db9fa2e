"""The search looks at nothing that its caller can make: temporary objects come last, and every name says its schema.

A list of schemas that leaves pg_temp out has PostgreSQL look for tables there first: a temporary view named like a
mirror then ran its code as the owner.
"""

from django.db import migrations

SEARCH = """
CREATE OR REPLACE FUNCTION public.search_members_and_accounts(words text, row_limit integer)
RETURNS TABLE (kind text, entity_id bigint, rank real)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    orgs bigint[] := nullif(current_setting('app.orgs', true), '')::bigint[];
    asked text := left(words, 100);
    wanted text := upper(asked);
    inside text := '%' || replace(replace(replace(wanted, '\\', '\\\\'), '%', '\\%'), '_', '\\_') || '%';
    exact_id bigint := CASE WHEN asked ~ '^[0-9]{1,18}$' THEN asked::bigint END;
BEGIN
    IF orgs IS NULL THEN RETURN; END IF;
    RETURN QUERY
    SELECT found.kind, found.entity_id, max(found.rank)::real FROM (
        (SELECT 'account' AS kind, a.entity_id, 2::real + public.similarity(upper(a.name), wanted) AS rank
           FROM public.mirrors_account a WHERE upper(a.name) LIKE inside AND a.organization_id = ANY (orgs) LIMIT 500)
        UNION ALL
        (SELECT 'member', u.entity_id, 2::real + public.similarity(upper(u.name), wanted)
           FROM public.mirrors_platformuser u
          WHERE upper(u.name) LIKE inside AND u.organization_id = ANY (orgs) LIMIT 500)
        UNION ALL
        (SELECT 'member', u.entity_id, 2::real + public.similarity(upper(u.email), wanted)
           FROM public.mirrors_platformuser u
          WHERE upper(u.email) LIKE inside AND u.organization_id = ANY (orgs) LIMIT 500)
        UNION ALL
        (SELECT 'member', c.user_id, 2::real
           FROM public.mirrors_contactinfo c
          WHERE upper(coalesce(c.first_name, '') || ' ' || coalesce(c.last_name, '')) LIKE inside
            AND c.organization_id = ANY (orgs) AND c.user_id IS NOT NULL LIMIT 500)
        UNION ALL
        (SELECT 'member', u.entity_id, public.similarity(upper(u.name), wanted)
           FROM public.mirrors_platformuser u
          WHERE upper(u.name) OPERATOR(public.%) wanted AND u.organization_id = ANY (orgs) LIMIT 500)
        UNION ALL
        (SELECT 'account', a.entity_id, public.similarity(upper(a.name), wanted)
           FROM public.mirrors_account a
          WHERE upper(a.name) OPERATOR(public.%) wanted AND a.organization_id = ANY (orgs) LIMIT 500)
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


class Migration(migrations.Migration):
    dependencies = [("mirrors", "0003_policies_and_search")]

    operations = [migrations.RunSQL(SEARCH, migrations.RunSQL.noop)]
