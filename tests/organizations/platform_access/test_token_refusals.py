"""Logins that are refused, closed for a while or without an answer, and what they cost of the hour."""

import contextlib
import time
from datetime import datetime, timedelta

import pytest

from tests.organizations.platform_access.token_calls import REFUSED, token_of, unavailable, uses_of_logins
from vendor_admin.organizations.models import BudgetUse, Connection
from vendor_admin.organizations.platform_access import budgets, login_failures, tokens
from vendor_admin.organizations.platform_access.tokens import TokenUnavailable
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.tradovate.enums import NotSentKind
from vendor_admin.tradovate.outcomes import Locked, NotSent, Penalized, Rejected, Unknown
from vendor_admin.tradovate.rest.authentication import AccessToken


@pytest.mark.django_db
class TestRefusals:
    def test_a_refused_login_is_not_tried_again_until_the_connection_changes(self, make_connection, platform, now):
        connection = make_connection()
        platform.answers = [REFUSED]
        first = unavailable(connection, now)
        assert (first.kind, first.retry_after_seconds) == ("credentials", None)
        assert "Incorrect username" in first.reason
        for hour in range(1, 30):
            again = unavailable(connection, now + timedelta(hours=hour))
            assert (again.kind, again.reason) == (first.kind, first.reason)
        assert len(platform.logins) == 1
        with organization_scope(connection.organization_id):
            Connection.objects.update(version=2)
        platform.now = now + timedelta(hours=31)
        assert token_of(connection, platform.now).token == "secret-token-1"

    def test_a_refused_login_counts_and_makes_the_next_login_of_the_address_wait(self, make_connection, platform, now):
        platform.answers = [REFUSED]
        unavailable(make_connection(), now)
        assert uses_of_logins() == 1
        key = budgets.key_of(budget=budgets.LOGIN, subject="127.0.0.1:9")
        locked = budgets.lock_in_force(keys=[key], now=now)
        assert locked
        assert (locked.until - now).total_seconds() == pytest.approx(15, abs=1)

    def test_an_unregistered_key_is_told_apart_from_a_wrong_password(self, make_connection, platform, now):
        platform.answers = [Rejected("The app is not registered", 200)]
        error = unavailable(make_connection(), now)
        assert error.kind == "credentials"
        assert "app_id" in error.advice

    def test_two_failures_are_all_that_one_organization_takes_of_the_hour(
        self, make_connection, platform, now, monkeypatch
    ):
        monkeypatch.setattr(tokens, "PATIENCE_SECONDS", 0.0)
        bad, good = make_connection(), make_connection(slug="good")
        platform.answers = [REFUSED] * 2
        for minute in range(5):
            with organization_scope(bad.organization_id):
                Connection.objects.filter(pk=bad.pk).update(version=minute + 2)
            error = unavailable(bad, now + timedelta(minutes=minute))
        assert error.kind == "budget"
        assert "organization" in error.reason
        assert error.retry_after_seconds == pytest.approx(56 * 60, abs=30)
        assert len(platform.logins) == 2
        assert token_of(good, now + timedelta(minutes=5)).token == "secret-token-1"

    def test_logins_that_never_worked_leave_some_of_the_hours_failures_to_those_that_have(
        self, make_connection, platform, now, monkeypatch
    ):
        monkeypatch.setattr(tokens, "PATIENCE_SECONDS", 0.0)
        proven = make_connection(slug="proven")
        token_of(proven, now - timedelta(hours=2))
        platform.answers = [REFUSED] * 5
        for number in range(5):
            error = unavailable(make_connection(slug=f"bad-{number}"), now + timedelta(minutes=number))
        assert error.kind == "budget"
        assert len(platform.logins) == 4
        platform.answers, platform.now = [], now
        assert token_of(proven, now + timedelta(minutes=6))

    def test_logins_that_died_with_their_process_count_for_a_minute_where_they_have_worked_before(
        self, make_connection, platform, now, monkeypatch
    ):
        monkeypatch.setattr(tokens, "PATIENCE_SECONDS", 0.0)

        def die() -> None:
            raise KeyboardInterrupt

        connections = [make_connection(slug=f"one-{number}") for number in range(6)]
        for one in connections:
            token_of(one, now)
        later, platform.before = now + timedelta(hours=3), die
        for number, one in enumerate(connections[:5]):
            with pytest.raises(KeyboardInterrupt):
                token_of(one, later + timedelta(milliseconds=number))
        platform.before, platform.now = lambda: None, later
        wait = unavailable(connections[5], later + timedelta(seconds=40)).retry_after_seconds
        assert wait == pytest.approx(20, abs=1)
        platform.answers = [REFUSED]
        unavailable(connections[0], later + timedelta(seconds=62))
        assert uses_of_logins() == 6
        platform.answers = []
        assert token_of(connections[5], later + timedelta(seconds=80))

    def test_first_logins_that_died_count_for_an_hour_and_keep_out_no_login_that_has_worked(
        self, make_connection, platform, now, monkeypatch
    ):
        monkeypatch.setattr(tokens, "PATIENCE_SECONDS", 0.0)

        def die() -> None:
            raise KeyboardInterrupt

        proven = make_connection(slug="proven")
        token_of(proven, now - timedelta(hours=2))
        platform.before = die  # the platform may have refused them before anybody heard of it
        for number in range(3):
            with pytest.raises(KeyboardInterrupt):
                token_of(make_connection(slug=f"first-{number}"), now + timedelta(seconds=number))
        platform.before, platform.now = lambda: None, now
        assert unavailable(make_connection(slug="fourth"), now + timedelta(minutes=40)).kind == "budget"
        assert token_of(proven, now + timedelta(minutes=40))

    def test_incomplete_credentials_never_reach_the_platform(self, make_connection, platform, now):
        error = unavailable(make_connection(credentials={"name": "x"}), now)
        assert error.kind == "credentials"
        assert platform.logins == []

    @pytest.mark.parametrize(
        ("answer", "kind"),
        [
            (NotSent(NotSentKind.DNS, "the name is not known"), "unreachable"),
            (NotSent(NotSentKind.TLS, "not trusted"), "tls"),
            (Rejected("Not found", 404), "wrong_host"),
            (Unknown("no answer"), "unknown"),
            (Rejected("Words nobody has seen", 200), "unknown"),
            (Rejected("Captcha needed", 200), "captcha"),
            (Locked(423, ""), "locked"),
            (Penalized("t", 3600.0, captcha=True), "captcha"),
            (AccessToken("old", datetime.fromisoformat("2026-11-20T11:00:00+00:00"), 1, "x"), "clock"),
        ],
    )
    def test_every_failure_says_what_it_is_and_closes_the_way_for_a_while(
        self, make_connection, platform, now, answer, kind
    ):
        connection = make_connection()
        platform.answers = [answer]
        first = unavailable(connection, now)
        assert first.kind == kind
        assert first.advice
        assert first.retry_after_seconds
        assert unavailable(connection, now + timedelta(seconds=1)).kind == kind
        assert len(platform.logins) == 1
        platform.now = now + timedelta(hours=2)
        assert token_of(connection, platform.now)

    def test_an_unreachable_host_costs_no_budget_however_often_it_is_tried(self, make_connection, platform, now):
        connection = make_connection()
        platform.answers = [NotSent(NotSentKind.REFUSED, "refused")] * 40
        for number in range(40):
            unavailable(connection, now + timedelta(seconds=6 * number))
        assert len(platform.logins) == 40
        assert BudgetUse.objects.count() == 0

    def test_a_login_without_answer_counts_only_while_the_credentials_are_unproven(
        self, make_connection, platform, now
    ):
        connection = make_connection()
        platform.answers = [Unknown("no answer")]
        unavailable(connection, now)
        assert uses_of_logins() == 1
        token_of(connection, now + timedelta(minutes=1))
        platform.answers = [Unknown("no answer")]
        unavailable(connection, now + timedelta(hours=2))
        assert uses_of_logins() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("answers", [[], [REFUSED]], ids=["signed in", "was refused"])
