"""Each switch under /control/oauth is felt by a plain client."""

import json
import time

import pytest
import requests

from tests.sandbox.plain_client import call
from tests.support.oauth_visitor import Application, application
from vendor_admin.sandbox.serving.server import RunningSandbox


def _grants(sandbox: RunningSandbox) -> int:
    return len(sandbox.view("oauth/state")["grants"])


@pytest.mark.parametrize("status", [429, 423, 500])
def test_an_exchange_gets_a_status_and_nothing_is_done(
    sandbox: RunningSandbox, app: Application, login: str, status: int
) -> None:
    sandbox.control("oauth/next", fault=str(status), calls=2)
    code, before = app.code(login), _grants(sandbox)
    answers = [app.post(app.fields(code)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status, status, 200]
    assert status == 500 or answers[0].content == b""
    assert _grants(sandbox) == before + 1


def test_an_exchange_gets_an_error_as_200_and_nothing_is_done(
    sandbox: RunningSandbox, app: Application, login: str
) -> None:
    sandbox.control("oauth/next", fault="error", error="temporarily_unavailable", text="Later")
    code = app.code(login)
    assert app.exchange(code) == {"error": "temporarily_unavailable", "error_description": "Later"}
    assert "access_token" in app.exchange(code)
    sandbox.control("oauth/next", fault="error")
    assert app.exchange(code)["error"] == "server_error"


def test_a_time_out_does_nothing(sandbox: RunningSandbox, app: Application, login: str) -> None:
    sandbox.control("oauth/next", fault="time-out", seconds=30)
    code, before = app.code(login), _grants(sandbox)
    with pytest.raises(requests.exceptions.ReadTimeout):
        app.post(app.fields(code), timeout=0.3)
    assert _grants(sandbox) == before
    assert "access_token" in app.exchange(code)


def test_an_exchange_can_be_done_and_not_answered(sandbox: RunningSandbox, app: Application, login: str) -> None:
    sandbox.control("oauth/next", fault="no-answer")
    code, before = app.code(login), _grants(sandbox)
    with pytest.raises(requests.exceptions.RequestException):
        app.post(app.fields(code))
    assert _grants(sandbox) == before + 1
    assert app.exchange(code)["error"] == "invalid_grant"


def test_a_refresh_can_be_done_and_not_answered(sandbox: RunningSandbox, app: Application, login: str) -> None:
    refresh_token = app.tokens(login)["refresh_token"]
    sandbox.control("oauth/next", fault="no-answer", grant_type="refresh_token")
    with pytest.raises(requests.exceptions.RequestException):
        app.post(app.refresh_fields(refresh_token))
    assert app.refresh(refresh_token)["error"] == "invalid_token"


def test_an_exchange_can_be_slow(sandbox: RunningSandbox, app: Application, login: str) -> None:
    code = app.code(login)
    sandbox.control("oauth/next", fault="slow", seconds=0.4)
    began = time.monotonic()
    assert "access_token" in app.exchange(code)
    assert time.monotonic() - began >= 0.4


@pytest.mark.parametrize("text", ["", "<html>Bad gateway</html>"])
def test_the_answer_of_an_exchange_can_be_broken(
    sandbox: RunningSandbox, app: Application, login: str, text: str
) -> None:
    sandbox.control("oauth/next", fault="malformed", text=text)
    code = app.code(login)
    answer = app.post(app.fields(code))
    assert answer.status_code == 200
    assert not text or answer.text == text
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.text)
    assert app.exchange(code)["error"] == "invalid_grant", "it was done"


def test_the_next_code_can_be_taken_as_expired(sandbox: RunningSandbox, app: Application, login: str) -> None:
    refresh_token = app.tokens(login)["refresh_token"]
    sandbox.control("oauth/next", fault="expired-code")
    assert "access_token" in app.refresh(refresh_token), "a refresh is not meant"
    assert "expired" in app.exchange(app.code(login))["error_description"]
    assert "access_token" in app.exchange(app.code(login))


def test_a_refresh_can_be_refused_for_a_while(sandbox: RunningSandbox, app: Application, login: str) -> None:
    refresh_token = app.tokens(login)["refresh_token"]
    sandbox.control("oauth/next", fault="refuse-refresh", calls=0)
    assert "access_token" in app.tokens(login), "an exchange is not meant"
    assert [app.refresh(refresh_token)["error"] for _ in range(3)] == ["invalid_token"] * 3
    sandbox.control("oauth/clear")
    assert "access_token" in app.refresh(refresh_token)


