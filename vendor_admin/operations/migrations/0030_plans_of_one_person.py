"""What one person started within a day is found by an index."""

from django.db import migrations, models

from vendor_admin.index_builds import BuildIndex


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("operations", "0028_thresholds_of_a_day")]

    operations = [
        BuildIndex(
            "plan",
            models.Index(
                condition=models.Q(approved_by=""),
                fields=["organization", "confirmed_at"],
                name="plan_by_one_person",
            ),
        ),
    ]
