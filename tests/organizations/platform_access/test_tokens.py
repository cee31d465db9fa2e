"""One session of each connection: a token is kept, renewed before its end, and given up where it is refused."""

from datetime import timedelta

import pytest
from django.db import connection as database

from tests.organizations.platform_access.token_calls import stored, token_of, unavailable, uses_of_logins
from vendor_admin.organizations import tasks
from vendor_admin.organizations.models import Connection
from vendor_admin.organizations.platform_access import renewal_turns, renewals, tokens
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.tradovate.enums import NotSentKind
from vendor_admin.tradovate.outcomes import Locked, NotSent, Rejected, Unauthorized, Unknown


@pytest.mark.django_db
class TestOneSession:
    def test_the_first_caller_logs_in_and_the_next_gets_the_same_token(self, make_connection, platform, now):
        connection = make_connection()
        first = token_of(connection, now)
        assert token_of(connection, now + timedelta(minutes=30)) == first
        assert (len(platform.logins), platform.renewals) == (1, [])

    def test_a_login_that_succeeds_draws_nothing_from_the_budget_of_failures(self, make_connection, platform, now):
        token_of(make_connection(), now)
        assert uses_of_logins() == 0

    def test_a_token_is_renewed_fifteen_minutes_before_its_end(self, make_connection, platform, now):
        connection = make_connection()
        first = token_of(connection, now)
        assert token_of(connection, now + timedelta(minutes=64)) == first
        platform.now = now + timedelta(minutes=65)
        renewed = token_of(connection, platform.now)
        assert renewed.token == "secret-token-2"
        assert (len(platform.logins), platform.renewals) == (1, [first.token])

    def test_a_short_lived_token_is_renewed_in_the_last_third_of_its_life(self, make_connection, platform, now):
        platform.lifetime = timedelta(minutes=9)
        connection = make_connection()
        token_of(connection, now)
        token_of(connection, now + timedelta(minutes=5))
        assert platform.renewals == []
        token_of(connection, now + timedelta(minutes=7))
        assert len(platform.renewals) == 1

    def test_an_expired_token_is_replaced_by_a_login(self, make_connection, platform, now):
        connection = make_connection()
        token_of(connection, now)
        platform.now = now + timedelta(minutes=81)
        token_of(connection, platform.now)
        assert (len(platform.logins), platform.renewals) == (2, [])

    def test_a_token_stays_in_use_while_its_renewal_fails(self, make_connection, platform, now):
        connection = make_connection()
        first = token_of(connection, now)
        platform.answers = [NotSent(NotSentKind.REFUSED, "no connection"), Locked(429, "")]
        later = now + timedelta(minutes=70)
        assert token_of(connection, later) == first
        assert token_of(connection, later + timedelta(seconds=1)) == first
        assert len(platform.renewals) == 1  # the second caller did not try again at once
        assert token_of(connection, later + timedelta(seconds=10)) == first
        assert len(platform.renewals) == 2
        assert unavailable(connection, now + timedelta(minutes=80)).kind == "locked"

    def test_a_renewal_that_answers_500_uses_the_token_up_and_then_signs_in_once(self, make_connection, platform, now):
        connection = make_connection()
        first = token_of(connection, now)
        error = "the platform answered 500: Internal Server Error, error id: 11111111-2222-4333-8444-555555555555"
        for second in range(65 * 60, 80 * 60, 20):
            platform.answers = [Unknown(error)]
            assert token_of(connection, now + timedelta(seconds=second)) == first
        assert len(platform.logins) == 1
        assert 2 <= len(platform.renewals) <= 5  # of fifteen an hour that all tokens of this address share
        assert "11111111-2222" in stored(connection).renewal_problem
        platform.answers, platform.now = [], now + timedelta(minutes=80)
        assert token_of(connection, platform.now) != first
        assert len(platform.logins) == 2
        assert (stored(connection).renewal_problem, stored(connection).renewal_failed_at) == ("", None)

    def test_a_session_that_the_platform_has_ended_is_replaced_at_renewal(self, make_connection, platform, now):
        connection = make_connection()
        token_of(connection, now)
        platform.answers = [Unauthorized("Expired Access Token")]
        platform.now = now + timedelta(minutes=70)
        assert token_of(connection, platform.now).token == "secret-token-2"
        assert (len(platform.logins), len(platform.renewals)) == (2, 1)

    @pytest.mark.parametrize("answer", [Unauthorized("Access is denied", 403), Rejected("Words nobody has seen", 200)])
    def test_a_renewal_that_is_refused_without_a_word_against_the_token_costs_no_login(
        self, make_connection, platform, now, answer
    ):
        connection = make_connection()
        first = token_of(connection, now)
        for minute in range(65, 80):
            platform.answers = [answer]
            assert token_of(connection, now + timedelta(minutes=minute)) == first
        assert len(platform.logins) == 1
        platform.answers, platform.now = [], now + timedelta(minutes=80)
        assert token_of(connection, platform.now) != first

    def test_a_quiet_connection_keeps_its_session_for_a_day_without_a_second_login(
        self, make_connection, platform, now
    ):
        connection, paused = make_connection(), make_connection(slug="paused")
        for one in (connection, paused):
            token_of(one, now)
        with organization_scope(paused.organization_id):
            Connection.objects.filter(pk=paused.pk).update(is_enabled=False)
        for minute in range(0, 24 * 60, 5):
            platform.now = now + timedelta(minutes=minute)
            for organization_id, connection_id in renewals.due_renewals(now=platform.now):
                assert organization_id == connection.organization_id
                tokens.renew_if_due(connection_id=connection_id, organization_id=organization_id, now=platform.now)
        token_of(connection, now + timedelta(hours=24))
        assert len(platform.logins) == 2
        assert 20 <= len(platform.renewals) <= 24

    def test_renewing_in_the_background_makes_no_login_while_the_token_lasts(self, make_connection, platform, now):
        connection = make_connection()
        ids = {"connection_id": connection.pk, "organization_id": connection.organization_id}
        assert not tokens.renew_if_due(**ids, now=now)
        token_of(connection, now)
        assert not tokens.renew_if_due(**ids, now=now + timedelta(minutes=64))
        platform.answers = [Unknown("no answer")]
        assert not tokens.renew_if_due(**ids, now=now + timedelta(minutes=66))
        assert (len(platform.logins), len(platform.renewals)) == (1, 1)
        assert not tokens.renew_if_due(**ids, now=now + timedelta(minutes=81))
        assert (len(platform.logins), len(platform.renewals)) == (1, 1)

    def test_a_renewal_without_a_turn_asks_nobody(self, make_connection, platform, now, monkeypatch):
        connection = make_connection()
        token_of(connection, now)
        monkeypatch.setattr(database_clock, "now", lambda: now + timedelta(minutes=66))
        with monkeypatch.context() as full:
            full.setattr(renewal_turns, "OF_ONE_HOST", 0)
            tasks.renew_token(connection.organization_id, connection.pk)
        assert platform.renewals == []
        tasks.renew_token(connection.organization_id, connection.pk)
        assert len(platform.renewals) == 1

    def test_a_rejected_token_is_forgotten_but_a_newer_one_is_not(self, make_connection, platform, now):
        connection = make_connection()
        ids = {"connection_id": connection.pk, "organization_id": connection.organization_id}
        first = token_of(connection, now)
        tokens.reject_token(**ids, token=first.token, now=now)
        second = token_of(connection, now + timedelta(seconds=1))
        assert second != first
        tokens.reject_token(**ids, token=first.token, now=now)
        assert token_of(connection, now + timedelta(seconds=2)) == second

    def test_two_fresh_tokens_that_are_refused_in_a_row_end_the_logins_for_a_quarter_of_an_hour(
        self, make_connection, platform, now
    ):
        connection = make_connection()
        ids = {"connection_id": connection.pk, "organization_id": connection.organization_id}
        for second in (0, 60):
            token = token_of(connection, now + timedelta(seconds=second)).token
            tokens.reject_token(**ids, token=token, now=now + timedelta(seconds=second + 1))
        error = unavailable(connection, now + timedelta(seconds=62))
        assert (error.kind, error.retry_after_seconds) == ("scopes", pytest.approx(900, abs=2))
        assert "two fresh tokens" in error.reason
        assert len(platform.logins) == 2
        later = now + timedelta(minutes=17)
        tokens.reject_token(**ids, token=token_of(connection, later).token, now=later)
        assert unavailable(connection, later + timedelta(seconds=1)).kind == "scopes"
        with organization_scope(connection.organization_id):
            Connection.objects.update(version=2)
        assert token_of(connection, later + timedelta(seconds=1))

    def test_a_token_that_lasted_between_two_refused_ones_ends_the_row(self, make_connection, platform, now):
        connection = make_connection()
        ids = {"connection_id": connection.pk, "organization_id": connection.organization_id}
        moment = now
        for minutes in (1, 6, 1, 6, 1):
            token = token_of(connection, moment).token
            moment += timedelta(minutes=minutes)
            tokens.reject_token(**ids, token=token, now=moment)
        assert token_of(connection, moment)

    def test_a_platform_that_refuses_the_token_of_each_environment_once_ends_no_logins(
        self, make_connection, platform, now
    ):
        demo = make_connection()
        live = make_connection(environment="live", rest_url="http://127.0.0.1:9/live/v1")
        for connection in (demo, live):
            ids = {"connection_id": connection.pk, "organization_id": connection.organization_id}
            tokens.reject_token(**ids, token=token_of(connection, now).token, now=now)
        assert token_of(demo, now)
        assert token_of(live, now)

    def test_a_token_that_is_forgotten_counts_as_no_refusal(self, make_connection, platform, now):
        connection = make_connection()
        for _ in range(3):
            token_of(connection, now)
            tokens.forget_token(connection_id=connection.pk, organization_id=connection.organization_id)
        assert token_of(connection, now)
        assert len(platform.logins) == 4

    def test_both_environments_of_an_organization_have_sessions_of_their_own(self, make_connection, platform, now):
        demo = make_connection()
        live = make_connection(environment="live", rest_url="http://127.0.0.1:9/live/v1")
        assert token_of(demo, now) != token_of(live, now)
        assert token_of(demo, now) == token_of(demo, now)

    def test_no_transaction_is_open_during_the_call(self, make_connection, platform, now):
        seen = []
        depth = len(database.savepoint_ids)
        platform.before = lambda: seen.append(len(database.savepoint_ids))
        token_of(make_connection(), now)
        assert seen == [depth]
