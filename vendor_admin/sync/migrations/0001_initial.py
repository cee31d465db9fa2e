"""The sync's tables: the partitioned event log with its upkeep, the check of fences, counts, policies and rights.

Valid on PostgreSQL 15 and later. Partitions are made and dropped only by functions of the owner; no role has rights on
one. What is old is deleted by a function of the owner as well, which knows a least age.
"""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.manager
from django.db import migrations, models

from vendor_admin.organizations.tenancy.rls import run_sql
from vendor_admin.schema.table_creation import CreateTables

WALLED = [
    "batch",
    "entityevent",
    "gap",
    "lease",
    "quarantinedevent",
    "readingplace",
    "reconciliation",
    "serviceevent",
    "storedrows",
]

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

# What this service itself tells, in one order with the log: ids of the same sequence. Written by triggers alone.
SERVICE_EVENTS = """
CREATE TABLE sync_serviceevent (
    id bigint PRIMARY KEY DEFAULT nextval('sync_entityevent_id_seq'),
    tx xid8 NOT NULL DEFAULT pg_current_xact_id(),
    received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    organization_id bigint NOT NULL,
    entity_id bigint NOT NULL,
    environment varchar(4) NOT NULL,
    entity_type varchar(20) NOT NULL,
    payload jsonb NOT NULL
);
CREATE INDEX service_event_by_commit ON sync_serviceevent (organization_id, tx, id);
CREATE INDEX service_event_by_time ON sync_serviceevent (organization_id, received_at);
"""

GAP_EVENTS = """
CREATE FUNCTION sync_tell_gap() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO public.sync_serviceevent (organization_id, entity_id, environment, entity_type, payload)
    VALUES (NEW.organization_id, NEW.id, NEW.environment, 'gap', jsonb_build_object(
        'state', CASE WHEN NEW.repaired_at IS NOT NULL THEN 'repaired' WHEN NEW.ended_at IS NOT NULL AND TG_OP = 'UPDATE'
                      THEN 'ended' ELSE 'open' END,
        'startedAt', NEW.started_at, 'endedAt', NEW.ended_at, 'repairedAt', NEW.repaired_at, 'reason', NEW.reason,
        'differences', NEW.differences));
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION sync_tell_gap FROM PUBLIC;
CREATE TRIGGER tell_new AFTER INSERT ON sync_gap FOR EACH ROW EXECUTE FUNCTION sync_tell_gap();
CREATE TRIGGER tell_change AFTER UPDATE ON sync_gap FOR EACH ROW
    WHEN ((OLD.ended_at IS NULL) <> (NEW.ended_at IS NULL) OR (OLD.repaired_at IS NULL AND NEW.repaired_at IS NOT NULL))
    EXECUTE FUNCTION sync_tell_gap();
"""

# The scalar subselects make the planner read the setting once per statement instead of once per row.
POLICIES = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY in_scope ON {table} TO {app}
    USING (organization_id = ANY ((SELECT nullif(current_setting('app.orgs', true), '')::bigint[])::bigint[]))
    WITH CHECK (organization_id = ANY ((SELECT nullif(current_setting('app.orgs', true), '')::bigint[])::bigint[]));
CREATE POLICY owner_sees_all ON {table} TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY hub_serves_all ON {table} TO {hub} USING (true) WITH CHECK (true);
"""

RIGHTS = """
REVOKE ALL ON sync_batch, sync_entityevent, sync_gap, sync_hub, sync_lease, sync_partitiontrouble, sync_quarantinedevent,
    sync_queueworker, sync_readingplace, sync_reconciliation, sync_serviceevent, sync_storedrows FROM {app}, {hub};
REVOKE ALL ON sync_entityevent_default FROM PUBLIC, {app}, {hub};
GRANT SELECT ON sync_batch, sync_entityevent, sync_gap, sync_hub, sync_lease, sync_quarantinedevent, sync_readingplace,
    sync_reconciliation, sync_serviceevent, sync_storedrows TO {app};
