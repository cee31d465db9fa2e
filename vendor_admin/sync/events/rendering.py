"""Events as the JSON of answers and webhooks, made of bytes: the objects go out as the database gives them."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec

from vendor_admin.sync.events.event_types import KIND_NAMES
from vendor_admin.sync.events.reading import Event, EventPage

_encode = msgspec.json.Encoder().encode


def page_json(page: EventPage) -> bytes:
    """The body of an answer of the event list."""
    data = b",".join(map(event_json, page.events))
    rest: dict[str, Any] = {"next_cursor": str(page.next_cursor), "has_more": page.has_more}
    rest["lag"] = page.lag and {
        "seconds": round(page.lag.seconds, 3), "rows": page.lag.rows, "horizon": page.lag.horizon,
    }  # fmt: skip
    return b'{"data":[' + data + b"]," + _encode(rest)[1:]


def event_json(event: Event) -> bytes:
    """One event with its object: what `about` says, put together by hand, as thousands are asked for at once."""
    return (
        b'{"id":"%d","type":%b,"entity_type":%b,"entity_id":"%d","kind":%b,"environment":%b,"received_at":"%b",'
        b'"is_resync":%b,"account_id":%b,"member_id":%b,"object":%b}'
    ) % (
        event.id,
        _text(event.type),
        _text(event.entity_type),
        event.entity_id,
        _text(KIND_NAMES.get(event.kind, str(event.kind))),
        _text(event.environment) if event.environment else b"null",
        event.received.encode(),
        b"true" if event.is_resync else b"false",
        b"null" if event.account_id is None else b'"%d"' % event.account_id,
        b"null" if event.member_id is None else b'"%d"' % event.member_id,
        event.payload.encode(),
    )


@lru_cache(maxsize=2_000)
def _text(text: str) -> bytes:
    return _encode(text)


def about(event: Event) -> dict[str, Any]:
    """What an event is about, without its object."""
    return {
        "id": str(event.id),
        "type": event.type,
        "entity_type": event.entity_type,
        "entity_id": str(event.entity_id),
        "kind": KIND_NAMES.get(event.kind, str(event.kind)),
        "environment": event.environment or None,
        "received_at": event.received,
        "is_resync": event.is_resync,
        "account_id": None if event.account_id is None else str(event.account_id),
        "member_id": None if event.member_id is None else str(event.member_id),
    }


def time_text(moment: datetime) -> str:
    """A time as the API writes it: RFC 3339 in UTC, in microseconds."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