@pytest.mark.parametrize("encoding", ["form", "json"])
def test_a_penalty_ticket_must_be_waited_for_and_sent_along(
    sandbox: RunningSandbox, app: Application, login: str, encoding: str
) -> None:
    sandbox.control("oauth/next", fault="penalty", seconds=20)
    fields = app.fields(app.code(login))
    owed = app.post(fields, encoding=encoding).json()
    assert (owed["p-time"], owed["p-captcha"]) == (20, False)
    paid = fields | {"p-ticket": owed["p-ticket"]}
    assert app.post(paid, encoding=encoding).json() == owed, "too early"
    sandbox.control("oauth/advance", seconds=20)
    assert app.post(fields, encoding=encoding).json() == owed, "without the ticket"
    assert "access_token" in app.post(paid, encoding=encoding).json()
    assert "access_token" in app.tokens(login), "and that is that"


def test_a_captcha_is_waited_out(sandbox: RunningSandbox, app: Application, login: str) -> None:
    sandbox.control("oauth/next", fault="captcha")
    assert app.exchange(app.code(login))["p-captcha"] is True
    sandbox.control("oauth/advance", seconds=1_800)
    assert app.exchange(app.code(login))["p-captcha"] is True
    sandbox.control("oauth/advance", seconds=1_801)
    assert "access_token" in app.exchange(app.code(login))


def test_a_fault_can_be_meant_for_one_client(sandbox: RunningSandbox, app: Application, login: str) -> None:
    other = application(sandbox, 1)
    sandbox.control("oauth/next", fault="500", client_id=other.client_id)
    assert "access_token" in app.tokens(login)
    assert other.post(other.fields("nothing")).status_code == 500


@pytest.mark.parametrize(("fault", "status"), [("429", 429), ("penalty", 200), ("errorText", 200)])
def test_the_rules_for_all_calls_apply_too(
    sandbox: RunningSandbox, app: Application, login: str, fault: str, status: int
) -> None:
    sandbox.control("call", fault=fault, endpoint="auth/oauthtoken")
    answer = app.post(app.fields(app.code(login)))
    assert (answer.status_code, "access_token" in answer.text) == (status, False)


def test_general_rules_can_slow_and_cut_an_exchange(sandbox: RunningSandbox, app: Application, login: str) -> None:
    sandbox.control("call", fault="slow", endpoint="auth/oauthtoken", seconds=0.3)
    code, began = app.code(login), time.monotonic()
    assert "access_token" in app.exchange(code)
    assert time.monotonic() - began >= 0.3
    sandbox.control("call", fault="cut", endpoint="auth/oauthtoken")
    with pytest.raises(requests.exceptions.RequestException):
        app.post(app.fields("nothing"))


def test_in_maintenance_the_exchange_is_down(sandbox: RunningSandbox, app: Application) -> None:
    sandbox.control("maintenance", on=True)
    assert app.post(app.fields("nothing")).status_code == 503


def test_ten_failures_of_auth_me_lead_to_a_ticket(sandbox: RunningSandbox, app: Application, login: str) -> None:
    good = app.tokens(login)["access_token"]
    sandbox.control("configure", limits_enabled=True)
    try:
        assert all("userId" in call(sandbox, "live", "auth/me", good)[1] for _ in range(12)), "successes are free"
        assert [call(sandbox, "live", "auth/me", "wrong")[0] for _ in range(10)] == [401] * 10
        status, body = call(sandbox, "live", "auth/me", good)
        assert (status, body["p-time"], body["p-captcha"]) == (200, 30, False)
    finally:
        sandbox.control("configure", limits_enabled=False)


def test_by_the_strict_reading_ten_calls_of_auth_me_are_all(
    sandbox: RunningSandbox, app: Application, login: str
) -> None:
    good = app.tokens(login)["access_token"]
    sandbox.control("configure", limits_enabled=True)
    sandbox.control("oauth/me-limit", counts_successes=True)
    try:
        answers = [call(sandbox, "live", "auth/me", good)[1] for _ in range(11)]
        assert ["userId" in answer for answer in answers] == [True] * 10 + [False]
        assert "p-ticket" in answers[10]
    finally:
        sandbox.control("oauth/me-limit", counts_successes=False)
        sandbox.control("configure", limits_enabled=False)
