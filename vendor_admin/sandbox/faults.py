"""Misbehaviour on demand: what the control endpoint asked for and has not happened yet. Pure bookkeeping."""

import dataclasses
import enum
import math


class CallFault(enum.StrEnum):
    """What happens to a call in place of its answer."""

    LOCKED_429 = "429"
    LOCKED_423 = "423"
    UNAUTHORIZED = "401"
    NOT_FOUND = "404"
    SERVER_ERROR = "500"
    REDIRECTED_307 = "307"
    REDIRECTED_308 = "308"
    MISDIRECTED_421 = "421"
    NOTHING_404 = "404-empty"
    PENALTY = "penalty"
    CAPTCHA = "captcha"
    ERROR_TEXT = "errorText"
    SLOW = "slow"
    CUT = "cut"


BODYLESS_FAULTS = frozenset(
    {
        CallFault.LOCKED_429,
        CallFault.LOCKED_423,
        CallFault.REDIRECTED_307,
        CallFault.REDIRECTED_308,
        CallFault.MISDIRECTED_421,
        CallFault.NOTHING_404,
    }
)


@dataclasses.dataclass(kw_only=True)
class CallRule:
    """Applies to the next `calls` calls that match (0: to all), until it ends; empty fields match everything.

    `seconds` is the wait of SLOW, `location` what a redirect names.
    """

    fault: CallFault
    endpoint: str = ""
    organization: str = ""
    environment: str = ""
    calls: int = 1
    seconds: float = 0.0
    text: str = ""
    location: str = ""
    ends_at: float = math.inf


@dataclasses.dataclass(kw_only=True)
class SocketFaults:
    """What is wrong with one socket; counts are frames still to be spoilt."""

    drop: int = 0
    duplicate: int = 0
    reorder: int = 0
    delay_seconds: float = 0.0
    is_half_open: bool = False
    skips_heartbeats: bool = False


class CallRules:
    """The list of rules for calls; the first that matches is used up by one call."""

    def __init__(self) -> None:
        self.rules: list[CallRule] = []

    def add(self, rule: CallRule) -> None:
        """Put a rule at the end."""
        self.rules.append(rule)

    def take(self, *, endpoint: str, organization: str, environment: str, now: float) -> CallRule | None:
        """The rule for this call, or None."""
        self.rules = [rule for rule in self.rules if rule.ends_at > now]
        for rule in self.rules:
            if (
                rule.endpoint.lower() in ("", endpoint.lower())
                and rule.organization in ("", organization)
                and rule.environment in ("", environment)
            ):
                rule.calls -= 1
                if rule.calls == 0:
                    self.rules.remove(rule)
                return rule
        return None
