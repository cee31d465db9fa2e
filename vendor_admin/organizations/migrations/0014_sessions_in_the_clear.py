"""The end of sessions that stood in the clear: their keys are what browsers hold. Everybody signs in once more."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("organizations", "0010_verified_email"), ("sessions", "0001_initial")]

    operations = [migrations.RunSQL("DELETE FROM django_session", migrations.RunSQL.noop)]
