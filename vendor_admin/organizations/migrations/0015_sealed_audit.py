"""The audit's times are the database's, and a chain of digests runs through each organization's rows.

A row is sealed after its transaction, by a function of the owner: it gets the next number of its organization and the
digest of itself and of the row before. Whoever changes or removes a sealed row breaks the chain there.
"""

from django.conf import settings
from django.db import migrations, models

# Whoever is the owner may say what a row holds: a restored backup keeps its times and its chain.
STAMP = """
CREATE FUNCTION public.organizations_stamp_audit() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF pg_has_role((SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'MEMBER') THEN
        RETURN NEW;
    END IF;
    NEW.id := nextval(pg_get_serial_sequence(format('%I.%I', TG_TABLE_SCHEMA, TG_TABLE_NAME), 'id'));
    NEW.at := clock_timestamp();
    IF TG_TABLE_NAME = 'organizations_auditentry' THEN
        NEW.position := NULL;
        NEW.sealed_at := NULL;
        NEW.digest := NULL;
    END IF;
    RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION public.organizations_stamp_audit() FROM PUBLIC;
CREATE TRIGGER stamp BEFORE INSERT ON public.organizations_auditentry
    FOR EACH ROW EXECUTE FUNCTION public.organizations_stamp_audit();
CREATE TRIGGER stamp BEFORE INSERT ON public.organizations_accessentry
    FOR EACH ROW EXECUTE FUNCTION public.organizations_stamp_audit();
"""
DIGEST = """
CREATE FUNCTION public.organizations_audit_digest(before bytea, entry public.organizations_auditentry) RETURNS bytea
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT sha256(coalesce(before, ''::bytea) || convert_to(jsonb_build_array(
        entry.organization_id, entry.position, entry.id,
        (extract(epoch FROM entry.at) * 1000000)::bigint, (extract(epoch FROM entry.sealed_at) * 1000000)::bigint,
        entry.actor, entry.action, entry.subject, entry.old, entry.new, entry.reason,
        entry.request_id, entry.caller_request_id)::text, 'UTF8'))
$$;
REVOKE ALL ON FUNCTION public.organizations_audit_digest(bytea, public.organizations_auditentry) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.organizations_audit_digest(bytea, public.organizations_auditentry) TO "{app}";
"""
# One transaction at a time seals, so that the numbers of an organization have no gaps. Who comes second does nothing.
SEAL = """
CREATE FUNCTION public.organizations_seal_audit(most integer)
RETURNS TABLE (organization_id bigint, sealed bigint, head bigint, head_digest text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    entry public.organizations_auditentry;
    before public.organizations_auditentry;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('the seal of the audit', 0)) THEN
        RETURN;
    END IF;
    FOR entry IN
        SELECT a.* FROM public.organizations_auditentry AS a WHERE a.position IS NULL
         ORDER BY a.organization_id, a.id LIMIT least(most, 5000)
    LOOP
        IF entry.organization_id IS DISTINCT FROM before.organization_id THEN
            IF sealed > 0 THEN RETURN NEXT; END IF;
            SELECT a.* INTO before FROM public.organizations_auditentry AS a
             WHERE a.organization_id = entry.organization_id AND a.position IS NOT NULL
             ORDER BY a.position DESC LIMIT 1;
            organization_id := entry.organization_id;
            sealed := 0;
        END IF;
        entry.position := coalesce(before.position, 0) + 1;
        entry.sealed_at := clock_timestamp();
        entry.digest := public.organizations_audit_digest(before.digest, entry);
        UPDATE public.organizations_auditentry AS a
           SET position = entry.position, sealed_at = entry.sealed_at, digest = entry.digest WHERE a.id = entry.id;
        sealed := sealed + 1;
        head := entry.position;
        head_digest := encode(entry.digest, 'hex');
        before := entry;
    END LOOP;
    IF sealed > 0 THEN RETURN NEXT; END IF;
END $$;
REVOKE ALL ON FUNCTION public.organizations_seal_audit(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.organizations_seal_audit(integer) TO "{app}";
"""


class Migration(migrations.Migration):
    dependencies = [("organizations", "0014_sessions_in_the_clear")]

    operations = [
        migrations.AddField(
            "auditentry",
            "position",
            models.BigIntegerField(
                editable=False, help_text="Its number in its organization's chain; empty until it is sealed.", null=True
            ),
        ),
        migrations.AddField("auditentry", "sealed_at", models.DateTimeField(editable=False, null=True)),
        migrations.AddField(
            "auditentry",
            "digest",
            models.BinaryField(help_text="SHA-256 of the digest of the row before and of this row.", null=True),
        ),
        migrations.RunSQL(STAMP, migrations.RunSQL.noop),
        migrations.RunSQL(DIGEST.replace("{app}", settings.APP_ROLE), migrations.RunSQL.noop),
        migrations.RunSQL(SEAL.replace("{app}", settings.APP_ROLE), migrations.RunSQL.noop),
    ]
