"""The platform's sign-in and consent pages, walked through by a plain browser."""

import re

import pytest
import requests

from tests.support.oauth_visitor import (
    ALLOW,
    REDIRECT_URI,
    Application,
    decide,
    form,
    member,
    parameters,
    sign_in,
)
from vendor_admin.sandbox.serving.server import RunningSandbox


def _change(sandbox: RunningSandbox, user_id: int, *, organization: int = 20, **fields: str) -> None:
    """Change a user on the LIVE host, which owns users."""
    where = {"organization": organization, "environment": "live", "entityType": "user", "id": user_id}
    sandbox.control("mutate", **where, fields=fields)


def test_a_member_signs_in_agrees_and_goes_back_with_a_code_and_the_state(
    sandbox: RunningSandbox, app: Application, login: str
) -> None:
    page = app.ask(state="s & t=1")
    assert "Northwind Funding" in page.text
    consent = sign_in(sandbox, page, login)
    assert login in consent.text
    back = decide(sandbox, consent, **ALLOW)
    assert back.headers["Location"].startswith(f"{REDIRECT_URI}?code=")
    assert parameters(back)["state"] == "s & t=1"
    assert sorted(parameters(back)) == ["code", "state"]


def test_no_state_comes_back_when_none_was_sent(sandbox: RunningSandbox, app: Application, login: str) -> None:
    back = decide(sandbox, sign_in(sandbox, app.ask(state=None), login), **ALLOW)
    assert list(parameters(back)) == ["code"]


def test_the_pages_work_on_a_phone_without_scripts_and_are_not_kept(app: Application) -> None:
    page = app.ask()
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in page.text
    assert "<script" not in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    for field in ("login", "password"):
        assert f'<label for="{field}">' in page.text


@pytest.mark.parametrize("step", ["sign-in", "consent"])
def test_a_refusal_goes_back_with_access_denied(
    sandbox: RunningSandbox, app: Application, login: str, step: str
) -> None:
    page = app.ask()
    if step == "sign-in":
        back = sign_in(sandbox, page, "", "", action="cancel")
    else:
        back = decide(sandbox, sign_in(sandbox, page, login), decision="refuse")
    assert parameters(back) == {
        "error": "access_denied",
        "error_description": "The user refused",
        "state": "state-1",
    }
    assert sign_in(sandbox, page, login).status_code == 400, "a visit ends with its way back"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"client_id": "1"}, "client_id"),
        ({"client_id": None}, "client_id"),
        ({"redirect_uri": None}, "redirect_uri"),
        ({"redirect_uri": REDIRECT_URI + "/"}, "redirect_uri"),
        ({"redirect_uri": REDIRECT_URI + "?a=1"}, "redirect_uri"),
        ({"redirect_uri": "http://LOCALHOST:8000/oauth/callback"}, "redirect_uri"),
        ({"redirect_uri": "https://evil.example/"}, "redirect_uri"),
    ],
)
def test_an_unknown_client_or_address_is_a_dead_end(app: Application, fields: dict, text: str) -> None:
    page = app.ask(**fields)
    assert page.status_code == 400
    assert f"Incorrect {text}" in page.text
    assert "Location" not in page.headers


def test_a_parameter_given_twice_is_a_dead_end(sandbox: RunningSandbox, app: Application) -> None:
    query = [("client_id", app.client_id), ("client_id", app.client_id), ("redirect_uri", REDIRECT_URI)]
    page = requests.get(f"{sandbox.url}/oauth", params=query, timeout=10)
    assert (page.status_code, "given twice" in page.text) == (400, True)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
    ],
)
def test_a_bad_request_of_a_known_client_goes_back_to_it(app: Application, fields: dict, error: str) -> None:
    back = parameters(app.ask(**fields))
    assert (back["error"], back["state"]) == (error, "state-1")


def test_pkce_can_be_left_out_until_it_is_required(sandbox: RunningSandbox, app: Application) -> None:
    without = {"code_challenge": None, "code_challenge_method": None}
    assert app.ask(**without).status_code == 200
    sandbox.control("oauth/configure", requires_pkce=True)
    assert parameters(app.ask(**without))["error"] == "invalid_request"


def test_a_wrong_password_is_said_on_the_form_and_the_right_one_still_works(
    sandbox: RunningSandbox, app: Application, login: str
) -> None:
    page = app.ask()
    again = sign_in(sandbox, page, login, "wrong")
    assert (again.status_code, "Incorrect username or password" in again.text) == (200, True)
    assert 'role="alert"' in again.text
    assert f'value="{login}"' in again.text
    assert "wrong" not in re.sub(r"wrong passwords", "", again.text)
    assert "Allow access?" in sign_in(sandbox, again, login).text


