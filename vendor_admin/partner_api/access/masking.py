"""Credentials of the partner API in texts: found, and masked before anything is kept or logged. Pure: no Django."""

import re
from collections.abc import Iterable, MutableMapping
from typing import Any, Final
from urllib.parse import unquote_plus

MASK: Final = "••••••"
# Also what is cut or mistyped, and an underscore however often it was encoded. Access tokens name their organization.
_U = "(?:_|%(?:25)*5f)"
_REST = r"[\w%.~-]{8,}"
_LOOKS_LIKE_ONE = re.compile(
    rf"(?P<kind>vak{_U}(?:live|test){_U}|vat{_U}(?=[0-9]+{_U})|(?:vrt|vas){_U}(?=[\w%-]{{40}})){_REST}",
    re.ASCII | re.IGNORECASE,
)
_WHOLE = re.compile(r"(?:vak_(?:live|test)|vat)_[1-9][0-9]{0,17}_[\w-]{43}", re.ASCII)
_MOST_TIMES_ENCODED = 2


def masked(text: str) -> str:
    """Return the text with every credential cut to its beginning: `vak_live_••••••`."""
    return _LOOKS_LIKE_ONE.sub(rf"\g<kind>{MASK}", text)


def has_credential(text: str) -> bool:
    """Whether something in an address looks like a credential of ours, encoded or not."""
    return any(_LOOKS_LIKE_ONE.search(one) for one in _readings_of(text))


def credentials_in(text: str) -> list[str]:
    """Return the whole credentials in an address, encoded or not: those of keys and access tokens."""
    return list(dict.fromkeys(found for one in _readings_of(text) for found in _WHOLE.findall(one)))


def mask_log_line(logger: Any, method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask every text of a log line. A processor of structlog (settings.py)."""
    for name, value in line.items():
        line[name] = _masked_value(value)
    return line


def _masked_value(value: Any) -> Any:
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, dict):
        return {name: _masked_value(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_masked_value(one) for one in value]
    return value


def _readings_of(text: str) -> Iterable[str]:
    yield text
    for _ in range(_MOST_TIMES_ENCODED):
        text = unquote_plus(text)
        yield text