GRANT UPDATE (reconcile_requested_at, retry_requested_at) ON sync_lease TO {app};
GRANT UPDATE (confirmed_at) ON sync_reconciliation TO {app};
GRANT SELECT, INSERT, UPDATE, DELETE ON sync_partitiontrouble, sync_queueworker TO {app};
GRANT SELECT, INSERT, UPDATE, DELETE ON sync_hub, sync_lease TO {hub};
GRANT SELECT, INSERT, UPDATE ON sync_gap, sync_readingplace, sync_reconciliation TO {hub};
GRANT SELECT, INSERT, DELETE ON sync_batch TO {hub};
GRANT SELECT, INSERT ON sync_entityevent, sync_quarantinedevent TO {hub};
GRANT SELECT ON sync_serviceevent TO {hub};
GRANT SELECT, UPDATE (left_out) ON sync_storedrows TO {hub};
GRANT USAGE ON SEQUENCE sync_entityevent_id_seq TO {hub};
"""

# While a step waits for a lock, what writes the log may wait behind it: hence 0.2 s, and the parent's lock last.
# DETACH CONCURRENTLY is refused in functions, and beside a default partition.
PARTITIONS = """
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
    IF begins > now() + interval '24 months' THEN RAISE EXCEPTION '% is too far ahead', part; END IF;
    PERFORM pg_advisory_xact_lock(hashtext('sync_partitions'));
    IF EXISTS (SELECT FROM pg_inherits WHERE inhrelid = to_regclass('public.' || part)) THEN RETURN false; END IF;
    -- What arrives for the default partition from now on waits for the end of this, and goes where it belongs.
    LOCK TABLE public.sync_entityevent_default IN SHARE ROW EXCLUSIVE MODE;
    EXECUTE format(
        'CREATE TABLE public.%I (LIKE public.sync_entityevent INCLUDING DEFAULTS INCLUDING INDEXES,'
        ' CONSTRAINT in_bounds CHECK (received_at >= %L AND received_at < %L))', part, begins, ends);
    EXECUTE format('REVOKE ALL ON public.%I FROM PUBLIC, {app}, {hub}', part);
    EXECUTE format(
        'WITH moved AS (DELETE FROM public.sync_entityevent_default WHERE received_at >= %L AND received_at < %L'
        ' RETURNING *) INSERT INTO public.%I SELECT * FROM moved', begins, ends, part);
    EXECUTE format('ALTER TABLE public.sync_entityevent ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
                   part, begins, ends);
    EXECUTE format('ALTER TABLE public.%I DROP CONSTRAINT in_bounds', part);
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
        RAISE EXCEPTION '% is not old enough', part;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('sync_partitions'));
    IF to_regclass('public.' || part) IS NULL THEN RETURN false; END IF;
    EXECUTE format('LOCK TABLE public.%I, public.sync_entityevent_default IN ACCESS EXCLUSIVE MODE', part);
    EXECUTE format('DROP TABLE public.%I', part);
    RETURN true;
END $$;

REVOKE ALL ON FUNCTION sync_partition_steps, sync_make_partition, sync_drop_partition FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sync_partition_steps, sync_make_partition, sync_drop_partition TO {app};

SELECT sync_make_partition((date_trunc('month', now()) + ahead * interval '1 month')::date)
  FROM generate_series(0, 3) AS ahead;
