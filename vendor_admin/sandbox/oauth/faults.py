"""What the pages and the exchange do wrong on demand, and the penalty ticket that an address owes."""

import dataclasses
import enum

from vendor_admin.sandbox.limits import Limits, Ticket


class ExchangeFault(enum.StrEnum):
    """What happens to an exchange. Up to `penalty` nothing is done; from `no-answer` on the tokens are made."""

    ERROR = "error"
    SERVER_ERROR = "500"
    LOCKED_429 = "429"
    LOCKED_423 = "423"
    TIME_OUT = "time-out"
    EXPIRED_CODE = "expired-code"
    REFUSE_REFRESH = "refuse-refresh"
    CAPTCHA = "captcha"
    PENALTY = "penalty"
    NO_ANSWER = "no-answer"
    SLOW = "slow"
    MALFORMED = "malformed"


class PageFault(enum.StrEnum):
    """What happens on the pages: `503` and `slow` at every page, the others on the way back to the client."""

    DOWN = "503"
    SLOW = "slow"
    SERVER_ERROR = "server_error"
    UNAVAILABLE = "temporarily_unavailable"
    WRONG_STATE = "wrong-state"
    NO_STATE = "no-state"


PAGE_FAULTS = frozenset({PageFault.DOWN, PageFault.SLOW})
_ONLY_FOR = {ExchangeFault.EXPIRED_CODE: "authorization_code", ExchangeFault.REFUSE_REFRESH: "refresh_token"}


@dataclasses.dataclass(kw_only=True)
class ExchangeRule:
    """Applies to the next `calls` exchanges that match (0: to all until `clear`); empty fields match everything."""

    fault: ExchangeFault
    grant_type: str = ""
    client_id: str = ""
    calls: int = 1
    seconds: float = 0.0
    error: str = ""
    text: str = ""

    def matches(self, *, grant_type: str, client_id: str) -> bool:
        """Whether the rule is about this exchange."""
        wanted = _ONLY_FOR.get(self.fault, self.grant_type)
        return wanted in ("", grant_type) and self.client_id in ("", client_id)


@dataclasses.dataclass(kw_only=True)
class PageRule:
    """The same for the pages."""

    fault: PageFault
    client_id: str = ""
    calls: int = 1
    seconds: float = 0.0


@dataclasses.dataclass
class _Debt:
    ticket: Ticket
    payable_at: float
    lapses_at: float


class OAuthFaults:
    """Rules that wait for their call, the oldest first, and unpaid tickets."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.exchanges: list[ExchangeRule] = []
        self.pages: list[PageRule] = []
        self._debts: dict[str, _Debt] = {}

    def take_exchange(self, *, grant_type: str, client_id: str) -> ExchangeRule | None:
        """The rule for this exchange, or None."""
        for rule in self.exchanges:
            if rule.matches(grant_type=grant_type, client_id=client_id):
                rule.calls -= 1
                if rule.calls == 0:
                    self.exchanges.remove(rule)
                return rule
        return None

    def take_page(self, *, client_id: str, faults: frozenset[PageFault]) -> PageRule | None:
        """The rule for this page or this way back, or None."""
        for rule in self.pages:
            if rule.fault in faults and rule.client_id in ("", client_id):
                rule.calls -= 1
                if rule.calls == 0:
                    self.pages.remove(rule)
                return rule
        return None

    def charge(
        self, address: str, *, back_off_seconds: float, hour_seconds: float, captcha: bool, now: float
    ) -> Ticket:
        """From now on an address must wait and send its ticket along; with a captcha it must wait the hour out."""
        ticket = self._limits.issue(
            "auth/oauthtoken", address, back_off_seconds=back_off_seconds, now=now, captcha=captcha
        )
        payable_at = now + (hour_seconds if captcha else ticket.wait_seconds)
        self._debts[address] = _Debt(ticket, payable_at, now + hour_seconds)
        return ticket

    def owed(self, address: str, ticket: str, *, now: float) -> Ticket | None:
        """The ticket that stands in the way of an address, unless this is it and its time has come."""
        debt = self._debts.get(address)
        if debt is None:
            return None
        if debt.lapses_at <= now or (ticket == debt.ticket.ticket and debt.payable_at <= now):
            del self._debts[address]
            return None
        return debt.ticket

    def clear(self) -> None:
        """Forget every rule and ticket."""
        self.exchanges.clear()
        self.pages.clear()
        self._debts.clear()

    def age(self, seconds: float) -> None:
        """Let time pass."""
        for debt in self._debts.values():
            debt.payable_at -= seconds
            debt.lapses_at -= seconds
