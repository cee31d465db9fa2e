"""Migrations never hold up who writes while they wait, and none builds an index that stops who writes a hot table.

Databases of an older layout are refused.
"""

import re
import subprocess
import sys
import time
from io import StringIO
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.apps import apps
from django.core.management import call_command
from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as Migrate
from django.db import connection as database
from django.db import migrations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.fields import AddField
from django.db.migrations.operations.models import AddIndex
from django.db.models import Model

from tests.support.database import ROOT, product_environment
from vendor_admin.demo.older_data import OlderData, refuse_older_data
from vendor_admin.management.commands import migrate
from vendor_admin.operations.models import Plan, PlanRow
from vendor_admin.schema.index_builds import BuildIndex

TABLES = "LOCK TABLE mirrors_account IN ACCESS SHARE MODE"
FIRST = "0001_initial"  # makes the tables: nobody writes them yet
OF_OLDER_LAYOUT = "INSERT INTO django_migrations (app, name, applied) VALUES ('operations', '0002_policies', now())"
# What migrations may use of ours: fields, a default, and steps that go on doing just what they do.
MAY_USE = {
    "vendor_admin.schema.index_builds",
    "vendor_admin.mirrors.fields.numeric",
    "vendor_admin.operations.models",
    "vendor_admin.organizations.encryption",
    "vendor_admin.organizations.tenancy.rls",
    "vendor_admin.schema.table_creation",
}
MIGRATIONS_AND_TABLES = """
    SELECT app, name FROM django_migrations
    UNION ALL SELECT relname, '' FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1, 2
"""


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
        if key[0] in ("mirrors", "sync", "operations") and key[1] != FIRST:
            others = [one for one in migration.operations if isinstance(one, AddIndex) and type(one) is not BuildIndex]
            assert others == [], f"{key}: use BuildIndex and atomic = False"


@pytest.mark.parametrize(
    ("model", "name"), [(Plan, "plan_is_open"), (PlanRow, "plan_row_with_secrets"), (Plan, "plan_to_check")]
)
def test_an_index_whose_build_was_broken_off_is_built_anew_and_a_whole_one_is_kept(
    committed_db: None, database_urls: dict[str, str], model: type[Model], name: str
) -> None:
    (index,) = [index for index in model._meta.indexes if index.name == name]
    operation = BuildIndex(model.__name__, index)
    after = MigrationLoader(None).project_state()
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
                operation.database_forwards("operations", editor, after, after)
            return built()

        whole = built()
        assert build() == whole
        admin.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s", [whole[0]])
        number, is_valid = build()
    owner.close()
    assert is_valid
    assert number != whole[0]


def test_servers_of_the_version_before_can_store_rows_without_the_columns_they_do_not_know() -> None:
    added = [
        (operation.model_name, operation.name)
        for (app, name), migration in MigrationLoader(None).disk_migrations.items()
        if app == "operations" and name != FIRST
        for operation in migration.operations
        if isinstance(operation, AddField)
    ]
    fields = [apps.get_model("operations", model)._meta.get_field(name) for model, name in added]
    unknown = [field.name for field in fields if not (field.null or field.generated or field.has_db_default())]
    assert unknown == []


def test_the_migrations_make_what_the_models_say(db: None) -> None:
    said = StringIO()
    call_command("makemigrations", check_changes=True, dry_run=True, stdout=said)
    assert said.getvalue() == "No changes detected\n"


def test_what_a_migration_does_is_written_in_it_and_not_taken_from_modules_that_change() -> None:
    packages = "vendor_admin", "accounts", "risk", "oauth_bridge"
    paths = [path for package in packages for path in (ROOT / package).rglob("migrations/0*.py")]
    assert len(paths) > 5
    for path in paths:
        used = re.findall(rf"^(?:from|import) ((?:{'|'.join(packages)})[.\w]*)", path.read_text(), re.MULTILINE)
        assert set(used) <= MAY_USE, path


def test_a_database_of_an_older_layout_is_refused_and_loses_nothing(
    committed_db: None, owner_connection: psycopg.Connection, database_urls: dict[str, str]
) -> None:
    owner_connection.execute("DELETE FROM django_migrations WHERE app = 'operations'")
    owner_connection.execute(OF_OLDER_LAYOUT)
    before = owner_connection.execute(MIGRATIONS_AND_TABLES).fetchall()
    command = [sys.executable, "manage.py", "migrate", "--no-input"]
    environment = product_environment(database_urls)
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "This database is of an older layout" in done.stderr
    assert "Nothing in it was changed" in done.stderr
    assert owner_connection.execute(MIGRATIONS_AND_TABLES).fetchall() == before


def test_the_demo_says_that_its_database_is_of_an_older_layout(
    committed_db: None, owner_connection: psycopg.Connection, database_urls: dict[str, str], monkeypatch: Any
) -> None:
    environment = product_environment(database_urls)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    refuse_older_data(environment)
    owner_connection.execute(OF_OLDER_LAYOUT)
    with pytest.raises(OlderData, match="`make demo RESET=1` starts fresh"):
        refuse_older_data(environment)
    monkeypatch.setenv("DATABASE_URL", environment["DATABASE_URL"])
    with pytest.raises(OlderData, match="Give the demo a new one"):
        refuse_older_data(environment)
