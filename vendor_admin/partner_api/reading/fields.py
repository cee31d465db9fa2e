"""The kinds of values in answers: how each is described in the schema, and how it is written as JSON.

Ids are strings, amounts are decimal strings, times are RFC 3339 in UTC. `write` gets a value that is not None.
"""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

Json = str | int | float | bool | datetime | list[Any] | dict[str, Any] | None
"""What answers are made of. Times are left to the encoder, which writes them as `write_moment` does, only faster."""


def in_utc(moment: datetime) -> datetime:
    """The same time in UTC."""
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


def write_moment(moment: datetime) -> str:
    """A time as text, as answers have it."""
    return in_utc(moment).isoformat()[: -len("+00:00")] + "Z"


@extend_schema_field({"type": "string", "pattern": "^[0-9]+$", "examples": ["18000001"]})
class PlatformId(serializers.Field):
    """An id of the platform's, as a string: some are larger than what every JSON parser keeps."""

    write = staticmethod(str)


@extend_schema_field({"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$", "examples": ["50000.00"]})
class Amount(serializers.Field):
    """A decimal number as a string, with all digits that the platform sent."""

    @staticmethod
    def write(value: Decimal) -> str:
        return format(value, "f")


@extend_schema_field({"type": "string", "format": "date-time", "examples": ["2026-11-20T15:00:00Z"]})
class Moment(serializers.Field):
    """A time: RFC 3339 in UTC, with `Z`."""

    write = staticmethod(in_utc)


@extend_schema_field({"type": "string", "format": "date", "examples": ["2026-11-20"]})
class Day(serializers.Field):
    """A day: YYYY-MM-DD."""

    @staticmethod
    def write(value: date) -> str:
        return value.isoformat()


@extend_schema_field({"type": "string", "pattern": "^[0-9]{2}:[0-9]{2}$", "examples": ["17:00"]})
class TimeOfDay(serializers.Field):
    """A time by the exchange's clock (America/Chicago): HH:MM."""

    @staticmethod
    def write(value: time) -> str:
        return f"{value:%H:%M}"


class Word(serializers.CharField):
    """A text."""

    write = None


class Whole(serializers.IntegerField):
    """A whole number."""

    write = None


class Flag(serializers.BooleanField):
    """Yes or no."""

    write = None


class Choice(serializers.ChoiceField):
    """One of our own words. (The platform's words are Word: it may add some at any time.)"""

    write = None
