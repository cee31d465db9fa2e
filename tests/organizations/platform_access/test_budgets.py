from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from vendor_admin.organizations.models import BudgetUse, RateLock
from vendor_admin.organizations.platform_access import budgets
from vendor_admin.organizations.platform_access.budgets import Budget

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SUBJECT = "platform.example"
THREE_AN_HOUR = Budget(name="some/endpoint", limit=3)

pytestmark = pytest.mark.django_db


def take(budget: Budget, *, minutes: float = 0.0) -> float:
    return budgets.take(budget=budget, subject=SUBJECT, now=NOW + timedelta(minutes=minutes))


def test_a_budget_grants_up_to_its_limit_and_then_tells_how_long_to_wait():
    assert [take(THREE_AN_HOUR, minutes=n) for n in range(3)] == [0.0, 0.0, 0.0]
    wait = take(THREE_AN_HOUR, minutes=10)
    assert 50 * 60 <= wait <= 51 * 60  # the first use leaves the window an hour after it was drawn
    assert take(THREE_AN_HOUR, minutes=10 + wait / 60) == 0.0


def test_a_refused_draw_is_not_recorded():
    for minute in range(10):
        take(THREE_AN_HOUR, minutes=minute)
    assert BudgetUse.objects.count() == 3


def test_what_is_given_back_may_be_drawn_again_and_giving_back_twice_changes_nothing():
    for _ in range(3):
        take(THREE_AN_HOUR)
    for _ in range(2):
        budgets.give_back(budget=THREE_AN_HOUR, subject=SUBJECT, used_at=NOW + timedelta(minutes=1))
    assert take(THREE_AN_HOUR, minutes=1) > 0
    budgets.give_back(budget=THREE_AN_HOUR, subject=SUBJECT, used_at=NOW)
    assert take(THREE_AN_HOUR, minutes=1) == 0.0
    assert take(THREE_AN_HOUR, minutes=1) > 0


def test_subjects_and_budgets_do_not_draw_on_each_other():
    for _ in range(3):
        take(THREE_AN_HOUR)
    assert budgets.take(budget=THREE_AN_HOUR, subject="other.example", now=NOW) == 0.0
    assert take(Budget(name="other/endpoint", limit=1)) == 0.0


def test_half_of_the_sync_requests_go_out_at_once_and_the_rest_keep_their_distance():
    moments = [NOW + timedelta(milliseconds=n) for n in range(160)]
    granted = [budgets.take(budget=budgets.SOCKET_SYNC, subject=SUBJECT, now=moment) == 0.0 for moment in moments]
    assert granted == [True] * 150 + [False] * 10
    assert 2.9 < take(budgets.SOCKET_SYNC) <= 3.2
    assert take(budgets.SOCKET_SYNC, minutes=0.06) == 0.0


def test_a_full_budget_of_failures_is_asked_again_soon_while_a_call_may_yet_succeed():
    for _ in range(5):
        assert take(budgets.LOGIN) == 0.0
    assert take(budgets.LOGIN) <= budgets.IN_FLIGHT_WAIT_SECONDS
    assert take(budgets.LOGIN, minutes=1) > 58 * 60


def test_the_hour_can_be_scaled_to_seconds(settings):
    settings.BUDGET_WINDOW_SECONDS = 36.0
    for _ in range(3):
        take(THREE_AN_HOUR)
    assert 36.0 <= take(THREE_AN_HOUR) < 36.5
    assert budgets.one_window() == timedelta(seconds=36)
    assert budgets.scaled(15) == timedelta(seconds=0.15)


def test_a_lock_closes_its_key_until_its_end_and_a_shorter_one_does_not_open_it_sooner():
    budgets.lock(key=SUBJECT, until=NOW + timedelta(hours=1), reason="429")
    budgets.lock(key=SUBJECT, until=NOW + timedelta(minutes=1), reason="shorter")
    assert take(THREE_AN_HOUR) == 3600.0
    assert budgets.locked_until(keys=["another", SUBJECT], now=NOW) == NOW + timedelta(hours=1)
    assert budgets.locked_until(keys=[SUBJECT], now=NOW + timedelta(hours=1)) is None
    assert take(THREE_AN_HOUR, minutes=60) == 0.0


def test_a_lock_on_one_endpoint_leaves_the_others_open():
    key = budgets.key_of(budget=THREE_AN_HOUR, subject=SUBJECT)
    budgets.lock(key=key, until=NOW + timedelta(hours=1), reason="captcha", kind="captcha")
    assert take(THREE_AN_HOUR) > 0
    assert take(Budget(name="other/endpoint", limit=1)) == 0.0
    budgets.clear(key=key)
    assert take(THREE_AN_HOUR) == 0.0


def test_a_penalty_ticket_is_stored_encrypted_and_found_again():
    budgets.lock(key="k", until=NOW, reason="penalty", ticket="the-ticket", kind="penalty")
    with connection.cursor() as cursor:
        cursor.execute("SELECT ticket FROM organizations_ratelock")
        assert "the-ticket" not in cursor.fetchone()[0]
    assert budgets.penalty_ticket(key="k") == "the-ticket"
    assert "the-ticket" not in repr(RateLock.objects.get().ticket)
    budgets.clear(key="k")
    assert budgets.penalty_ticket(key="k") is None


