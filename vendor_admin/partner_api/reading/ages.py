"""Answers that say how old things are: every second another answer, and yet nothing new."""

import hashlib
from typing import Any

import msgspec
from rest_framework.response import Response

AGE = "age_seconds"


def answered(data: dict[str, Any], *, has_ages: bool) -> Response:
    """The answer, with a weak ETag that stays while nothing but ages changes, where it has ages."""
    if not has_ages:
        return Response(data)
    digest = hashlib.sha256(msgspec.json.encode(_without_ages(data))).hexdigest()[:32]
    return Response(data, headers={"ETag": f'W/"{digest}"'})


def _without_ages(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_ages(inner) for name, inner in value.items() if not name.endswith(AGE)}
    if isinstance(value, list | tuple):
        return [_without_ages(inner) for inner in value]
    return value
