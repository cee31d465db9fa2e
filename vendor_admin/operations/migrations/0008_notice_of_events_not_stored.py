import django.contrib.postgres.fields
from django.db import migrations, models

KIND = models.CharField(
    choices=[
        ("socket_down", "socket down"),
        ("not_stored", "events are not stored"),
        ("locked", "captcha or lock"),
        ("plan_failed", "failed plan"),
        ("needs_decision", "operation waits for a person"),
        ("needs_approval", "plan waits for approval"),
        ("wrong_clock", "wrong clock of a server"),
    ],
    max_length=16,
)


class Migration(migrations.Migration):
    dependencies = [("operations", "0007_reading_and_crashes")]

    operations = [
        migrations.AlterField(model_name="notice", name="kind", field=KIND.clone()),
        migrations.AlterField(
            model_name="noticechannel",
            name="kinds",
            field=django.contrib.postgres.fields.ArrayField(base_field=KIND.clone(), default=list, size=None),
        ),
    ]
