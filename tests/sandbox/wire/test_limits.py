"""Limits with the time passed in: tickets, locks, the sliding hour."""

from vendor_admin.sandbox.configuration import Configuration
from vendor_admin.sandbox.limits import Limits, Ticket, UserLock

LOGIN = "auth/accesstokenrequest"


def _limits(**fields: float) -> Limits:
    return Limits(Configuration(**fields))  # type: ignore[arg-type]


def _fail(limits: Limits, times: int, *, now: float) -> None:
    for _ in range(times):
        assert limits.check_endpoint(LOGIN, "ip", ticket=None, now=now) is None
        limits.count(LOGIN, "ip", succeeded=False, now=now)


def test_the_sixth_failed_login_in_an_hour_gets_a_ticket() -> None:
    limits = _limits()
    _fail(limits, 5, now=0)
    verdict = limits.check_endpoint(LOGIN, "ip", ticket=None, now=1)
    assert isinstance(verdict, Ticket)
    assert (verdict.wait_seconds, verdict.captcha) == (15, False)


def test_good_logins_are_not_counted() -> None:
    limits = _limits()
    for _ in range(20):
        assert limits.check_endpoint(LOGIN, "ip", ticket=None, now=0) is None
        limits.count(LOGIN, "ip", succeeded=True, now=0)


def test_a_ticket_is_good_once_after_its_wait_for_its_address_only() -> None:
    limits = _limits()
    _fail(limits, 5, now=0)
    verdict = limits.check_endpoint(LOGIN, "ip", ticket=None, now=0)
    assert isinstance(verdict, Ticket)
    early = limits.check_endpoint(LOGIN, "ip", ticket=verdict.ticket, now=14)
    assert isinstance(early, Ticket)
    assert limits.check_endpoint(LOGIN, "ip", ticket=verdict.ticket, now=15) is None
    assert limits.check_endpoint(LOGIN, "ip", ticket=verdict.ticket, now=15) is not None


def test_who_ignores_tickets_is_warned_by_423_and_locked_by_429() -> None:
    limits = _limits()
    _fail(limits, 5, now=0)
    verdicts = [limits.check_endpoint(LOGIN, "ip", ticket=None, now=0) for _ in range(5)]
    assert [type(verdict) for verdict in verdicts] == [Ticket, Ticket, Ticket, UserLock, UserLock]
    assert [verdict.wait_seconds for verdict in verdicts if isinstance(verdict, Ticket)] == [15, 30, 60]
    assert [verdict.status for verdict in verdicts if isinstance(verdict, UserLock)] == [423, 429]
    assert limits.is_locked("ip", now=3_599)


def test_the_hour_slides_and_can_be_shortened() -> None:
    limits = _limits(hour_seconds=36)
    _fail(limits, 5, now=0)
    blocked = limits.check_endpoint(LOGIN, "ip", ticket=None, now=35)
    assert isinstance(blocked, Ticket)
    assert blocked.wait_seconds == 1
    assert limits.check_endpoint(LOGIN, "ip", ticket=None, now=36) is None


def test_a_call_inside_a_lock_restarts_its_hour() -> None:
    limits = _limits(hour_seconds=10)
    limits.lock("user 1", now=0)
    assert limits.check_caller("user 1", anonymous=False, now=9) == UserLock(429)
    assert limits.check_caller("user 1", anonymous=False, now=18) == UserLock(429)
    assert limits.check_caller("user 1", anonymous=False, now=28) is None


def test_the_general_limit_locks_a_user_at_call_5001() -> None:
    limits = _limits()
    verdicts = [limits.check_caller("user 1", anonymous=False, now=0) for _ in range(5_001)]
    assert set(verdicts[:5_000]) == {None}
    assert verdicts[5_000] == UserLock(429)
    assert limits.check_caller("user 2", anonymous=False, now=0) is None


def test_the_301st_sync_request_in_an_hour_waits_three_seconds() -> None:
    limits = _limits()
    for _ in range(300):
        assert limits.check_endpoint("user/syncrequest", "ip", ticket=None, now=0) is None
        limits.count("user/syncrequest", "ip", succeeded=True, now=0)
    verdict = limits.check_endpoint("user/syncrequest", "ip", ticket=None, now=1)
    assert isinstance(verdict, Ticket)
    assert verdict.wait_seconds == 3
    assert limits.check_endpoint("user/syncrequest", "ip", ticket=verdict.ticket, now=4) is None


def test_limits_can_be_switched_off() -> None:
    limits = Limits(Configuration(limits_enabled=False))
    for _ in range(50):
        limits.count(LOGIN, "ip", succeeded=False, now=0)
        assert limits.check_endpoint(LOGIN, "ip", ticket=None, now=0) is None
