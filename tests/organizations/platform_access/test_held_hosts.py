"""Hosts that do not work: held back, left for the last good one, tried again, or accepted by a person."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

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
from vendor_admin.errors import InvalidFields, NotAllowed
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.connections import host_search
from vendor_admin.organizations.connections import verbs as connections
from vendor_admin.organizations.connections.host_search import Found, HostSearch
from vendor_admin.organizations.models import Connection
from vendor_admin.organizations.platform_access import host_fallback, host_holds, logins, platform_hosts, tokens
from vendor_admin.organizations.platform_access.reachability import Failed, Finding
from vendor_admin.organizations.platform_access.tokens import TokenUnavailable
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.tradovate.enums import NotSentKind
from vendor_admin.tradovate.outcomes import NotSent, WrongHost

pytestmark = pytest.mark.django_db


ACTOR = Actor.from_key("system:test")


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch, now: datetime) -> Platform:
    found = Platform(now)
    monkeypatch.setattr(logins, "request_access_token", found.log_in)
    monkeypatch.setattr(logins, "renew_access_token", found.renew)
    return found


@pytest.fixture
def connection(make_connection: Callable[..., Connection]) -> Connection:
    return make_connection(**ADDRESSES)


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
        connections.update_connection(
            connection=reload(connection), changes={"is_enabled": False}, actor=Actor.staff("alice")
        )
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
        assert hosts_of(connection).accepted_by == ACTOR.key
        assert audit_of(connection)[-1][:2] == (ACTOR.label, "platform host accepted")
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
        with pytest.raises(NotAllowed):
            platform_hosts.accept_pointed_host(
                connection=pointed, host=ALPHA7, actor=Actor.staff("vera"), reason="ticket 7"
            )
        assert reload(connection).platform_host == ""

    def test_where_an_answer_pointed_is_kept_until_another_says_otherwise_or_a_host_works(self, connection, now):
        self.pointed(connection, ALPHA7, now)
        self.pointed(connection, "", now)  # a socket's 421
        assert hosts_of(connection).points_to == ALPHA7
        self.pointed(connection, ALPHA8, now)
        assert hosts_of(connection).points_to == ALPHA8
        platform_hosts.note_works(**ids(connection), host=SHARED)
        assert hosts_of(connection).points_to == ""
