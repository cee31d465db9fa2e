"""Defaults that the database knows too, so that servers of the version before can go on while this one is rolled out;
and costs of plans that were open when costs came: nobody knows them."""

from django.db import migrations, models

UNKNOWN_COSTS = """
UPDATE operations_plan
   SET cost = NULL,
       second_person_why = CASE WHEN state = 'preview' AND NOT needs_second_person
                                THEN 'What it costs is not known: that needs a second person.'
                                ELSE second_person_why END,
       needs_second_person = needs_second_person OR state = 'preview'
 WHERE state IN ('preview', 'waiting', 'held', 'running', 'paused') AND cost = 0
   AND created_at < (SELECT min(applied) FROM django_migrations
                      WHERE app = 'operations' AND name = '0005_plan_costs_and_authors')
"""


class Migration(migrations.Migration):
    dependencies = [("operations", "0016_indexes_without_a_lock")]

    operations = [
        migrations.AlterField(
            model_name="operation",
            name="crashes",
            field=models.PositiveSmallIntegerField(
                db_default=0, default=0, help_text="How many runs ended while they were at it."
            ),
        ),
        migrations.AlterField(
            model_name="operation",
            name="sent_at",
            field=models.DateTimeField(help_text="When the first call that may have been carried out left.", null=True),
        ),
        migrations.AlterField(
            model_name="operation",
            name="unreadable",
            field=models.TextField(
                db_default="",
                default="",
                help_text="Why the last reading told nothing. It is read on, also once a person is asked because of that.",
            ),
        ),
        migrations.AlterField(
            model_name="plan",
            name="asked_digest",
            field=models.CharField(
                db_default="", default="", help_text="Of what was asked for under the key.", max_length=64
            ),
        ),
        migrations.AlterField(
            model_name="plan",
            name="depends_on_rows",
            field=models.BooleanField(
                db_default=False, default=False, help_text="Whether it must not start from old rows."
            ),
        ),
        migrations.AlterField(
            model_name="plan",
            name="taken_over_by",
            field=models.CharField(
                db_default="",
                default="",
                help_text="Who resumed it after its makers had lost the right to go on.",
                max_length=200,
            ),
        ),
        migrations.AlterField(
            model_name="plan",
            name="wait_why",
            field=models.CharField(
                db_default="", default="", help_text="Why this service stopped or holds it.", max_length=500
            ),
        ),
        migrations.RunSQL(UNKNOWN_COSTS, migrations.RunSQL.noop),
    ]