"""

# The fence is part of a key, and a flush holds the key alone: claims wait for it, renewals do not.
FENCES = """
CREATE FUNCTION sync_hold_fences(held jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    current_count integer;
BEGIN
    PERFORM 1 FROM public.sync_lease l JOIN jsonb_to_recordset(held) AS h(id bigint, fence bigint)
      ON l.id = h.id AND l.fence = h.fence ORDER BY l.id FOR KEY SHARE OF l;
    GET DIAGNOSTICS current_count = ROW_COUNT;
    IF current_count <> jsonb_array_length(held) THEN
        RAISE EXCEPTION 'a lease was taken over' USING ERRCODE = 'VA001';
    END IF;
END $$;
REVOKE ALL ON FUNCTION sync_hold_fences FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sync_hold_fences TO {hub};
"""

COUNTS = """
CREATE FUNCTION sync_count_gaps() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO public.sync_storedrows AS s (organization_id, lease_id, what, row_count)
    SELECT min(organization_id), lease_id, 'gaps', CASE TG_OP WHEN 'DELETE' THEN -count(*) ELSE count(*) END
      FROM changed GROUP BY lease_id ORDER BY lease_id
    ON CONFLICT (lease_id, what) DO UPDATE SET row_count = s.row_count + EXCLUDED.row_count;
    RETURN NULL;
END $$;

CREATE FUNCTION sync_count_quarantine() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO public.sync_storedrows AS s (organization_id, lease_id, what, row_count, byte_count)
    SELECT min(organization_id), lease_id, 'quarantine',
           CASE TG_OP WHEN 'DELETE' THEN -count(*) ELSE count(*) END,
           CASE TG_OP WHEN 'DELETE' THEN -1 ELSE 1 END * sum(octet_length(raw))
      FROM changed GROUP BY lease_id ORDER BY lease_id
    ON CONFLICT (lease_id, what) DO UPDATE
      SET row_count = s.row_count + EXCLUDED.row_count, byte_count = s.byte_count + EXCLUDED.byte_count;
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION sync_count_gaps, sync_count_quarantine FROM PUBLIC;

CREATE TRIGGER count_new AFTER INSERT ON sync_gap
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION sync_count_gaps();
CREATE TRIGGER count_gone AFTER DELETE ON sync_gap
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION sync_count_gaps();
CREATE TRIGGER count_new AFTER INSERT ON sync_quarantinedevent
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION sync_count_quarantine();
CREATE TRIGGER count_gone AFTER DELETE ON sync_quarantinedevent
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION sync_count_quarantine();
"""

RETENTION = """
-- Deletes at most 1,000 rows of one organization, and says how many. Whoever calls cannot go below the least ages.
CREATE FUNCTION sync_forget_old(what text, of_organization bigint, retention_days integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    least_days integer := CASE WHEN what IN ('gaps', 'service events') THEN 30 ELSE 7 END;
    before timestamptz := now() - greatest(retention_days, least_days) * interval '1 day';
    gone integer;
BEGIN
    IF what = 'gaps' THEN
        DELETE FROM public.sync_gap WHERE id IN (
            SELECT id FROM public.sync_gap
             WHERE organization_id = of_organization AND ended_at < before AND repaired_at IS NOT NULL
             ORDER BY ended_at LIMIT 1000);
    ELSIF what = 'service events' THEN
        DELETE FROM public.sync_serviceevent WHERE id IN (
            SELECT id FROM public.sync_serviceevent
             WHERE organization_id = of_organization AND received_at < before
             ORDER BY received_at LIMIT 1000);
    ELSIF what = 'comparisons' THEN
        DELETE FROM public.sync_reconciliation WHERE id IN (
            SELECT r.id FROM public.sync_reconciliation r
             WHERE r.organization_id = of_organization AND r.started_at < before
               AND EXISTS (SELECT FROM public.sync_reconciliation newer
                            WHERE newer.organization_id = r.organization_id AND newer.environment = r.environment
                              AND newer.entity_type = r.entity_type AND newer.id > r.id)
             ORDER BY r.started_at LIMIT 1000);
    ELSIF what = 'quarantine' THEN
        DELETE FROM public.sync_quarantinedevent WHERE id IN (
            SELECT id FROM public.sync_quarantinedevent
             WHERE organization_id = of_organization AND received_at < before
             ORDER BY received_at LIMIT 1000);
    ELSE
        RAISE EXCEPTION 'nothing is called %', what;
    END IF;
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
REVOKE ALL ON FUNCTION sync_forget_old FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sync_forget_old TO {app};
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("organizations", "0001_initial"),
    ]

    operations = [
        CreateTables(
            migrations.CreateModel(
                name="ServiceEvent",
                fields=[
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
                    ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                    ("received_at", models.DateTimeField()),
                    (
                        "environment",
                        models.CharField(blank=True, choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4),
                    ),
                    ("entity_type", models.CharField(max_length=20)),
                    ("entity_id", models.BigIntegerField()),
                    ("payload", models.JSONField()),
                ],
                options={
                    "abstract": False,
                    "db_table": "sync_serviceevent",
                    "managed": False,
                    "base_manager_name": "unscoped",
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="EntityEvent",
                fields=[
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
                    ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                    ("received_at", models.DateTimeField()),
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("lease_id", models.BigIntegerField()),
                    ("epoch", models.BigIntegerField()),
                    ("seq", models.BigIntegerField()),
                    (
                        "kind",
                        models.SmallIntegerField(
                            choices=[
                                (1, "created"),
                                (2, "updated"),
                                (3, "deleted"),
                                (4, "snapshot"),
                                (5, "resync"),
                                (6, "vanished"),
                            ]
                        ),
                    ),
                    ("entity_type", models.TextField()),
                    ("entity_id", models.BigIntegerField()),
                    ("account_id", models.BigIntegerField(null=True)),
                    ("payload", models.JSONField()),
                ],
                options={
                    "verbose_name": "event",
                    "db_table": "sync_entityevent",
                    "abstract": False,
                    "managed": False,
                    "base_manager_name": "unscoped",
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="Hub",
                fields=[
                    ("name", models.CharField(max_length=200, primary_key=True, serialize=False)),
                    ("expires_at", models.DateTimeField()),
                ],
            ),
            migrations.CreateModel(
                name="QueueWorker",
                fields=[
                    ("name", models.CharField(max_length=200, primary_key=True, serialize=False)),
                    (
                        "queues",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(max_length=40), size=None
                        ),
                    ),
                    ("seen_at", models.DateTimeField()),
                ],
            ),
            migrations.CreateModel(
                name="PartitionTrouble",
                fields=[
                    ("step", models.CharField(max_length=40, primary_key=True, serialize=False)),
                    ("error", models.TextField()),
                    ("is_lock", models.BooleanField(help_text="Somebody reads the log for long: it is tried again.")),
                    ("since", models.DateTimeField()),
                ],
            ),
            migrations.CreateModel(
                name="Lease",
                fields=[
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
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
                    (
                        "connection",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="leases",
                            to="organizations.connection",
                        ),
                    ),
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("shard", models.PositiveSmallIntegerField(default=0)),
                    ("holder", models.CharField(default="", max_length=200)),
                    ("fence", models.BigIntegerField(default=0)),
                    ("expires_at", models.DateTimeField(null=True)),
                    ("epoch", models.BigIntegerField(default=0)),
                    (
                        "state",
                        models.CharField(
                            choices=[
                                ("unheld", "waiting for a worker"),
                                ("connecting", "connecting"),
                                ("syncing", "reading the snapshot"),
                                ("live", "live"),
                                ("behind", "events cannot be stored"),
                                ("waiting", "waiting to reconnect"),
                                ("failed", "needs attention"),
                                ("paused", "paused"),
                            ],
                            default="unheld",
                            max_length=10,
                        ),
                    ),
                    ("reason", models.TextField(default="")),
                    ("advice", models.TextField(default="")),
                    ("connected_since", models.DateTimeField(null=True)),
                    ("last_frame_at", models.DateTimeField(null=True)),
                    ("last_event_at", models.DateTimeField(null=True)),
                    ("covered_until", models.DateTimeField(null=True)),
                    ("settled_at", models.DateTimeField(null=True)),
                    ("events_stored", models.BigIntegerField(default=0)),
                    ("lag_ms", models.IntegerField(default=0)),
                    ("waiting_ms", models.IntegerField(db_default=0, default=0)),
                    ("state_since", models.DateTimeField(null=True)),
                    ("reconcile_requested_at", models.DateTimeField(null=True)),
                    ("reconciled_at", models.DateTimeField(null=True)),
                    ("next_try_at", models.DateTimeField(null=True)),
                    ("locked_until", models.DateTimeField(null=True)),
                    ("retry_requested_at", models.DateTimeField(null=True)),
                    (
                        "refused_types",
                        django.contrib.postgres.fields.ArrayField(
                            base_field=models.CharField(max_length=64), db_default=[], default=list, size=None
                        ),
                    ),
                    ("opened_at", models.DateTimeField(null=True)),
                    ("short_lives", models.IntegerField(db_default=0, default=0)),
                ],
                options={
                    "verbose_name": "socket",
                    "ordering": ["organization", "environment", "shard"],
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "constraints": [
                        models.UniqueConstraint(fields=("connection", "shard"), name="one_lease_per_shard"),
                        models.UniqueConstraint(fields=("id", "fence"), name="fence_is_part_of_a_key"),
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="Batch",
                fields=[
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
                    (
                        "pk",
                        models.CompositePrimaryKey(
                            "lease_id",
                            "epoch",
                            "first_seq",
                            blank=True,
                            editable=False,
                            primary_key=True,
                            serialize=False,
                        ),
                    ),
                    ("lease_id", models.BigIntegerField()),
                    ("epoch", models.BigIntegerField()),
                    ("first_seq", models.BigIntegerField()),
                    ("last_seq", models.BigIntegerField()),
                    ("row_count", models.IntegerField()),
                    ("received_from", models.DateTimeField()),
                    ("received_to", models.DateTimeField()),
                    ("committed_at", models.DateTimeField()),
                ],
                options={
                    "verbose_name_plural": "batches",
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [models.Index(fields=["organization", "committed_at"], name="batch_by_time")],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="Gap",
                fields=[
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
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
                    ("lease_id", models.BigIntegerField()),
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("shard", models.PositiveSmallIntegerField(default=0)),
                    ("started_at", models.DateTimeField()),
                    ("ended_at", models.DateTimeField(null=True)),
                    ("settled_at", models.DateTimeField(null=True)),
                    ("lists_read_at", models.DateTimeField(null=True)),
                    ("marks", models.JSONField(null=True)),
                    ("repaired_at", models.DateTimeField(null=True)),
                    ("reason", models.TextField(default="")),
                    ("differences", models.IntegerField(default=0, help_text="Events stored as resync after the gap.")),
                    ("repair_note", models.TextField(default="")),
                ],
                options={
                    "ordering": ["-id"],
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [
                        models.Index(fields=["organization", "-id"], name="gap_by_organization"),
                        models.Index(fields=["lease_id"], name="gap_by_lease"),
                        models.Index(fields=["organization", "ended_at"], name="gap_by_end"),
                    ],
                    "constraints": [
                        models.UniqueConstraint(
                            condition=models.Q(("ended_at__isnull", True)),
                            fields=("lease_id",),
                            name="one_open_gap_per_socket",
                        )
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="ReadingPlace",
                fields=[
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
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
                    (
                        "connection",
                        models.ForeignKey(
                            db_index=False,
                            on_delete=django.db.models.deletion.CASCADE,
                            related_name="reading_places",
                            to="organizations.connection",
                        ),
                    ),
                    ("entity_type", models.CharField(max_length=64)),
                    ("round", models.BigIntegerField(default=0)),
                    ("next_master", models.BigIntegerField(default=0)),
                    ("asked", models.IntegerField(default=0)),
                    ("masters", models.IntegerField(default=0)),
                    ("began_at", models.DateTimeField()),
                    ("last_began_at", models.DateTimeField(null=True)),
                    ("last_ended_at", models.DateTimeField(null=True)),
                    ("goal_round", models.BigIntegerField(null=True)),
                    ("goal_master", models.BigIntegerField(null=True)),
                    ("goal_asked", models.IntegerField(null=True)),
                    ("moved_at", models.DateTimeField()),
                    ("done_at", models.DateTimeField(null=True)),
                    ("unreadable", models.JSONField(null=True)),
                ],
                options={
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "constraints": [
                        models.UniqueConstraint(fields=("connection", "entity_type"), name="one_place_per_type")
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="QuarantinedEvent",
                fields=[
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
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
                    ("lease_id", models.BigIntegerField()),
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("epoch", models.BigIntegerField()),
                    ("seq", models.BigIntegerField()),
                    ("received_at", models.DateTimeField()),
                    ("entity_type", models.TextField(default="")),
                    ("entity_id", models.BigIntegerField(null=True)),
                    ("reason", models.TextField()),
                    (
                        "is_in_log",
                        models.BooleanField(
                            default=False, help_text="The event is in the log; only the mirror could not take it."
                        ),
                    ),
                    ("raw", models.BinaryField()),
                    ("full_size", models.BigIntegerField(null=True)),
                ],
                options={
                    "ordering": ["-id"],
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [
                        models.Index(fields=["organization", "-id"], name="quarantine_by_org"),
                        models.Index(fields=["organization", "received_at"], name="quarantine_by_time"),
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="StoredRows",
                fields=[
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
                    (
                        "pk",
                        models.CompositePrimaryKey(
                            "lease_id", "what", blank=True, editable=False, primary_key=True, serialize=False
                        ),
                    ),
                    ("lease_id", models.BigIntegerField()),
                    ("what", models.CharField(max_length=10)),
                    ("row_count", models.BigIntegerField(db_default=0, default=0)),
                    ("byte_count", models.BigIntegerField(db_default=0, default=0)),
                    ("left_out", models.BigIntegerField(db_default=0, default=0)),
                ],
                options={
                    "abstract": False,
                    "base_manager_name": "unscoped",
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
            migrations.CreateModel(
                name="Reconciliation",
                fields=[
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
                    ("id", models.BigAutoField(primary_key=True, serialize=False)),
                    ("lease_id", models.BigIntegerField()),
                    ("environment", models.CharField(choices=[("demo", "DEMO"), ("live", "LIVE")], max_length=4)),
                    ("entity_type", models.TextField()),
                    ("started_at", models.DateTimeField()),
                    ("finished_at", models.DateTimeField(null=True)),
                    (
                        "is_first_load",
                        models.BooleanField(default=False, help_text="The mirror was empty: nothing had drifted."),
                    ),
                    ("platform_count", models.IntegerField(null=True)),
                    ("changed", models.IntegerField(default=0)),
                    ("vanished", models.IntegerField(default=0)),
                    (
                        "absent",
                        models.IntegerField(
                            db_default=0, default=0, help_text="Not listed, and held until a person decides."
                        ),
                    ),
                    (
                        "confirmed_at",
                        models.DateTimeField(help_text="When a person confirmed that they are gone.", null=True),
                    ),
                    ("error", models.TextField(default="")),
                ],
                options={
                    "ordering": ["-id"],
                    "abstract": False,
                    "base_manager_name": "unscoped",
                    "indexes": [
                        models.Index(fields=["organization", "-id"], name="reconciliation_by_org"),
                        models.Index(
                            fields=["organization", "environment", "entity_type", "-id"], name="reconciliation_by_type"
                        ),
                        models.Index(
                            condition=models.Q(("absent__gt", 0)), fields=["organization"], name="reconciliation_held"
                        ),
                        models.Index(fields=["organization", "started_at"], name="reconciliation_by_time"),
                    ],
                },
                managers=[
                    ("objects", django.db.models.manager.Manager()),
                    ("unscoped", django.db.models.manager.Manager()),
                ],
            ),
        ),
        run_sql(LOG + SERVICE_EVENTS),
        *(run_sql(POLICIES.replace("{table}", f"sync_{table}")) for table in WALLED),
        run_sql(RIGHTS + PARTITIONS + FENCES + COUNTS + GAP_EVENTS + RETENTION),
    ]
