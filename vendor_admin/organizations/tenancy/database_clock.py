"""The one clock of the installation: the database's.

What processes of several hosts compare with each other (leases, claims, waits, budgets, times of calls) goes by it, so
that no host's own clock decides. Whoever begins a piece of work asks once and passes `now` down. A process' monotonic
clock may only shorten what this one allows.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

# A host whose clock is further off than this sends nothing (host_clocks.py).
MOST_OFF = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class ClockReading:
    """The database's time `now`, and how far this host's clock is `ahead` of it (negative: behind), give or take
    `uncertainty`, half of the time that asking took. `answered_at` is when the answer came, by the monotonic clock.
    """

    now: datetime
    ahead: timedelta
    uncertainty: timedelta
    answered_at: float

    @property
    def is_host_right(self) -> bool:
        """Whether this host's clock may be within MOST_OFF of the database's."""
        return abs(self.ahead) - self.uncertainty <= MOST_OFF

    def at(self, monotonic: float) -> datetime:
        """The database's time at a later moment of the monotonic clock, or a little before it: never after it."""
        return self.now + timedelta(seconds=monotonic - self.answered_at)


def read() -> ClockReading:
    """Ask the database what time it is, and compare this host's clock with it."""
    connection.ensure_connection()  # connecting takes longer than asking
    started = time.monotonic()
    host = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    answered_at = time.monotonic()
    half = timedelta(seconds=(answered_at - started) / 2)
    return ClockReading(now=now, ahead=host + half - now, uncertainty=half, answered_at=answered_at)


def now() -> datetime:
    """The database's time. Must not be asked from a thread that uses no database."""
    return read().now
