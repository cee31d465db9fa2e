"""Misbehaviour of writes on demand: which calls are spoilt next, and how. Pure bookkeeping."""

import dataclasses
import enum


class WriteFault(enum.StrEnum):
    """What goes wrong with a write."""

    NO_ANSWER = "no-answer"
    NOT_APPLIED = "not-applied"
    TIMEOUT = "timeout"
    PENALTY = "penalty"
    CAPTCHA = "captcha"
    WARNED_423 = "423"
    LOCKED_429 = "429"
    SERVER_ERROR = "500"
    ERROR_TEXT = "errorText"
    TICKET = "ticket"
    SLOW = "slow"


@dataclasses.dataclass(kw_only=True)
class WriteRule:
    """Spoils the next `calls` writes that match; empty fields match every write.

    TICKET is a penalty that holds back this very call alone; SLOW is done and answered after `seconds`.

    `applies` says for NO_ANSWER, TIMEOUT and SERVER_ERROR whether the change is made all the same. `seconds` is how
    long a TIMEOUT hangs, or the wait of a penalty; `locks` makes a 429 lock its user for an hour, and is off only
    where a single answer is wanted.
    """

    fault: WriteFault
    path: str = ""
    organization: str = ""
    environment: str = ""
    calls: int = 1
    applies: bool = True
    locks: bool = True
    seconds: float = 0.0
    text: str = ""


class WriteRules:
    """The rules in the order they were given; the first that matches is used up by one call."""

    def __init__(self) -> None:
        self.rules: list[WriteRule] = []

    def take(self, *, path: str, organization: str, environment: str) -> WriteRule | None:
        """The rule for this call, or None."""
        for rule in self.rules:
            if (
                rule.path.lower() in ("", path.lower())
                and rule.organization in ("", organization)
                and rule.environment in ("", environment)
            ):
                rule.calls -= 1
                if rule.calls <= 0:
                    self.rules.remove(rule)
                return rule
        return None
