"""Thresholds count over a day and are raised by two people."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("operations", "0029_large_plans")]

    operations = [
        migrations.AddField(
            "plan",
            "rows_counted",
            models.PositiveIntegerField(db_default=0, default=0, help_text="Rows that count toward the thresholds."),
        ),
        migrations.AddField(
            "plan",
            "amount",
            models.DecimalField(
                decimal_places=2,
                help_text="What counts toward the thresholds: balance changes and price; null: not known.",
                max_digits=20,
                null=True,
            ),
        ),
        migrations.AddField(
            "approvalrule",
            "proposed_accounts_over",
            models.PositiveIntegerField(help_text="Higher ones, until a second person agrees.", null=True),
        ),
        migrations.AddField(
            "approvalrule",
            "proposed_balance_change_over",
            models.DecimalField(decimal_places=2, max_digits=14, null=True),
        ),
        migrations.AddField("approvalrule", "proposed_by", models.CharField(db_default="", default="", max_length=200)),
        migrations.AddField(
            "approvalrule", "proposed_why", models.CharField(db_default="", default="", max_length=500)
        ),
        migrations.AddField("approvalrule", "proposed_at", models.DateTimeField(null=True)),
    ]
