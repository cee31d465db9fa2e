"""The simulated platform with a vendor whose mirrors a real hub keeps."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.utils import timezone

from tests.support.engine_kinds import register_engine_kinds
from tests.support.running_hub import RunningHub
from tests.support.scene import ENVIRONMENTS, Scene
from tests.support.warm_sandboxes import WarmSandboxes
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.sandbox.running import RunningSandbox

WORLD = ("--organizations", "1", "--users", "8", "--accounts-per-user", "2", "--keep-orders", "50", "--rate", "0")


@pytest.fixture(scope="session")
def warm_sandboxes() -> Iterator[WarmSandboxes]:
    with WarmSandboxes() as warm:
        yield warm


@pytest.fixture
def sandbox(warm_sandboxes: WarmSandboxes) -> Iterator[RunningSandbox]:
    with RunningSandbox(*WORLD, "--logins-per-user", "1000", start=warm_sandboxes.start) as running:
        yield running


@pytest.fixture
def short_waits(settings: Any) -> None:
    settings.OPERATION_SETTLE_SECONDS = 0.2
    settings.OPERATION_PATIENCE_SECONDS = 1.0


@pytest.fixture
def database_at_host_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The database's clock shows what this host's does, also while that one travels."""
    really = database_clock.read
    monkeypatch.setattr(database_clock, "read", lambda: replace(really(), now=timezone.now(), ahead=timedelta(0)))


@pytest.fixture
def environments(request: pytest.FixtureRequest) -> Sequence[str]:
    """Those that a scene connects. To load a second one takes as long as many tests do, so who needs none says it."""
    return ("demo",) if request.node.get_closest_marker("demo_alone") else ENVIRONMENTS


@pytest.fixture
def scene(
    sandbox: RunningSandbox,
    committed_db: None,
    database_urls: dict[str, str],
    short_waits: None,
    environments: Sequence[str],
) -> Iterator[Scene]:
    """A connected vendor with loaded mirrors, which follow the platform."""
    yield from connected(sandbox, database_urls, environments=environments)


@pytest.fixture
def quick_scene(
    warm_sandboxes: WarmSandboxes,
    committed_db: None,
    database_urls: dict[str, str],
    short_waits: None,
    settings: Any,
    environments: Sequence[str],
) -> Iterator[Scene]:
    """The same with an hour of three seconds, at the platform and here."""
    settings.BUDGET_WINDOW_SECONDS = 3.0
    quick = (*WORLD, "--logins-per-user", "1000", "--hour-seconds", "3")
    with RunningSandbox(*quick, start=warm_sandboxes.start) as sandbox:
        yield from connected(sandbox, database_urls, environments=environments)


@pytest.fixture
def quiet_scene(sandbox: RunningSandbox, committed_db: None, short_waits: None) -> Scene:
    """A connected vendor without a hub, for plans that look at no mirror."""
    register_engine_kinds()
    return Scene(sandbox)


@pytest.fixture
def quick_quiet_scene(
    warm_sandboxes: WarmSandboxes, committed_db: None, short_waits: None, settings: Any
) -> Iterator[Scene]:
    """The same with an hour of three seconds, at the platform and here."""
    settings.BUDGET_WINDOW_SECONDS = 3.0
    register_engine_kinds()
    quick = (*WORLD, "--logins-per-user", "1000", "--hour-seconds", "3")
    with RunningSandbox(*quick, start=warm_sandboxes.start) as sandbox:
        yield Scene(sandbox)


def connected(
    sandbox: RunningSandbox, database_urls: dict[str, str], *, environments: Sequence[str] = ENVIRONMENTS
) -> Iterator[Scene]:
    register_engine_kinds()
    scene = Scene(sandbox, environments=environments)
    with RunningHub(database_url=database_urls["hub"]):
        scene.wait_until_loaded()
        yield scene
    database.close()
