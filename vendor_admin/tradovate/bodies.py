"""What the body of an answer says, whatever status came with it. Shared by the socket and REST.

Seen in the field: JSON, plain text, a JSON string, and a JSON string inside a JSON string.
"""

from dataclasses import dataclass, field

import msgspec

from vendor_admin.tradovate.outcomes import Json
from vendor_admin.tradovate.salvage import JSON_ERRORS
from vendor_admin.tradovate.values import flag_of, number_of

# A ticket without a readable time still asks to wait, and a call at once would lengthen it. Nothing waits for ever.
UNNAMED_WAIT_SECONDS = 15.0
LEAST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 86_400.0


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
    ticket = value.get("p-ticket")
    return PenaltyTicket(
        ticket=ticket if isinstance(ticket, str) else "",
        wait_seconds=_wait_of(value.get("p-time")),
        captcha=_asks_for_captcha(value.get("p-captcha")),
    )


def _wait_of(value: Json) -> float:
    """How long a ticket asks to wait: its `p-time`, a number or its text, within bounds."""
    seconds = number_of(value)
    if seconds is None or seconds < 0:
        return UNNAMED_WAIT_SECONDS
    return min(max(float(seconds), LEAST_WAIT_SECONDS), LONGEST_WAIT_SECONDS)


def _asks_for_captcha(value: Json) -> bool:
    """Whether `p-captcha` says yes, as a flag or a text. A word that nobody has seen yet counts as yes."""
    flag = flag_of(value)
    return flag if flag is not None else isinstance(value, str) and bool(value.strip())


def _opened(text: str) -> Json:
    """Open a JSON document that was sent inside a JSON string; text that holds none stays as it is."""
    if text[:1] not in ('"', "{", "["):
        return text
    try:
        return msgspec.json.decode(text.encode("utf-8", "surrogatepass"))
    except JSON_ERRORS:
        return text
