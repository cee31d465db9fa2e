from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("operations", "0012_plans_that_depend_on_rows"),
    ]

    operations = [
        migrations.AddField(
            model_name="plan",
            name="depends_on",
            field=models.JSONField(
                db_default=models.Value({}, models.JSONField()),
                default=dict,
                help_text="The entity types its rows start from, by environment.",
            ),
        ),
        migrations.AlterField(
            model_name="plan",
            name="check_at",
            field=models.DateTimeField(
                help_text="When a worker looks next whether its rows are fresh; until then no row of it begins.",
                null=True,
            ),
        ),
    ]
