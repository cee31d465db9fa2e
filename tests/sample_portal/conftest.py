"""The members and the simulated platform of tests/oauth_bridge, and the sample portal as a program of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from django.utils import timezone

from oauth_bridge.models import Portal
from oauth_bridge.portals import registry
from tests.oauth_bridge.conftest import alpha, ann, running_sandbox, sandbox, site, write
from tests.oauth_bridge.visitor import Visitor
from tests.support.database import ROOT
from tests.support.oauth_visitor import application
from tests.support.running_hub import wait_until
from vendor_admin.commands import arguments_of
from vendor_admin.embedded import Program, RunningProgram, choose_port
from vendor_admin.organizations.actors import Actor
from vendor_admin.sandbox.serving.server import RunningSandbox

__all__ = ["alpha", "ann", "running_sandbox", "sandbox", "site", "write"]

PORTAL = ROOT / "tests" / "sample_portal" / "portal.py"


@pytest.fixture
def portal_url(
    ann: Visitor, sandbox: RunningSandbox, site_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """Address of the sample portal, registered at Alpha. It is started elsewhere and sees nothing of ours."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright's loop runs in this thread
    uri = f"{site_url}/o/alpha/callback/live/"
    sandbox.control("oauth/client", client_id=application(sandbox).client_id, redirect_uris=[uri])
    sandbox.control("oauth/configure", quick_members=2)
    port = choose_port()
    url = f"http://localhost:{port}"
    made = registry.register_portal(
        organization=ann.organization,
        kind=Portal.Kind.SIGN_IN,
        name="Trader Desk",
        scopes=["openid", "profile", "email", "entitlements"],
        redirect_uris=[f"{url}/callback"],
        actor=Actor.staff("test"),
        now=timezone.now(),
    )
    command = ("python", str(PORTAL), "--port", str(port), "--issuer", f"{site_url}/o/alpha")
    program = Program(
        name="portal",
        arguments=arguments_of((*command, "--client-id", made.portal.client_id)),
        folder=tmp_path,
        environment={"PORTAL_CLIENT_SECRET": made.secret},
    )
    running = RunningProgram(program, log_path=tmp_path / "portal.log")
    try:
        wait_until(lambda: answers(url), what="an answer of the sample portal")
        yield url
    finally:
        running.stop()


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False
