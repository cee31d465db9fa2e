"""Migrations never hold up who writes while they wait, and none builds an index that stops who writes a hot table."""

import time
from io import StringIO
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as Migrate
from django.db import connection as database
from django.db import migrations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.models import AddIndex

from vendor_admin.index_builds import BuildIndex
from vendor_admin.management.commands import migrate

TABLES = "LOCK TABLE mirrors_account IN ACCESS SHARE MODE"
# The first migrations of each app make the tables: nobody writes them yet.
FIRST = {
    ("mirrors", "0001_initial"),
    ("mirrors", "0002_initial"),
    ("sync", "0001_initial"),
    ("operations", "0001_initial"),
    ("operations", "0003_notices"),
}


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A migration that locks a table; returns the lock_timeout of each attempt."""
    seen: list[str] = []

    def handle(command: Migrate, *_: object, **__: object) -> None:
        command.migration_progress_callback("apply_start", migrations.Migration("0009_new", "mirrors"))
        with database.cursor() as cursor:
            cursor.execute("SHOW lock_timeout")
            seen.append(cursor.fetchone()[0])
            cursor.execute("BEGIN")
            cursor.execute(TABLES)
            cursor.execute("COMMIT")

    monkeypatch.setattr(Migrate, "handle", handle)
    monkeypatch.setattr(Migrate, "migration_progress_callback", lambda *_: None)
    return seen


def run(**options: Any) -> str:
    told = StringIO()
    migrate.Command(stdout=told).handle(database="default", **options)
    return told.getvalue()


def test_a_migration_waits_a_moment_for_a_table_and_is_tried_again(
    committed_db: None, database_urls: dict[str, str], attempts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(database_urls["admin"]) as reader:
        reader.execute("LOCK TABLE mirrors_account IN ACCESS EXCLUSIVE MODE")
        monkeypatch.setattr(time, "sleep", lambda _: reader.rollback() if len(attempts) == 2 else None)
        assert run() == "  Somebody has a table locked: trying again.\n" * 2
    assert attempts == ["200ms"] * 3


def test_a_table_that_stays_locked_ends_the_migration_with_advice(
    committed_db: None, database_urls: dict[str, str], attempts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "LONGEST_SECONDS", 0.0)
    with psycopg.connect(database_urls["admin"]) as reader:
        reader.execute("LOCK TABLE mirrors_account IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(CommandError, match="run migrate again"):
            run()
    assert len(attempts) == 1


def test_indexes_on_tables_that_much_is_written_to_are_built_beside_who_writes_as_often_as_it_takes() -> None:
    loader = MigrationLoader(None)
    for key, migration in loader.disk_migrations.items():
        if key[0] in ("mirrors", "sync", "operations") and key not in FIRST:
            others = [one for one in migration.operations if isinstance(one, AddIndex) and type(one) is not BuildIndex]
            assert others == [], f"{key}: use BuildIndex and atomic = False"


@pytest.mark.parametrize(
    ("name", "app", "migration", "index"),
    [
        ("plan_is_open", "operations", "0015_index_of_open_plans", 0),
        ("plan_row_with_secrets", "operations", "0016_indexes_without_a_lock", 0),
        ("plan_to_check", "operations", "0016_indexes_without_a_lock", 1),
    ],
)
def test_an_index_whose_build_was_broken_off_is_built_anew_and_a_whole_one_is_kept(
    committed_db: None, database_urls: dict[str, str], name: str, app: str, migration: str, index: int
) -> None:
    loader = MigrationLoader(None)
    operation = loader.disk_migrations[app, migration].operations[index]
    after = loader.project_state((app, migration))
    login, owner = urlsplit(database_urls["owner"]), database.copy()
    owner.settings_dict |= {"USER": login.username, "PASSWORD": login.password}
    with psycopg.connect(database_urls["admin"], autocommit=True) as admin:

        def built() -> tuple[int, bool]:
            found = admin.execute(
                "SELECT indexrelid, indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [name]
            )
            return found.fetchone()  # type: ignore[return-value]

        def build() -> tuple[int, bool]:
            with owner.schema_editor(atomic=False) as editor:
                operation.database_forwards(app, editor, after, after)
            return built()

        whole = built()
        assert build() == whole
        admin.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s", [whole[0]])
        number, is_valid = build()
    owner.close()
    assert is_valid
    assert number != whole[0]
