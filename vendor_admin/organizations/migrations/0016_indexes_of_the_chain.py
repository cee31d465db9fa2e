from django.db import migrations, models

from vendor_admin.index_builds import BuildIndex


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("organizations", "0015_sealed_audit")]

    operations = [
        BuildIndex(
            "auditentry",
            models.Index(
                condition=models.Q(position__isnull=True), fields=["organization", "id"], name="audit_not_sealed"
            ),
        ),
        BuildIndex(
            "auditentry",
            models.Index(
                condition=models.Q(position__isnull=False), fields=["organization", "position"], name="audit_chain"
            ),
        ),
    ]
