"""Takes the secrets of a request out of what the platform says about it, before anything of that is stored."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from vendor_admin.tradovate.operations.request import MASK, SECRET_FIELDS

T = TypeVar("T")

SHORTEST = 4
"""Shorter secrets are left: taking single letters out would spoil the text, and no password is as short."""


def without_secrets_of(body: Mapping[str, Any], said: T) -> T:
    """What was said (an outcome, its body, a text) with each secret of a request's body masked wherever it stands."""
    secrets = sorted({one for one in _secrets_in(body) if len(one) >= SHORTEST}, key=len, reverse=True)
    masked: T = _replaced(said, secrets, MASK) if secrets else said
    return masked


def storable(said: T) -> T:
    """What was said, without zero bytes: the database takes none, and would refuse the results stored with it too."""
    cleaned: T = _replaced(said, ["\x00"], "\ufffd")
    return cleaned


def has_secrets(body: Mapping[str, Any]) -> bool:
    """Whether a request's body holds anything that must not be stored in the clear."""
    return next(_secrets_in(body), None) is not None


def _secrets_in(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name in SECRET_FIELDS and isinstance(inner, str):
                yield inner
            else:
                yield from _secrets_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _secrets_in(inner)


def _replaced(value: Any, texts: list[str], by: str) -> Any:
    if isinstance(value, str):
        for text in texts:
            value = value.replace(text, by)
        return value
    if isinstance(value, Mapping):
        return {name: _replaced(inner, texts, by) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_replaced(inner, texts, by) for inner in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: _replaced(getattr(value, field.name), texts, by) for field in dataclasses.fields(value)}
        return dataclasses.replace(value, **fields)
    return value
