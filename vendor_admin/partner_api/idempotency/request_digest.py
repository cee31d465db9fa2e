"""What makes two requests the same: method, path, query and the value of the JSON, not how it was written."""

import hashlib
import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any


def digest_of(*, method: str, path: str, query: Iterable[tuple[str, str]], body: Any) -> str:
    """The SHA-256 of a request. The order of names and of parameters, spaces and `1.0` for `1` make no difference."""
    told = [method, path, sorted(query), _plain(body)]
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    """The same value of types that have one text each. A number is told apart from a string of the same digits."""
    match value:
        case dict():
            return {name: _plain(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case Decimal():
            return int(value) if value == value.to_integral_value() else {"number": f"{value.normalize():f}"}
        case _:
            return value
