"""How bodies become JSON: amounts as numbers, and objects that travel as a text inside the body."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from vendor_admin.tradovate.catalogue.request import Request, body_of

LONGEST_OPENED: Final = 2**16
"""Characters of the longest text that is looked into: whatever is longer is more than any field of a request takes."""

_encoder = msgspec.json.Encoder(decimal_format="number")


def encode_body(body: object) -> bytes:
    """Write a body as it goes over the wire, by REST and by a socket alike."""
    return _encoder.encode(body)


def json_text(request: Request) -> str:
    """Write a part of a body as the text that it travels as."""
    return encode_body(body_of(request)).decode()


def with_texts_opened(body: Any, names: Iterable[str]) -> Any:
    """A body whose fields of these names hold objects where they held the JSON of one. What is no such text stays."""
    if not isinstance(body, Mapping):
        return body
    opened = {name: _opened(body[name]) for name in names if isinstance(body.get(name), str)}
    return {**body, **opened} if opened else body


def with_objects_as_texts(body: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """A body as it is sent: its fields of these names hold texts instead of objects."""
    texts = {name: encode_body(body[name]).decode() for name in names if isinstance(body.get(name), Mapping)}
    return {**body, **texts}


def _opened(text: str) -> Any:
    """The object that a text holds, or the text itself."""
    if len(text) > LONGEST_OPENED:
        return text
    try:
        value = msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return text
    return value if isinstance(value, dict) else text
