"""What a column of a mirror takes of a value of the platform's, and what JSON says the same to PostgreSQL."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Protocol

import msgspec

from vendor_admin.tradovate.values import (
    MAX_ID,
    flag_of,
    number_of,
    time_of,
    time_of_day_of,
    trade_date_of,
    whole_number_of,
)


class Kind(Protocol):
    """The kind of a column (columns.Column, which knows the models and so cannot be named here)."""

    @property
    def sql_type(self) -> str: ...
    @property
    def is_id(self) -> bool: ...
    @property
    def is_text(self) -> bool: ...


Value = int | Decimal | bool | datetime | date | time | str | None


class OddValueError(ValueError):
    """The column cannot take the value; the text says what it is not, for example "is no time"."""


def column_value(column: Kind, value: object) -> Value:
    """What a column holds for a value of the platform's JSON: None for null, an empty text, and an id of 0 or below.

    A column of text takes anything; the JSON of what is no text. Raises OddValueError.
    """
    if column.is_text:
        return value if value is None or isinstance(value, str) else msgspec.json.encode(value).decode()
    if value is None or value == "":
        return None
    read = _id(value) if column.is_id else _READERS[column.sql_type](value)
    if read is None:
        raise OddValueError(f"is no {'id' if column.is_id else _KINDS[column.sql_type]}")
    return None if column.is_id and not read else read


def as_json(value: Value) -> bytes:
    """A column's value as JSON that PostgreSQL reads as the same; days and times of day as the platform does."""
    if isinstance(value, datetime):
        return b'"%b"' % value.isoformat().encode()
    if isinstance(value, date):
        return b'{"year":%d,"month":%d,"day":%d}' % (value.year, value.month, value.day)
    if isinstance(value, time):
        return b'{"hour":%d,"minute":%d}' % (value.hour, value.minute)
    return str(value).encode() if isinstance(value, Decimal) else msgspec.json.encode(value)


def _id(value: object) -> int | None:
    """0 for none."""
    number = whole_number_of(value)
    return None if number is None or number > MAX_ID else max(number, 0)


def _whole(value: object) -> int | None:
    number = whole_number_of(value)
    return number if number is not None and -MAX_ID - 1 <= number <= MAX_ID else None


_READERS: Mapping[str, Callable[[Any], int | Decimal | bool | datetime | date | time | None]] = {
    "bigint": _whole,
    "numeric": number_of,
    "boolean": flag_of,
    "timestamp with time zone": time_of,
    "date": trade_date_of,
    "time": time_of_day_of,
}
_KINDS = {
    "bigint": "whole number",
    "numeric": "number",
    "boolean": "yes or no",
    "timestamp with time zone": "time",
    "date": "date",
    "time": "time of day",
}
