"""Takes secrets out of what the request log keeps: by the names of fields, and by what keys and tokens look like.

Pure: no Django.
"""

import re
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode

import msgspec

from vendor_admin.partner_api.access.masking import MASK, masked

LONGEST_BODY: Final = 16 * 1024
# Beyond so many values nothing more of a body is looked at: it is cut anyway.
_MOST_VALUES = 5_000
_SECRET_NAMES = re.compile(
    r"pass(?:word|phrase|code)|secret|token|credential|authorization|cookie|api-?key|private-?key|signing-?key|otp$",
    re.IGNORECASE,
)
_SECRET_SHAPES = re.compile(
    r"\bwhsec_[A-Za-z0-9+/=_-]{8,}"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?"  # JSON web tokens
    r"|\b[Bb]earer\s+[^\s\"']+"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)",
    re.DOTALL,
)


def masked_text(text: str) -> str:
    """A text without what looks like a key, a token or a secret."""
    return _SECRET_SHAPES.sub(MASK, masked(text))


def masked_query(query: str) -> str:
    """The query of an address without secrets."""
    pairs = parse_qsl(query, keep_blank_values=True, errors="replace")
    told = [(masked_text(name), MASK if _is_secret(name) else masked_text(value)) for name, value in pairs]
    return urlencode(told).replace(quote(MASK), MASK)


def masked_body(value: Any) -> str:
    """A JSON value as text without secrets, LONGEST_BODY bytes at most."""
    return cut(msgspec.json.encode(_Masking().of(value)).decode(), LONGEST_BODY)


def cut(text: str, size: int) -> str:
    """A text of so many bytes at most; what was cut ends with "…"."""
    encoded = text.encode()
    if len(encoded) <= size:
        return text
    return encoded[: size - len("…".encode())].decode(errors="ignore") + "…"


class _Masking:
    """One pass over a value. Strings are cut before they are looked at as no more of them is kept."""

    def __init__(self) -> None:
        self.seen = 0

    def of(self, value: Any) -> Any:
        self.seen += 1
        if isinstance(value, dict):
            return {masked_text(str(name)): self._named(str(name), inner) for name, inner in self._first(value.items())}
        if isinstance(value, list | tuple):
            return [self.of(inner) for inner in self._first(value)]
        return masked_text(value[:LONGEST_BODY]) if isinstance(value, str) else value

    def _named(self, name: str, value: Any) -> Any:
        is_empty = value is None or value == "" or isinstance(value, bool)
        return MASK if _is_secret(name) and not is_empty else self.of(value)

    def _first(self, values: Any) -> Any:
        for one in values:
            if self.seen > _MOST_VALUES:
                return
            yield one


def _is_secret(name: str) -> bool:
    return _SECRET_NAMES.search(name.replace("_", "-")) is not None
