"""An application and a member of the sandbox; what a test switched or used up is put back after it."""

from collections.abc import Iterator

import pytest

from tests.support.oauth_visitor import Application, application, member
from vendor_admin.sandbox.serving.server import RunningSandbox


@pytest.fixture
def app(sandbox: RunningSandbox) -> Application:
    return application(sandbox)


@pytest.fixture
def login(sandbox: RunningSandbox) -> str:
    return str(member(sandbox)["name"])


@pytest.fixture(autouse=True)
def _nothing_is_left_behind(sandbox: RunningSandbox) -> Iterator[None]:
    defaults = sandbox.view("oauth/state")["settings"]
    yield
    sandbox.control("oauth/configure", **defaults)
    sandbox.control("oauth/clear")
    sandbox.control("clear-limits")
    sandbox.control("maintenance", on=False)
