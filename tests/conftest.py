"""Fixtures of the whole suite: the database as the product's roles see it, a broker, environments for children."""

import gc
import os
import shutil
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django.test.client
import psycopg
import pytest
from django.conf import settings
from django.db import connections
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from pytest_django.plugin import DjangoDbBlocker

from tests.support.clusters.run_database import RunDatabase
from tests.support.database import (
    ROOT,
    DatabaseServer,
    make_folder,
    product_environment,
    record_owner,
    refuse_privileged_login,
)
from vendor_admin.commands import ROLES, arguments_of
from vendor_admin.embedded import EmbeddedValkey, Program, RunningProgram, choose_port
from vendor_admin.garbage import collect_garbage_seldom

# Fixtures that several folders use. Those of one folder are in its conftest.py.
pytest_plugins = ["tests.support.staff_and_rows", "tests.support.scenes"]

# No test of examples goes by the clock: machines are slow and busy at times.
hypothesis_settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("any machine")

RUN_DATABASE = pytest.StashKey[RunDatabase]()
OF_SERVERS = {"database_server", "broker_url"}
# Where what is tested can differ between servers: our own SQL, locks, partitions, policies, queues, how names are
# folded, and that every list opens. Elsewhere the same verbs and queries are used once more.
DEPENDS_ON_SERVER = (
    "accounts/test_folding.py",
    "accounts/test_bounded_pages.py",
    "listing/",
    "mirrors/",
    "notices/test_notices.py",
    "operations/plan_work/",
    "operations/plans/",
    "operations/store/",
    "organizations/platform_access/",
    "organizations/sign_in/test_guesses.py",
    "sync/",
    "tenancy/",
    "test_",
    "toolchain/",
    "web/",
)


def pytest_configure(config: pytest.Config) -> None:
    described = getattr(config, "workerinput", {}).get("database")
    config.stash[RUN_DATABASE] = RunDatabase(described)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give every xdist worker the one server, which its controller starts."""
    node.workerinput["database"] = node.config.stash[RUN_DATABASE].describe()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses the run's PostgreSQL or its broker, where servers can differ in it."""
    for item in items:
        uses_server = OF_SERVERS & set(getattr(item, "fixturenames", ())) or item.get_closest_marker("django_db")
        place = item.path.relative_to(Path(__file__).parent).as_posix()
        if uses_server and place.startswith(DEPENDS_ON_SERVER):
            item.add_marker("servers")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without a look for garbage, which would take a sixth of the time: what is collected stays."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """Have Python look for garbage seldom, and never among the modules and tests that are loaded by now."""
    collect_garbage_seldom()


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[RUN_DATABASE].stop()


@pytest.fixture(scope="session", autouse=True)
def _outermost_context() -> None:
    """Have `response.context` be that of the page's own template: to copy it for each of the seventy that a page
    includes is a tenth of the work of its request."""
    store = django.test.client.store_rendered_templates  # type: ignore[attr-defined]

    def store_first(kept: dict[str, Any], **of_template: Any) -> None:
        if "context" not in kept:
            store(kept, **of_template)

    django.test.client.store_rendered_templates = store_first  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def worker_name(request: pytest.FixtureRequest) -> str:
    """Name of this pytest worker: gw0, gw1, … or main."""
    return str(getattr(request.config, "workerinput", {}).get("workerid", "main"))


@pytest.fixture(scope="session")
def database_server(request: pytest.FixtureRequest) -> DatabaseServer:
    return request.config.stash[RUN_DATABASE].server


@pytest.fixture(scope="session")
def database_name(worker_name: str) -> str:
    return f"test_vendor_admin_{worker_name}"


@pytest.fixture(scope="session")
def database_urls(database_server: DatabaseServer, database_name: str) -> dict[str, str]:
    """Addresses of this worker's database: `app`, `owner`, `hub`, and `admin`, whom no policy binds."""
    return database_server.urls(database_name)


