"""Which hosts calls go to: those that the platform names, and whom to ask where none serves."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests.organizations.conftest import CREDENTIALS
from tests.organizations.platform_access.named_hosts import (
    ADDRESSES,
    ALPHA7,
    ALPHA8,
    GONE,
    SHARED,
    Platform,
    audit_of,
    hosts_of,
    ids,
    reload,
    sign_in,
)
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.connections import host_search
from vendor_admin.organizations.connections import verbs as connections
from vendor_admin.organizations.connections.host_search import Found, HostSearch
from vendor_admin.organizations.models import BudgetUse, Connection, Organization, PlatformHosts
from vendor_admin.organizations.platform_access import host_holds, logins, platform_hosts, tokens
from vendor_admin.organizations.platform_access.tokens import TokenUnavailable
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.tradovate.api_hosts import host_in_location, read_api_hosts
from vendor_admin.tradovate.outcomes import Rejected, Success, Unknown, WrongHost

pytestmark = pytest.mark.django_db


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch, now: datetime) -> Platform:
    found = Platform(now)
    monkeypatch.setattr(logins, "request_access_token", found.log_in)
    monkeypatch.setattr(logins, "renew_access_token", found.renew)
    return found


@pytest.fixture
def connection(make_connection: Callable[..., Connection]) -> Connection:
    return make_connection(**ADDRESSES)


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

    @pytest.mark.parametrize("spelling", ["{}:443", "{}:00443", "{}.:443"])
    def test_naming_the_usual_port_is_no_news(self, connection, platform, spelling):
        assert sign_in(connection, platform, named={"demo": spelling.format(SHARED)}).platform_host == ""
        moved = sign_in(connection, platform, minutes=66, named={"demo": spelling.format(ALPHA7)})
        assert moved.platform_host == ALPHA7
        platform.now += timedelta(minutes=66)
        assert sign_in(connection, platform, minutes=66, named={"demo": ALPHA7}).platform_host == ALPHA7
        assert len(audit_of(connection)) == 1

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
        settings.PLATFORM_HOSTS = (*settings.PLATFORM_HOSTS, "platform.test")
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
            ({"rest_url": "https://demo-d.tradovateapi.com/v1", "credentials": CREDENTIALS}, False),
        ],
    )
    def test_other_credentials_or_addresses_begin_at_the_configured_host(self, connection, platform, changes, is_kept):
        sign_in(connection, platform, named={"demo": ALPHA7})
        changed = connections.update_connection(
            connection=reload(connection), changes=changes, actor=Actor.staff("alice")
        )
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

    @pytest.mark.parametrize("status", [301, 302, 303])
    def test_a_renewal_that_is_sent_elsewhere_spends_no_login_and_no_draw(self, connection, platform, status):
        sign_in(connection, platform)
        platform.answers[SHARED] = Rejected(f"status {status} without a text", status)
        for minute in range(66, 80):
            sign_in(connection, platform, minutes=minute)
        assert [what for what, _ in platform.asked].count("login") == 1
        with pytest.raises(TokenUnavailable) as caught:
            sign_in(connection, platform, minutes=81)
        assert caught.value.kind == "wrong_host"
        assert not BudgetUse.objects.filter(key__contains="accesstoken").exists()

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
            assert host_holds.hold_on(reload(connection), now=now + timedelta(minutes=minute))
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
        assert host_holds.hold_on(connection, now=now) is None

    def test_an_empty_404_of_a_host_that_does_not_even_renew_is_held(self, connection, platform, now):
        sign_in(connection, platform)
        platform.answers[SHARED] = WrongHost(404)
        assert self.search(connection, WrongHost(404), now=now).found is Found.LOST

    @pytest.mark.parametrize("place", ["x" * 400 + ".invalid", "collec\x00tor.invalid"])
    def test_a_host_that_points_to_no_host_name_is_held_like_any_other(self, connection, platform, now, place):
        sign_in(connection, platform)
        answer = WrongHost(307, host_in_location(f"https://{place}/v1"))
        platform.answers[SHARED] = answer
        assert self.search(connection, answer, now=now).found is Found.LOST
        assert host_holds.hold_on(reload(connection), now=now)
        assert (hosts_of(connection).wrong_host, hosts_of(connection).points_to) == (SHARED, "")

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
