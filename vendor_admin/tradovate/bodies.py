"""What the body of an answer says, whatever status came with it. Shared by the socket and REST.

Seen in the field: JSON, plain text, a JSON string, and a JSON string inside a JSON string.
"""

import math
from dataclasses import dataclass, field

import msgspec

from vendor_admin.tradovate.outcomes import Json
from vendor_admin.tradovate.salvage import JSON_ERRORS


@dataclass(frozen=True, slots=True)
class PenaltyTicket:
    """A demand to wait instead of an answer. `ticket` goes into the next try as the field `p-ticket`.

    With `captcha` no server can answer it, whatever `wait_seconds` says: stay away for about an hour.
    """

    ticket: str = field(repr=False)
    wait_seconds: float
    captcha: bool


def decode_body(body: bytes | None) -> Json:
    """Decode a body: JSON to its value (a string that itself holds JSON is opened too), other text to a str.

    None for an empty body. Never raises.
    """
    if not body or not body.strip():
        return None
    try:
        value = msgspec.json.decode(body)
    except JSON_ERRORS:
        return body.decode("utf-8", "replace")
    return _opened(value) if isinstance(value, str) else value


def text_of(value: Json) -> str:
    """Make one line a person can read of a decoded error body; empty for None."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, dict):
        for name in ("errorText", "failureText", "error_description", "error", "message"):
            if isinstance(value.get(name), str) and value[name]:
                return str(value[name])
    return msgspec.json.encode(value).decode()


def penalty_ticket_of(value: Json) -> PenaltyTicket | None:
    """Find the penalty ticket in a decoded body (https://partner.tradovate.com/overview/core-concepts/penalty-tickets)."""
    if not isinstance(value, dict) or not ("p-ticket" in value or "p-captcha" in value or "p-time" in value):
        return None
    wait = value.get("p-time")
    seconds = float(wait) if isinstance(wait, int | float) and not isinstance(wait, bool) else 0.0
    if not math.isfinite(seconds) or seconds < 0:
        seconds = 0.0
    ticket = value.get("p-ticket")
    return PenaltyTicket(
        ticket=ticket if isinstance(ticket, str) else "",
        wait_seconds=seconds,
        captcha=value.get("p-captcha") is True,
    )


def _opened(text: str) -> Json:
    """Open a JSON document that was sent inside a JSON string; text that holds none stays as it is."""
    if text[:1] not in ('"', "{", "["):
        return text
    try:
        return msgspec.json.decode(text.encode("utf-8", "surrogatepass"))
    except JSON_ERRORS:
        return text
