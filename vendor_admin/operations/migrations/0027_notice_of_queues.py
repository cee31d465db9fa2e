from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

KINDS = [
    ("socket_down", "socket down"),
    ("wrong_host", "host refused or not reached"),
    ("not_stored", "events are not stored"),
    ("locked", "captcha or lock"),
    ("plan_failed", "failed plan"),
    ("not_sent", "confirmed plan that was not sent"),
    ("needs_decision", "operation waits for a person"),
    ("needs_approval", "plan waits for approval"),
    ("wrong_clock", "wrong clock of a server"),
    ("restored", "restored database"),
    ("log_upkeep", "upkeep of the event log"),
    ("many_absent", "many entities are not listed"),
    ("no_worker", "queue without a worker"),
]


class Migration(migrations.Migration):
    dependencies = [("operations", "0025_index_of_ended_plans")]

    operations = [
        migrations.AlterField(model_name="notice", name="kind", field=models.CharField(choices=KINDS, max_length=16)),
        migrations.AlterField(
            model_name="noticechannel",
            name="kinds",
            field=ArrayField(base_field=models.CharField(choices=KINDS, max_length=16), default=list, size=None),
        ),
    ]
