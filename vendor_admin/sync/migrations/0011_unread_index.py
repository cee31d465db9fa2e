"""Quarantine is counted by its own rows: nothing reads it by lease any more."""

from django.contrib.postgres.operations import RemoveIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("sync", "0012_unreadable_masters")]

    operations = [RemoveIndexConcurrently(model_name="quarantinedevent", name="quarantine_by_lease")]
