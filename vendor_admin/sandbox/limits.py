"""Rate limits with a sliding hour: penalty tickets for an address and endpoint, one-hour locks for a user.

Numbers and meaning follow the platform's page on rate limits: an endpoint over its limit answers 200 with a ticket and
is not executed; a user over the general limit is locked for an hour, and every call inside restarts the hour.
"""

import dataclasses
import itertools
import math
from collections import deque

from vendor_admin.sandbox.configuration import Configuration

GENERAL_CALLS = 5_000
ANONYMOUS_CALLS = 1_000
WARNINGS_BEFORE_LOCK = 3


@dataclasses.dataclass(frozen=True)
class EndpointLimit:
    """Calls an hour and the wait of a ticket; some endpoints count failures only."""

    calls: int
    back_off_seconds: float
    counts_successes: bool


ENDPOINT_LIMITS: dict[str, EndpointLimit] = {
    "auth/accesstokenrequest": EndpointLimit(5, 15, False),
    "auth/renewaccesstoken": EndpointLimit(15, 15, True),
    "auth/me": EndpointLimit(10, 30, False),
    "user/syncrequest": EndpointLimit(300, 3, True),
    "user/createevaluationusers": EndpointLimit(100, 1, False),
    "user/createevaluationaccounts": EndpointLimit(100, 1, False),
    "user/requesttradingpermission": EndpointLimit(20, 1, False),  # no page names its wait
    "accountRiskStatus/switchriskcategory": EndpointLimit(5_000, 1, True),
    "order/dryrun": EndpointLimit(500, 1, True),
}


@dataclasses.dataclass(frozen=True)
class Ticket:
    """A penalty: wait, then send the same call again with the ticket. With a captcha a server cannot."""

    ticket: str
    wait_seconds: int
    captcha: bool = False

    def body(self) -> dict[str, object]:
        """The answer that carries it."""
        return {"p-ticket": self.ticket, "p-time": self.wait_seconds, "p-captcha": self.captcha}


@dataclasses.dataclass(frozen=True)
class UserLock:
    """The call is refused with this status; 423 warns, 429 is the lock itself."""

    status: int


class Limits:
    """Counts calls. Times are epoch seconds passed in; an hour lasts `configuration.hour_seconds`."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._calls: dict[tuple[str, str], deque[float]] = {}
        self.endpoint_limits = dict(ENDPOINT_LIMITS)
        self._tickets: dict[str, tuple[str, str, float, str]] = {}
        self._owed: dict[tuple[str, str], tuple[float, float]] = {}
        self._violations: dict[tuple[str, str], int] = {}
        self._locked_until: dict[str, float] = {}
        self.strict_endpoints: set[str] = set()
        self._numbers = itertools.count(1)

    def check_caller(self, caller: str, *, anonymous: bool, now: float) -> UserLock | None:
        """Count a call of a user (or of an address without a token) against the general limit."""
        if not self._configuration.limits_enabled:
            return None
        if self.is_locked(caller, now=now):
            self.lock(caller, now=now)
            return UserLock(429)
        allowed = ANONYMOUS_CALLS if anonymous else GENERAL_CALLS
        calls = self._window((caller, ""), now)
        calls.append(now)
        if len(calls) > allowed:
            self.lock(caller, now=now)
            return UserLock(429)
        return None

    def check_endpoint(
        self, endpoint: str, address: str, *, ticket: str | None, now: float, fingerprint: str = ""
    ) -> Ticket | UserLock | None:
        """Whether an endpoint may be executed for an address.

        A ticket that was waited for lets one call through, if it is the call that got the ticket (`fingerprint`).
        """
        limit = self.endpoint_limits.get(endpoint) if self._configuration.limits_enabled else None
        key = (address, endpoint)
        owes_until, back_off_seconds = self._owed.get(key, (0.0, 0.0))
        if limit is None and owes_until <= now:
            return None
        if self._redeem(ticket, key, now, fingerprint):
            if self._owed.pop(key, None):
                self._violations.pop(key, None)
            return None
        if owes_until <= now and limit is not None:
            if len(self._window(key, now)) < limit.calls:
                self._violations.pop(key, None)
                return None
            back_off_seconds = limit.back_off_seconds
        violations = self._violations[key] = self._violations.get(key, 0) + 1
        if violations > WARNINGS_BEFORE_LOCK + 1:
            self.lock(address, now=now)
            return UserLock(429)
        if violations > WARNINGS_BEFORE_LOCK:
            return UserLock(423)
        wait = back_off_seconds * 2 ** (violations - 1)
        return self.issue(endpoint, address, back_off_seconds=wait, now=now, fingerprint=fingerprint)

    def count(self, endpoint: str, address: str, *, succeeded: bool, now: float) -> None:
        """Remember that an endpoint was executed; successes too in `strict_endpoints`, whatever the limit says."""
        limit = self.endpoint_limits.get(endpoint)
        if limit is None:
            return
        if limit.counts_successes or endpoint in self.strict_endpoints or not succeeded:
            self._window((address, endpoint), now).append(now)

    def owe(
        self,
        endpoint: str,
        address: str,
        *,
        back_off_seconds: float,
        now: float,
        captcha: bool = False,
        fingerprint: str = "",
    ) -> Ticket:
        """A ticket without which the address gets no further at the endpoint for an hour, over the limit or not."""
        self._owed[address, endpoint] = (now + self._configuration.hour_seconds, back_off_seconds)
        return self.issue(
            endpoint,
            address,
            back_off_seconds=back_off_seconds,
            now=now,
            captcha=captcha,
            fingerprint=fingerprint,
        )

    def issue(
        self,
        endpoint: str,
        address: str,
        *,
        back_off_seconds: float,
        now: float,
        captcha: bool = False,
        fingerprint: str = "",
    ) -> Ticket:
        """A new ticket, bound to the address and endpoint; its wait is scaled like the hour."""
        scale = self._configuration.hour_seconds / 3_600
        wait = max(1, math.ceil(back_off_seconds * scale))
        text = f"sandbox-ticket-{next(self._numbers)}"
        self._tickets[text] = (address, endpoint, math.inf if captcha else now + wait, fingerprint)
        return Ticket(text, wait, captcha)

    def lock(self, caller: str, *, now: float) -> None:
        """Lock a user or an address for an hour from now."""
        self._locked_until[caller] = now + self._configuration.hour_seconds

    def is_locked(self, caller: str, *, now: float) -> bool:
        """Whether a lock is in force."""
        return self._locked_until.get(caller, 0.0) > now

    def clear(self) -> None:
        """Forget every count, ticket and lock."""
        self._calls.clear()
        self._tickets.clear()
        self._owed.clear()
        self._violations.clear()
        self._locked_until.clear()

    def _redeem(self, ticket: str | None, key: tuple[str, str], now: float, fingerprint: str) -> bool:
        held = self._tickets.get(ticket or "")
        if ticket is None or held is None or held[:2] != key or now < held[2] or held[3] != fingerprint:
            return False
        del self._tickets[ticket]
        return True

    def _window(self, key: tuple[str, str], now: float) -> deque[float]:
        calls = self._calls.setdefault(key, deque())
        while calls and calls[0] <= now - self._configuration.hour_seconds:
            calls.popleft()
        return calls
