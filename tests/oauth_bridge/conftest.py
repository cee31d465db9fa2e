"""A sandbox, two of its organizations here (Alpha is its first, Beta its second), and members with browsers."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.core.cache import cache

from oauth_bridge.models import PlatformClient
from oauth_bridge.sign_in import clients
from tests.oauth_bridge.visitor import SITE, Visitor
from tests.support.oauth_visitor import application, member
from tests.support.staff_and_rows import Writer
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization
from vendor_admin.sandbox.serving.server import RunningSandbox


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[RunningSandbox]:
    with RunningSandbox("--seed", "7", "--users", "6", "--logins-per-user", "1000") as running:
        yield running


@pytest.fixture
def sandbox(running_sandbox: RunningSandbox) -> Iterator[RunningSandbox]:
    """The shared sandbox; what a test made go wrong is over after it."""
    running_sandbox.control("oauth/clear")
    running_sandbox.control("clear-limits")
    yield running_sandbox
    running_sandbox.control("oauth/clear")
    running_sandbox.control("clear-limits")
    running_sandbox.control("maintenance", on=False)


@pytest.fixture(autouse=True)
def site(settings: Any) -> None:
    """Members reach the site by this name; nothing is kept of another test's database."""
    settings.SITE_URL = SITE
    cache.clear()


def _organization(sandbox: RunningSandbox, slug: str, name: str, *, number: int) -> Organization:
    organization = Organization.objects.create(slug=slug, name=name, is_simulated=True)
    app = application(sandbox, number)
    uri = f"{SITE}/o/{slug}/callback/live/"
    sandbox.control("oauth/client", client_id=app.client_id, redirect_uris=[uri])
    clients.set_client(
        organization=organization,
        environment="live",
        values={
            "client_id": app.client_id,
            "secret": app.client_secret,
            "authorize_url": f"{sandbox.url}/oauth",
            "exchange_url": f"{sandbox.url}/live/v1/auth/oauthtoken",
            "rest_url": f"{sandbox.url}/live/v1",
        },
        actor=Actor.staff("test"),
    )
    return organization


@pytest.fixture
def alpha(committed_db: None, sandbox: RunningSandbox) -> Organization:
    return _organization(sandbox, "alpha", "Alpha Funding", number=0)


@pytest.fixture
def beta(committed_db: None, sandbox: RunningSandbox) -> Organization:
    return _organization(sandbox, "beta", "Beta Prop", number=1)


@pytest.fixture
def write(committed_db: None, hub_connection: psycopg.Connection) -> Writer:
    return Writer(hub_connection)


@pytest.fixture
def ann(alpha: Organization, write: Writer, sandbox: RunningSandbox) -> Visitor:
    """A member of Alpha, known to its mirrors, with a browser of her own."""
    return _known(alpha, write, sandbox, number=0, organization_id=20)


@pytest.fixture
def ben(alpha: Organization, write: Writer, sandbox: RunningSandbox) -> Visitor:
    """Another member of Alpha."""
    return _known(alpha, write, sandbox, number=1, organization_id=20)


@pytest.fixture
def carl(beta: Organization, write: Writer, sandbox: RunningSandbox) -> Visitor:
    """A member of Beta, of whom Alpha knows nothing."""
    found = sandbox.view("oauth/clients")[1]["organization_id"]
    return _known(beta, write, sandbox, number=0, organization_id=found)


def _known(
    organization: Organization, write: Writer, sandbox: RunningSandbox, *, number: int, organization_id: int
) -> Visitor:
    person = member(sandbox, number, organization=organization_id)
    write.mirror("user", organization, person["user_id"], name=person["name"], status="Active", environment="live")
    return Visitor(sandbox=sandbox, slug=organization.slug, login=person["name"], user_id=person["user_id"])


@pytest.fixture
def client_of_alpha(alpha: Organization) -> PlatformClient:
    found = clients.open_client(organization=alpha, environment="live")
    assert found is not None
    return found
