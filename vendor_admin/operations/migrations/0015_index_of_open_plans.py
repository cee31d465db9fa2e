from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations, models

from vendor_admin.index_builds import BuildIndex


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("operations", "0014_readings_of_held_plans")]

    operations = [
        BuildIndex(
            "plan",
            models.Index(
                condition=models.Q(("state__in", ["waiting", "held", "running", "paused"])),
                fields=["organization"],
                name="plan_is_open",
            ),
        ),
        RemoveIndexConcurrently("plan", "plan_open"),
    ]
