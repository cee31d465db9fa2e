"""The text of a WebSocket frame <-> values.

The first character says what a server frame is: `o` open, `h` heartbeat, `a` array of messages, `c` close. Frames
seen in the field also carry messages as a bare JSON array or object. Nothing here raises on what the platform
sends: what cannot be read becomes Malformed, and its neighbours in the same frame are still read.

Reading is tried in three ways, quickest first: the whole frame as entity events (nearly all traffic), message by
message, and element by element by text position when the frame is not valid JSON. A message may also be a text that
holds it, as SockJS has it, and the numbers of an answer may be texts.
"""

from typing import Literal

import msgspec

from vendor_admin.tradovate.catalogue.entity_types import ENTITIES
from vendor_admin.tradovate.events import EntityReceived, Malformed, PeerClosed
from vendor_admin.tradovate.salvage import JSON_ERRORS, fault_of, prune_message, salvage_messages
from vendor_admin.tradovate.socket.props import read_props
from vendor_admin.tradovate.values import whole_number_of

HEARTBEAT = "[]"

_OPENING_BRACE, _QUOTE = ord("{"), ord('"')
_BARE = (ord("{"), ord("["))
_WHITE_SPACE = b" \t\r\n"


class Opened(msgspec.Struct, gc=False, frozen=True):
    """The socket is open; the platform waits for `authorize`."""


class Heartbeat(msgspec.Struct, gc=False, frozen=True):
    """A sign of life without content."""


class Reply(msgspec.Struct, gc=False, frozen=True):
    """The answer to a request. `request_id` is None when the platform left it out; `body` is JSON or None."""

    request_id: int | None
    status: int
    body: bytes | None


class Notice(msgspec.Struct, gc=False, frozen=True):
    """An event that is not about an entity; `body` is the JSON of its `d`, None if there is none."""

    name: str
    body: bytes | None


Frame = Opened | Heartbeat | PeerClosed | EntityReceived | Malformed | Reply | Notice


def decode_frame(data: bytes) -> list[Frame]:
    """Read one text frame (its payload as UTF-8 bytes) into what it holds, in order. Never raises."""
    kind = data[:1]
    if kind == b"a":
        return _entities(data) or _messages(data, 1)
    text = data.strip(_WHITE_SPACE)
    if text == b"h":
        return [Heartbeat()]
    if text == b"o":
        return [Opened()]
    if text == b"c" or (kind == b"c" and text[1:].lstrip(_WHITE_SPACE)[:1] == b"["):
        return [_closing(text[1:])]
    if text and text[0] in _BARE:
        return _messages(text, 0)
    return [Malformed(data, "empty frame" if not text else "neither o, h, a, c nor JSON")]


def encode_request(endpoint: str, request_id: int, *, query: str = "", body: str = "") -> str:
    """Write a request: four lines, of which only the last (JSON, or a bare token) may be empty or hold anything.

    Raises ValueError for a line break in endpoint or query: it would move the lines below it.
    """
    if "\n" in endpoint or "\n" in query:
        raise ValueError("an endpoint or query cannot hold a line break")
    return f"{endpoint}\n{request_id}\n{query}\n{body}"


class _Props(msgspec.Struct, gc=False):
    entityType: str  # noqa: N815 - the platform's spelling
    eventType: Literal["Created", "Updated", "Deleted"]  # noqa: N815
    entity: msgspec.Raw


class _EntityEvent(msgspec.Struct, gc=False):
    e: Literal["props"]
    d: _Props


class _Message(msgspec.Struct, gc=False):
    e: str | None = None
    i: int | float | str | None = None
    s: int | float | str | None = None
    d: msgspec.Raw = msgspec.Raw()


_entity_events = msgspec.json.Decoder(list[_EntityEvent])
_message_list = msgspec.json.Decoder(list[msgspec.Raw])
_message = msgspec.json.Decoder(_Message)
_text = msgspec.json.Decoder(str)
_close_values = msgspec.json.Decoder(tuple[int, str])


def _entities(data: bytes) -> list[Frame] | None:
    """Read an `a` frame of nothing but single entities of known types; None if it is anything else."""
    try:
        if not data.isascii():
            data.decode()
        events = _entity_events.decode(memoryview(data)[1:])
    except JSON_ERRORS:
        return None
    found: list[Frame] = []
    for event in events:
        props = event.d
        entity = bytes(props.entity)
        entity_type = ENTITIES.get(props.entityType)
        if entity_type is None or entity[0] != _OPENING_BRACE:
            return None
        found.append(EntityReceived(entity_type.name, props.eventType, entity))
    return None if b"\\u0000" in data else found


def _messages(data: bytes, start: int) -> list[Frame]:
    """Read messages of any kind from the JSON array, or the one bare object, that begins at `start`."""
    try:
        if not data.isascii():
            data.decode()
        raw_messages = _message_list.decode(memoryview(data)[start:])
    except JSON_ERRORS:
        return [frame for part in salvage_messages(data[start:]) for frame in _read_part(part)]
    return [frame for raw in raw_messages for frame in _read(memoryview(raw))]


def _read_part(part: bytes | Malformed) -> list[Frame]:
    """Read one message that was cut out of a bad frame; if it is the bad one, without its bad entities."""
    if isinstance(part, Malformed):
        return [part]
    fault = fault_of(part)
    if fault is None or part[:1] != b"{":
        return _read(memoryview(part))
    try:
        pruned, bad = prune_message(part)
    except JSON_ERRORS:
        return [Malformed(part, fault)]
    return [*_read(memoryview(pruned)), *bad] if bad and fault_of(pruned) is None else [Malformed(part, fault)]


def _read(part: memoryview) -> list[Frame]:
    """Read one message that is valid JSON: an object, or a text that holds messages."""
    if part[0] != _OPENING_BRACE:
        inside = _held_in_text(part) if part[0] == _QUOTE else b""
        return _messages(inside, 0) if inside else [Malformed(bytes(part), "a message is not a JSON object")]
    try:
        message = _message.decode(part)
    except JSON_ERRORS as error:
        return [Malformed(bytes(part), f"not a message: {error}")]
    body = _body(message.d)
    if message.e == "props":
        return [*read_props(bytes(part), body)]
    if message.e is not None:
        return [Notice(message.e, body)]
    status, request_id = whole_number_of(message.s), whole_number_of(message.i)
    if status is None or (message.i is not None and request_id is None):
        return [Malformed(bytes(part), "neither an event nor an answer")]
    return [Reply(request_id, status, body)]


def _held_in_text(part: memoryview) -> bytes:
    """The JSON array of messages that a JSON string holds, whole or one alone; empty if it holds anything else."""
    try:
        inside = _text.decode(part).encode().strip(_WHITE_SPACE)
    except JSON_ERRORS:
        return b""
    return b"[%b]" % inside if inside[:1] == b"{" else inside if inside[:1] == b"[" else b""


def _body(raw: msgspec.Raw) -> bytes | None:
    body = bytes(raw)
    return None if body in (b"", b"null") else body


def _closing(text: bytes) -> PeerClosed:
    try:
        return PeerClosed(*_close_values.decode(text))
    except JSON_ERRORS:
        return PeerClosed(None, text.decode("utf-8", "replace"))