def test_a_user_who_does_not_exist_is_told_the_same(sandbox: RunningSandbox, app: Application, login: str) -> None:
    page = app.ask()
    texts = [sign_in(sandbox, page, name, "wrong").text.replace(name, "") for name in (login, "NOBODY_1")]
    assert texts[0] == texts[1]


@pytest.mark.parametrize("exists", [True, False])
def test_five_wrong_passwords_lock_the_user_for_a_while(
    sandbox: RunningSandbox, app: Application, login: str, exists: bool
) -> None:
    name = login if exists else "NOBODY_2"
    page = app.ask()
    answers = [sign_in(sandbox, page, name, "wrong").text for _ in range(5)]
    assert ["is locked" in answer for answer in answers] == [False] * 4 + [True]
    assert "is locked" in sign_in(sandbox, page, name).text, "the right password does not help"
    if exists:
        sandbox.control("oauth/advance", seconds=901)
        assert "Allow access?" in sign_in(sandbox, app.ask(), name).text


def test_a_page_is_too_old_after_a_while(sandbox: RunningSandbox, app: Application, login: str) -> None:
    page = app.ask()
    sandbox.control("oauth/advance", seconds=601)
    late = sign_in(sandbox, page, login)
    assert (late.status_code, "too old" in late.text) == (400, True)


def test_nobody_agrees_without_signing_in(sandbox: RunningSandbox, app: Application) -> None:
    answer = decide(sandbox, app.ask(), **ALLOW)
    assert (answer.status_code, "Nobody has signed in" in answer.text) == (400, True)


def test_an_e_mail_will_do_as_a_name_but_not_one_that_two_users_share(
    sandbox: RunningSandbox, app: Application, login: str
) -> None:
    first, second = member(sandbox), member(sandbox, organization=21)
    password = str(first["password"])
    assert "Allow access?" in sign_in(sandbox, app.ask(), str(first["email"]).upper(), password).text
    _change(sandbox, second["user_id"], organization=21, email=first["email"])
    try:
        assert "Incorrect username" in sign_in(sandbox, app.ask(), str(first["email"]), password).text
    finally:
        _change(sandbox, second["user_id"], organization=21, email=second["email"])


def test_a_closed_user_is_not_let_in(sandbox: RunningSandbox, app: Application) -> None:
    user = member(sandbox, 1)
    _change(sandbox, user["user_id"], status="Closed")
    try:
        assert "This user is closed" in sign_in(sandbox, app.ask(), user["name"]).text
    finally:
        _change(sandbox, user["user_id"], status="Active")


def test_a_password_can_be_changed(sandbox: RunningSandbox, app: Application) -> None:
    user = member(sandbox, 2)
    sandbox.control("oauth/password", user_id=user["user_id"], password="another")
    try:
        assert "Incorrect username" in sign_in(sandbox, app.ask(), user["name"]).text
        assert "Allow access?" in sign_in(sandbox, app.ask(), user["name"], "another").text
    finally:
        sandbox.control("oauth/password", user_id=user["user_id"], password=user["password"])


def test_texts_of_others_are_shown_as_text(sandbox: RunningSandbox) -> None:
    made = sandbox.control("oauth/client", organization=20, name="<b>Bad", redirect_uris=["https://a.example/cb?x=1"])
    bad = Application(sandbox, made["client_id"], made["client_secret"], "https://a.example/cb?x=1")
    try:
        page = bad.ask()
        assert "&lt;b&gt;Bad" in page.text
        again = sign_in(sandbox, page, '"><script>', "x").text
        assert "<script" not in again
        back = sign_in(sandbox, page, "", "", action="cancel")
        assert back.headers["Location"].startswith("https://a.example/cb?x=1&error=access_denied")
    finally:
        sandbox.control("oauth/remove-client", client_id=made["client_id"])
    assert bad.ask().status_code == 400


def test_the_platform_can_be_down_for_the_pages(sandbox: RunningSandbox, app: Application, login: str) -> None:
    page = app.ask()
    sandbox.control("oauth/pages", fault="503", calls=2)
    assert [app.ask().status_code, sign_in(sandbox, page, login).status_code, app.ask().status_code] == [503, 503, 200]
    sandbox.control("oauth/pages", fault="503", calls=0)
    assert {app.ask().status_code for _ in range(3)} == {503}
    sandbox.control("oauth/clear")
    sandbox.control("maintenance", on=True)
    assert app.ask().status_code == 503


