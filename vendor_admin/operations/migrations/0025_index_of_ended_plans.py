from django.db import migrations, models

from vendor_admin.index_builds import BuildIndex


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("operations", "0021_when_rows_were_compared")]

    operations = [
        BuildIndex(
            "plan",
            models.Index(
                condition=models.Q(finished_at__isnull=False, started_at__isnull=True),
                fields=["finished_at"],
                name="plan_ended_unsent",
            ),
        ),
    ]
