"""Two indexes, built without holding up who writes. Installations that have them keep them."""

from django.db import migrations, models

from vendor_admin.index_builds import BuildIndex


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("operations", "0015_index_of_open_plans")]

    operations = [
        BuildIndex(
            "planrow", models.Index(condition=~models.Q(secrets=""), fields=["plan"], name="plan_row_with_secrets")
        ),
        BuildIndex(
            "plan",
            models.Index(condition=models.Q(check_at__isnull=False), fields=["check_at"], name="plan_to_check"),
        ),
    ]
