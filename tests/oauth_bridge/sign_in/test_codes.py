"""Attacks on codes and PKCE, and what the platform answers instead of tokens: nobody is signed in by it."""

from datetime import timedelta

import pytest
import requests
import time_machine
from django.utils import timezone

from oauth_bridge.models import PlatformClient
from oauth_bridge.problems import Problem
from tests.oauth_bridge.outcomes import exchanges, nobody_came_in, now_in_ledger, refused
from tests.oauth_bridge.visitor import parameters_of, with_parameters
from vendor_admin.organizations.tenancy.scope import organization_scope

pytestmark = pytest.mark.pages


def test_a_code_is_good_for_one_sign_in(ann):
    ann.sign_in()
    used = ann.at_the_platform(ann.depart())
    ann.come_back(used)
    sessions = len(ann.sessions())

    fresh = ann.at_the_platform(ann.depart())
    replayed = with_parameters(fresh, code=parameters_of(used)["code"])
    stranger_response = ann.come_back(replayed)

    assert f"<code>{Problem.CODE_REFUSED}</code>" in stranger_response.content.decode()
    assert len(ann.sessions()) == sessions


def test_a_code_of_another_session_is_refused(ann, ben):
    """Code injection: Ann has a code of Ben's and puts it into her own way back. PKCE tells them apart."""
    stolen = parameters_of(ben.at_the_platform(ben.depart()))["code"]
    own = ann.at_the_platform(ann.depart())

    text = refused(ann, ann.come_back(with_parameters(own, code=stolen)), Problem.CODE_REFUSED)

    assert "Incorrect code_verifier" in text


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"},
    ],
    ids=["stripped", "replaced"],
)
def test_a_sign_in_whose_challenge_was_changed_on_the_way_is_refused(ann, changes):
    back = ann.at_the_platform(with_parameters(ann.depart(), **changes))

    refused(ann, ann.come_back(back), Problem.CODE_REFUSED)


def test_a_challenge_that_is_turned_into_a_plain_one_is_refused(ann):
    answer = requests.get(
        with_parameters(ann.depart(), code_challenge_method="plain"), allow_redirects=False, timeout=10
    )

    refused(ann, ann.come_back(answer.headers["Location"]), Problem.PLATFORM_ERROR)


def test_a_code_that_is_too_old_is_refused(ann, sandbox):
    back = ann.at_the_platform(ann.depart())
    sandbox.control("oauth/expire", what="codes")

    assert "expired" in refused(ann, ann.come_back(back), Problem.CODE_REFUSED)


@pytest.mark.parametrize("code", ["", "junk", "x" * 5000, "a&grant_type=refresh_token", "../../auth/me"])
def test_a_code_that_nobody_made_is_refused(ann, code):
    back = ann.at_the_platform(ann.depart())
    is_missing = not code or len(code) > 2000

    refused(
        ann,
        ann.come_back(with_parameters(back, code=code)),
        Problem.INCOMPLETE if is_missing else Problem.CODE_REFUSED,
    )


def test_many_failed_sign_ins_from_one_network_end_before_they_reach_the_platform(ann):
    for _ in range(20):
        refused(
            ann, ann.come_back(with_parameters(ann.at_the_platform(ann.depart()), code="junk")), Problem.CODE_REFUSED
        )
    since = now_in_ledger(ann)

    response = ann.come_back(ann.at_the_platform(ann.depart()))

    refused(ann, response, Problem.TOO_MANY)
    assert int(response["Retry-After"]) > 60
    assert exchanges(ann, since) == 0


def test_who_does_not_allow_access_is_told_what_that_means(ann):
    back = ann.at_the_platform(ann.depart(), decision="refuse")

    text = refused(ann, ann.come_back(back), Problem.REFUSED)

    assert "Tradovate said: <q>The user refused</q>" in text
    assert "/o/alpha/sign-in/live/" in text


@pytest.mark.parametrize("fault", ["server_error", "temporarily_unavailable"])
def test_an_error_of_the_platforms_page_is_shown(ann, sandbox, fault):
    sandbox.control("oauth/pages", fault=fault)

    refused(ann, ann.come_back(ann.at_the_platform(ann.depart())), Problem.PLATFORM_ERROR)


def test_an_error_without_a_state_of_ours_is_not_repeated_on_our_page(ann):
    lure = "/o/alpha/callback/live/?error=x&error_description=Call+555+and+tell+your+password"

    for address in (lure, lure + "&state=" + "a" * 43):
        response = ann.browser.get(address)
        assert "555" not in response.content.decode()
        nobody_came_in(ann)


def test_an_error_beside_a_code_is_an_error(ann):
    back = ann.at_the_platform(ann.depart())
    since = now_in_ledger(ann)

    text = refused(ann, ann.come_back(with_parameters(back, error="<b>odd</b>")), Problem.PLATFORM_ERROR)

    assert exchanges(ann, since) == 0
    assert "&lt;b&gt;odd" in text


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        ("invalid_grant", Problem.CODE_REFUSED),
        ("invalid_client", Problem.MISCONFIGURED),
        ("unauthorized_client", Problem.MISCONFIGURED),
        ("something_new", Problem.MISCONFIGURED),
        ("temporarily_unavailable", Problem.PLATFORM_ERROR),
    ],
)
def test_an_exchange_that_fails_with_status_200_is_a_failure(ann, alpha, sandbox, client_of_alpha, error, problem):
    back = ann.at_the_platform(ann.depart())
    sandbox.control("oauth/next", fault="error", error=error, text="In the platform's words")

    assert "In the platform&#x27;s words" in refused(ann, ann.come_back(back), problem)
    with organization_scope(alpha.pk):
        client = PlatformClient.objects.get(pk=client_of_alpha.pk)
    assert bool(client.problem) == (problem is Problem.MISCONFIGURED)


