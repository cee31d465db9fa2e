"""What a webhook says: `type`, `timestamp`, `data`, as Standard Webhooks asks. Fixed when a delivery is made.

Pure but for the site's address.
"""

from datetime import datetime
from typing import Any, Final

import msgspec
from django.conf import settings

from vendor_admin.sync.events.reading import Event
from vendor_admin.sync.events.rendering import about, time_text

LARGEST_BODY: Final = 64 * 1024
TEST_TYPE: Final = "webhook.test"
# Where the API has the thing that an event is about; what belongs to an account leads to the account.
_ADDRESSES: Final = {
    "user": "members",
    "tradingPermission": "trading-permissions",
    "order": "orders",
    "fill": "fills",
    "plan": "plans",
}
_encode = msgspec.json.Encoder().encode


def body_of(event: Event, *, version: int, is_with_object: bool) -> str:
    """The body of one event: thin (ids and a link), or with the object as received, if that is not too large."""
    data: dict[str, Any] = about(event) | {"version": version, "url": address_of(event)}
    if is_with_object:
        full = _body(event.type, event.received_at, data | {"object": msgspec.Raw(event.payload.encode())})
        if len(full) <= LARGEST_BODY:
            return full.decode()
        data["object_left_out"] = True
    return _body(event.type, event.received_at, data).decode()


def test_body(*, asked_by: str, version: int, now: datetime) -> str:
    """The body of a test event."""
    data = {"id": None, "type": TEST_TYPE, "version": version, "asked_by": asked_by, "url": settings.SITE_URL}
    return _body(TEST_TYPE, now, data).decode()


def subject_of(event: Event) -> str:
    """What the order of deliveries is kept within: an account, else a member, else the thing itself."""
    if event.account_id is not None:
        return f"{event.environment} account {event.account_id}"
    if event.member_id is not None:
        return f"{event.environment} member {event.member_id}"
    return f"{event.environment} {event.entity_type[:60]} {event.entity_id}"


def address_of(event: Event) -> str | None:
    """Where the API has what the event is about, if it has it."""
    base = f"{settings.SITE_URL}/api/v1"
    if name := _ADDRESSES.get(event.entity_type):
        return f"{base}/{name}/{event.entity_id}"
    return None if event.account_id is None else f"{base}/accounts/{event.account_id}"


def _body(event_type: str, at: datetime, data: dict[str, Any]) -> bytes:
    return _encode({"type": event_type, "timestamp": time_text(at), "data": data})