def test_old_uses_and_locks_are_forgotten_and_recent_ones_kept():
    take(THREE_AN_HOUR)
    budgets.lock(key="old", until=NOW, reason="x")
    take(THREE_AN_HOUR, minutes=119)
    assert budgets.forget_old_uses(now=NOW + timedelta(hours=2, minutes=1)) == 2
    assert BudgetUse.objects.count() == 1


@pytest.mark.parametrize(
    ("url", "subject"),
    [
        ("https://demo.tradovateapi.com/v1", "production"),
        ("wss://live.tradovateapi.com/v1/websocket", "production"),
        ("https://Demo-Alpha7.ninjatrader.com.:8443/v1", "production"),
        ("https://live-api-d.tradovate.com/auth/oauthtoken", "production"),
        ("https://demo-api.staging.ninjatrader.dev/v1", "staging"),
        ("https://demo.proxy.alpha.example/v1", "alpha.example"),
        ("https://demo.moved.example/v1", "production"),  # by a setting
        ("http://127.0.0.1:8123/demo/v1", "127.0.0.1:8123"),
        ("http://[::1]:8123/demo/v1", "::1:8123"),
        ("http://localhost:8123/demo/v1", "localhost:8123"),
    ],
)
def test_the_hosts_of_one_platform_share_the_budgets_of_our_address(url, subject, settings):
    settings.PLATFORM_HOSTS = (*settings.PLATFORM_HOSTS, "moved.example")
    assert budgets.address_subject(url) == subject


def test_a_very_long_user_name_still_makes_a_key_that_can_be_stored():
    subject = budgets.user_subject(user="x" * 500, url="https://demo.tradovateapi.com/v1")
    assert len(budgets.key_of(budget=budgets.USER_CALLS, subject=subject)) <= 200


def test_hosts_that_leave_by_another_address_count_for_themselves_and_users_everywhere(settings):
    url = "https://demo.tradovateapi.com/v1"
    shared, user = budgets.address_subject(url), budgets.user_subject(user="a", url=url)
    settings.OUTGOING_ADDRESS = "office-1"
    assert budgets.address_subject(url) == f"{shared} from office-1"
    assert budgets.user_subject(user="a", url=url) == user


class TestTrials:
    """After a lock one call goes alone."""

    def begin(self, *, seconds: float, ticket: str | None = None) -> float:
        moment = NOW + timedelta(seconds=seconds)
        return budgets.begin_trial(key="endpoint", now=moment, until=moment + timedelta(seconds=60), ticket=ticket)

    def lock(self, *, seconds: float, ticket: str | None = None) -> None:
        until = NOW + timedelta(seconds=seconds)
        budgets.lock(key="endpoint", until=until, reason="slow down", ticket=ticket, kind="penalty")

    def end(self, *, begun: float, seconds: float, is_open: bool) -> None:
        until = NOW + timedelta(seconds=begun + 60)
        budgets.end_trial(key="endpoint", until=until, now=NOW + timedelta(seconds=seconds), is_open=is_open)

    def test_where_nothing_was_locked_all_may_go(self):
        assert [self.begin(seconds=0), self.begin(seconds=0)] == [0.0, 0.0]

    def test_one_goes_when_the_lock_has_ended_and_the_next_when_that_one_has_died(self):
        self.lock(seconds=10)
        assert [self.begin(seconds=9), self.begin(seconds=10), self.begin(seconds=11)] == [1.0, 0.0, 59.0]
        assert self.begin(seconds=70) == 0.0

    def test_all_go_after_one_went_through_and_one_more_alone_after_one_that_told_nothing(self):
        self.lock(seconds=10)
        assert self.begin(seconds=10) == 0.0
        self.end(begun=10, seconds=11, is_open=False)
        assert [self.begin(seconds=11), self.begin(seconds=12)] == [0.0, 59.0]
        self.end(begun=11, seconds=13, is_open=True)
        assert [self.begin(seconds=13), self.begin(seconds=13)] == [0.0, 0.0]

    def test_a_lock_that_a_trial_brings_takes_its_place_although_it_ends_sooner(self):
        self.lock(seconds=10)
        assert self.begin(seconds=10) == 0.0
        self.lock(seconds=15)
        self.end(begun=10, seconds=11, is_open=True)
        assert [self.begin(seconds=11), self.begin(seconds=15)] == [4.0, 0.0]

    def test_the_holder_of_the_ticket_comes_first_for_two_seconds(self):
        self.lock(seconds=10, ticket="t")
        assert [self.begin(seconds=10, ticket="another"), self.begin(seconds=11)] == [2.0, 1.0]
        assert self.begin(seconds=11, ticket="t") == 0.0
        self.lock(seconds=80, ticket="t2")
        assert self.begin(seconds=82, ticket="t") == 0.0