@pytest.mark.parametrize(
    ("fault", "more"),
    [
        ("no-answer", {}),
        ("500", {}),
        ("malformed", {}),
        ("malformed", {"text": "[]"}),
        ("malformed", {"text": '{"access_token": 7}'}),
        ("malformed", {"text": '{"token_type": "bearer"}'}),
        ("malformed", {"text": '{"access_token": "half-of-it-planted'}),
        ("malformed", {"text": "<html>half-of-it-planted</html>"}),
    ],
)
def test_an_exchange_without_a_clear_outcome_is_not_repeated(ann, sandbox, fault, more):
    back = ann.at_the_platform(ann.depart())
    sandbox.control("oauth/next", fault=fault, **more)
    since = now_in_ledger(ann)

    text = refused(ann, ann.come_back(back), Problem.UNCLEAR)

    assert exchanges(ann, since) == 1
    assert "planted" not in text
    ann.sign_in()
    assert ann.is_signed_in(), "starting again is safe"


def test_an_exchange_that_is_never_answered_ends(ann, sandbox, monkeypatch):
    monkeypatch.setattr("oauth_bridge.platform_oauth.READ_SECONDS", 0.5)
    back = ann.at_the_platform(ann.depart())
    sandbox.control("oauth/next", fault="time-out", seconds=3)

    refused(ann, ann.come_back(back), Problem.UNCLEAR)


@pytest.mark.parametrize(
    ("endpoint", "fault"), [("auth/oauthtoken", "307"), ("auth/oauthtoken", "404-empty"), ("auth/me", "308")]
)
def test_a_host_that_no_longer_serves_the_organization_is_told_and_not_followed(
    ann, alpha, sandbox, client_of_alpha, endpoint, fault
):
    back = ann.at_the_platform(ann.depart())
    elsewhere, since = sandbox.control("open-host")["host"], now_in_ledger(ann)
    location = f"http://{elsewhere}/live/v1/{endpoint}"
    sandbox.control("call", fault=fault, endpoint=endpoint, location=location if fault in ("307", "308") else "")

    text = refused(ann, ann.come_back(back), Problem.WRONG_HOST)

    assert "Sign-in is not possible now" in text
    assert elsewhere not in text
    with organization_scope(alpha.pk):
        problem = PlatformClient.objects.get(pk=client_of_alpha.pk).problem
    assert problem.startswith(f"{sandbox.url}/live/v1")
    assert (elsewhere in problem) == (fault in ("307", "308"))
    entries = sandbox.view("ledger", after=since, limit=20_000)["entries"]
    assert [entry for entry in entries if entry["host"] == elsewhere] == []
    ann.sign_in()
    assert ann.is_signed_in()


def test_a_token_of_an_unknown_kind_is_not_used(ann, sandbox):
    back = ann.at_the_platform(ann.depart())
    sandbox.control("oauth/next", fault="malformed", text='{"access_token": "t", "token_type": "mac"}')

    refused(ann, ann.come_back(back), Problem.MISCONFIGURED)


@pytest.mark.parametrize("status", ["429", "423"])
def test_after_a_lock_nothing_more_is_sent(ann, sandbox, status):
    back = ann.at_the_platform(ann.depart())
    sandbox.control("oauth/next", fault=status)

    refused(ann, ann.come_back(back), Problem.LOCKED)

    response = ann.get("sign-in/live/")
    assert f"<code>{Problem.LOCKED}</code>" in response.content.decode()
    assert int(response["Retry-After"]) > 3000


def test_a_penalty_ticket_is_waited_for_and_sent_along(ann, sandbox):
    back = ann.at_the_platform(ann.depart())
    sandbox.control("oauth/next", fault="penalty", seconds=20)

    response = ann.come_back(back)
    assert "Wait 20 seconds, then start again." in refused(ann, response, Problem.WAIT)
    early = ann.get("sign-in/live/")
    assert f"<code>{Problem.WAIT}</code>" in early.content.decode()

    sandbox.control("oauth/advance", seconds=30)
    with time_machine.travel(timezone.now() + timedelta(seconds=25), tick=True):
        ann.sign_in()
    assert ann.is_signed_in()


def test_a_captcha_closes_the_sign_in_for_an_hour(ann, sandbox):
    back = ann.at_the_platform(ann.depart())
    sandbox.control("oauth/next", fault="captcha")

    response = ann.come_back(back)

    refused(ann, response, Problem.LOCKED)
    assert int(response["Retry-After"]) > 3000


def test_a_platform_that_cannot_be_reached_is_named(ann, alpha):
    back = ann.at_the_platform(ann.depart())
    with organization_scope(alpha.pk):
        PlatformClient.objects.update(exchange_url="http://127.0.0.1:9/live/auth/oauthtoken")

    refused(ann, ann.come_back(back), Problem.PLATFORM_DOWN)


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ("500", Problem.NO_IDENTITY),
        ("401", Problem.NO_IDENTITY),
        ("errorText", Problem.NO_IDENTITY),
        ("429", Problem.LOCKED),
        ("penalty", Problem.WAIT),
        ("captcha", Problem.LOCKED),
    ],
)
def test_without_knowing_who_it_is_nobody_comes_in(ann, sandbox, fault, problem):
    back = ann.at_the_platform(ann.depart())
    sandbox.control("call", fault=fault, endpoint="auth/me", calls=2)

    refused(ann, ann.come_back(back), problem)
