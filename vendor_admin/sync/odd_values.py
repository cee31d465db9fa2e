"""What a mirror takes of values that came in another form than its columns have.

A value that can be read all the same (a number as a text, a time without seconds, 0 for no id) goes in as what it
means. One that cannot is left out: its column stays as it was, everything else of the entity is taken, and the entity
is kept in quarantine beside the log. So no text of the platform's is read by PostgreSQL's own input functions, which
take `now` for their clock, and one odd value neither stops an entity nor becomes something that nobody sent.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec

from vendor_admin.mirrors.columns import Column
from vendor_admin.sync.rows import Oddity
from vendor_admin.tradovate.values import MAX_ID, flag_of, number_of, time_of, trade_date_of, whole_number_of

Id = Annotated[int, msgspec.Meta(ge=1, le=MAX_ID)] | None
_Whole = Annotated[int, msgspec.Meta(ge=-MAX_ID - 1, le=MAX_ID)] | None


class _Day(msgspec.Struct, gc=False):
    year: Annotated[int, msgspec.Meta(ge=1, le=9999)]
    month: Annotated[int, msgspec.Meta(ge=1, le=12)]
    day: Annotated[int, msgspec.Meta(ge=1, le=31)]


_USUAL: dict[str, Any] = {
    "bigint": _Whole,
    "numeric": float | None,
    "boolean": bool | None,
    "timestamp with time zone": datetime | None,
    "date": _Day | None,
}
_LONGEST_SHOWN = 60
_MORE_THAN_MICROSECONDS = re.compile(rb":\d\d\.\d{7}")
_NULL = b"null"


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


def oddity_of(members: Mapping[str, msgspec.Raw], columns: Iterable[Column]) -> Oddity | None:
    """How a mirror reads an entity that is not all of the usual form; None if there is nothing to mend."""
    mended: list[bytes] = []
    left_out: dict[str, str] = {}
    for column in columns:
        raw = members.get(column.json_key)
        if raw is None or (not column.is_id and column.sql_type not in _USUAL):
            continue
        text = bytes(raw)
        read = _read(column, text)
        if read is None:
            left_out[column.json_key] = f"{_shown(text)} is no {_kind(column)}"
        elif read != text:
            mended.append(b',"%b":%b' % (column.json_key.encode(), read))
    if not mended and not left_out:
        return None
    reason = "; ".join(f"{key}: {fault}" for key, fault in left_out.items())
    return Oddity(b"".join(mended), frozenset(left_out), reason and f"{reason}. Its mirror took the rest.")


def _read(column: Column, text: bytes) -> bytes | None:
    """The JSON that PostgreSQL gets of a value; None if it cannot be read."""
    try:
        value = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        # Beyond a double: `numeric` has room for it, or the database says that it has not.
        return text if column.sql_type == "numeric" and text[:1] not in b'"{[' else None
    if value is None or value == "":
        return _NULL
    return _id(value) if column.is_id else _READERS[column.sql_type](value, text)


def _id(value: object) -> bytes | None:
    number = whole_number_of(value)
    if number is None or number > MAX_ID:
        return None
    return b"%d" % number if number > 0 else _NULL


def _whole(value: object, _text: bytes) -> bytes | None:
    number = whole_number_of(value)
    return b"%d" % number if number is not None and -MAX_ID - 1 <= number <= MAX_ID else None


def _number(value: object, text: bytes) -> bytes | None:
    if not isinstance(value, str):
        return text if isinstance(value, int | float) and not isinstance(value, bool) else None
    number = number_of(value)
    return None if number is None else str(number).encode()


def _flag(value: object, _text: bytes) -> bytes | None:
    flag = flag_of(value)
    return None if flag is None else msgspec.json.encode(flag)


def _time(value: object, text: bytes) -> bytes | None:
    time = time_of(value)
    return None if time is None else b'"%b"' % time.isoformat().encode()


def _trade_date(value: object, _text: bytes) -> bytes | None:
    day = trade_date_of(value)
    return None if day is None else b'{"year":%d,"month":%d,"day":%d}' % (day.year, day.month, day.day)


_READERS: dict[str, Callable[[object, bytes], bytes | None]] = {
    "bigint": _whole,
    "numeric": _number,
    "boolean": _flag,
    "timestamp with time zone": _time,
    "date": _trade_date,
}
_KINDS = {
    "bigint": "whole number",
    "numeric": "number",
    "boolean": "yes or no",
    "timestamp with time zone": "time",
    "date": "date",
}


def _kind(column: Column) -> str:
    return "id" if column.is_id else _KINDS[column.sql_type]


def _shown(text: bytes) -> str:
    shown = text.decode("utf-8", "replace")
    return shown if len(shown) <= _LONGEST_SHOWN else shown[: _LONGEST_SHOWN - 1] + "…"
