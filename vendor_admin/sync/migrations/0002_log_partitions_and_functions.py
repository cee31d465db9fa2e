"""The partitioned event log, its upkeep, the fence check, and the policies and rights of this app's tables.

Valid on PostgreSQL 15 and later. Partitions are made and dropped only by functions of the owner; no role has rights on one.
"""

from django.conf import settings
from django.db import migrations

from vendor_admin.organizations.tenancy.rls import grant, protect

LOG = """
CREATE SEQUENCE sync_entityevent_id_seq;
CREATE TABLE sync_entityevent (
    id bigint NOT NULL DEFAULT nextval('sync_entityevent_id_seq'),
    tx xid8 NOT NULL DEFAULT pg_current_xact_id(),
    received_at timestamptz NOT NULL,
    organization_id bigint NOT NULL,
    lease_id bigint NOT NULL,
    epoch bigint NOT NULL,
    seq bigint NOT NULL,
    entity_id bigint NOT NULL,
    account_id bigint,
    kind smallint NOT NULL,
    environment varchar(4) NOT NULL,
    entity_type text NOT NULL,
    payload jsonb NOT NULL
) PARTITION BY RANGE (received_at);
CREATE INDEX event_by_time ON sync_entityevent (organization_id, received_at, id);
CREATE INDEX event_by_entity ON sync_entityevent (organization_id, entity_type, entity_id, received_at, id);
CREATE INDEX event_by_account ON sync_entityevent (organization_id, account_id, received_at, id)
    WHERE account_id IS NOT NULL;
CREATE INDEX event_by_commit ON sync_entityevent (organization_id, tx, id);
CREATE INDEX event_brin ON sync_entityevent USING brin (received_at);
CREATE TABLE sync_entityevent_default PARTITION OF sync_entityevent DEFAULT;
"""

PARTITIONS = """
CREATE FUNCTION sync_make_partition(month date) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    from_day date := date_trunc('month', month)::date;
    to_day date := (date_trunc('month', month) + interval '1 month')::date;
    part text := 'sync_entityevent_' || to_char(month, 'YYYY_MM');
BEGIN
    IF to_regclass('public.' || part) IS NOT NULL THEN RETURN NULL; END IF;
    EXECUTE format('CREATE TABLE public.%%I (LIKE public.sync_entityevent INCLUDING DEFAULTS)', part);
    EXECUTE format('REVOKE ALL ON public.%%I FROM PUBLIC, %(app)s, %(hub)s', part);
    EXECUTE format(
        'WITH moved AS (DELETE FROM public.sync_entityevent_default WHERE received_at >= %%L AND received_at < %%L RETURNING *)
         INSERT INTO public.%%I SELECT * FROM moved', from_day::timestamptz, to_day::timestamptz, part);
    EXECUTE format('ALTER TABLE public.sync_entityevent ATTACH PARTITION public.%%I FOR VALUES FROM (%%L) TO (%%L)',
                   part, from_day::timestamptz, to_day::timestamptz);
    RETURN part;
END $$;

CREATE FUNCTION sync_keep_partitions(months_ahead integer, retention_days integer) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public SET timezone = 'UTC' AS $$
DECLARE
    made text;
    old record;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('sync_keep_partitions'));
    FOR step IN 0..least(greatest(months_ahead, 0), 24) LOOP
        made := sync_make_partition((date_trunc('month', now()) + step * interval '1 month')::date);
        IF made IS NOT NULL THEN RETURN NEXT 'made ' || made; END IF;
    END LOOP;
    IF retention_days < 1 THEN RAISE EXCEPTION 'retention_days must be at least 1'; END IF;
    FOR old IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = 'public.sync_entityevent'::regclass AND c.relname ~ '^sync_entityevent_[0-9]{4}_[0-9]{2}$'
           AND to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month' < now() - retention_days * interval '1 day'
    LOOP
        EXECUTE format('DROP TABLE public.%%I', old.relname);
        RETURN NEXT 'dropped ' || old.relname;
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION sync_make_partition, sync_keep_partitions FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sync_keep_partitions TO %(app)s;
"""

FENCES = """
CREATE FUNCTION sync_hold_fences(held jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
DECLARE
    current_count integer;
BEGIN
    PERFORM 1 FROM sync_lease l JOIN jsonb_to_recordset(held) AS h(id bigint, fence bigint)
      ON l.id = h.id AND l.fence = h.fence ORDER BY l.id FOR SHARE OF l;
    GET DIAGNOSTICS current_count = ROW_COUNT;
    IF current_count <> jsonb_array_length(held) THEN
        RAISE EXCEPTION 'a lease was taken over' USING ERRCODE = 'VA001';
    END IF;
END $$;
REVOKE ALL ON FUNCTION sync_hold_fences FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sync_hold_fences TO %(hub)s;
"""


def _filled(sql: str) -> migrations.RunSQL:
    roles = {"app": f'"{settings.APP_ROLE}"', "hub": f'"{settings.HUB_ROLE}"'}
    return migrations.RunSQL(sql % roles, migrations.RunSQL.noop)


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0001_initial"),
        ("organizations", "0002_policies"),
        ("mirrors", "0003_policies_and_search"),
    ]

    operations = [
        migrations.RunSQL(LOG, "DROP TABLE sync_entityevent; DROP SEQUENCE sync_entityevent_id_seq"),
        protect("sync_entityevent", app="SELECT", hub="SELECT, INSERT"),
        _filled("GRANT USAGE ON SEQUENCE sync_entityevent_id_seq TO %(hub)s"),
        _filled("REVOKE ALL ON sync_entityevent_default FROM PUBLIC, %(app)s, %(hub)s"),
        _filled(PARTITIONS),
        _filled(FENCES),
        migrations.RunSQL("SELECT sync_keep_partitions(3, 36500)", migrations.RunSQL.noop),
        protect(
            "sync_lease",
            app="SELECT, UPDATE (reconcile_requested_at, retry_requested_at)",
            hub="SELECT, INSERT, UPDATE, DELETE",
        ),
        protect("sync_batch", app="SELECT", hub="SELECT, INSERT, DELETE"),
        protect("sync_gap", app="SELECT", hub="SELECT, INSERT, UPDATE"),
        protect("sync_quarantinedevent", app="SELECT", hub="SELECT, INSERT"),
        protect("sync_reconciliation", app="SELECT", hub="SELECT, INSERT, UPDATE"),
        grant("sync_hub", app="SELECT", hub="SELECT, INSERT, UPDATE, DELETE"),
    ]
