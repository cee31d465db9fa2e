"""What follows the end of a socket: pure decisions."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from vendor_admin.tradovate.enums import NotSentKind
from vendor_admin.tradovate.events import PeerClosed, PeerSilent, Penalty, Refused, Shutdown
from vendor_admin.tradovate.outcomes import (
    Locked,
    NotSent,
    Outcome,
    Penalized,
    Rejected,
    Success,
    Unauthorized,
    Unknown,
    WrongHost,
)
from vendor_admin.tradovate.socket.reconnect import (
    LOCK_SECONDS,
    ConnectionLost,
    Ending,
    Reconnect,
    SignInFailed,
    decide_reconnect,
)

NOON = datetime(2026, 11, 18, 18, 0, tzinfo=UTC)  # a Wednesday, 12:00 Central


def decide(
    ending: Ending,
    *,
    attempt: int = 1,
    seed: int = 1,
    now: datetime = NOON,
    refused_fresh_tokens: int = 0,
    lock_seconds: float = LOCK_SECONDS,
) -> Reconnect:
    return decide_reconnect(
        ending,
        attempt=attempt,
        now=now,
        random=random.Random(seed),  # noqa: S311 - a seeded draw is what a test needs
        refused_fresh_tokens=refused_fresh_tokens,
        lock_seconds=lock_seconds,
    )


FAILED_LOGINS: list[Outcome] = [
    Rejected("Incorrect username or password. Please try again.", 200),
    Rejected("The app is not registered", 200),
    Rejected("odd", 200),
    Penalized("ticket", 5.0, False),
    Locked(429, ""),
    Unauthorized(""),
    WrongHost(307, "collector.example"),
    Unknown("no answer"),
    *[NotSent(kind, "why") for kind in NotSentKind],
]

ENDINGS: list[Ending] = [
    PeerClosed(1000, "bye"),
    PeerClosed(None, ""),
    PeerSilent(10.0),
    ConnectionLost("reset by peer"),
    ConnectionLost("not known", NotSentKind.DNS),
    Shutdown("Maintenance", ""),
    Shutdown("ConnectionQuotaReached", ""),
    Shutdown("IPQuotaReached", ""),
    Shutdown("Something", "new"),
    *[Refused("authorize", status, "") for status in (0, 200, 400, 401, 403, 404, 408, 423, 429, 500)],
    Refused("connect", 307, "", "collector.example"),
    Penalty("user/syncrequest", "ticket", 15.0, False),
    Penalty("user/syncrequest", "ticket", 0.0, True),
    *[SignInFailed(outcome) for outcome in FAILED_LOGINS],
]


@pytest.mark.parametrize("ending", ENDINGS, ids=repr)
def test_every_ending_has_a_reason_and_an_advice_in_plain_words(ending):
    decision = decide(ending)
    assert decision.reason.endswith(".")
    assert decision.advice.endswith(".")
    assert "ticket" not in repr(decision)
    assert decision.delay_seconds >= 0


@pytest.mark.parametrize(
    "ending", [PeerClosed(1000, ""), PeerSilent(10.0), ConnectionLost("x"), Shutdown("New", "")], ids=repr
)
def test_delays_grow_to_a_minute_with_full_jitter(ending):
    for attempt, most in [(1, 1), (2, 2), (4, 8), (6, 32), (7, 60), (50, 60), (10**9, 60)]:
        delays = [decide(ending, attempt=attempt, seed=seed).delay_seconds for seed in range(200)]
        assert max(delays) <= most
        assert max(delays) > 0.9 * most
        assert min(delays) < 0.1 * most


@pytest.mark.parametrize("code", ["ConnectionQuotaReached", "IPQuotaReached"])
def test_after_a_quota_it_waits_minutes(code):
    assert 300 <= decide(Shutdown(code, "")).delay_seconds <= 360


def test_maintenance_waits_until_the_window_ends():
    in_the_window = datetime(2026, 11, 18, 22, 15, tzinfo=UTC)  # 16:15 Central
    delay = decide(Shutdown("Maintenance", ""), now=in_the_window).delay_seconds
    assert 45 * 60 <= delay <= 46 * 60


def test_maintenance_that_begins_early_waits_until_the_window_ends():
    early = datetime(2026, 11, 18, 21, 50, tzinfo=UTC)  # 15:50 Central
    assert 70 * 60 <= decide(Shutdown("Maintenance", ""), now=early).delay_seconds <= 71 * 60


def test_maintenance_that_lasts_longer_or_is_unplanned_waits_a_minute_or_so():
    late = datetime(2026, 11, 18, 23, 5, tzinfo=UTC)  # 17:05 Central
    for now in (late, NOON):
        decision = decide(Shutdown("Maintenance", ""), now=now)
        assert 30 <= decision.delay_seconds <= 90
        assert "outside its usual hours" in decision.reason
        assert decide(Shutdown("Maintenance", ""), now=now, attempt=2).shared_try_seconds == 60


IN_THE_WINDOW = datetime(2026, 11, 18, 22, 15, tzinfo=UTC)  # 16:15 Central


def test_maintenance_says_until_when_it_usually_lasts_and_that_one_socket_tries_before() -> None:
    decision = decide(Shutdown("Maintenance", "Back soon"), now=IN_THE_WINDOW)
    assert decision.shared_try_seconds == 600
    assert decision.reason.startswith(
        "The platform is in maintenance, usually until 2026-11-18 23:00 UTC (17:00 CT). It said: Back soon."
    )
    assert "one socket of this installation tries" in decision.advice


AWAY: list[Ending] = [
    PeerClosed(1006, ""),
    PeerSilent(10.0),
    ConnectionLost("reset by peer"),
    ConnectionLost("nobody answers", NotSentKind.REFUSED),
    Refused("connect", 503, "closed"),
    Refused("user/syncrequest", 0, "no answer"),
    SignInFailed(Unknown("no answer")),
]


@pytest.mark.parametrize("ending", AWAY, ids=repr)
def test_a_platform_that_is_away_in_its_hours_is_in_maintenance_though_it_does_not_say_so(ending: Ending) -> None:
    def after(attempt: int, *, now: datetime = IN_THE_WINDOW, has_hours: bool = True) -> Reconnect:
        chance = random.Random(1)  # noqa: S311
        return decide_reconnect(ending, attempt=attempt, now=now, random=chance, has_maintenance_hours=has_hours)

    assert "usually until 2026-11-18 23:00 UTC" in after(2).reason
    assert after(2).shared_try_seconds == 600
    assert 45 * 60 <= after(2).delay_seconds <= 46 * 60
    assert not after(1).shared_try_seconds, "the first loss is as any other"
    assert not after(2, now=NOON).shared_try_seconds
    assert not after(2, has_hours=False).shared_try_seconds, "a sandbox has no hours"


@pytest.mark.parametrize(
    "ending", [Refused("authorize", 401, ""), Refused("authorize", 429, ""), Refused("connect", 421, "")], ids=repr
)
def test_what_is_refused_in_the_hours_of_maintenance_keeps_its_own_waits(ending: Ending) -> None:
    chance = random.Random(1)  # noqa: S311
    decision = decide_reconnect(ending, attempt=5, now=IN_THE_WINDOW, random=chance, has_maintenance_hours=True)
    assert not decision.shared_try_seconds


@pytest.mark.parametrize(
    "ending",
    [
        *(Refused("connect", status, "", "x.example") for status in (301, 302, 303, 307, 308, 404, 421)),
        Refused("authorize", 421, ""),
    ],
    ids=repr,
)
def test_a_host_that_serves_somebody_else_is_left_alone_for_an_hour_unless_another_is_found(ending):
    decision = decide(ending)
    assert decision.seeks_host
    assert 3600 <= decision.delay_seconds <= 3660
    assert ending.points_to in decision.reason
    assert not decision.needs_fresh_token


def test_other_refusals_seek_no_other_host():
    for refused in (Refused("authorize", 404, ""), Refused("connect", 503, ""), Refused("user/syncrequest", 421, "")):
        assert not decide(refused).seeks_host


@pytest.mark.parametrize("status", [423, 429])
def test_a_lock_is_left_alone_for_an_hour(status):
    assert 3600 <= decide(Refused("authorize", status, "")).delay_seconds <= 3660
    assert 3600 <= decide(SignInFailed(Locked(status, ""))).delay_seconds <= 3660


def test_the_hour_of_a_lock_can_be_scaled():
    assert 4 <= decide(Refused("authorize", 429, ""), lock_seconds=4.0).delay_seconds <= 8


def test_a_penalty_waits_its_time_and_sends_the_ticket():
    decision = decide(Penalty("user/syncrequest", "the-ticket", 15.0, False))
    assert 15 <= decision.delay_seconds <= 16
    assert decision.penalty_ticket == "the-ticket"


def test_a_captcha_waits_an_hour_without_the_ticket():
    for ending in (Penalty("authorize", "t", 15.0, True), SignInFailed(Penalized("t", 15.0, True))):
        decision = decide(ending)
        assert 3600 <= decision.delay_seconds <= 3660
        assert decision.penalty_ticket is None


def test_a_403_gives_no_token_up():
    decision = decide(Refused("authorize", 403, "Access is denied"), refused_fresh_tokens=2)
    assert not decision.needs_fresh_token
    assert not decision.stops
    assert decision.delay_seconds > 0
    assert "permissions" in decision.advice


@pytest.mark.parametrize("status", [401, 408])
def test_a_refused_token_is_replaced_twice_and_then_it_stops(status):
    refused = Refused("authorize", status, "Invalid access token")
    for count in (0, 1):
        decision = decide(refused, refused_fresh_tokens=count)
        assert decision.needs_fresh_token
        assert not decision.stops
    assert decide(refused, refused_fresh_tokens=2).stops


@pytest.mark.parametrize(
    "outcome",
    [
        Rejected("Incorrect username or password. Please try again.", 200),
        Rejected("The app is not registered", 200),
        Rejected("Access is denied", 200),
        Unauthorized(""),
    ],
    ids=repr,
)
def test_a_login_that_can_only_fail_again_is_not_repeated(outcome):
    assert decide(SignInFailed(outcome)).stops


def test_an_unclear_failed_login_stays_under_five_an_hour():
    decision = decide(SignInFailed(Rejected("come back later", 200)))
    assert not decision.stops
    assert decision.delay_seconds * 5 > 3600


def test_an_unreachable_login_backs_off_like_a_socket():
    decision = decide(SignInFailed(NotSent(NotSentKind.DNS, "the name x is not known")), attempt=3)
    assert decision.delay_seconds <= 4
    assert "host name" in decision.advice


def test_a_login_that_succeeded_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="no ending"):
        decide(SignInFailed(Success({})))


def test_the_same_chance_gives_the_same_decision():
    later = NOON + timedelta(days=1)
    assert decide(PeerSilent(10.0), attempt=5, seed=3) == decide(PeerSilent(10.0), attempt=5, seed=3, now=later)
