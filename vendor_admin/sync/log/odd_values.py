"""How the sync reads values that came in another form than a mirror's columns have.

A value that can be read all the same (a number as a text, a time without seconds, 0 for no id) goes in as what it
means. One that cannot is left out: its column stays as it was, everything else of the entity is taken, and the entity
is kept in quarantine beside the log. So no text of the platform's is read by PostgreSQL's own input functions, which
take `now` for their clock, and one odd value neither stops an entity nor becomes something that nobody sent.
"""

import re
from calendar import monthrange
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec

from vendor_admin.mirrors.columns import Column
from vendor_admin.mirrors.fields.values import OddValueError, as_json, column_value
from vendor_admin.sync.log.rows import Oddity
from vendor_admin.tradovate.values import MAX_ID

Id = Annotated[int, msgspec.Meta(ge=1, le=MAX_ID)] | None
_Whole = Annotated[int, msgspec.Meta(ge=-MAX_ID - 1, le=MAX_ID)] | None


class Day(msgspec.Struct, gc=False):
    """A trade date as the platform sends it."""

    year: Annotated[int, msgspec.Meta(ge=1, le=9999)]
    month: Annotated[int, msgspec.Meta(ge=1, le=12)]
    day: Annotated[int, msgspec.Meta(ge=1, le=31)]


class TimeOfDay(msgspec.Struct, gc=False):
    """A time of day as the platform sends it."""

    hour: Annotated[int, msgspec.Meta(ge=0, le=23)]
    minute: Annotated[int, msgspec.Meta(ge=0, le=59)]


_USUAL: dict[str, object] = {
    "bigint": _Whole,
    "numeric": float | None,
    "boolean": bool | None,
    "timestamp with time zone": datetime | None,
    "date": Day | None,
    "time": TimeOfDay | None,
}
_LONGEST_SHOWN = 60
_MORE_THAN_MICROSECONDS = re.compile(rb":\d\d\.\d{7}")


def usual_type(column: Column) -> Any:
    """What a column's value usually looks like, for msgspec. A column of text takes anything."""
    return Id if column.is_id else _USUAL.get(column.sql_type, msgspec.Raw)


def is_plain(time: datetime, entity: bytes) -> bool:
    """Whether PostgreSQL stores a time of an entity just as Python read it.

    Near the ends of the calendar a zone may lead out of it, and both round what is finer than a microsecond.
    """
    return (
        time.tzinfo is UTC
        and 1 < time.year < 9999
        and (time.microsecond != 0 or _MORE_THAN_MICROSECONDS.search(entity) is None)
    )


def is_a_day(day: Day) -> bool:
    """Whether the calendar has a trade date whose parts are in range: not February 30."""
    return day.day <= 28 or day.day <= monthrange(day.year, day.month)[1]


def oddity_of(members: Mapping[str, msgspec.Raw], columns: Iterable[Column]) -> Oddity | None:
    """How a mirror reads an entity that is not all of the usual form; None if there is nothing to mend."""
    mended: list[bytes] = []
    left_out: dict[str, str] = {}
    for column in columns:
        raw = members.get(column.json_key)
        if raw is None or column.is_text:
            continue
        text = bytes(raw)
        try:
            read = _read(column, text)
        except OddValueError as fault:
            left_out[column.json_key] = f"{_shown(text)} {fault}"
            continue
        if read != text:
            mended.append(b',"%b":%b' % (column.json_key.encode(), read))
    if not mended and not left_out:
        return None
    reason = "; ".join(f"{key}: {fault}" for key, fault in left_out.items())
    return Oddity(b"".join(mended), frozenset(left_out), reason and f"{reason}. Its mirror took the rest.")


def _read(column: Column, text: bytes) -> bytes:
    """The JSON that PostgreSQL gets of a value. Numbers keep their digits. Raises OddValueError."""
    if column.sql_type == "numeric" and text[:1] in b"-0123456789":
        return text
    try:
        value = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise OddValueError("cannot be read") from None
    return as_json(column_value(column, value))


def _shown(text: bytes) -> str:
    shown = text.decode("utf-8", "replace")
    return shown if len(shown) <= _LONGEST_SHOWN else shown[: _LONGEST_SHOWN - 1] + "…"
