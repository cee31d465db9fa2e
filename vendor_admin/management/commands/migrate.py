"""`manage.py migrate`: Django's own, which never holds up who writes while it waits for a table.

Whoever waits for a table's lock makes all others wait behind it. So a migration waits for 0.2 s, is rolled back, and
tried again a little later. One that is not atomic waits as long as it takes: what it does concurrently stops nobody.
A database of an older layout is refused before anything is done.
"""

import time
from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as Migrate
from django.db import OperationalError, connections
from django.db.migrations import Migration
from django.db.migrations.recorder import MigrationRecorder
from psycopg import errors

from vendor_admin.schema.older_layouts import is_older_layout

LOCK_MS = 200
PAUSE_SECONDS = 1.0
LONGEST_SECONDS = 600.0


class Command(Migrate):
    """Migrate; again, for as long as somebody else has a table locked."""

    def handle(self, *args: Any, **options: Any) -> None:
        connection = self._connection = connections[options["database"]]
        if is_older_layout(MigrationRecorder(connection).applied_migrations()):
            raise CommandError(
                "This database is of an older layout, from before 0.1.0, which this version cannot take over. Nothing"
                " in it was changed: give this version a new database, or go on with the version that made it."
            )
        began = time.monotonic()
        while True:
            try:
                super().handle(*args, **options)
                return
            except OperationalError as error:
                if not isinstance(error.__cause__, errors.LockNotAvailable | errors.DeadlockDetected):
                    raise
                if time.monotonic() - began > LONGEST_SECONDS:
                    raise CommandError(
                        "Somebody has had a table locked for long (a backup, a report, an open session: see"
                        f" pg_stat_activity). What is done so far stays; run migrate again. {error}"
                    ) from error
            self.stdout.write("  Somebody has a table locked: trying again.")
            connection.close()
            time.sleep(PAUSE_SECONDS)

    def migration_progress_callback(self, action: str, migration: Migration | None = None, fake: bool = False) -> None:
        super().migration_progress_callback(action, migration, fake)
        if migration is not None and action in ("apply_start", "unapply_start"):
            with self._connection.cursor() as cursor:
                cursor.execute(f"SET lock_timeout = {LOCK_MS if migration.atomic else 0}")
