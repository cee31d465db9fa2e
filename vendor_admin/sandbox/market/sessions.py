"""When the market is open: Sunday to Friday from 17:00 to 16:00 of the next day, Central Time, summer and winter.

A session has the date on which it ends; the hour between two sessions belongs to the one that ended. Early closes and
days without a session are data. The load stream and the writes go by `world/times.py`, whose dates these are.
"""

import datetime as dt
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field

from vendor_admin.sandbox.world.times import CENTRAL, SESSION_OPEN_HOUR, is_weekend, monday_of, session_date

OPENS = dt.time(SESSION_OPEN_HOUR)
CLOSES = dt.time(16)
_DAY = dt.timedelta(days=1)


@dataclass(kw_only=True)
class Schedule:
    """The hours of the market. `early_closes` has a time (Central) by session date; `closed_days` have no session.

    With `is_always_open` there is no break and no weekend, so that a demonstration trades whenever it is looked at: a
    session then lasts until the next one begins.
    """

    early_closes: Mapping[dt.date, dt.time] = field(default_factory=dict)
    closed_days: frozenset[dt.date] = frozenset()
    is_always_open: bool = False

    def is_open(self, moment: dt.datetime) -> bool:
        """Whether orders trade at a moment."""
        if self.is_always_open:
            return True
        day = self.session_date(moment)
        return day not in self.closed_days and self.session_start(day) <= moment < self._close(day)

    def session_date(self, moment: dt.datetime) -> dt.date:
        """The session that a moment belongs to; weekends belong to Monday's."""
        return session_date(moment)

    def session_start(self, day: dt.date) -> dt.datetime:
        """When the session of a date begins: the evening before, for Monday's on Sunday."""
        return _central(day - _DAY, OPENS)

    def session_end(self, moment: dt.datetime) -> dt.datetime:
        """When the session that a moment belongs to ends, or has ended: Day orders expire then."""
        day = self.session_date(moment)
        if self.is_always_open:
            return _central(day, OPENS)
        return self._close(day)

    def next_open(self, moment: dt.datetime) -> dt.datetime:
        """The first moment from this one on at which the market is open."""
        if self.is_open(moment):
            return moment
        day = self.session_date(moment)
        while is_weekend(day) or day in self.closed_days or self.session_start(day) < moment:
            day += _DAY
        return self.session_start(day)

    def week_start(self, moment: dt.datetime) -> dt.datetime:
        """When the trading week of a moment began: Sunday's opening."""
        day = self.session_date(moment)
        return self.session_start(monday_of(day))

    def _close(self, day: dt.date) -> dt.datetime:
        return _central(day, self.early_closes.get(day, CLOSES))


@functools.lru_cache(maxsize=64)
def _central(day: dt.date, at: dt.time) -> dt.datetime:
    return dt.datetime.combine(day, at, tzinfo=CENTRAL).astimezone(dt.UTC)