@pytest.mark.parametrize("error", ["server_error", "temporarily_unavailable"])
def test_the_way_back_can_carry_a_fault_of_the_platform(
    sandbox: RunningSandbox, app: Application, login: str, error: str
) -> None:
    sandbox.control("oauth/pages", fault=error)
    back = parameters(decide(sandbox, sign_in(sandbox, app.ask(), login), **ALLOW))
    assert (back["error"], back["state"], "code" in back) == (error, "state-1", False)


@pytest.mark.parametrize(("fault", "state"), [("wrong-state", "sandbox-another-state"), ("no-state", None)])
def test_the_way_back_can_lose_or_change_the_state(
    sandbox: RunningSandbox, app: Application, login: str, fault: str, state: str | None
) -> None:
    sandbox.control("oauth/pages", fault=fault)
    back = parameters(decide(sandbox, sign_in(sandbox, app.ask(), login), **ALLOW))
    assert back.get("state") == state
    assert "code" in back


def test_clients_are_registered_and_changed_by_the_control_door(sandbox: RunningSandbox, app: Application) -> None:
    made = sandbox.control("oauth/client", organization="Bluewater Traders", redirect_uris=["https://b.example/cb"])
    assert (made["organization_id"], made["redirect_uris"]) == (21, ["https://b.example/cb"])
    assert made["client_secret"].startswith("sandbox-oauth-")
    changed = sandbox.control("oauth/client", client_id=made["client_id"], redirect_uris=["https://c.example/cb"])
    assert changed["client_secret"] == made["client_secret"]
    assert Application(sandbox, made["client_id"], "", "https://b.example/cb").ask().status_code == 400
    assert Application(sandbox, made["client_id"], "", "https://c.example/cb").ask().status_code == 200
    sandbox.control("oauth/remove-client", client_id=made["client_id"])
    for wrong in (["ftp://a"], ["/cb"], ["https://a.example/#x"], [], "https://a.example"):
        with pytest.raises(ValueError):
            sandbox.control("oauth/client", organization=20, redirect_uris=wrong)
    with pytest.raises(ValueError, match="organization is missing"):
        sandbox.control("oauth/client", redirect_uris=["https://a.example"])
    with pytest.raises(ValueError, match="belongs to Northwind"):
        sandbox.control("oauth/client", client_id=app.client_id, organization=21)


def test_the_addresses_of_seeded_clients_come_from_the_command_line() -> None:
    uri = "https://admin.example/members/back"
    with RunningSandbox("--users", "1", "--organizations", "2", "--oauth-redirect-uri", uri) as own:
        assert [client["redirect_uris"] for client in own.view("oauth/clients")] == [[uri], [uri]]


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("oauth/next", {"fault": "unheard-of"}),
        ("oauth/pages", {"fault": "429"}),
        ("oauth/expire", {"what": "everything"}),
        ("oauth/configure", {"code_second": 1}),
        ("oauth/configure", {"code_seconds": "soon"}),
        ("oauth/configure", {"requires_pkce": 1}),
        ("oauth/remove-client", {"client_id": "nobody"}),
        ("oauth/unheard-of", {}),
    ],
)
def test_the_control_door_says_what_it_cannot_use(sandbox: RunningSandbox, verb: str, body: dict) -> None:
    with pytest.raises(ValueError):
        sandbox.control(verb, **body)


def test_made_up_members_are_let_in_with_one_click_only_where_that_was_asked_for(
    sandbox: RunningSandbox, app: Application
) -> None:
    who = member(sandbox)
    quick = {"action": f"quick:{who['user_id']}"}
    page = app.ask()
    assert "one click" not in page.text
    refused = requests.post(f"{sandbox.url}/oauth/sign-in", data=form(page) | quick, allow_redirects=False, timeout=10)
    assert refused.status_code == 200
    assert "Incorrect username or password" in refused.text

    sandbox.control("oauth/configure", quick_members=2)
    try:
        page = app.ask()
        assert page.text.count('value="quick:') == 2
        stranger = {"action": f"quick:{member(sandbox, organization=21)['user_id']}"}
        other = requests.post(f"{sandbox.url}/oauth/sign-in", data=form(page) | stranger, timeout=10)
        assert "Incorrect username or password" in other.text
        back = requests.post(f"{sandbox.url}/oauth/sign-in", data=form(page) | quick, allow_redirects=False, timeout=10)
        assert "access_token" in app.exchange(parameters(back)["code"])
    finally:
        sandbox.control("oauth/configure", quick_members=0)
