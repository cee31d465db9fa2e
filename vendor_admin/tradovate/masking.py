"""Takes the secrets of a request out of what the platform says about it, before it is cut, logged, stored or shown."""

import dataclasses
import html
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar
from urllib.parse import quote, quote_plus

from vendor_admin.tradovate.catalogue.request import MASK, SECRET_FIELDS

T = TypeVar("T")

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

SHORTEST = 4
"""Shorter secrets are left: taking single letters out would spoil the text, and no password is as short."""


def without_secrets_of(body: Any, said: T) -> T:
    """What was said (an outcome, its body, a text) with each secret of a request's body masked wherever it stands,
    names of fields included, as it is or as JSON, HTML and addresses spell it."""
    return without(secrets_in(body), said)


def without(secrets: Iterable[str], said: T) -> T:
    """The same with these secrets masked."""
    long_enough = {one for one in secrets if len(one) >= SHORTEST}
    texts = {spelling for one in long_enough for spelling in _spellings_of(one)}
    if not texts:
        return said
    longest_first = sorted(texts, key=len, reverse=True)
    masked: T = _mapped(said, lambda text: _masked(text, longest_first))
    return masked


def storable(said: T) -> T:
    """What was said, without zero bytes and halves of letters: the database takes none, and would refuse the results
    stored with it too."""
    cleaned: T = _mapped(said, lambda text: _UNSTORABLE.sub("\ufffd", text))
    return cleaned


def has_secrets(body: Mapping[str, Any]) -> bool:
    """Whether a request's body holds anything that must not be stored in the clear."""
    return next(secrets_in(body), None) is not None


def secrets_in(value: Any) -> Iterator[str]:
    """The values of a body's secret fields, at any depth."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name in SECRET_FIELDS and isinstance(inner, str):
                yield inner
            elif not isinstance(inner, str | int | float | None):
                yield from secrets_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from secrets_in(inner)


def _spellings_of(secret: str) -> set[str]:
    """How a server may repeat a text: quotation marks, signs and letters are escaped in several ways."""
    entities = html.escape(secret)
    in_json = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    in_html = {entities, entities.replace("&#x27;", "&#39;"), html.escape(secret, quote=False)}
    in_addresses = {quote(secret), quote(secret, safe=""), quote_plus(secret)}
    lower = {re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), one) for one in in_addresses}
    return {secret} | in_json | in_html | in_addresses | lower


def _masked(text: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, MASK)
    return text


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    """The same with each text in it changed, names of fields included."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {_mapped(name, change): _mapped(inner, change) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_mapped(inner, change) for inner in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: _mapped(getattr(value, field.name), change) for field in dataclasses.fields(value)}
        return dataclasses.replace(value, **fields)
    return value
