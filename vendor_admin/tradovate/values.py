"""Read single values of the platform's JSON: ids, times, numbers, flags, trade dates, times of day.

One place for each kind, used by the client, the sync and the pages alike. Pure; nothing here raises. A value that
cannot be what it is meant to be reads as None. PostgreSQL's own input functions are more generous: they take `now` for
the server's clock, `infinity` for a time and `NaN` for an amount, so no text of the platform reaches them unread.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import Any

MAX_ID = 2**63 - 1
AHEAD = timedelta(minutes=1)
"""How far a time may lie after its arrival and still be believed: two clocks are never quite equal."""

_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(?:([Zz])|([+-])(\d\d):?(\d\d)?)?", re.ASCII
)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)
_LONGEST_NUMBER = 1000
_FLAGS = {"true": True, "false": False, "1": True, "0": False}
_LAST_SECOND, _LAST_MICROSECOND = 59, 999_999


def id_of(value: object) -> int | None:
    """A platform id from a number or its text. 0 and below mean none: nothing may be found or joined by them."""
    number = whole_number_of(value)
    return number if number is not None and 0 < number <= MAX_ID else None


def whole_number_of(value: object) -> int | None:
    """A whole number from a number or its text; None for a fraction, a flag and everything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    number = number_of(value)
    if number is None or abs(number) >= 10**30 or number != number.to_integral_value():
        return None
    return int(number)


def number_of(value: object) -> Decimal | None:
    """A finite number as Decimal, by the digits it was sent with, from a number or its text."""
    if isinstance(value, str):
        text = value.strip()
        if len(text) > _LONGEST_NUMBER or not _NUMBER.fullmatch(text):
            return None
    elif isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        try:
            text = str(value)
        except ValueError:  # an int of more digits than Python writes out
            return None
    else:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def flag_of(value: object) -> bool | None:
    """True or False from a flag, its text in any case, or 1 and 0."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _FLAGS.get(value.strip().lower())
    return _FLAGS.get(str(value)) if isinstance(value, int) and value in (0, 1) else None


def time_of(value: object) -> datetime | None:
    """A time in UTC from the platform's text: year 1 to 9999, which Python and PostgreSQL can both hold.

    `2026-11-02T22:59Z` and a time without zone (which is UTC) are read. What is finer than a microsecond is cut off,
    and a leap second ends within its minute: neither rounds into the next session. Words (`now`) are no times.
    """
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, _, sign, hours, minutes = found.groups()
    microsecond = int((fraction or "")[:6].ljust(6, "0"))
    whole_second = int(second or 0)
    if whole_second == _LAST_SECOND + 1:
        whole_second, microsecond = _LAST_SECOND, _LAST_MICROSECOND
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    try:
        zone = timezone(-offset if sign == "-" else offset)
        time = datetime(int(year), int(month), int(day), int(hour), int(minute), whole_second, microsecond, zone)
        return time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def trade_date_of(value: object) -> date | None:
    """A date from the platform's { year, month, day }."""
    if not isinstance(value, Mapping):
        return None
    parts = [whole_number_of(value.get(name)) for name in ("year", "month", "day")]
    year, month, day = (0 if part is None else part for part in parts)
    try:
        return date(year, month, day)
    except (ValueError, OverflowError):
        return None


def time_of_day_of(value: object) -> time | None:
    """A time of day from the platform's { hour, minute }."""
    if not isinstance(value, Mapping):
        return None
    hour, minute = (whole_number_of(value.get(name)) for name in ("hour", "minute"))
    if hour is None or minute is None or not (0 <= hour <= 23 and 0 <= minute <= 59):
        return None
    return time(hour, minute)


def with_ids_read(entity: Mapping[str, Any]) -> dict[str, Any]:
    """An entity whose ids are numbers, or None where they mean none. Ids of other forms (clOrdId) stay as they are."""
    return {
        name: id_of(value) if _names_an_id(name) and whole_number_of(value) is not None else value
        for name, value in entity.items()
    }


def is_ahead(time: datetime | None, *, arrived_at: datetime) -> bool:
    """Whether a time lies so far after its own arrival that it cannot be right. It does not count for any order."""
    return time is not None and time - arrived_at > AHEAD


def _names_an_id(name: str) -> bool:
    return name == "id" or name.endswith("Id")