def test_who_read_the_row_before_somebody_else_was_answered_cannot_claim_it(make_connection, platform, now, answers):
    connection = make_connection()
    ids = {"connection_id": connection.pk, "organization_id": connection.organization_id}
    stale = tokens.read_situation(**ids)
    platform.answers = answers
    with contextlib.suppress(TokenUnavailable):
        token_of(connection, now)
    assert not tokens.claim_login(stale, holder="late", now=now)
    assert tokens.claim_login(tokens.read_situation(**ids), holder="fresh", now=now)


@pytest.mark.django_db
class TestLocks:
    @pytest.mark.parametrize("answer", [Locked(429, ""), Penalized("ticket", 3600.0, captcha=False)])
    def test_a_wait_counts_from_the_answer_and_not_from_the_call(
        self, make_connection, platform, now, answer, monkeypatch
    ):
        monkeypatch.setattr(tokens, "PATIENCE_SECONDS", 0.0)
        platform.before, platform.answers = lambda: time.sleep(0.2), [answer]
        connection = make_connection()
        unavailable(connection, now)
        in_time = now + timedelta(seconds=3600) + timedelta(seconds=0.2) + login_failures.WAIT_MARGIN
        platform.before = lambda: None
        unavailable(connection, in_time - timedelta(seconds=0.1))
        assert len(platform.logins) == 1

    def test_429_closes_the_user_for_an_hour_in_the_database(self, make_connection, platform, now):
        connection = make_connection()
        platform.answers = [Locked(429, "")]
        unavailable(connection, now)
        error = unavailable(connection, now + timedelta(minutes=59))
        assert (error.kind, error.retry_after_seconds) == ("locked", pytest.approx(60, abs=1))
        assert len(platform.logins) == 1
        platform.now = now + timedelta(minutes=61)
        assert token_of(connection, platform.now)

    def test_a_short_penalty_is_waited_for_and_the_same_body_goes_out_with_the_ticket(
        self, make_connection, platform, now
    ):
        connection = make_connection()
        platform.answers = [Penalized("ticket-1", 0.3, captcha=False)]
        started = time.monotonic()
        assert token_of(connection, now).token == "secret-token-1"
        assert time.monotonic() - started >= 0.3
        (first, no_ticket), (second, ticket) = platform.logins
        assert first == second
        assert (no_ticket, ticket) == (None, "ticket-1")

    def test_a_long_penalty_is_told_and_its_ticket_goes_only_to_its_own_credential(
        self, make_connection, platform, now
    ):
        alpha, beta = make_connection(), make_connection(slug="beta", credentials=make_credentials("beta-admin"))
        platform.answers = [Penalized("ticket-of-alpha", 120.0, captcha=False)]
        assert unavailable(alpha, now).kind == "penalty"
        assert unavailable(beta, now).kind == "penalty"
        later = now + timedelta(seconds=121)
        token_of(beta, later)
        token_of(alpha, later)
        token_of(alpha, later)
        assert [ticket for _, ticket in platform.logins] == [None, None, "ticket-of-alpha"]

    def test_a_ticket_goes_with_the_very_body_that_got_it_and_not_with_another_devices(
        self, make_connection, platform, now
    ):
        demo = make_connection()
        live = make_connection(
            environment="live",
            rest_url="http://127.0.0.1:9/live/v1",
            credentials={**demo.credentials, "device_id": "device-2"},
        )
        platform.answers = [Penalized("ticket-of-demo", 120.0, captcha=False)]
        unavailable(demo, now)
        later = now + timedelta(seconds=121)
        token_of(live, later)
        token_of(demo, later)
        assert [ticket for _, ticket in platform.logins] == [None, None, "ticket-of-demo"]


def make_credentials(name: str) -> dict[str, str]:
    return {
        "name": name,
        "password": "p",
        "app_id": "a",
        "app_version": "1",
        "cid": "1",
        "sec": "s",
        "device_id": "d",
    }
