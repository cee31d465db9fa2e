"""How far what the platform lists by masters alone has been read, and from where on a gap has it read anew."""

import django.db.models.deletion
import django.db.models.manager
from django.db import migrations, models

from vendor_admin.organizations.tenancy.rls import protect


class Migration(migrations.Migration):
    dependencies = [("sync", "0010_short_lives")]

    operations = [
        migrations.AddField(model_name="gap", name="lists_read_at", field=models.DateTimeField(null=True)),
        migrations.AddField(model_name="gap", name="marks", field=models.JSONField(null=True)),
        migrations.CreateModel(
            name="ReadingPlace",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "organization",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="organizations.organization",
                    ),
                ),
                (
                    "connection",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reading_places",
                        to="organizations.connection",
                    ),
                ),
                ("entity_type", models.CharField(max_length=64)),
                ("round", models.BigIntegerField(default=0)),
                ("next_master", models.BigIntegerField(default=0)),
                ("asked", models.IntegerField(default=0)),
                ("masters", models.IntegerField(default=0)),
                ("began_at", models.DateTimeField()),
                ("last_began_at", models.DateTimeField(null=True)),
                ("last_ended_at", models.DateTimeField(null=True)),
                ("goal_round", models.BigIntegerField(null=True)),
                ("goal_master", models.BigIntegerField(null=True)),
                ("goal_asked", models.IntegerField(null=True)),
                ("moved_at", models.DateTimeField()),
                ("done_at", models.DateTimeField(null=True)),
            ],
            options={"abstract": False, "base_manager_name": "unscoped"},
            managers=[
                ("objects", django.db.models.manager.Manager()),
                ("unscoped", django.db.models.manager.Manager()),
            ],
        ),
        migrations.AddConstraint(
            model_name="readingplace",
            constraint=models.UniqueConstraint(fields=["connection", "entity_type"], name="one_place_per_type"),
        ),
        protect("sync_readingplace", app="SELECT", hub="SELECT, INSERT, UPDATE"),
    ]
