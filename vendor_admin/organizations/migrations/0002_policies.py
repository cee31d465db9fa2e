"""Policies and rights of the tables of this app. The hub may read connections, but not their credentials."""

from django.conf import settings
from django.db import migrations

from vendor_admin.organizations.tenancy.rls import grant, protect

CONNECTION_COLUMNS = "id, organization_id, environment, rest_url, websocket_url, entity_types, sharding, shard_count, is_enabled, version"


class Migration(migrations.Migration):
    dependencies = [("organizations", "0001_initial")]

    operations = [
        grant("organizations_organization", app="SELECT, INSERT, UPDATE, DELETE", hub="SELECT"),
        grant("organizations_user"),
        grant("organizations_staffrole"),
        grant("organizations_budgetuse"),
        grant("organizations_ratelock"),
        protect("organizations_connection", hub=f"SELECT ({CONNECTION_COLUMNS})"),
        protect("organizations_platformsession"),
        protect("organizations_auditentry", app="SELECT, INSERT"),
        migrations.RunSQL(
            f'GRANT USAGE ON SCHEMA public TO "{settings.APP_ROLE}", "{settings.HUB_ROLE}"', migrations.RunSQL.noop
        ),
    ]
