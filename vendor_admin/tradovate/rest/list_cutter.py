"""Cuts a JSON array into its elements while it arrives, in bounded memory.

Elements are found with the standard library's lenient decoder, which tells where each one ends; whether one is an
entity is judged by who reads it. Bytes that are not UTF-8 travel as lone surrogates, so every element is cut out as the
very bytes that came. One that is broken, or too long, is passed over by its brackets and strings alone.
"""

import codecs
import enum
import re

from vendor_admin.tradovate.events import Malformed
from vendor_admin.tradovate.salvage import JSON_ERRORS, lenient

MOST_BYTES = 2**20
"""No entity is longer; texts of the platform end at some thousand characters."""

_white_space = re.compile(r"[ \t\r\n]*")
_sign = re.compile(r'["\[\]{},]')
_sign_in_string = re.compile(r'["\\]')
_ENDS = ",] \t\r\n"


class _Next(enum.Enum):
    """What comes next."""

    OPENING = enum.auto()
    ELEMENT_OR_END = enum.auto()
    ELEMENT = enum.auto()
    SEPARATOR = enum.auto()
    NOTHING = enum.auto()


class ListCutter:
    """`feed` takes bytes of an array and gives the elements that they end. `fault` says why it is no whole array."""

    def __init__(self, *, most_bytes: int = MOST_BYTES) -> None:
        self.fault = ""
        self._most = most_bytes
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._text = ""
        self._next = _Next.OPENING
        self._passed: _Passed | None = None

    @property
    def is_whole(self) -> bool:
        """Whether the array has come to its end, and nothing stands behind it."""
        return self._next is _Next.NOTHING and not self.fault

    def feed(self, data: bytes) -> list[bytes | Malformed]:
        """Take the next bytes. After a fault nothing is cut any more."""
        return self._cut(self._decoder.decode(data), is_last=False)

    def end(self) -> list[bytes | Malformed]:
        """Say that no more bytes come."""
        found = self._cut(self._decoder.decode(b"", final=True), is_last=True)
        if not self.is_whole:
            self.fault = self.fault or "the list breaks off"
        return found

    def _cut(self, more: str, *, is_last: bool) -> list[bytes | Malformed]:
        text = self._text + more
        found: list[bytes | Malformed] = []
        position = 0
        while not self.fault:
            if self._passed is None:
                position = _after_space(text, position)
            if position >= len(text):
                break
            if self._next is _Next.ELEMENT or (self._next is _Next.ELEMENT_OR_END and text[position] != "]"):
                self._next = _Next.ELEMENT
                position, element = self._element(text, position, is_last=is_last)
                if element is None:
                    break
                found.append(element)
                self._next = _Next.SEPARATOR
            else:
                self._step(text[position])
                position += 1
        self._text = "" if self.fault else text[position:]
        return found

    def _step(self, sign: str) -> None:
        """Read a sign between elements."""
        match self._next, sign:
            case _Next.OPENING, "[":
                self._next = _Next.ELEMENT_OR_END
            case _Next.SEPARATOR, ",":
                self._next = _Next.ELEMENT
            case ((_Next.ELEMENT_OR_END | _Next.SEPARATOR), "]"):
                self._next = _Next.NOTHING
            case _Next.OPENING, _:
                self.fault = "it does not begin as a list"
            case _Next.NOTHING, _:
                self.fault = "something stands behind the list's end"
            case _:
                self.fault = "something stands between the list's elements"

    def _element(self, text: str, position: int, *, is_last: bool) -> tuple[int, bytes | Malformed | None]:
        """Where the element that begins here ends, and the element; None with where to go on while more is to come."""
        if self._passed is None:
            end = _end_of(text, position)
            if end is not None and end - position <= self._most and (end < len(text) or not _may_go_on(text[position])):
                return end, _as_sent(text[position:end])
            if len(text) - position <= self._most and not is_last:
                return position, None
            if end == len(text) and end - position <= self._most:
                return end, _as_sent(text[position:end])
            self._passed = _Passed(self._most)
        position, has_ended = self._passed.go_on(text, position)
        if not has_ended:
            return position, None
        raw, self._passed = self._passed.raw, None
        return position, Malformed(
            raw, f"longer than {self._most:,} bytes" if len(raw) >= self._most else "broken JSON"
        )


class _Passed:
    """An element that is passed over: the first of its bytes are kept."""

    def __init__(self, most: int) -> None:
        self._most, self._kept = most, b""
        self._depth, self._is_in_string = 0, False

    @property
    def raw(self) -> bytes:
        return self._kept[: self._most]

    def go_on(self, text: str, position: int) -> tuple[int, bool]:
        """Where it ends, or how far it was read; and which of both."""
        start = position
        has_ended = False
        while not has_ended:
            found = (_sign_in_string if self._is_in_string else _sign).search(text, position)
            if found is None:
                position = len(text)
                break
            sign = found[0]
            if sign == "\\":
                if found.end() == len(text):
                    position = found.start()  # what it escapes is still to come
                    break
                position = found.end() + 1
                continue
            has_ended = self._depth == 0 and not self._is_in_string and sign in ",]}"
            position = found.start() if has_ended else found.end()
            if sign == '"':
                self._is_in_string = not self._is_in_string
            elif not has_ended:
                self._depth += (sign in "[{") - (sign in "]}")
        if len(self._kept) < self._most:
            self._kept += _as_sent(text[start:position])
        return position, has_ended


def _end_of(text: str, position: int) -> int | None:
    """Where the value that begins here ends; None if it is broken or has not come whole."""
    try:
        _, end = lenient.raw_decode(text, position)
    except JSON_ERRORS:
        return None
    return None if _may_go_on(text[position]) and text[end : end + 1] not in _ENDS else int(end)


def _may_go_on(sign: str) -> bool:
    """Whether a value that begins so tells by what follows that it has ended: numbers and words do."""
    return sign not in '"[{'


def _after_space(text: str, position: int) -> int:
    match = _white_space.match(text, position)
    return match.end() if match else position


def _as_sent(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
