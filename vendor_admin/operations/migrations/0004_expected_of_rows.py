from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("operations", "0003_notices"),
    ]

    operations = [
        migrations.AddField(
            model_name="planrow",
            name="expected",
            field=models.JSONField(help_text="In a revert: what the earlier plan left behind.", null=True),
        ),
    ]
