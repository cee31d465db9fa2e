"""When the call of an operation had certainly ended, and notices about clocks."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

KINDS = [
    ("socket_down", "socket down"),
    ("locked", "captcha or lock"),
    ("plan_failed", "failed plan"),
    ("needs_decision", "operation waits for a person"),
    ("needs_approval", "plan waits for approval"),
    ("wrong_clock", "wrong clock of a server"),
]


class Migration(migrations.Migration):
    dependencies = [("operations", "0005_plan_costs_and_authors")]

    operations = [
        migrations.AddField(
            model_name="operation",
            name="call_ended_at",
            field=models.DateTimeField(
                help_text="By when the last call had certainly ended: patience counts from here.", null=True
            ),
        ),
        migrations.AlterField(
            model_name="operation",
            name="sent_at",
            field=models.DateTimeField(
                help_text="When the last call was handed to the network, or claimed.", null=True
            ),
        ),
        migrations.AlterField(model_name="notice", name="kind", field=models.CharField(choices=KINDS, max_length=16)),
        migrations.AlterField(
            model_name="noticechannel",
            name="kinds",
            field=ArrayField(base_field=models.CharField(choices=KINDS, max_length=16), default=list, size=None),
        ),
    ]
