"""How many requests a minute are left, and what the answer says of it. Pure: no Django.

Requests of the last sixty seconds are estimated from two counts: those of this minute, and those of the minute before
by the share of it that still lies within sixty seconds. So a caller cannot send two minutes' worth around the turn of
a minute, and nothing but two numbers is kept.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final

WINDOW: Final = timedelta(minutes=1)
_WINDOW_SECONDS: Final = 60


def minute_of(now: datetime) -> datetime:
    """The minute that a moment belongs to."""
    return now.replace(second=0, microsecond=0)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one limit leaves. `name` is told; `current` and `previous` are counts of this minute and the one before."""

    name: str
    limit: int
    current: int
    previous: int
    into_minute: float

    @property
    def used(self) -> float:
        """About how many requests came within the last sixty seconds."""
        return self.current + self.previous * (1 - self.into_minute / _WINDOW_SECONDS)

    @property
    def is_used_up(self) -> bool:
        """Whether one more request is too many."""
        return self.used + 1 > self.limit

    @property
    def left(self) -> int:
        """How many more requests are allowed now."""
        return max(0, int(self.limit - self.used))

    @property
    def seconds_until_one_more(self) -> int:
        """How long to wait, at least a second, until one more request is allowed if nothing else is sent."""
        room = self.limit - 1
        if self.current <= room and self.previous:
            # Within this minute, as the share of the one before gets smaller.
            share = (room - self.current) / self.previous
            return max(1, ceil(_WINDOW_SECONDS * (1 - share) - self.into_minute))
        rest = _WINDOW_SECONDS - self.into_minute
        if self.current <= room or not self.current:
            return max(1, ceil(rest))
        # Within the next minute, as the share of this one gets smaller.
        return max(1, ceil(rest + _WINDOW_SECONDS * (1 - room / self.current)))


def headers_of(allowances: Iterable[Allowance]) -> dict[str, str]:
    """`RateLimit-Policy` and `RateLimit` as the IETF's httpapi draft has them (structured fields, draft 08 and later).

    `q` is the quota and `w` its window in seconds; `r` what is left, and `t` in how many seconds the minute is over.
    """
    found = list(allowances)
    policies = [f'"{one.name}";q={one.limit};w={_WINDOW_SECONDS}' for one in found]
    states = [f'"{one.name}";r={one.left};t={max(1, ceil(_WINDOW_SECONDS - one.into_minute))}' for one in found]
    return {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(states)}
