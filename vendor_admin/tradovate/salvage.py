"""What can still be read of a frame that is not valid JSON as a whole.

Elements are found one by one with the standard library's lenient decoder, which tells where each one ends; what is
wrong within one is found when it is read alone. Bytes that are not UTF-8 travel as lone surrogates, so every
element is cut out as the very bytes that came.
"""

import json
import re
from collections.abc import Iterator

import msgspec

from vendor_admin.tradovate.catalogue.entity_types import entity_type_of, is_entity_type
from vendor_admin.tradovate.events import Malformed

JSON_ERRORS = (ValueError, RecursionError)
"""Everything msgspec and json raise on bad input (DecodeError and UnicodeDecodeError are ValueErrors)."""

# Only positions matter here: objects are dropped at once to save memory, and numbers are kept as text, since Python
# refuses integers of several thousand digits.
lenient = json.JSONDecoder(strict=False, parse_int=str, parse_float=str, object_pairs_hook=lambda _members: None)
_strict = msgspec.json.Decoder(msgspec.Raw)
_white_space = re.compile(r"[ \t\r\n]*")
_landmark = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},]', re.DOTALL)
_escaped_nul = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def salvage_messages(text: bytes) -> list[bytes | Malformed]:
    """Cut a JSON array (or one bare object) into its elements; what is broken beyond its brackets is one Malformed."""
    characters = _characters(text)
    is_array = characters.startswith("[")
    position = _after_space(characters, 1 if is_array else 0)
    found: list[bytes | Malformed] = []
    if is_array and characters[position : position + 1] == "]":
        return found + _rest(characters, position + 1)
    while True:
        try:
            _, end = lenient.raw_decode(characters, position)
            found.append(_as_sent(characters[position:end]))
        except JSON_ERRORS as error:
            end = _end_by_brackets(characters, position)
            found.append(Malformed(_as_sent(characters[position:end]), f"broken JSON: {error}"))
        position = _after_space(characters, end)
        separator = characters[position : position + 1]
        if not is_array:
            return found + _rest(characters, position)
        if separator == "]":
            return found + _rest(characters, position + 1)
        if not separator and isinstance(found[-1], Malformed):
            return found
        if separator != ",":
            return [*found, Malformed(_as_sent(characters[position:]), "the array breaks off after this point")]
        position = _after_space(characters, position + 1)


def prune_message(message: bytes) -> tuple[bytes, list[Malformed]]:
    """Take the unreadable elements out of the `d` of a message: of a list, or of the lists in it (snapshot collections,
    entity lists).

    Returns the message without them, and them. One bad entity must not cost a whole snapshot. Raises a ValueError
    when the message is broken beyond that.
    """
    bad: list[Malformed] = []
    kept = []
    for name, value in _members(_characters(message)):
        if name == '"d"':
            value = _pruned_list(value, None, bad) if value.startswith("[") else _pruned_body(value, bad)
        kept.append(f"{name}:{value}")
    return _as_sent("{" + ",".join(kept) + "}"), bad


def fault_of(element: bytes) -> str | None:
    """Say why bytes cannot be stored as JSON; None if they can."""
    try:
        element.decode()
        _strict.decode(element)
    except UnicodeDecodeError as error:
        return f"not valid UTF-8: {error.reason}"
    except JSON_ERRORS as error:
        return f"not valid JSON: {error}"
    if b"\\u0000" in element and _escaped_nul.search(element):
        return "a NUL character (\\u0000), which cannot be stored as text"
    return None


def _pruned_body(body: str, bad: list[Malformed]) -> str:
    if not body.startswith("{"):
        return body
    kept = []
    for name, value in _members(body):
        collection = name[1:-1]
        is_collection = collection != "entity" and is_entity_type(collection)
        entity_type = entity_type_of(collection) if is_collection else None
        kept.append(f"{name}:{_pruned_list(value, entity_type, bad) if value.startswith('[') else value}")
    return "{" + ",".join(kept) + "}"


def _pruned_list(text: str, entity_type: str | None, bad: list[Malformed]) -> str:
    kept = []
    for element in salvage_messages(_as_sent(text)):
        if isinstance(element, Malformed):
            bad.append(element)
        elif (fault := fault_of(element)) is not None:
            bad.append(Malformed(element, fault, entity_type))
        else:
            kept.append(_characters(element))
    return f"[{','.join(kept)}]"


def _members(text: str) -> Iterator[tuple[str, str]]:
    """Cut a JSON object into the texts of its names (with their quotes) and values."""
    position = _after_space(text, 1)
    while text[position : position + 1] != "}":
        _, end = lenient.raw_decode(text, position)
        start = _after_space(text, _after_space(text, end) + 1)
        _, stop = lenient.raw_decode(text, start)
        yield text[position:end], text[start:stop]
        position = _after_space(text, stop)
        if text[position : position + 1] == ",":
            position = _after_space(text, position + 1)


def _end_by_brackets(characters: str, position: int) -> int:
    """Where the next element begins after an unreadable one (its comma), by brackets and strings alone; or the end."""
    depth = 0
    for landmark in _landmark.finditer(characters, position):
        sign = landmark[0]
        if sign == "," and not depth and landmark.start() > position:
            return landmark.start()
        depth += (sign in "[{") - (sign in "]}")
        if depth < 0:
            break
    return len(characters)


def _rest(characters: str, position: int) -> list[bytes | Malformed]:
    rest = characters[position:].strip(" \t\r\n")
    return [Malformed(_as_sent(rest), "text after the end of the messages")] if rest else []


def _after_space(characters: str, position: int) -> int:
    match = _white_space.match(characters, position)
    return match.end() if match else position


def _characters(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")


def _as_sent(characters: str) -> bytes:
    return characters.encode("utf-8", "surrogateescape")
