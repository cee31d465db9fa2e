"""The log's upkeep in steps of one partition each, which never wait long for a lock; and what of it could not be done.

Partitions are made and dropped by functions of the owner alone: the app role may call them, within their bounds.
"""

from django.conf import settings
from django.db import migrations, models

from vendor_admin.organizations.tenancy.rls import grant

# While a step waits for a lock, what writes the log may wait behind it: hence 0.2 s, and the parent's lock last.
# DETACH CONCURRENTLY is refused in functions, and beside a default partition.
STEPS = """
DROP FUNCTION sync_keep_partitions(integer, integer);
DROP FUNCTION sync_make_partition(date);

CREATE FUNCTION sync_partition_steps(months_ahead integer, retention_days integer)
RETURNS TABLE (step text, month date)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
    WITH kept AS (
        SELECT to_date(right(c.relname, 7), 'YYYY_MM') AS month
          FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = 'public.sync_entityevent'::regclass AND c.relname ~ '^sync_entityevent_[0-9]{4}_[0-9]{2}$'),
    wanted AS (
        SELECT (date_trunc('month', now()) + ahead * interval '1 month')::date AS month
          FROM generate_series(0, least(greatest(months_ahead, 0), 24)) AS ahead
        UNION
        SELECT date_trunc('month', received_at)::date FROM public.sync_entityevent_default
         WHERE received_at >= now() - greatest(retention_days, 30) * interval '1 day'
           AND received_at < date_trunc('month', now()) + interval '24 months')
    (SELECT 'make', month FROM wanted WHERE month NOT IN (SELECT month FROM kept) ORDER BY month)
    UNION ALL
    SELECT 'drop', month FROM kept
     WHERE month + interval '1 month' < now() - greatest(retention_days, 30) * interval '1 day'
$$;

CREATE FUNCTION sync_make_partition(month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '200ms' AS $$
DECLARE
    begins timestamptz := date_trunc('month', month::timestamptz);
    ends timestamptz := date_trunc('month', month::timestamptz) + interval '1 month';
    part text := 'sync_entityevent_' || to_char(month, 'YYYY_MM');
BEGIN
    IF begins > now() + interval '24 months' THEN RAISE EXCEPTION '%% is too far ahead', part; END IF;
    PERFORM pg_advisory_xact_lock(hashtext('sync_partitions'));
    IF EXISTS (SELECT FROM pg_inherits WHERE inhrelid = to_regclass('public.' || part)) THEN RETURN false; END IF;
    -- What arrives for the default partition from now on waits for the end of this, and goes where it belongs.
    LOCK TABLE public.sync_entityevent_default IN SHARE ROW EXCLUSIVE MODE;
    EXECUTE format(
        'CREATE TABLE public.%%I (LIKE public.sync_entityevent INCLUDING DEFAULTS INCLUDING INDEXES,'
        ' CONSTRAINT in_bounds CHECK (received_at >= %%L AND received_at < %%L))', part, begins, ends);
    EXECUTE format('REVOKE ALL ON public.%%I FROM PUBLIC, %(app)s, %(hub)s', part);
    EXECUTE format(
        'WITH moved AS (DELETE FROM public.sync_entityevent_default WHERE received_at >= %%L AND received_at < %%L'
        ' RETURNING *) INSERT INTO public.%%I SELECT * FROM moved', begins, ends, part);
    EXECUTE format('ALTER TABLE public.sync_entityevent ATTACH PARTITION public.%%I FOR VALUES FROM (%%L) TO (%%L)',
                   part, begins, ends);
    EXECUTE format('ALTER TABLE public.%%I DROP CONSTRAINT in_bounds', part);
    RETURN true;
END $$;

CREATE FUNCTION sync_drop_partition(month date, retention_days integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '200ms' AS $$
DECLARE
    part text := 'sync_entityevent_' || to_char(month, 'YYYY_MM');
BEGIN
    IF date_trunc('month', month::timestamptz) + interval '1 month'
       >= now() - greatest(retention_days, 30) * interval '1 day' THEN
        RAISE EXCEPTION '%% is not old enough', part;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('sync_partitions'));
    IF to_regclass('public.' || part) IS NULL THEN RETURN false; END IF;
    EXECUTE format('LOCK TABLE public.%%I, public.sync_entityevent_default IN ACCESS EXCLUSIVE MODE', part);
    EXECUTE format('DROP TABLE public.%%I', part);
    RETURN true;
END $$;

REVOKE ALL ON FUNCTION sync_partition_steps, sync_make_partition, sync_drop_partition FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sync_partition_steps, sync_make_partition, sync_drop_partition TO %(app)s;
"""


def _filled(sql: str) -> migrations.RunSQL:
    roles = {"app": f'"{settings.APP_ROLE}"', "hub": f'"{settings.HUB_ROLE}"'}
    return migrations.RunSQL(sql % roles, migrations.RunSQL.noop)


class Migration(migrations.Migration):
    dependencies = [("sync", "0004_rows_that_wait")]

    operations = [
        _filled(STEPS),
        migrations.CreateModel(
            name="PartitionTrouble",
            fields=[
                ("step", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("error", models.TextField()),
                ("is_lock", models.BooleanField(help_text="Somebody reads the log for long: it is tried again.")),
                ("since", models.DateTimeField()),
            ],
        ),
        grant("sync_partitiontrouble"),
    ]
