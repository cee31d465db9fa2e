"""How much is kept of each socket, counted as it is written; the end of what is old; the workers of each queue.

Old gaps, comparisons and quarantined messages are deleted by a function of the owner alone, which knows a least age.
"""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

from vendor_admin.index_builds import BuildIndex
from vendor_admin.organizations.tenancy.rls import grant_sql, policy_sql

# One transaction: nothing is written between the counting of what is there and the first trigger.
COUNTS = """
BEGIN;
SET LOCAL lock_timeout = '200ms';
CREATE TABLE sync_storedrows (
    organization_id bigint NOT NULL,
    lease_id bigint NOT NULL,
    what varchar(10) NOT NULL,
    row_count bigint NOT NULL DEFAULT 0,
    byte_count bigint NOT NULL DEFAULT 0,
    left_out bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (lease_id, what)
);
%(policies)s
ALTER TABLE sync_quarantinedevent ADD COLUMN full_size bigint;

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

LOCK TABLE sync_gap, sync_quarantinedevent IN SHARE ROW EXCLUSIVE MODE;
INSERT INTO sync_storedrows (organization_id, lease_id, what, row_count)
SELECT min(organization_id), lease_id, 'gaps', count(*) FROM sync_gap GROUP BY lease_id;
INSERT INTO sync_storedrows (organization_id, lease_id, what, row_count, byte_count)
SELECT min(organization_id), lease_id, 'quarantine', count(*), sum(octet_length(raw))
  FROM sync_quarantinedevent GROUP BY lease_id;
CREATE TRIGGER count_new AFTER INSERT ON sync_gap
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION sync_count_gaps();
CREATE TRIGGER count_gone AFTER DELETE ON sync_gap
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION sync_count_gaps();
CREATE TRIGGER count_new AFTER INSERT ON sync_quarantinedevent
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION sync_count_quarantine();
CREATE TRIGGER count_gone AFTER DELETE ON sync_quarantinedevent
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION sync_count_quarantine();

-- Deletes at most 1,000 rows of one organization, and says how many. Whoever calls cannot go below the least ages.
CREATE FUNCTION sync_forget_old(what text, of_organization bigint, retention_days integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    least_days integer := CASE what WHEN 'gaps' THEN 30 ELSE 7 END;
    before timestamptz := now() - greatest(retention_days, least_days) * interval '1 day';
    gone integer;
BEGIN
    IF what = 'gaps' THEN
        DELETE FROM public.sync_gap WHERE id IN (
            SELECT id FROM public.sync_gap
             WHERE organization_id = of_organization AND ended_at < before AND repaired_at IS NOT NULL
             ORDER BY ended_at LIMIT 1000);
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
        RAISE EXCEPTION 'nothing is called %%', what;
    END IF;
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
REVOKE ALL ON FUNCTION sync_forget_old FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sync_forget_old TO %(app)s;

CREATE TABLE sync_queueworker (
    name varchar(200) NOT NULL PRIMARY KEY,
    queues varchar(40)[] NOT NULL,
    seen_at timestamptz NOT NULL
);
%(grants)s
COMMIT;
"""


def _filled(sql: str) -> str:
    return sql % {
        "app": f'"{settings.APP_ROLE}"',
        "policies": policy_sql("sync_storedrows", hub=True)
        + grant_sql("sync_storedrows", app="SELECT", hub="SELECT, UPDATE (left_out)"),
        "grants": grant_sql("sync_queueworker", app="SELECT, INSERT, UPDATE, DELETE"),
    }


class Migration(migrations.Migration):
    atomic = False  # for the indexes, which come first: they are built as often as it takes
    dependencies = [("sync", "0007_refused_types")]

    operations = [
        BuildIndex(model_name="gap", index=models.Index(fields=["organization", "ended_at"], name="gap_by_end")),
        BuildIndex(
            model_name="quarantinedevent",
            index=models.Index(fields=["organization", "received_at"], name="quarantine_by_time"),
        ),
        BuildIndex(
            model_name="reconciliation",
            index=models.Index(fields=["organization", "started_at"], name="reconciliation_by_time"),
        ),
        migrations.RunSQL(
            _filled(COUNTS),
            migrations.RunSQL.noop,
            state_operations=[
                migrations.AddField(
                    model_name="quarantinedevent", name="full_size", field=models.BigIntegerField(null=True)
                ),
                migrations.CreateModel(
                    name="StoredRows",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "lease_id", "what", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("lease_id", models.BigIntegerField()),
                        ("what", models.CharField(max_length=10)),
                        ("row_count", models.BigIntegerField(default=0)),
                        ("byte_count", models.BigIntegerField(default=0)),
                        ("left_out", models.BigIntegerField(default=0)),
                        (
                            "organization",
                            models.ForeignKey(
                                db_constraint=False,
                                db_index=False,
                                on_delete=models.DO_NOTHING,
                                related_name="+",
                                to="organizations.organization",
                            ),
                        ),
                    ],
                    options={"abstract": False, "base_manager_name": "unscoped"},
                    managers=[("objects", models.Manager()), ("unscoped", models.Manager())],
                ),
                migrations.CreateModel(
                    name="QueueWorker",
                    fields=[
                        ("name", models.CharField(max_length=200, primary_key=True, serialize=False)),
                        ("queues", ArrayField(models.CharField(max_length=40), size=None)),
                        ("seen_at", models.DateTimeField()),
                    ],
                ),
            ],
        ),
    ]
