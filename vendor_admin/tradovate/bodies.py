"""What the body of an answer says, whatever status came with it. Shared by the socket and REST.

Seen in the field: JSON, plain text, a JSON string, and a JSON string inside a JSON string.
"""

import re
from dataclasses import dataclass, field

import msgspec

from vendor_admin.tradovate.outcomes import Json
from vendor_admin.tradovate.salvage import JSON_ERRORS
from vendor_admin.tradovate.values import flag_of, number_of

# A ticket without a readable time still asks to wait, and a call at once would lengthen it. Nothing waits for ever.
UNNAMED_WAIT_SECONDS = 15.0
LEAST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 86_400.0
LONGEST_MENDED = 2**20
"""Bytes of the longest document that is mended: no answer but a list of entities is longer."""

# A text, or what breaks off within one: so it matches wherever it begins, in time that grows with the length alone.
_quoted = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
# A letter spelled as two halves, then what cannot stay (a half alone, a control character), then any other escape.
_signs = re.compile(
    r"\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|(\\u[dD][89a-fA-F][\da-fA-F]{2}|[\x00-\x1f])|\\.",
    re.DOTALL,
)


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

    None for an empty body. Never raises. Bytes that are not UTF-8, control characters and halves of letters within the
    texts of a JSON document become U+FFFD: what the platform answered counts, however it is spelled.
    """
    if not body or not body.strip():
        return None
    try:
        value = _value_of(body)
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
        return _value_of(text.encode())
    except JSON_ERRORS:
        return text


def _value_of(document: bytes) -> Json:
    """Decode a JSON document whose texts may hold what JSON does not allow. Raises one of JSON_ERRORS."""
    try:
        return msgspec.json.decode(document)
    except JSON_ERRORS:
        if len(document) > LONGEST_MENDED:
            raise
        text = document.decode("utf-8", "replace")
        return msgspec.json.decode(_quoted.sub(lambda quoted: _signs.sub(_kept, quoted[0]), text).encode())


def _kept(sign: re.Match[str]) -> str:
    return "\ufffd" if sign[1] else sign[0]