@pytest.fixture(scope="session")
def django_db_setup(
    database_server: DatabaseServer,
    database_name: str,
    database_urls: dict[str, str],
    django_test_environment: None,
) -> Iterator[None]:
    """Replaces pytest-django's: the database is made by its owner and served to Django as the app role."""
    database_server.create(database_name)
    with psycopg.connect(database_urls["app"]) as connection:
        refuse_privileged_login(connection)
    app = urlsplit(database_urls["app"])
    settings.DATABASES["default"].update(
        NAME=database_name, HOST=app.hostname, PORT=app.port, USER=app.username, PASSWORD=app.password
    )
    settings.DATABASE_APP_URL = database_urls["app"]
    settings.DATABASE_OWNER_URL = database_urls["owner"]
    settings.DATABASE_HUB_URL = database_urls["hub"]
    yield
    connections.close_all()
    database_server.drop(database_name)


@pytest.fixture
def committed_db(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, database_server: DatabaseServer, database_name: str
) -> Iterator[None]:
    """A database whose commits other threads and processes see; it is replaced by a fresh copy after the test."""
    with django_db_blocker.unblock():
        yield
        connections.close_all()
    database_server.create(database_name)


@pytest.fixture
def owner_connection(django_db_setup: None, database_urls: dict[str, str]) -> Iterator[psycopg.Connection]:
    """An autocommitting connection of the owner, who may change tables. What it writes stays: see `committed_db`."""
    with psycopg.connect(database_urls["owner"], autocommit=True) as connection:
        yield connection


@pytest.fixture
def hub_connection(django_db_setup: None, database_urls: dict[str, str]) -> Iterator[psycopg.Connection]:
    """An autocommitting connection of the hub role. What it writes stays: see `committed_db`."""
    with psycopg.connect(database_urls["hub"], autocommit=True) as connection:
        yield connection


@pytest.fixture
def admin_connection(django_db_setup: None, database_urls: dict[str, str]) -> Iterator[psycopg.Connection]:
    """An autocommitting connection of the server's administrator, who sees what was really stored."""
    with psycopg.connect(database_urls["admin"], autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def broker_url(worker_name: str) -> Iterator[str]:
    """A broker of this worker's own: an embedded Valkey, or TEST_BROKER_URL (of Redis a database for each worker)."""
    if given := os.environ.get("TEST_BROKER_URL"):
        names_a_database = not given.startswith("redis") or urlsplit(given).path.strip("/")
        number = int(worker_name.removeprefix("gw")) + 1 if worker_name.startswith("gw") else 0
        yield given if names_a_database else f"{given.rstrip('/')}/{number}"
        return
    folder = make_folder()
    with EmbeddedValkey(folder / "valkey", log_path=folder / "valkey.log") as valkey:
        record_owner(folder, server=valkey)
        yield valkey.url
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def child_environment(django_db_setup: None, database_urls: dict[str, str], broker_url: str) -> dict[str, str]:
    """A complete environment for `manage.py …` or `celery -A vendor_admin …` as a child on this worker's database."""
    return product_environment(database_urls) | {"CELERY_BROKER_URL": broker_url}


@pytest.fixture
def site_url(committed_db: None, child_environment: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """Address of the web role as a child on this worker's database, for tests with a browser. (`live_server` cannot
    clean up as the app role.)"""
    port = choose_port()
    url = f"http://localhost:{port}"
    environment = child_environment | {"GUNICORN_CMD_ARGS": f"--bind 127.0.0.1:{port}", "SITE_URL": url}
    program = Program(name="web", arguments=arguments_of(ROLES["web"]), folder=ROOT, environment=environment)
    running = RunningProgram(program, log_path=tmp_path / "web.log")
    try:
        deadline = time.monotonic() + 30
        while "Booting worker" not in running.log_path.read_text():
            assert running.is_running, running.log_tail()
            assert time.monotonic() < deadline, running.log_tail()
            time.sleep(0.05)
        yield url
    finally:
        running.kill()  # a polite end waits for the browser's open connections
