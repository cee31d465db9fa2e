from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

KINDS = [
    ("socket_down", "socket down"),
    ("not_stored", "events are not stored"),
    ("locked", "captcha or lock"),
    ("plan_failed", "failed plan"),
    ("not_sent", "confirmed plan that was not sent"),
    ("needs_decision", "operation waits for a person"),
    ("needs_approval", "plan waits for approval"),
    ("wrong_clock", "wrong clock of a server"),
    ("restored", "restored database"),
    ("log_upkeep", "upkeep of the event log"),
]


class Migration(migrations.Migration):
    dependencies = [("operations", "0013_what_plans_depend_on")]

    operations = [
        migrations.AddField(
            model_name="plan",
            name="check_claimed_until",
            field=models.DateTimeField(help_text="Until when a worker that reads its rows has it.", null=True),
        ),
        migrations.AddField(
            model_name="plan",
            name="check_fault",
            field=models.CharField(db_default="", default="", help_text="What the last reading met.", max_length=32),
        ),
        migrations.AddField(
            model_name="plan",
            name="checks_failed",
            field=models.PositiveSmallIntegerField(
                db_default=0, default=0, help_text="How many readings in a row met that."
            ),
        ),
        migrations.AddField(model_name="plan", name="confirmed_at", field=models.DateTimeField(null=True)),
        migrations.AlterField(model_name="notice", name="kind", field=models.CharField(choices=KINDS, max_length=16)),
        migrations.AlterField(
            model_name="noticechannel",
            name="kinds",
            field=ArrayField(base_field=models.CharField(choices=KINDS, max_length=16), default=list, size=None),
        ),
    ]
