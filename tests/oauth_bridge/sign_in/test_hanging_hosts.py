"""A tenant's exchange that drips, or sends without end, keeps no page from answering, and nobody else out."""

import gzip
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from datetime import timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from oauth_bridge import platform_oauth, tasks
from oauth_bridge.models import MemberLink, PlatformClient, SignInAttempt
from oauth_bridge.problems import Problem
from oauth_bridge.sign_in import exchange_turns, renewal
from tests.oauth_bridge.outcomes import refused
from tests.oauth_bridge.visitor import parameters_of
from tests.support.running_hub import wait_until
from tests.support.scripted_server import ScriptedServer, running_server
from vendor_admin.organizations.platform_access import network_policy, renewal_turns
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.organizations.turns import NoTurn
from vendor_admin.tradovate.outcomes import NotSent, Unknown

pytestmark = pytest.mark.pages
THREADS_OF_A_PROCESS, FLOOD = 8, 12


@pytest.fixture
def host() -> Iterator[ScriptedServer]:
    with running_server() as running:
        yield running


@pytest.fixture
def has_ended() -> Iterator[threading.Event]:
    ended = threading.Event()
    yield ended
    ended.set()


@pytest.fixture
def drip(has_ended: threading.Event) -> Callable[[BaseHTTPRequestHandler], None]:
    """Goes on for ever, a byte at a time: no pause is long enough for a read time-out."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        with suppress(OSError):
            while not has_ended.wait(0.02):
                handler.wfile.write(b"1")
        handler.close_connection = True

    return answer


def lead_to(client: PlatformClient, url: str) -> PlatformClient:
    with organization_scope(client.organization_id):
        PlatformClient.objects.filter(pk=client.pk).update(exchange_url=f"{url}/auth/oauthtoken")
        return PlatformClient.objects.select_related("organization").get(pk=client.pk)


def exchange(client: PlatformClient) -> Any:
    return platform_oauth.exchange_code(client, code="c", verifier="v", redirect_uri="http://x/", now=timezone.now())


def test_an_exchange_that_drips_ends_in_time(client_of_alpha, host, drip, monkeypatch):
    monkeypatch.setattr(platform_oauth, "CALL_SECONDS", 0.2)
    host.answers = [drip]
    began = time.monotonic()

    outcome = exchange(lead_to(client_of_alpha, host.url))

    assert outcome == Unknown("no whole answer from 127.0.0.1 within 0.2 s")
    assert time.monotonic() - began < 5


def test_an_answer_without_end_is_not_read_nor_unpacked(client_of_alpha, host, has_ended):
    bomb = gzip.compress(bytes(64 * 2**20))

    def send_bomb(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + bomb + bomb)
        has_ended.wait(5)  # and there would be more
        handler.close_connection = True

    host.answers = [send_bomb]
    began = time.monotonic()

    outcome = exchange(lead_to(client_of_alpha, host.url))

    assert isinstance(outcome, Unknown)
    assert "too long" in outcome.reason
    assert time.monotonic() - began < 4


def test_a_redirect_of_the_exchange_takes_no_secret_along(client_of_alpha, host):
    host.will_answer(307)
    exchange(lead_to(client_of_alpha, host.url))
    assert len(host.seen) == 1


@pytest.mark.parametrize("is_allowed", [True, False])
def test_the_exchange_goes_to_the_address_that_was_judged_and_to_no_private_one(
    client_of_alpha, host, settings, monkeypatch, is_allowed
):
    settings.PLATFORM_HOSTS, settings.ALLOW_INTERNAL_PLATFORM_HOSTS = ("platform.test",), is_allowed
    monkeypatch.setattr(network_policy, "addresses_of", lambda name: ["127.0.0.1"])
    host.will_answer(200, {"error": "invalid_grant"})

    outcome = exchange(lead_to(client_of_alpha, host.url.replace("127.0.0.1", "login.platform.test")))

    assert [seen.headers["Host"].partition(":")[0] for seen in host.seen] == ["login.platform.test"] * is_allowed
    assert isinstance(outcome, NotSent) is not is_allowed


def test_who_gets_no_turn_comes_again_with_the_same_answer_and_is_signed_in(ann, alpha):
    back = ann.at_the_platform(ann.depart())
    with exchange_turns.turn(alpha.pk), exchange_turns.turn(alpha.pk):
        response = ann.come_back(back)
        text = refused(ann, response, Problem.BUSY)
    assert response["Refresh"] == "2"
    assert "goes on by itself" in text

    ann.come_back(back)

    assert ann.is_signed_in()


def test_a_drip_at_one_tenant_leaves_threads_for_the_renewals_of_another(
    ann, ben, carl, client_of_alpha, host, drip, has_ended, monkeypatch
):
    monkeypatch.setattr(renewal_turns, "OF_ONE_ORGANIZATION", 1)
    host.answers = [drip]
    for member in (ann, ben, carl):
        member.sign_in()
    lead_to(client_of_alpha, host.url)
    with organization_scope(client_of_alpha.organization_id):
        MemberLink.objects.update(tokens_origin=host.url.removesuffix("/demo/v1"))

    def renew(member: Any) -> bool:
        link = member.link()
        try:
            return renewal.renew_link(organization_id=link.organization_id, link_id=link.pk, now=link.renew_at)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as process:
        try:
            hangs = process.submit(renew, ann)
            wait_until(lambda: bool(host.seen), what="the renewal that hangs")
            waits, others = process.submit(renew, ben), process.submit(renew, carl)
            assert others.result(timeout=10)
            assert not hangs.done()
        finally:
            has_ended.set()
    assert isinstance(waits.exception(), NoTurn)


def test_a_host_leaves_threads_for_other_hosts_whoever_uses_it():
    with ExitStack() as held:
        for organization_id in range(renewal_turns.OF_ONE_HOST):
            held.enter_context(renewal_turns.turn(organization_id=organization_id, url="https://slow.example/a"))
        with pytest.raises(NoTurn), renewal_turns.turn(organization_id=99, url="https://slow.example/b"):
            pass
        held.enter_context(renewal_turns.turn(organization_id=99, url="https://other.example/a"))
    with renewal_turns.turn(organization_id=99, url="https://slow.example/b"):
        pass


@pytest.mark.parametrize("is_within_time", [True, False])
def test_a_renewal_without_a_turn_comes_again_as_long_as_it_was_asked_for(ann, monkeypatch, is_within_time):
    ann.sign_in()
    link, until = ann.link(), timezone.now() + timedelta(seconds=60)
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(renewal_turns, "OF_ONE_ORGANIZATION", 0)
    monkeypatch.setattr(tasks.renew_link, "apply_async", lambda **given: sent.append(given))
    monkeypatch.setattr(database_clock, "now", lambda: link.renew_at)

    tasks.renew_link.push_request(expires=until.isoformat() if is_within_time else None)
    try:
        tasks.renew_link.run(link.organization_id, link.pk)
    finally:
        tasks.renew_link.pop_request()

    assert [one["args"] for one in sent] == [[link.organization_id, link.pk]] * is_within_time
    assert all(one["expires"] == until and 0 < one["countdown"] < 30 for one in sent)


def test_a_drip_at_one_tenant_leaves_pages_and_another_tenants_sign_in_alone(
    ann, carl, client_of_alpha, host, drip, has_ended
):
    host.answers = [drip]
    lead_to(client_of_alpha, host.url)
    browsers = [ann.another_browser() for _ in range(FLOOD)]
    states = [parameters_of(one.depart())["state"] for one in browsers]

    def in_a_thread(work: Callable[[], Any]) -> Any:
        try:
            return work()
        finally:
            connections.close_all()

    def come_back(browser: Any, state: str) -> str:
        response = browser.get("callback/live/", data={"state": state, "code": "any"})
        return next(word for word in Problem if f"<code>{word}</code>" in response.content.decode())

    with ThreadPoolExecutor(THREADS_OF_A_PROCESS) as process:
        flood = [
            process.submit(in_a_thread, partial(come_back, one, state))
            for one, state in zip(browsers, states, strict=True)
        ]
        refused_at_once = FLOOD - exchange_turns.OF_ONE_ORGANIZATION
        wait_until(lambda: sum(one.done() for one in flood) == refused_at_once, what="all but those that hang")
        began = time.monotonic()
        live = process.submit(in_a_thread, lambda: Client().get("/livez").status_code)
        assert live.result() == 200
        assert time.monotonic() - began < 1
        assert process.submit(in_a_thread, carl.sign_in).result().status_code == 302
        has_ended.set()
        came_to = Counter(one.result() for one in flood)

    assert came_to == {Problem.UNCLEAR: exchange_turns.OF_ONE_ORGANIZATION, Problem.BUSY: refused_at_once}
    with organization_scope(client_of_alpha.organization_id):
        assert SignInAttempt.objects.exclude(used_at=None).count() == exchange_turns.OF_ONE_ORGANIZATION
