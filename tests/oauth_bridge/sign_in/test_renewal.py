"""Links are kept alive by one refresh at a time, and called dead only after a second refusal."""

import subprocess
import sys
import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from oauth_bridge import platform_oauth
from oauth_bridge.members import links
from oauth_bridge.models import MemberLink, PlatformClient
from oauth_bridge.sign_in import clients
from oauth_bridge.sign_in.renewal import (
    MISCONFIGURED_PAUSE,
    SECOND_TRY_AFTER,
    WRONG_HOST_PAUSE,
    due_links,
    renew_link,
    verdict_on,
)
from oauth_bridge.tasks import renew_due_links
from tests.oauth_bridge.outcomes import exchanges, now_in_ledger
from tests.oauth_bridge.visitor import Visitor
from tests.support.database import ROOT
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.tradovate.enums import NotSentKind
from vendor_admin.tradovate.outcomes import Locked, NotSent, Penalized, Rejected, Unauthorized, Unknown, WrongHost


@pytest.fixture
def linked(ann: Visitor) -> Visitor:
    ann.sign_in()
    return ann


def change(visitor: Visitor, **values: Any) -> None:
    with organization_scope(visitor.organization.pk):
        MemberLink.objects.filter(platform_user_id=visitor.user_id).update(**values)


def is_due(visitor: Visitor, *, at: datetime) -> bool:
    return (visitor.organization.pk, visitor.link().pk) in due_links(now=at)


def renew(visitor: Visitor, *, at: datetime) -> bool:
    return renew_link(organization_id=visitor.organization.pk, link_id=visitor.link().pk, now=at)


def due_moment(visitor: Visitor) -> datetime:
    moment = visitor.link().renew_at
    assert moment is not None
    return moment


def test_a_link_is_due_ten_minutes_before_its_access_token_ends(linked):
    link = linked.link()

    assert link.access_expires_at - link.signed_in_at == timedelta(seconds=4800), "as long as the platform said"
    assert link.access_expires_at - link.renew_at == timedelta(minutes=10)
    assert not is_due(linked, at=link.renew_at - timedelta(seconds=1))
    assert is_due(linked, at=link.renew_at)


def test_a_short_life_is_renewed_after_two_thirds(linked, sandbox):
    sandbox.control("oauth/configure", access_seconds=300)
    try:
        linked.sign_in()
    finally:
        sandbox.control("oauth/configure", access_seconds=4800)

    link = linked.link()
    assert link.access_expires_at - link.renew_at == timedelta(seconds=100)


@pytest.mark.parametrize("encoding", ["form", "json"])
def test_a_refresh_stores_the_new_pair(linked, alpha, encoding):
    clients.set_client(organization=alpha, environment="live", values={"encoding": encoding}, actor=Actor.staff("test"))
    before = linked.link()

    assert renew(linked, at=due_moment(linked))

    after = linked.link()
    assert after.tokens["access_token"] != before.tokens["access_token"]
    assert after.tokens["refresh_token"] != before.tokens["refresh_token"]
    assert after.access_expires_at > before.access_expires_at
    assert (after.renewing_until, after.renewing_holder, after.state) == (None, "", "linked")
    assert renew(linked, at=due_moment(linked)), "the new refresh token is good"


def test_a_link_that_is_not_due_is_left_alone(linked):
    since = now_in_ledger(linked)

    assert not renew(linked, at=timezone.now())

    assert exchanges(linked, since) == 0


def test_threads_that_renew_one_link_make_one_call(linked, sandbox):
    at = due_moment(linked)
    sandbox.control("oauth/next", fault="slow", seconds=0.7)
    since = now_in_ledger(linked)
    link = linked.link()
    done: list[bool] = []

    def work() -> None:
        try:
            done.append(renew_link(organization_id=link.organization_id, link_id=link.pk, now=at))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(done) == [False, False, False, True]
    assert exchanges(linked, since) == 1


PROCESS = """
import sys
import django
django.setup()
from datetime import datetime
from oauth_bridge.sign_in.renewal import renew_link
organization_id, link_id, at = int(sys.argv[1]), int(sys.argv[2]), datetime.fromisoformat(sys.argv[3])
sys.stdin.readline()
print(renew_link(organization_id=organization_id, link_id=link_id, now=at))
"""


