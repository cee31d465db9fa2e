"""Hosts that the platform names: learned from its answers, kept by credential, asked in order, accepted by a person."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from tests.organizations.conftest import CREDENTIALS
from vendor_admin.errors import InvalidFields
from vendor_admin.organizations.connections import host_search
from vendor_admin.organizations.connections import verbs as connections
from vendor_admin.organizations.connections.host_search import Found, HostSearch
from vendor_admin.organizations.models import AuditEntry, BudgetUse, Connection, Organization, PlatformHosts
from vendor_admin.organizations.platform_access import host_fallback, host_holds, logins, platform_hosts, tokens
from vendor_admin.organizations.platform_access.reachability import Failed, Finding
from vendor_admin.organizations.platform_access.tokens import TokenUnavailable
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.tradovate.api_hosts import host_in_location, read_api_hosts
from vendor_admin.tradovate.enums import NotSentKind
from vendor_admin.tradovate.outcomes import NotSent, Rejected, Success, Unknown, WrongHost
from vendor_admin.tradovate.rest.authentication import AccessToken

pytestmark = pytest.mark.django_db

SHARED, ALPHA7, ALPHA8 = "demo.tradovateapi.com", "demo-alpha7.ninjatrader.com", "demo-alpha8.ninjatrader.com"
ADDRESSES = {"rest_url": f"https://{SHARED}/v1", "websocket_url": f"wss://{SHARED}/v1/websocket"}
ACTOR = "system:test"
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


class TestHolds:
    """What ends a hold on a host, and how long one lasts where the platform names that very host."""

    def held_at(self, connection: Connection, minutes: float, now: datetime) -> bool:
        return host_holds.hold_on(reload(connection), now=now + timedelta(minutes=minutes)) is not None

    def find(self, connection: Connection, now: datetime, *, minutes: float = 0.0) -> HostSearch:
        later = now + timedelta(minutes=minutes)
        return host_search.find_host(
            **ids(connection), asked=connection.rest_url_in_use, answer=WrongHost(421), now=later
        )

    def test_a_renewal_that_names_the_held_host_lifts_the_hold(self, connection, platform, now):
        sign_in(connection, platform)
        assert self.find(connection, now).found is Found.LOST
        assert self.held_at(connection, 30, now)
        sign_in(connection, platform, minutes=66, named={"live": "live.tradovateapi.com"})
        tokens.reject_token(**ids(connection), token="token-3", now=now)
        assert self.held_at(connection, 30, now), "that says nothing about this host"
        sign_in(connection, platform, minutes=67, named={"demo": SHARED})
        assert not self.held_at(connection, 30, now)

    def test_a_host_that_the_renewal_names_is_tried_again_within_minutes_and_later_each_time(
        self, connection, platform, now
    ):
        sign_in(connection, platform)
        platform.named, minute, waits = {"demo": SHARED}, 0.0, []
        for _ in range(6):
            found = self.find(connection, now, minutes=minute)
            assert found.found is Found.LOST
            assert "named this very one" in found.reason
            assert self.held_at(connection, minute, now)
            waits.append(found.retry_after_seconds / 60)
            minute += waits[-1]
            assert not self.held_at(connection, minute, now)
        assert waits == pytest.approx([1, 1, 2, 4, 5, 5])
        assert len(platform.asked) == 2, "one renewal in the hour"

    @pytest.mark.parametrize("spelling", ["{}:443", "{}:00443", "{}."])
    def test_a_host_in_use_that_is_kept_in_another_spelling_is_held_and_let_go_all_the_same(
        self, connection, platform, now, spelling
    ):
        sign_in(connection, platform, named={"demo": ALPHA7})
        with organization_scope(connection.organization_id):
            Connection.objects.update(platform_host=spelling.format(ALPHA7))
        assert self.find(reload(connection), now).found is Found.LOST
        assert self.held_at(connection, 0.1, now)
        assert platform_hosts.problem_of_pointed_host(reload(connection), ALPHA7) == "this is the host in use"
        platform_hosts.note_works(**ids(connection), host=ALPHA7)
        assert not self.held_at(connection, 0.1, now)

    def test_a_host_that_works_is_not_held_and_no_longer_called_wrong(self, connection, platform, now):
        sign_in(connection, platform)
        self.find(connection, now)
        platform_hosts.note_works(**ids(connection), host="another.tradovateapi.com")
        assert self.held_at(connection, 30, now)
        platform_hosts.note_works(**ids(connection), host=SHARED)
        assert not self.held_at(connection, 30, now)
        assert (hosts_of(connection).wrong_host, hosts_of(connection).wrong_at) == ("", None)

    @pytest.mark.parametrize(
        ("named", "words"),
        [
            (None, "named none"),
            ({"demo": "demo.evil.test"}, "named “demo.evil.test”, which is not used: this is not a host"),
            ({"demo": SHARED}, "named this very one"),
        ],
    )
    def test_people_read_what_the_platform_said_when_it_was_asked(self, connection, platform, now, named, words):
        sign_in(connection, platform)
        platform.named = named
        assert words in self.find(connection, now).reason
        of_panel = {"environment": "demo", "host": SHARED}
        assert words in host_search.answer_of_platform(hosts_of(connection), **of_panel, now=now)
        later = now + timedelta(minutes=61)
        assert "not asked" in host_search.answer_of_platform(hosts_of(connection), **of_panel, now=later)


class TestFallingBack:
    """A host that was named lately and cannot be reached gives way to the last good one, and is tried again."""

    def fall_back(self, connection: Connection, host: str, now: datetime, *, minutes: float = 0.0) -> str:
        later = now + timedelta(minutes=minutes)
        return host_fallback.fall_back(**ids(connection), host=host, why="connection refused", now=later)

    def due_at(self, connection: Connection) -> datetime:
        due = hosts_of(connection).away_until
        assert due is not None
        return due

    @pytest.fixture
    def reachable(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """The addresses that answer; a test adds to it."""
        found: list[str] = []

        def reach(url: str) -> Finding:
            if url not in found:
                raise Failed(Finding("reach", False, "did not answer in time"))
            return Finding("reach", True, "answers")

        monkeypatch.setattr(host_fallback, "reach", reach)
        return found

    def test_what_cannot_be_reached_after_it_was_named_is_left_for_the_last_good_host(self, connection, platform, now):
        sign_in(connection, platform, named={"demo": ALPHA7})
        platform_hosts.note_works(**ids(connection), host=ALPHA7)
        sign_in(connection, platform, minutes=66, named={"demo": ALPHA8})
        assert self.fall_back(connection, ALPHA8, now) == ALPHA7
        assert reload(connection).platform_host == ALPHA7
        found = hosts_of(connection)
        assert (found.away_host, found.away_why, found.away_until) == (
            ALPHA8,
            "connection refused",
            now + timedelta(minutes=1),
        )
        assert self.fall_back(connection, ALPHA8, now) == "", "of another thread that asked it"

    def test_a_host_that_has_worked_is_waited_for(self, connection, platform, now):
        sign_in(connection, platform, named={"demo": ALPHA7})
        platform_hosts.note_works(**ids(connection), host=ALPHA7)
        assert self.fall_back(connection, ALPHA7, now) == ""
        assert reload(connection).platform_host == ALPHA7

    def test_a_host_that_is_known_to_be_wrong_is_no_last_good_one(self, connection, platform, now):
        sign_in(connection, platform)
        platform.named = {"demo": ALPHA7}
        host_search.find_host(**ids(connection), asked=connection.rest_url, answer=WrongHost(307, ALPHA7), now=now)
        assert self.fall_back(connection, ALPHA7, now) == ""
        assert reload(connection).platform_host == ALPHA7

    def test_where_the_last_good_host_turns_out_to_be_wrong_the_named_one_is_used_and_no_other_asked(
        self, connection, platform, now
    ):
        sign_in(connection, platform, named={"demo": ALPHA7})
        self.fall_back(connection, ALPHA7, now)
        answer = WrongHost(307, "collector.example")
        found = host_search.find_host(**ids(connection), asked=ADDRESSES["rest_url"], answer=answer, now=now)
        assert found.found is Found.MOVED
        assert reload(connection).platform_host == ALPHA7
        assert self.fall_back(connection, ALPHA7, now) == "", "there is no good one to go back to"
        assert len(platform.asked) == 1

    def test_an_answer_that_names_it_again_does_not_lead_there_before_its_time(self, connection, platform, now):
        sign_in(connection, platform, named={"demo": ALPHA7})
        self.fall_back(connection, ALPHA7, now)
        assert sign_in(connection, platform, minutes=66, named={"demo": ALPHA7}).platform_host == ""
        platform.now += timedelta(minutes=66)
        assert sign_in(connection, platform, minutes=66, named={"demo": ALPHA8}).platform_host == ALPHA8
        assert hosts_of(connection).away_host == ""

    def test_it_is_tried_again_later_each_time_and_used_once_it_answers(self, connection, platform, now, reachable):
        sign_in(connection, platform, named={"demo": ALPHA7})
        self.fall_back(connection, ALPHA7, now)
        minute, waits = 0.0, []
        for _ in range(6):
            due = self.due_at(connection)
            waits.append((due - now).total_seconds() / 60 - minute)
            minute += waits[-1]
            assert host_fallback.try_again(now=due - timedelta(seconds=1)) == 0
            assert host_fallback.try_again(now=due) == 0
        assert waits == pytest.approx([1, 2, 4, 8, 16, 30])
        assert hosts_of(connection).away_why == "did not answer in time"
        reachable.append(f"https://{ALPHA7}/v1")
        due = self.due_at(connection)
        assert host_fallback.try_again(now=due) == 1
        assert reload(connection).platform_host == ALPHA7
        assert self.fall_back(connection, ALPHA7, due) == SHARED, "it answered, and still did not take calls"
        assert self.due_at(connection) - due == timedelta(minutes=30)

    def test_every_change_of_host_is_in_the_audit_log(self, connection, platform, now, reachable):
        sign_in(connection, platform, named={"demo": ALPHA7})
        self.fall_back(connection, ALPHA7, now)
        reachable.append(f"https://{ALPHA7}/v1")
        host_fallback.try_again(now=self.due_at(connection))
        self.fall_back(connection, ALPHA7, now)
        answer = WrongHost(307, "collector.example")
        host_search.find_host(**ids(connection), asked=ADDRESSES["rest_url"], answer=answer, now=now)
        assert audit_of(connection) == [
            ("Vendor Admin", "platform host learned", {"host": SHARED}, {"host": ALPHA7}),
            ("Vendor Admin", "platform host not reached", {"host": ALPHA7}, {"host": SHARED}),
            ("Vendor Admin", "platform host reached again", {"host": SHARED}, {"host": ALPHA7}),
            ("Vendor Admin", "platform host not reached", {"host": ALPHA7}, {"host": SHARED}),
            ("Vendor Admin", "platform host used after all", {"host": SHARED}, {"host": ALPHA7}),
        ]

    def test_nothing_is_sent_to_a_host_of_a_connection_that_staff_paused(self, connection, platform, now, reachable):
        sign_in(connection, platform, named={"demo": ALPHA7})
        self.fall_back(connection, ALPHA7, now)
        reachable.append(f"https://{ALPHA7}/v1")
        connections.update_connection(connection=reload(connection), changes={"is_enabled": False}, actor="alice")
        assert host_fallback.try_again(now=self.due_at(connection)) == 0
        assert reload(connection).platform_host == ""

    def test_once_it_works_nothing_is_left_of_that(self, connection, platform, now, reachable):
        sign_in(connection, platform, named={"demo": ALPHA7})
        self.fall_back(connection, ALPHA7, now)
        reachable.append(f"https://{ALPHA7}/v1")
        assert host_fallback.try_again(now=now + timedelta(minutes=1)) == 1
        platform_hosts.note_works(**ids(connection), host=ALPHA7)
        found = hosts_of(connection)
        assert (found.away_host, found.away_tries, found.last_good) == ("", 0, None)

    @pytest.mark.parametrize("kind", [NotSentKind.DNS, NotSentKind.REFUSED, NotSentKind.TLS, NotSentKind.TIMEOUT])
    def test_a_renewal_that_cannot_reach_it_falls_back_for_everything(self, connection, platform, kind):
        sign_in(connection, platform, named={"demo": ALPHA7})
        platform.answers[ALPHA7] = NotSent(kind, "no way there")
        platform.asked.clear()
        moved = sign_in(connection, platform, minutes=66)
        assert platform.asked == [("renewal", ALPHA7), ("renewal", SHARED)]
        assert (moved.platform_host, hosts_of(connection).away_host) == ("", ALPHA7)

    def test_the_last_good_host_is_asked_before_the_configured_one(self, connection, platform):
        sign_in(connection, platform, named={"demo": ALPHA7})
        platform_hosts.note_works(**ids(connection), host=ALPHA7)
        sign_in(connection, platform, minutes=66, named={"demo": ALPHA8})
        platform.now += timedelta(minutes=66)
        platform.answers[ALPHA8] = GONE
        platform.asked.clear()
        assert sign_in(connection, platform, minutes=66).platform_host == ALPHA7
        assert platform.asked == [("renewal", ALPHA8), ("renewal", ALPHA7)]


class TestAccepting:
    def pointed(self, connection: Connection, host: str, now: datetime) -> Connection:
        with organization_scope(connection.organization_id):
            answer = WrongHost(307, host)
            platform_hosts.note_wrong_host(connection_id=connection.pk, answer=answer, host=SHARED, now=now)
        return reload(connection)

    def accept(self, connection: Connection, host: str) -> Connection:
        return platform_hosts.accept_pointed_host(connection=connection, host=host, actor=ACTOR, reason="ticket 7")

    def test_a_host_that_was_pointed_to_is_used_once_a_person_says_so(self, connection, platform, now):
        platform.answers[SHARED] = WrongHost(307, ALPHA7)
        with pytest.raises(TokenUnavailable):
            sign_in(connection, platform)
        accepted = self.accept(reload(connection), ALPHA7)
        assert accepted.rest_url_in_use == f"https://{ALPHA7}/v1"
        assert accepted.version == connection.version + 1
        assert hosts_of(connection).accepted_by == ACTOR
        assert audit_of(connection)[-1][:2] == (ACTOR, "platform host accepted")
        sign_in(connection, platform)  # at once, although the hour is not over
        assert platform.asked[-1] == ("login", ALPHA7)

    def test_what_the_platform_names_later_counts_more(self, connection, platform, now):
        self.accept(self.pointed(connection, ALPHA7, now), ALPHA7)
        assert sign_in(connection, platform, named={"demo": ALPHA8}).platform_host == ALPHA8
        assert hosts_of(connection).accepted_by == ""

    @pytest.mark.parametrize("host", ["collector.example", "127.0.0.1", SHARED, "", "demo.tradovateapi.com@evil.test"])
    def test_only_another_host_of_the_platform_can_be_accepted(self, connection, now, host):
        pointed = self.pointed(connection, host, now)
        with pytest.raises(InvalidFields):
            self.accept(pointed, host)
        assert reload(connection).platform_host == ""

    def test_only_what_the_newest_answer_points_to_can_be_accepted(self, connection, now):
        with pytest.raises(InvalidFields):
            self.accept(connection, ALPHA7)
        self.pointed(connection, ALPHA7, now)
        shown = self.pointed(connection, ALPHA8, now)
        with pytest.raises(InvalidFields):
            self.accept(shown, ALPHA7)

    def test_only_who_may_manage_connections_can_accept_one(self, connection, platform, now):
        pointed = self.pointed(connection, ALPHA7, now)
        with pytest.raises(PermissionDenied):
            platform_hosts.accept_pointed_host(connection=pointed, host=ALPHA7, actor="vera", reason="ticket 7")
        assert reload(connection).platform_host == ""

    def test_where_an_answer_pointed_is_kept_until_another_says_otherwise_or_a_host_works(self, connection, now):
        self.pointed(connection, ALPHA7, now)
        self.pointed(connection, "", now)  # a socket's 421
        assert hosts_of(connection).points_to == ALPHA7
        self.pointed(connection, ALPHA8, now)
        assert hosts_of(connection).points_to == ALPHA8
        platform_hosts.note_works(**ids(connection), host=SHARED)
        assert hosts_of(connection).points_to == ""
