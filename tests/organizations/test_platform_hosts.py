"""Hosts that the platform names: learned from its answers, kept by credential, asked in order, accepted by a person."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.organizations.conftest import CREDENTIALS
from vendor_admin.organizations import connections, host_search, logins, platform_hosts, tokens
from vendor_admin.organizations.connections import InvalidConnection
from vendor_admin.organizations.host_search import Found, HostSearch
from vendor_admin.organizations.models import AuditEntry, Connection, Organization, PlatformHosts
from vendor_admin.organizations.scope import organization_scope
from vendor_admin.organizations.tokens import TokenUnavailable
from vendor_admin.tradovate.api_hosts import read_api_hosts
from vendor_admin.tradovate.authentication import AccessToken
from vendor_admin.tradovate.enums import NotSentKind
from vendor_admin.tradovate.outcomes import NotSent, Rejected, Success, Unknown, WrongHost

pytestmark = pytest.mark.django_db

SHARED, ALPHA7, ALPHA8 = "demo.tradovateapi.com", "demo-alpha7.ninjatrader.com", "demo-alpha8.ninjatrader.com"
ADDRESSES = {"rest_url": f"https://{SHARED}/v1", "websocket_url": f"wss://{SHARED}/v1/websocket"}
GONE = NotSent(NotSentKind.DNS, "the name is not known")


class Platform:
    """Answers logins and renewals as each host is told; `asked` is what it was asked, in order."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.answers: dict[str, Any] = {}
        self.named: Any = None
        self.asked: list[tuple[str, str]] = []

    def log_in(self, client: object, *_: object, **__: object) -> Any:
        return self._answer("login", client)

    def renew(self, client: object, *_: object, **__: object) -> Any:
        return self._answer("renewal", client)

    def _answer(self, what: str, client: object) -> Any:
        (host,) = re.findall(r"//([^/]+)/", repr(client))
        self.asked.append((what, host))
        if host in self.answers:
            return self.answers[host]
        hosts = read_api_hosts({} if self.named is None else {"apiHosts": self.named})
        return AccessToken(f"token-{len(self.asked)}", self.now + timedelta(minutes=80), 4001, "a", hosts)


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch, now: datetime) -> Platform:
    found = Platform(now)
    monkeypatch.setattr(logins, "request_access_token", found.log_in)
    monkeypatch.setattr(logins, "renew_access_token", found.renew)
    return found


@pytest.fixture
def connection(make_connection: Callable[..., Connection]) -> Connection:
    return make_connection(**ADDRESSES)


def ids(connection: Connection) -> dict[str, int]:
    return {"connection_id": connection.pk, "organization_id": connection.organization_id}


def sign_in(connection: Connection, platform: Platform, *, minutes: float = 0.0, named: Any = None) -> Connection:
    """Ask for a token so long after the first login, while the platform names these hosts."""
    platform.named, start = named, platform.now
    platform.now += timedelta(minutes=minutes)
    tokens.access_token(**ids(connection), now=platform.now)
    platform.now = start
    return reload(connection)


def reload(connection: Connection) -> Connection:
    with organization_scope(connection.organization_id):
        return Connection.objects.select_related("organization").get(pk=connection.pk)


def hosts_of(connection: Connection) -> PlatformHosts:
    with organization_scope(connection.organization_id):
        return PlatformHosts.objects.get(connection=connection)


