"""Every address of the partner API with its methods, as Django's own URL patterns have them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, get_resolver

BASE = "api/v1/"
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address below /api/v1/. `view` is the class behind it."""

    method: str
    address: str
    view: Any

    @property
    def name(self) -> str:
        return f"{self.method.upper()} {self.address}"


def operations() -> list[Operation]:
    """Everything that the partner API answers to but its 404."""
    found = []
    for pattern, callback in _patterns(get_resolver().url_patterns, ""):
        if not pattern.startswith(BASE) or pattern == BASE:
            continue
        view = getattr(callback, "cls", None) or getattr(callback, "view_class", None)
        actions = getattr(callback, "actions", None)
        methods = [one for one in METHODS if (one in actions if actions is not None else hasattr(view, one))]
        address = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", pattern.removeprefix(BASE))
        found += [Operation(method, address, view) for method in methods or ["?"]]
    return found


def _patterns(patterns: Any, before: str) -> Iterator[tuple[str, Any]]:
    for one in patterns:
        place = before + str(one.pattern)
        if isinstance(one, URLPattern):
            yield place, one.callback
        else:
            yield from _patterns(one.url_patterns, place)
