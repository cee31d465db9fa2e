"""Entities that a list leaves out, too many to be believed: held until a person confirms that they are gone."""

from django.conf import settings
from django.db import migrations, models

from vendor_admin.index_builds import BuildIndex


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("sync", "0005_partition_steps")]

    operations = [
        migrations.AddField(
            model_name="reconciliation",
            name="absent",
            field=models.IntegerField(
                db_default=0, default=0, help_text="Not listed, and held until a person decides."
            ),
        ),
        migrations.AddField(
            model_name="reconciliation",
            name="confirmed_at",
            field=models.DateTimeField(help_text="When a person confirmed that they are gone.", null=True),
        ),
        migrations.RunSQL(
            f'GRANT UPDATE (confirmed_at) ON sync_reconciliation TO "{settings.APP_ROLE}"', migrations.RunSQL.noop
        ),
        BuildIndex(
            model_name="reconciliation",
            index=models.Index(
                fields=["organization", "environment", "entity_type", "-id"], name="reconciliation_by_type"
            ),
        ),
        BuildIndex(
            model_name="reconciliation",
            index=models.Index(
                fields=["organization"], condition=models.Q(("absent__gt", 0)), name="reconciliation_held"
            ),
        ),
    ]