def audit_of(connection: Connection) -> list[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    with organization_scope(connection.organization_id):
        return [(one.actor, one.action, one.old, one.new) for one in AuditEntry.objects.order_by("id")]


class TestLearning:
    def test_a_login_moves_calls_and_sockets_to_the_host_it_names(self, connection, platform):
        moved = sign_in(connection, platform, named={"live": "live.tradovateapi.com", "demo": ALPHA7, "new": "x"})
        assert (moved.rest_url, moved.rest_url_in_use) == (ADDRESSES["rest_url"], f"https://{ALPHA7}/v1")
        assert moved.websocket_url_in_use == f"wss://{ALPHA7}/v1/websocket"
        assert hosts_of(connection).named == {"live": "live.tradovateapi.com", "demo": ALPHA7}
        assert hosts_of(connection).learned_at >= platform.now
        assert audit_of(connection) == [
            ("Vendor Admin", "platform host learned", {"host": SHARED}, {"host": ALPHA7}),
        ]
        assert moved.version == connection.version

    def test_a_renewal_changes_only_what_it_names_and_one_that_names_nothing_changes_nothing(
        self, connection, platform
    ):
        sign_in(connection, platform, named={"live": "live-alpha7.ninjatrader.com", "demo": ALPHA7})
        assert sign_in(connection, platform, minutes=66).platform_host == ALPHA7
        platform.now += timedelta(minutes=66)
        assert sign_in(connection, platform, minutes=66, named={"demo": ALPHA8}).platform_host == ALPHA8
        assert hosts_of(connection).named == {"live": "live-alpha7.ninjatrader.com", "demo": ALPHA8}
        assert [what for what, _ in platform.asked] == ["login", "renewal", "renewal"]
        assert audit_of(connection)[-1][2:] == ({"host": ALPHA7}, {"host": ALPHA8})

    def test_a_hosts_name_for_one_environment_says_nothing_about_the_other(self, connection, platform):
        assert sign_in(connection, platform, named={"live": "live-alpha7.ninjatrader.com"}).platform_host == ""

    def test_naming_the_configured_host_is_no_news_and_leads_back_to_it(self, connection, platform):
        assert sign_in(connection, platform, named={"demo": SHARED}).platform_host == ""
        assert audit_of(connection) == []
        sign_in(connection, platform, minutes=66, named={"demo": ALPHA7})
        platform.now += timedelta(minutes=66)
        assert sign_in(connection, platform, minutes=66, named={"demo": SHARED.upper()}).platform_host == ""

    def test_a_host_that_is_not_believed_is_told_and_the_last_good_one_kept(self, connection, platform):
        sign_in(connection, platform, named={"demo": ALPHA7})
        kept = sign_in(connection, platform, minutes=66, named={"demo": "collector.example", "live": 7})
        assert kept.platform_host == ALPHA7
        assert [(one["purpose"], one["said"]) for one in hosts_of(connection).refused] == [
            ("live", "7"),
            ("demo", "collector.example"),
        ]
        platform.now += timedelta(minutes=66)
        sign_in(connection, platform, minutes=66, named={"demo": ALPHA7})
        assert hosts_of(connection).refused == []

    def test_a_setting_adds_a_domain_of_the_platform(self, connection, platform, settings):
        settings.PLATFORM_HOST_SUFFIXES = (*settings.PLATFORM_HOST_SUFFIXES, "platform.test")
        assert sign_in(connection, platform, named={"demo": "a.platform.test:8443"}).rest_url_in_use == (
            "https://a.platform.test:8443/v1"
        )

    @pytest.mark.parametrize(
        ("is_simulated", "is_allowed", "named", "in_use"),
        [
            (True, False, "127.0.0.1:9999", "127.0.0.1:9999"),
            (False, True, "127.0.0.1:9999", "127.0.0.1:9999"),
            (False, False, "127.0.0.1:9999", ""),
            (True, False, SHARED, ""),  # its addresses are plain http: the token would leave in the clear
        ],
    )
    def test_only_a_sandbox_asked_for_by_name_moves_and_only_on_this_machine(
        self, make_connection, platform, settings, is_simulated, is_allowed, named, in_use
    ):
        settings.ALLOW_INTERNAL_PLATFORM_HOSTS = is_allowed
        Organization.objects.create(slug="alpha", name="Alpha", is_simulated=is_simulated)
        sandbox = sign_in(make_connection(), platform, named={"demo": named})
        assert sandbox.platform_host == in_use
        if in_use:
            assert sandbox.rest_url_in_use == f"http://{in_use}/demo/v1"
            assert sandbox.websocket_url_in_use == f"ws://{in_use}/demo/v1/websocket"

    @pytest.mark.parametrize(
        ("changes", "is_kept"),
        [
            ({"credentials": CREDENTIALS | {"password": "a-new-one-1"}}, True),
            ({"entity_types": ["order"]}, True),
            ({"credentials": CREDENTIALS | {"cid": "9"}}, False),
            ({"credentials": CREDENTIALS | {"name": "somebody-else"}}, False),
            ({"rest_url": "https://demo-d.tradovateapi.com/v1"}, False),
        ],
    )
    def test_other_credentials_or_addresses_begin_at_the_configured_host(self, connection, platform, changes, is_kept):
        sign_in(connection, platform, named={"demo": ALPHA7})
        changed = connections.update_connection(connection=reload(connection), changes=changes, actor="alice")
        assert changed.platform_host == (ALPHA7 if is_kept else "")
        with organization_scope(connection.organization_id):
            assert PlatformHosts.objects.exists() is is_kept

    def test_what_a_changed_connections_old_key_was_told_is_dropped(self, connection, platform, now):
        with organization_scope(connection.organization_id):
            named = read_api_hosts({"apiHosts": {"demo": ALPHA7}})
            older = connection.version - 1
            assert not platform_hosts.learn(connection_id=connection.pk, version=older, api_hosts=named, now=now)
        assert reload(connection).platform_host == ""


class TestWhoIsAsked:
    @pytest.mark.parametrize("answer", [WrongHost(307, "collector.example"), WrongHost(421), WrongHost(404), GONE])
    def test_the_host_in_use_is_asked_first_then_the_configured_one_and_no_other(self, connection, platform, answer):
        sign_in(connection, platform, named={"demo": ALPHA7})
        platform.answers[ALPHA7] = answer
        platform.asked.clear()
        moved = sign_in(connection, platform, minutes=66, named={"demo": ALPHA8})
        assert platform.asked == [("renewal", ALPHA7), ("renewal", SHARED)]
        assert moved.platform_host == ALPHA8

    def test_a_refused_login_is_not_repeated_at_another_host(self, connection, platform):
        sign_in(connection, platform, named={"demo": ALPHA7})
        tokens.reject_token(**ids(connection), token="token-1", now=platform.now)
        platform.answers[ALPHA7] = Rejected("Incorrect username or password", 200)
        with pytest.raises(TokenUnavailable):
            sign_in(connection, platform, minutes=1)
        assert platform.asked == [("login", SHARED), ("login", ALPHA7)]

    def test_where_no_host_serves_it_the_next_try_is_an_hour_later_and_people_see_where_it_pointed(
        self, connection, platform, now
    ):
        platform.answers[SHARED] = WrongHost(307, ALPHA7)
        for minute in (0, 5, 59):
            with pytest.raises(TokenUnavailable) as caught:
                tokens.access_token(**ids(connection), now=now + timedelta(minutes=minute))
            assert caught.value.kind == "wrong_host"
        assert platform.asked == [("login", SHARED)]
        found = hosts_of(connection)
        assert (found.wrong_host, found.wrong_status, found.points_to) == (SHARED, 307, ALPHA7)
        assert reload(connection).platform_host == ""
        platform.answers.clear()
        host_search.end_hold(connection)  # a person has it tried now
        sign_in(connection, platform, minutes=5)

    def test_a_host_that_is_away_for_a_moment_is_not_given_up_for_the_configured_one(self, connection, platform, now):
        sign_in(connection, platform, named={"demo": ALPHA7})
        tokens.reject_token(**ids(connection), token="token-1", now=now)
        platform.answers |= {ALPHA7: GONE, SHARED: WrongHost(421)}
        with pytest.raises(TokenUnavailable) as caught:
            sign_in(connection, platform, minutes=1)
        assert caught.value.kind == "unreachable"
        platform.answers.clear()
        sign_in(connection, platform, minutes=2)
        assert platform.asked[-1] == ("login", ALPHA7)


class TestSearch:
    def search(self, connection: Connection, answer: WrongHost, *, minutes: float = 0.0, now: datetime) -> HostSearch:
        later = now + timedelta(minutes=minutes)
        return host_search.find_host(**ids(connection), asked=connection.rest_url_in_use, answer=answer, now=later)

    def test_one_renewal_tells_where_to_go_on_and_the_token_stays_good(self, connection, platform, now):
        sign_in(connection, platform)
        platform.named = {"demo": ALPHA7}
        assert self.search(connection, WrongHost(307, "collector.example"), now=now).found is Found.MOVED
        assert reload(connection).platform_host == ALPHA7
        again = self.search(connection, WrongHost(421), now=now)  # of another process, which asked the old host
        assert again.found is Found.MOVED
        assert [what for what, _ in platform.asked] == ["login", "renewal"]

    @pytest.mark.parametrize("status", [307, 308, 421])
    def test_where_none_is_named_everything_is_held_and_asked_again_once_an_hour(
        self, connection, platform, now, status
    ):
        sign_in(connection, platform)
        for minute in (0, 1, 30, 59):
            found = self.search(connection, WrongHost(status, "collector.example"), minutes=minute, now=now)
            assert found.found is Found.LOST
            assert found.retry_after_seconds == pytest.approx((60 - minute) * 60, abs=60)
            assert "collector.example" in found.reason
            assert host_search.hold_on(reload(connection), now=now + timedelta(minutes=minute))
        assert len(platform.asked) == 2
        platform.now += timedelta(minutes=61)
        self.search(connection, WrongHost(status), minutes=61, now=now)
        assert len(platform.asked) == 3

    def test_an_empty_404_of_a_host_that_renews_is_about_what_was_asked(self, connection, platform, now):
        sign_in(connection, platform)
        for minute in (0, 30):
            outcome = host_search.resolve(
                WrongHost(404),
                **ids(connection),
                asked=connection.rest_url_in_use,
                now=now + timedelta(minutes=minute),
            )
            assert isinstance(outcome, Rejected)
            assert outcome.status == 404
        assert len(platform.asked) == 2
        assert host_search.hold_on(connection, now=now) is None

    def test_an_empty_404_of_a_host_that_does_not_even_renew_is_held(self, connection, platform, now):
        sign_in(connection, platform)
        platform.answers[SHARED] = WrongHost(404)
        assert self.search(connection, WrongHost(404), now=now).found is Found.LOST

    def test_what_could_not_be_asked_costs_nothing_of_the_hour(self, connection, platform, now):
        sign_in(connection, platform)
        platform.answers[SHARED] = Unknown("the platform answered 500")
        assert self.search(connection, WrongHost(421), now=now).found is Found.LATER
        platform.answers.clear()
        platform.named = {"demo": ALPHA7}
        assert self.search(connection, WrongHost(421), minutes=4, now=now).found is Found.MOVED

    def test_any_other_outcome_needs_no_search(self, connection, now):
        outcome = Success({})
        found = host_search.resolve(outcome, **ids(connection), asked=connection.rest_url_in_use, now=now)
        assert found is outcome


class TestAccepting:
    def pointed(self, connection: Connection, host: str, now: datetime) -> Connection:
        with organization_scope(connection.organization_id):
            answer = WrongHost(307, host)
            platform_hosts.note_wrong_host(connection_id=connection.pk, answer=answer, host=SHARED, now=now)
        return reload(connection)

    def accept(self, connection: Connection, host: str) -> Connection:
        return platform_hosts.accept_pointed_host(connection=connection, host=host, actor="alice", reason="ticket 7")

    def test_a_host_that_was_pointed_to_is_used_once_a_person_says_so(self, connection, platform, now):
        platform.answers[SHARED] = WrongHost(307, ALPHA7)
        with pytest.raises(TokenUnavailable):
            sign_in(connection, platform)
        accepted = self.accept(reload(connection), ALPHA7)
        assert accepted.rest_url_in_use == f"https://{ALPHA7}/v1"
        assert accepted.version == connection.version + 1
        assert hosts_of(connection).accepted_by == "alice"
        assert audit_of(connection)[-1][:2] == ("alice", "platform host accepted")
        sign_in(connection, platform)  # at once, although the hour is not over
        assert platform.asked[-1] == ("login", ALPHA7)

    def test_what_the_platform_names_later_counts_more(self, connection, platform, now):
        self.accept(self.pointed(connection, ALPHA7, now), ALPHA7)
        assert sign_in(connection, platform, named={"demo": ALPHA8}).platform_host == ALPHA8
        assert hosts_of(connection).accepted_by == ""

    @pytest.mark.parametrize("host", ["collector.example", "127.0.0.1", SHARED, "", "demo.tradovateapi.com@evil.test"])
    def test_only_another_host_of_the_platform_can_be_accepted(self, connection, now, host):
        pointed = self.pointed(connection, host, now)
        with pytest.raises(InvalidConnection):
            self.accept(pointed, host)
        assert reload(connection).platform_host == ""

    def test_only_what_the_newest_answer_points_to_can_be_accepted(self, connection, now):
        with pytest.raises(InvalidConnection):
            self.accept(connection, ALPHA7)
        self.pointed(connection, ALPHA7, now)
        shown = self.pointed(connection, ALPHA8, now)
        with pytest.raises(InvalidConnection):
            self.accept(shown, ALPHA7)
