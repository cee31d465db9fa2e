"""Attacks on `state` and double use: an answer belongs to one browser, one sign-in and one moment."""

import threading
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth import SESSION_KEY as SIGNED_IN
from django.db import connection
from django.test import Client
from django.utils import timezone

from oauth_bridge.problems import Problem
from tests.oauth_bridge.outcomes import exchanges, nobody_came_in, now_in_ledger, refused
from tests.oauth_bridge.visitor import with_parameters


def test_an_answer_without_state_is_refused(ann):
    back = ann.at_the_platform(ann.depart())

    refused(ann, ann.come_back(with_parameters(back, state=None)), Problem.NOT_STARTED_HERE)
    refused(ann, ann.come_back(with_parameters(back, state="")), Problem.NOT_STARTED_HERE)


def test_an_answer_with_an_unknown_state_is_refused(ann):
    back = ann.at_the_platform(ann.depart())

    refused(ann, ann.come_back(with_parameters(back, state="a" * 43)), Problem.FOREIGN)


def test_a_link_with_somebody_elses_answer_signs_nobody_in(ann, ben):
    """Login CSRF: Ben gets Ann to open his way back, so that she would use his account without noticing."""
    ann.depart()
    bait = ben.at_the_platform(ben.depart())

    refused(ann, ann.come_back(bait), Problem.FOREIGN)
    assert ben.come_back(bait)["Location"] == "/o/alpha/accounts/", "a stranger's visit spoils nothing"
    assert not ann.is_signed_in()


def test_a_link_opened_in_a_browser_that_never_came_is_refused(ann):
    bait = ann.at_the_platform(ann.depart())
    stranger = ann.another_browser()

    refused(stranger, stranger.come_back(bait), Problem.LOST_SESSION)


def test_a_browser_that_lost_its_cookies_is_told_so(ann):
    back = ann.at_the_platform(ann.depart())
    ann.browser.cookies.clear()

    assert "cookies" in refused(ann, ann.come_back(back), Problem.LOST_SESSION)


def test_a_state_is_good_for_ten_minutes(ann):
    back = ann.at_the_platform(ann.depart())

    with time_machine.travel(timezone.now() + timedelta(minutes=10, seconds=1), tick=True):
        refused(ann, ann.come_back(back), Problem.TOO_OLD)
    with time_machine.travel(timezone.now() + timedelta(minutes=9, seconds=50), tick=True):
        ann.come_back(back)
    assert ann.is_signed_in()


def test_an_answer_for_another_organization_is_refused(ann, carl):
    """Mix-up: each organization and environment has its own way back, and a state is good for one of them."""
    back = ann.at_the_platform(ann.depart())

    refused(ann, ann.come_back(back.replace("/o/alpha/", "/o/beta/")), Problem.FOREIGN)


def test_an_answer_for_another_environment_is_refused(ann):
    back = ann.at_the_platform(ann.depart())

    refused(ann, ann.come_back(back.replace("/callback/live/", "/callback/demo/")), Problem.FOREIGN)


@pytest.mark.parametrize("fault", ["wrong-state", "no-state"])
def test_a_platform_that_spoils_the_state_is_not_believed(ann, sandbox, fault):
    sandbox.control("oauth/pages", fault=fault)

    back = ann.at_the_platform(ann.depart())

    refused(ann, ann.come_back(back), Problem.FOREIGN if fault == "wrong-state" else Problem.NOT_STARTED_HERE)


@pytest.mark.parametrize("doubled", ["state", "code"])
def test_a_parameter_that_is_given_twice_counts_as_missing(ann, doubled):
    back = ann.at_the_platform(ann.depart())
    problem = Problem.NOT_STARTED_HERE if doubled == "state" else Problem.INCOMPLETE

    refused(ann, ann.come_back(f"{back}&{doubled}=another"), problem)


@pytest.mark.parametrize("state", ["%00" * 43, "x" * 5000, "'; DROP TABLE", "é" * 43, "%ff%fe"])
def test_a_state_that_nobody_made_is_refused(ann, state):
    ann.depart()
    response = ann.browser.get(f"/o/alpha/callback/live/?code=x&state={state}")

    assert response.status_code == 400
    nobody_came_in(ann)


def test_an_answer_that_is_loaded_again_leads_to_the_accounts_and_is_exchanged_once(ann):
    back = ann.at_the_platform(ann.depart())
    since = now_in_ledger(ann)
    ann.come_back(back)
    key = ann.browser.session.session_key

    again = ann.come_back(back)

    assert (again.status_code, again["Location"]) == (302, "/o/alpha/accounts/")
    assert exchanges(ann, since) == 1
    assert ann.browser.session.session_key == key
    assert len(ann.sessions()) == 1


def test_an_answer_that_is_loaded_again_after_signing_out_signs_nobody_in(ann):
    back = ann.at_the_platform(ann.depart())
    ann.come_back(back)
    ann.post("sign-out/")

    response = ann.come_back(back)

    assert SIGNED_IN not in ann.browser.session
    assert response.status_code in (400, 302)
    assert "/o/alpha/" in response.content.decode()
    assert not ann.is_signed_in()


def test_an_answer_that_was_used_is_refused_in_a_browser_that_kept_only_the_mark(ann):
    back = ann.at_the_platform(ann.depart())
    refused(ann, ann.come_back(with_parameters(back, code=None)), Problem.INCOMPLETE)

    text = refused(ann, ann.come_back(back), Problem.USED)

    assert "To my accounts" in text


def test_of_two_returns_at_the_same_moment_one_is_exchanged(ann, sandbox):
    back = ann.at_the_platform(ann.depart())
    sandbox.control("oauth/next", fault="slow", seconds=1.0)
    since = now_in_ledger(ann)
    statuses: list[int] = []

    def come_back() -> None:
        browser = Client()
        browser.cookies = ann.browser.cookies
        parts = back.partition("?")
        try:
            statuses.append(browser.get("/o/alpha/callback/live/?" + parts[2]).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=come_back) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [302, 400]
    assert exchanges(ann, since) == 1
    assert len(ann.sessions()) == 1


def test_two_tabs_of_one_browser_both_end_signed_in(ann):
    first, second = ann.depart(), ann.depart("/o/alpha/sign-ins/")
    first, second = ann.at_the_platform(first), ann.at_the_platform(second)

    assert ann.come_back(second)["Location"] == "/o/alpha/sign-ins/"
    assert ann.come_back(first)["Location"] == "/o/alpha/accounts/"

    assert ann.is_signed_in()
    assert [session.ended_at is None for session in ann.sessions()] == [False, True]
