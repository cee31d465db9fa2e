import contextlib
import logging
import threading
import time
from datetime import datetime, timedelta

import pytest
from django.db import connection as database
from django.db import transaction

from tests.organizations.conftest import SECRETS, FakeSignIn
from vendor_admin.organizations import tasks
from vendor_admin.organizations.models import BudgetUse, Connection, PlatformSession
from vendor_admin.organizations.platform_access import budgets, login_failures, logins, renewal_turns, renewals, tokens
from vendor_admin.organizations.platform_access.tokens import TokenUnavailable
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.tradovate.enums import NotSentKind
from vendor_admin.tradovate.outcomes import Locked, NotSent, Penalized, Rejected, Unauthorized, Unknown
from vendor_admin.tradovate.rest.authentication import AccessToken

REFUSED = Rejected("Incorrect username or password. Please try again.", 200)


def token_of(connection: Connection, now: datetime) -> AccessToken:
    return tokens.access_token(connection_id=connection.pk, organization_id=connection.organization_id, now=now)


def unavailable(connection: Connection, now: datetime) -> TokenUnavailable:
    with pytest.raises(TokenUnavailable) as caught:
        token_of(connection, now)
    return caught.value


def stored(connection: Connection) -> PlatformSession:
    with organization_scope(connection.organization_id):
        return PlatformSession.objects.get()


def uses_of_logins() -> int:
    return BudgetUse.objects.filter(key__contains="accesstokenrequest").count()


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


@pytest.mark.django_db
def test_secrets_are_stored_encrypted_and_appear_in_no_repr_log_or_error(make_connection, platform, now, caplog):
    caplog.set_level(logging.DEBUG)
    connection = make_connection()
    token = token_of(connection, now)
    platform.answers = [REFUSED]
    with database.cursor() as cursor, organization_scope(connection.organization_id):
        cursor.execute(
            "SELECT c.credentials || s.token || s.credential_digest "
            "FROM organizations_connection c, organizations_platformsession s"
        )
        raw = cursor.fetchone()[0]
    with organization_scope(connection.organization_id):
        connection.refresh_from_db()
    shown = [repr(token), repr(connection.credentials), f"{stored(connection).token}", raw]
    error = unavailable(connection, now + timedelta(minutes=90))
    shown += [repr(error), str(error), repr(vars(error)), caplog.text]
    for secret in (*SECRETS.values(), token.token):
        assert not any(secret in text for text in shown)


def test_it_refuses_to_run_inside_a_transaction(committed_db, make_connection, platform, now):
    connection = make_connection()
    with transaction.atomic(), pytest.raises(RuntimeError):
        token_of(connection, now)
    assert platform.logins == []


def test_twenty_threads_at_once_make_one_login(committed_db, make_connection, platform, now):
    connection = make_connection()
    platform.before = lambda: time.sleep(0.5)
    barrier = threading.Barrier(20)
    results: list[object] = []

    def ask() -> None:
        barrier.wait()
        try:
            results.append(token_of(connection, now).token)
        except Exception as error:  # noqa: BLE001
            results.append(error)
        database.close()

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert results == ["secret-token-1"] * 20
    assert len(platform.logins) == 1


def test_twenty_threads_at_once_make_one_refused_login(committed_db, make_connection, platform, now):
    connection = make_connection()
    platform.answers = [REFUSED] * 20
    platform.before = lambda: time.sleep(0.2)
    kinds: list[str] = []

    def ask() -> None:
        try:
            token_of(connection, now)
        except TokenUnavailable as error:
            kinds.append(error.kind)
        database.close()

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert kinds == ["credentials"] * 20
    assert len(platform.logins) == 1


def test_a_valid_token_is_handed_out_while_somebody_else_renews_it(committed_db, make_connection, platform, now):
    connection = make_connection()
    first = token_of(connection, now)
    inside, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        inside.set()
        go_on.wait(10)

    platform.before = hold
    later = now + timedelta(minutes=70)

    def renew() -> None:
        token_of(connection, later)
        database.close()

    renewing = threading.Thread(target=renew)
    renewing.start()
    assert inside.wait(10)
    started = time.monotonic()
    assert token_of(connection, later) == first
    assert time.monotonic() - started < 2
    go_on.set()
    renewing.join(10)
    assert len(platform.renewals) == 1


def test_a_claim_whose_holder_died_is_taken_over_after_its_time(
    committed_db, make_connection, platform, now, monkeypatch
):
    monkeypatch.setattr(tokens, "PATIENCE_SECONDS", 0.3)
    connection = make_connection()
    token_of(connection, now)
    later = now + timedelta(minutes=90)
    with organization_scope(connection.organization_id):
        PlatformSession.objects.update(renewing_until=later + timedelta(seconds=60), renewing_holder="dead")
    assert unavailable(connection, later).kind == "busy"
    platform.now = later + timedelta(seconds=61)
    assert token_of(connection, platform.now).token == "secret-token-2"


def test_a_crash_between_draw_and_answer_counts_as_a_failure(committed_db, make_connection, platform: FakeSignIn, now):
    connection = make_connection()

    def die() -> None:
        raise KeyboardInterrupt

    platform.before = die
    with pytest.raises(KeyboardInterrupt):
        token_of(connection, now)
    assert uses_of_logins() == 1
    assert BudgetUse.objects.filter(key__contains=logins.OWN_LOGINS.name).count() == 1
    assert stored(connection).renewing_holder == ""
