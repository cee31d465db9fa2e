"""Codes and refresh tokens at the exchange: both encodings, both paths, used once, short-lived, errors as HTTP 200."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import requests

from tests.sandbox.plain_client import call
from tests.sandbox.platform_texts import validator
from tests.support.oauth_visitor import VERIFIER, Application, application, member
from vendor_admin.sandbox.serving.server import RunningSandbox


def _works(app: Application, issued: dict) -> bool:
    return call(app.sandbox, "live", "auth/me", issued["access_token"])[0] == 200


def _refused(answer: dict, error: str, words: str) -> bool:
    assert set(answer) == {"error", "error_description"}, answer
    return answer["error"] == error and words in answer["error_description"]


@pytest.mark.parametrize("encoding", ["form", "json"])
@pytest.mark.parametrize("path", ["auth/oauthtoken", "v1/auth/oauthtoken", "v1/auth/oAuthToken"])
def test_a_code_becomes_tokens_in_both_encodings_and_at_both_paths(
    app: Application, login: str, encoding: str, path: str
) -> None:
    answer = app.post(app.fields(app.code(login)), path=path, encoding=encoding)
    issued = answer.json()
    assert (answer.status_code, issued["token_type"], issued["expires_in"]) == (200, "bearer", 4_800)
    assert issued["refresh_token_expires_in"] == 1_209_600
    assert _works(app, issued)
    again = app.post(app.refresh_fields(issued["refresh_token"]), path=path, encoding=encoding).json()
    assert _works(app, again)


def test_answers_fit_the_schema(app: Application, login: str) -> None:
    for answer in (app.tokens(login), app.exchange("nothing")):
        assert [error.message for error in validator("OAuthTokenResponse").iter_errors(answer)] == []


def test_a_code_without_pkce_is_exchanged_without_a_verifier(app: Application, login: str) -> None:
    without: dict[str, str | None] = {"code_challenge": None, "code_challenge_method": None}
    fields = app.fields(app.code(login, **without))
    del fields["code_verifier"]
    assert _works(app, app.post(fields).json())


def test_a_verifier_for_a_code_without_challenge_is_refused(app: Application, login: str) -> None:
    code = app.code(login, code_challenge=None, code_challenge_method=None)
    assert _refused(app.exchange(code), "invalid_grant", "code_verifier")


@pytest.mark.parametrize("verifier", ["w" * 43, "", VERIFIER + "=", VERIFIER[:-1]])
def test_a_wrong_verifier_is_refused_and_spends_the_code(app: Application, login: str, verifier: str) -> None:
    code = app.code(login)
    assert _refused(app.exchange(code, code_verifier=verifier), "invalid_grant", "code_verifier")
    assert _refused(app.exchange(code), "invalid_grant", "used already")


def test_a_code_that_is_used_again_is_refused_and_takes_the_tokens_with_it(app: Application, login: str) -> None:
    code = app.code(login)
    issued = app.exchange(code)
    assert _refused(app.exchange(code), "invalid_grant", "used already")
    assert not _works(app, issued)
    assert _refused(app.refresh(issued["refresh_token"]), "invalid_token", "revoked")


def test_a_replay_can_be_harmless(sandbox: RunningSandbox, app: Application, login: str) -> None:
    sandbox.control("oauth/configure", replay_revokes_grant=False)
    code = app.code(login)
    issued = app.exchange(code)
    assert _refused(app.exchange(code), "invalid_grant", "used already")
    assert _works(app, issued)


@pytest.mark.parametrize("seconds", [59, 61])
def test_a_code_lives_a_minute(sandbox: RunningSandbox, app: Application, login: str, seconds: int) -> None:
    code = app.code(login)
    sandbox.control("oauth/advance", seconds=seconds)
    answer = app.exchange(code)
    assert "access_token" in answer if seconds < 60 else _refused(answer, "invalid_grant", "expired")


def test_codes_expire_by_the_control_door(sandbox: RunningSandbox, app: Application, login: str) -> None:
    code = app.code(login)
    assert sandbox.control("oauth/expire", what="codes")["expired"] >= 1
    assert _refused(app.exchange(code), "invalid_grant", "expired")


def test_another_redirect_address_is_refused(app: Application, login: str) -> None:
    for uri in ("http://127.0.0.1:8000/oauth/callback", ""):
        assert _refused(app.exchange(app.code(login), redirect_uri=uri), "invalid_grant", "redirect_uri")


def test_an_unknown_client_and_a_wrong_secret_are_refused_and_spend_nothing(app: Application, login: str) -> None:
    code = app.code(login)
    assert _refused(app.exchange(code, client_id="1"), "invalid_client", "client_id")
    assert _refused(app.exchange(code, client_secret="wrong"), "invalid_client", "client_secret")
    assert _works(app, app.exchange(code))


def test_another_clients_code_and_refresh_token_are_refused(
    sandbox: RunningSandbox, app: Application, login: str
) -> None:
    other = application(sandbox, 1)
    code = app.code(login)
    assert _refused(other.exchange(code), "invalid_grant", "Incorrect code")
    issued = app.exchange(code)
    assert _refused(other.refresh(issued["refresh_token"]), "invalid_token", "Incorrect refresh token")
    assert _works(app, app.refresh(issued["refresh_token"]))


def test_the_demo_host_knows_no_client(app: Application, login: str) -> None:
    code = app.code(login)
    answer = app.post(app.fields(code), host="demo")
    assert answer.status_code == 200
    assert _refused(answer.json(), "invalid_client", "client_id")
    issued = app.exchange(code)
    assert call(app.sandbox, "demo", "account/list", issued["access_token"])[0] == 200, "tokens serve on both hosts"


@pytest.mark.parametrize(
    ("fields", "error"),
    [({"grant_type": ""}, "invalid_request"), ({"grant_type": "password"}, "unsupported_grant_type")],
)
def test_other_grant_types_are_refused(app: Application, fields: dict, error: str) -> None:
    assert app.exchange("nothing", **fields)["error"] == error


def test_what_is_neither_form_nor_json_is_malformed(sandbox: RunningSandbox, app: Application) -> None:
    for body in (b"{broken", b"[1]"):
        assert _posted(sandbox, body, "application/json") == 400
    assert _posted(sandbox, b"grant_type=refresh_token", "text/plain") == 400
    assert call(sandbox, "live", "auth/oauthtoken")[0] == 400, "it is no GET"


def _posted(sandbox: RunningSandbox, body: bytes, content_type: str) -> int:
    url = f"{sandbox.url}/live/v1/auth/oauthtoken"
    return requests.post(url, data=body, headers={"Content-Type": content_type}, timeout=10).status_code


def test_the_refresh_token_changes_at_each_use_and_the_old_one_is_refused(app: Application, login: str) -> None:
    first = app.tokens(login)
    second = app.refresh(first["refresh_token"])
    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    assert _refused(app.refresh(first["refresh_token"]), "invalid_token", "used already")
    third = app.refresh(second["refresh_token"])
    assert all(_works(app, issued) for issued in (first, second, third)), "access tokens live out their time"


def test_of_two_refreshes_at_once_one_is_killed(app: Application, login: str) -> None:
    refresh_token = app.tokens(login)["refresh_token"]
    together = Barrier(2)

    def refresh(_: int) -> dict:
        together.wait()
        return app.refresh(refresh_token)

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(refresh, range(2)), key=lambda answer: "error" in answer)
    assert _works(app, answers[0])
    assert _refused(answers[1], "invalid_token", "used already")
    assert _works(app, app.refresh(answers[0]["refresh_token"]))


@pytest.mark.parametrize(("seconds", "lives"), [(93_500, True), (93_700, False)])
def test_a_refresh_token_lives_26_hours_whatever_the_answer_announces(
    sandbox: RunningSandbox, app: Application, login: str, seconds: int, lives: bool
) -> None:
    issued = app.tokens(login)
    sandbox.control("oauth/advance", seconds=seconds)
    assert call(sandbox, "live", "auth/me", issued["access_token"]) == (401, "Expired Access Token")
    answer = app.refresh(issued["refresh_token"])
    assert _works(app, answer) if lives else _refused(answer, "invalid_token", "expired")


def test_tokens_expire_by_the_control_door(sandbox: RunningSandbox, app: Application, login: str) -> None:
    issued, user_id = app.tokens(login), member(sandbox)["user_id"]
    assert sandbox.control("oauth/expire", what="access", user_id=user_id)["expired"] >= 1
    assert call(sandbox, "live", "auth/me", issued["access_token"])[0] == 401
    again = app.refresh(issued["refresh_token"])
    assert _works(app, again)
    sandbox.control("oauth/expire", what="refresh", user_id=user_id)
    assert _refused(app.refresh(again["refresh_token"]), "invalid_token", "expired")


def test_a_member_who_takes_the_consent_back_ends_all_tokens(
    sandbox: RunningSandbox, app: Application, login: str
) -> None:
    issued, other = app.tokens(login), app.tokens(member(sandbox, 1)["name"])
    assert sandbox.control("oauth/revoke", user_id=member(sandbox)["user_id"])["revoked"] >= 1
    assert not _works(app, issued)
    assert _refused(app.refresh(issued["refresh_token"]), "invalid_token", "revoked")
    assert _works(app, other)


def test_a_client_that_is_no_more_cannot_refresh(sandbox: RunningSandbox, login: str) -> None:
    made = sandbox.control("oauth/client", organization=20, redirect_uris=["https://a.example/cb"])
    app = Application(sandbox, made["client_id"], made["client_secret"], "https://a.example/cb")
    issued = app.tokens(login)
    sandbox.control("oauth/remove-client", client_id=app.client_id)
    assert _refused(app.refresh(issued["refresh_token"]), "invalid_client", "client_id")


def test_older_platforms_give_no_refresh_token(sandbox: RunningSandbox, app: Application, login: str) -> None:
    sandbox.control("oauth/configure", issues_refresh_tokens=False)
    assert set(app.tokens(login)) == {"access_token", "token_type", "expires_in", "id_token"}


def test_a_member_of_another_organization_may_use_a_client_and_is_named_with_the_own_one(
    sandbox: RunningSandbox, app: Application
) -> None:
    stranger = member(sandbox, organization=21)
    identity = call(sandbox, "live", "auth/me", app.tokens(stranger["name"])["access_token"])[1]
    assert (identity["userId"], identity["organizationName"]) == (stranger["user_id"], "Bluewater Traders")
