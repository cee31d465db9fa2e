"""Bodies of requests that hold a few fields."""

from collections.abc import Mapping, Sequence
from typing import Any

from rest_framework.request import Request

from vendor_admin.errors import Fault, InvalidFields


def object_of(request: Request) -> dict[str, Any]:
    """The body, an object; without a body an empty one. Raises InvalidFields."""
    body = request.data or {}
    if not isinstance(body, Mapping):
        raise InvalidFields([Fault("", "wrong_type", "The body must be an object.")])
    return dict(body)


def body_of(request: Request, *, fields: Sequence[str]) -> dict[str, Any]:
    """The body, which may hold these fields alone. Raises InvalidFields."""
    body = object_of(request)
    unknown = [name for name in body if name not in fields]
    if unknown:
        known = ", ".join(fields)
        raise InvalidFields(
            Fault(str(name)[:64], "unknown_field", f"is not known here. Known are {known}.") for name in unknown
        )
    return body
