"""Bodies of requests: strict JSON, refused with a problem where two readers could understand two things."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import IO, Any, Final, NoReturn

from rest_framework.parsers import BaseParser

from vendor_admin.partner_api.request_errors import InvalidRequest

DEEPEST: Final = 32
MOST_DIGITS: Final = 30
_LARGEST_INT, _SMALLEST_INT = 2**63 - 1, -(2**63)
# What JSON can name by an escape and PostgreSQL cannot store. Everything else of the kind is no UTF-8, or no JSON.
_SUSPICIOUS = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class StrictJSONParser(BaseParser):
    """What Django REST framework reads bodies with: an object as strict JSON, and nothing else."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        found = read_object(stream.read())
        if parser_context and (request := parser_context.get("request")) is not None:
            request._request.api_body = found  # for the log of requests
        return found


def read_object(body: bytes) -> dict[str, Any]:
    """The object that the body of a request is. Raises InvalidRequest, whose code says what is wrong with it.

    Whole numbers are ints of 64 bits at most, all others Decimals.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"The body is not UTF-8: byte {error.start} is wrong.", code="invalid_json") from None
    value = _read(text)
    if not isinstance(value, dict):
        raise InvalidRequest("The body must be a JSON object.", code="not_an_object")
    _refuse_deep(value)
    if _SUSPICIOUS.search(text):
        _refuse_unstorable(value)
    return value


def _read(text: str) -> Any:
    try:
        return json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_whole_number,
            parse_float=_number,
            parse_constant=_refuse_constant,
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise InvalidRequest(f"The body is no JSON at {place}: {error.msg}.", code="invalid_json") from None
    except RecursionError:
        raise _too_deep() from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise InvalidRequest(f"The name {name[:100]!r} is in one object twice.", code="duplicate_name")
            seen.add(name)
    return found


def _whole_number(text: str) -> int:
    if len(text) <= len(str(_SMALLEST_INT)) and _SMALLEST_INT <= (number := int(text)) <= _LARGEST_INT:
        return number
    raise InvalidRequest(f"The number {text[:40]} has more than 64 bits.", code="number_out_of_range")


def _number(text: str) -> Decimal:
    if "e" in text or "E" in text:
        raise InvalidRequest(f"Write the number {text[:40]} without an exponent.", code="number_out_of_range")
    if len(text) > MOST_DIGITS + 2:  # a sign and a point
        raise InvalidRequest(f"The number {text[:40]} has more than {MOST_DIGITS} digits.", code="number_out_of_range")
    return Decimal(text)


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidRequest(f"{name} is not JSON.", code="invalid_json")


def _refuse_deep(value: dict[str, Any]) -> None:
    level: list[Any] = [value]
    depth = 0
    while level:
        depth += 1
        if depth > DEEPEST:
            raise _too_deep()
        level = [inner for outer in level for inner in _values_of(outer) if isinstance(inner, dict | list)]


def _refuse_unstorable(value: dict[str, Any]) -> None:
    level: list[Any] = [value]
    while level:
        found: list[Any] = []
        for outer in level:
            found.extend(_values_of(outer))
            if isinstance(outer, dict):
                found.extend(outer)
        if any(isinstance(inner, str) and _UNSTORABLE.search(inner) for inner in found):
            raise InvalidRequest("The body holds NUL or half of a surrogate pair.", code="invalid_characters")
        level = [inner for inner in found if isinstance(inner, dict | list)]


def _values_of(outer: Any) -> Any:
    return outer.values() if isinstance(outer, dict) else outer


def _too_deep() -> InvalidRequest:
    return InvalidRequest(f"The body is nested more than {DEEPEST} deep.", code="too_deep")
