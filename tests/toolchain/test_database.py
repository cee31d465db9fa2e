"""The suite's own database: served as the app role, fresh for every test that commits."""

import os
import subprocess
import sys

import psycopg
import pytest
from django.db import connection

from tests.support.database import ROLES, ROOT, refuse_privileged_login
from vendor_admin.organizations.models import Organization

pytestmark = pytest.mark.django_db


def test_django_works_as_the_app_role() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_database()")
        user, database = cursor.fetchone()
    assert user == ROLES["app"]
    assert database.startswith("test_vendor_admin_")


@pytest.mark.parametrize("role", ["admin", "owner"])
def test_a_login_that_passes_by_the_policies_ends_the_run(role: str, database_urls: dict[str, str], db: None) -> None:
    with psycopg.connect(database_urls[role]) as privileged:
        with pytest.raises(pytest.exit.Exception, match="passes by row level security"):
            refuse_privileged_login(privileged)


@pytest.mark.parametrize("round_number", [1, 2])
def test_what_a_test_writes_is_rolled_back(round_number: int) -> None:
    assert not Organization.objects.filter(slug="left-behind").exists()
    Organization.objects.create(slug="left-behind", name="Left Behind")


def test_the_hub_and_the_owner_have_logins_of_their_own(
    hub_connection: psycopg.Connection, owner_connection: psycopg.Connection
) -> None:
    assert hub_connection.execute("SELECT current_user").fetchone() == (ROLES["hub"],)
    assert owner_connection.execute("SELECT current_user").fetchone() == (ROLES["owner"],)


def test_a_child_process_sees_the_same_database(child_environment: dict[str, str]) -> None:
    code = "from django.db import connection as c; c.ensure_connection(); print(c.settings_dict['NAME'])"
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "--verbosity", "0", "-c", code],
        cwd=ROOT,
        env=child_environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == connection.settings_dict["NAME"], done.stderr
    assert child_environment["CELERY_BROKER_URL"]
    assert "PYTEST_CURRENT_TEST" not in child_environment
    assert os.environ["SECRET_KEY"] == child_environment["SECRET_KEY"]
