"""`manage.py sandbox` is refused where the installation is a real one, and says so where its port is taken."""

import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
import requests
from django.core.management import CommandError, call_command
from django.test import override_settings

from vendor_admin.management.commands import sandbox as command
from vendor_admin.sandbox.configuration import Configuration
from vendor_admin.sandbox.running import RunningSandbox


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Configuration, int]]:
    found: list[tuple[Configuration, int]] = []
    monkeypatch.setattr(command, "serve", lambda configuration, *, port: found.append((configuration, port)))
    return found


@override_settings(DEBUG=False)
def test_without_debug_the_sandbox_is_refused(served: list[tuple[Configuration, int]]) -> None:
    with pytest.raises(CommandError, match="--anyway"):
        call_command("sandbox")
    assert served == []


@override_settings(DEBUG=False)
def test_without_debug_it_can_be_asked_for_by_name(served: list[tuple[Configuration, int]]) -> None:
    call_command("sandbox", "--anyway", "--rate", "12", "--port", "8123")
    assert [(configuration.rate, port) for configuration, port in served] == [(12.0, 8123)]


@override_settings(DEBUG=True)
def test_with_debug_it_serves(served: list[tuple[Configuration, int]]) -> None:
    call_command("sandbox", "--no-limits")
    assert served[0][0] == Configuration(limits_enabled=False)


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@override_settings(DEBUG=True)
def test_a_taken_port_is_told_in_one_line(taken_port: int) -> None:
    with pytest.raises(CommandError) as caught:
        call_command("sandbox", "--port", str(taken_port))
    assert str(caught.value).startswith(f"The sandbox cannot listen on 127.0.0.1:{taken_port}: the port is taken.")
    assert "--port" in str(caught.value)


def test_the_module_says_the_same_without_a_traceback(taken_port: int) -> None:
    arguments = [sys.executable, "-m", "vendor_admin.sandbox", "--port", str(taken_port)]
    ended = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert "the port is taken" in ended.stderr


@override_settings(DEBUG=True)
def test_a_port_that_cannot_be_is_told_too() -> None:
    with pytest.raises(CommandError, match="cannot listen on"):
        call_command("sandbox", "--port", "70000")


@override_settings(DEBUG=True)
@pytest.mark.parametrize(("bind", "why"), [("0.0.0.0", "TEST_SANDBOX_SECRET"), ("sandbox", "IP address")])
def test_it_opens_its_door_to_nobody_else_without_a_secret(
    monkeypatch: pytest.MonkeyPatch, bind: str, why: str
) -> None:
    monkeypatch.setenv("TEST_SANDBOX_BIND", bind)
    monkeypatch.delenv("TEST_SANDBOX_SECRET", raising=False)
    with pytest.raises(CommandError, match=why):
        call_command("sandbox")


def test_it_serves_at_the_address_that_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_SANDBOX_BIND", "127.0.0.2")
    with RunningSandbox("--organizations", "1", "--users", "1") as sandbox:
        assert sandbox.url.startswith("http://127.0.0.2:")
        (vendor,) = sandbox.organizations()
        body = vendor["credentials"]
        answer = requests.post(f"{sandbox.url}/live/v1/auth/accesstokenrequest", json=body, timeout=20)
        headers = {"Authorization": f"Bearer {answer.json()['accessToken']}"}
        answer = requests.get(f"{sandbox.url}/live/v1/user/list", headers=headers, timeout=20)
        assert (answer.status_code, answer.history) == (200, [])
