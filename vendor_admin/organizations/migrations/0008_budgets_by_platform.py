"""Carry what was drawn and locked under domains over to the platforms that these belong to."""

import re

from django.conf import settings
from django.db import migrations

from vendor_admin.tradovate.api_hosts import platform_of_host

_USES = "UPDATE organizations_budgetuse SET key = regexp_replace(key, %(old)s, %(new)s) WHERE key ~ %(old)s"
# Two domains of one platform may both have closed the same: the longer lock stays.
_LOCKS = """
    INSERT INTO organizations_ratelock (key, until, reason, ticket)
    SELECT DISTINCT ON (1) regexp_replace(key, %(old)s, %(new)s), until, reason, ticket
      FROM organizations_ratelock
     WHERE key ~ %(old)s
     ORDER BY 1, until DESC
        ON CONFLICT (key) DO UPDATE
       SET until = EXCLUDED.until, reason = EXCLUDED.reason, ticket = EXCLUDED.ticket
     WHERE organizations_ratelock.until < EXCLUDED.until
"""
_OLD_LOCKS = "DELETE FROM organizations_ratelock WHERE key ~ %(old)s"


def carry_over(apps, schema_editor):
    """A domain stands alone in a key: at its beginning, behind a space, or behind a user's name and an @."""
    domains = {".".join(suffix.split(".")[-2:]): suffix for suffix in settings.PLATFORM_HOSTS}
    with schema_editor.connection.cursor() as cursor:
        for domain, suffix in domains.items():
            platform = platform_of_host(suffix, suffixes=settings.PLATFORM_HOSTS)
            values = {"old": rf"(^|@| ){re.escape(domain)}( |$)", "new": rf"\1{platform}\2"}
            for statement in (_USES, _LOCKS, _OLD_LOCKS):
                cursor.execute(statement, values)


class Migration(migrations.Migration):
    dependencies = [("organizations", "0007_host_fallback")]

    operations = [migrations.RunPython(carry_over, migrations.RunPython.noop)]
