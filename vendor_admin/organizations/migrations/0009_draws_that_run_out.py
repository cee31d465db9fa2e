"""When the draw of a call that may have died with its process stops counting."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("organizations", "0008_budgets_by_platform")]

    operations = [migrations.AddField("budgetuse", "runs_out_at", models.DateTimeField(null=True))]
