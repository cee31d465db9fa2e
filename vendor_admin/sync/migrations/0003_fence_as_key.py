"""The fence becomes part of a key, and a flush holds the key alone: claims wait for it, renewals do not."""

from django.db import migrations, models

FENCES = """
CREATE OR REPLACE FUNCTION sync_hold_fences(held jsonb) RETURNS void
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
"""


class Migration(migrations.Migration):
    dependencies = [("sync", "0002_log_partitions_and_functions")]

    operations = [
        migrations.AddConstraint(
            model_name="lease",
            constraint=models.UniqueConstraint(fields=("id", "fence"), name="fence_is_part_of_a_key"),
        ),
        migrations.RunSQL(FENCES, migrations.RunSQL.noop),
    ]