def test_two_processes_that_renew_one_link_make_one_call(linked, sandbox, child_environment):
    link, at = linked.link(), due_moment(linked)
    sandbox.control("oauth/next", fault="slow", seconds=1.0)
    since = now_in_ledger(linked)
    arguments = [sys.executable, "-c", PROCESS, str(link.organization_id), str(link.pk), at.isoformat()]
    children = [
        subprocess.Popen(
            arguments, env=child_environment, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(2)
    ]
    for child in children:  # both have loaded what they need before either begins
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    printed = [child.communicate(timeout=60)[0].splitlines()[-1] for child in children]

    assert sorted(printed) == ["False", "True"]
    assert exchanges(linked, since) == 1
    assert linked.link().is_linked
    assert renew(linked, at=due_moment(linked)), "the link is alive"


def test_a_refusal_is_tried_once_more_later(linked, sandbox):
    at = due_moment(linked)
    sandbox.control("oauth/next", fault="refuse-refresh")

    assert not renew(linked, at=at)

    link = linked.link()
    assert (link.state, link.refusals, link.renew_at) == ("linked", 1, at + SECOND_TRY_AFTER)
    assert "Refused for the moment" in link.problem
    assert renew(linked, at=at + SECOND_TRY_AFTER), "the token was good all along"
    assert (linked.link().refusals, linked.link().problem) == (0, "")


def test_a_link_is_dead_after_the_second_refusal_and_says_so_to_member_and_staff(linked, sandbox):
    sandbox.control("oauth/revoke", user_id=linked.user_id)
    at = due_moment(linked)

    renew(linked, at=at)
    renew(linked, at=at + SECOND_TRY_AFTER)

    link = linked.link()
    assert (link.needs_sign_in, link.tokens, link.access_expires_at, link.renew_at) == (True, {}, None, None)
    assert not is_due(linked, at=at + timedelta(days=1))
    text = linked.get("accounts/").content.decode()
    assert "Tradovate wants you to sign in again" in text
    linked.sign_in()
    assert linked.link().is_linked
    assert "sign in again" not in linked.get("accounts/").content.decode()


@pytest.mark.parametrize("fault", ["no-answer", "malformed", "500"])
def test_an_unclear_refresh_is_not_repeated_at_once_and_does_not_count_as_refused(linked, sandbox, fault):
    at = due_moment(linked)
    sandbox.control("oauth/next", fault=fault)
    since = now_in_ledger(linked)

    assert not renew(linked, at=at)

    link = linked.link()
    assert exchanges(linked, since) == 1
    assert (link.refusals, link.state, link.renewing_holder) == (0, "linked", "")
    assert link.renew_at == at + timedelta(minutes=2)


def test_a_refresh_whose_answer_was_lost_ends_in_a_sign_in(linked, sandbox):
    """The platform changed the token and we do not have it: nothing but the two refusals can tell."""
    at = due_moment(linked)
    sandbox.control("oauth/next", fault="no-answer")

    for _ in range(3):
        renew(linked, at=at)
        at = linked.link().renew_at or at

    assert linked.link().needs_sign_in


def test_a_lock_or_a_ticket_keeps_all_refreshes_back(linked, ben, sandbox):
    ben.sign_in()
    at = max(due_moment(linked), due_moment(ben))
    sandbox.control("oauth/next", fault="429")
    renew(linked, at=at)
    since = now_in_ledger(linked)

    assert not renew(ben, at=at)

    assert exchanges(linked, since) == 0
    assert ben.link().renew_at >= at + timedelta(minutes=59)
    assert ben.link().refusals == linked.link().refusals == 0


def test_a_claim_of_a_worker_that_died_ends_by_itself(linked):
    at = due_moment(linked)
    change(linked, renewing_until=at + timedelta(seconds=90), renewing_holder="dead")

    assert not is_due(linked, at=at)
    assert not renew(linked, at=at)
    assert renew(linked, at=at + timedelta(seconds=91))


def test_a_result_that_comes_after_a_new_sign_in_is_thrown_away(linked, monkeypatch):
    at = due_moment(linked)
    call = platform_oauth.refresh_tokens

    def slowly(*args: Any, **kwargs: Any) -> Any:
        tokens = call(*args, **kwargs)
        linked.another_browser().sign_in()
        return tokens

    monkeypatch.setattr(platform_oauth, "refresh_tokens", slowly)

    assert not renew(linked, at=at)

    monkeypatch.undo()
    assert linked.link().is_linked
    assert renew(linked, at=due_moment(linked)), "the tokens of the sign-in are the ones that are kept"


def test_a_result_that_comes_after_a_disconnect_is_thrown_away(linked, monkeypatch):
    at = due_moment(linked)
    call = platform_oauth.refresh_tokens

    def slowly(*args: Any, **kwargs: Any) -> Any:
        tokens = call(*args, **kwargs)
        with organization_scope(linked.organization.pk):
            links.disconnect(link=linked.link(), actor=Actor.staff("test"), now=at)
        return tokens

    monkeypatch.setattr(platform_oauth, "refresh_tokens", slowly)

    assert not renew(linked, at=at)

    assert linked.link().tokens == {}


def test_without_a_refresh_token_a_link_lives_until_its_access_token_ends(ann, sandbox):
    sandbox.control("oauth/configure", issues_refresh_tokens=False)
    try:
        ann.sign_in()
    finally:
        sandbox.control("oauth/configure", issues_refresh_tokens=True)
    end = ann.link().access_expires_at

    renew(ann, at=due_moment(ann))
    assert (ann.link().is_linked, ann.link().renew_at) == (True, end)
    renew(ann, at=end)
    assert ann.link().needs_sign_in


def test_a_client_that_was_switched_off_ends_links_with_their_tokens(linked, alpha):
    clients.set_client(organization=alpha, environment="live", values={"is_enabled": False}, actor=Actor.staff("test"))
    end = linked.link().access_expires_at

    renew(linked, at=due_moment(linked))
    assert linked.link().is_linked
    renew(linked, at=end)
    assert linked.link().needs_sign_in


def test_a_refresh_token_is_sent_only_to_the_origin_that_gave_it(linked, sandbox):
    assert linked.link().tokens_origin == sandbox.url
    change(linked, tokens_origin="https://live.tradovateapi.com")
    sandbox.control("oauth/next", fault="refuse-refresh", error="invalid_grant")  # would be told

    assert not renew(linked, at=due_moment(linked))

    link = linked.link()
    assert (link.needs_sign_in, link.tokens, link.problem) == (
        True, {}, "The sign-in was made at another address of the platform.",
    )  # fmt: skip


def test_a_wrong_secret_is_our_fault_and_not_the_members(linked, alpha, client_of_alpha):
    clients.set_client(organization=alpha, environment="live", values={"secret": "another"}, actor=Actor.staff("test"))
    at = due_moment(linked)

    renew(linked, at=at)

    link = linked.link()
    assert (link.refusals, link.renew_at) == (0, at + MISCONFIGURED_PAUSE)
    with organization_scope(alpha.pk):
        assert "settings" in PlatformClient.objects.get(pk=client_of_alpha.pk).problem


def test_a_host_that_no_longer_serves_the_organization_is_asked_once_an_hour(linked, alpha, sandbox, client_of_alpha):
    change(linked, identity_at=timezone.now() - timedelta(days=2))
    asked, at = _questions(linked), due_moment(linked)
    sandbox.control("call", fault="421", endpoint="auth/oauthtoken")
    sandbox.control("call", fault="421", endpoint="auth/me", calls=9)

    assert not renew(linked, at=at)

    link = linked.link()
    assert (link.refusals, link.is_linked, link.renew_at) == (0, True, at + WRONG_HOST_PAUSE)
    with organization_scope(alpha.pk):
        assert "421" in PlatformClient.objects.get(pk=client_of_alpha.pk).problem
    at += WRONG_HOST_PAUSE
    assert renew(linked, at=at), "the token is as good as before"
    assert _questions(linked) == asked + 1
    at = due_moment(linked) - timedelta(minutes=40)
    change(linked, renew_at=at)
    assert renew(linked, at=at)
    assert _questions(linked) == asked + 1, "auth/me has just said that it is the wrong host"


def test_who_it_is_is_asked_again_once_a_day(linked, sandbox):
    asked = _questions(linked)
    renew(linked, at=due_moment(linked))
    assert _questions(linked) == asked

    change(linked, identity_at=timezone.now() - timedelta(days=2), email="old@traders.example", email_verified=False)
    at = due_moment(linked)
    renew(linked, at=at)

    assert _questions(linked) == asked + 1
    link = linked.link()
    assert (link.identity_at, link.email_verified) == (at, True)
    assert link.email != "old@traders.example"


def _questions(visitor: Visitor) -> int:
    entries = visitor.sandbox.view("ledger", kind="rest", limit=20_000)["entries"]
    return sum(one["endpoint"] == "auth/me" and one["direction"] == "received" for one in entries)


def test_the_task_asks_for_every_due_link(linked, ben, monkeypatch):
    ben.sign_in()
    change(linked, renew_at=timezone.now() - timedelta(minutes=1))
    asked: list[list[int]] = []
    monkeypatch.setattr("oauth_bridge.tasks.renew_link.apply_async", lambda args, retry, expires: asked.append(args))

    renew_due_links()

    assert asked == [[linked.organization.pk, linked.link().pk]]


@pytest.mark.parametrize(
    ("outcome", "is_refusal"),
    [
        (Rejected("no", 200, error_code="invalid_token"), True),
        (Rejected("no", 400, error_code="invalid_grant"), True),
        (Rejected("no", 200, error_code="unheard_of"), True),
        (Rejected("no", 200, error_code="invalid_client"), False),
        (Rejected("no", 404), False),
        (Rejected("no", 200, error_code="temporarily_unavailable"), False),
        (Unauthorized("no"), False),
        (WrongHost(307, "demo-alpha7.platform.test"), False),
        (Penalized("t", 15.0, False), False),
        (Locked(429, ""), False),
        (NotSent(NotSentKind.DNS, "unknown"), False),
        (Unknown("no answer"), False),
    ],
)
def test_only_what_is_said_about_the_token_counts_against_the_link(outcome, is_refusal):
    verdict = verdict_on(outcome, closed_for_seconds=7200.0)

    assert verdict.is_refusal == is_refusal
    assert verdict.retry_after >= timedelta(minutes=2)
    if isinstance(outcome, Penalized | Locked | NotSent):
        assert verdict.retry_after == timedelta(hours=2)
