"""Errors as problem bodies (RFC 9457). Pure: no Django."""

from math import ceil
from typing import Any, Final

from vendor_admin.errors import (
    Conflict,
    InvalidFields,
    NotAllowed,
    NotFound,
    Refused,
    Unavailable,
    VendorAdminError,
)

MEDIA_TYPE: Final = "application/problem+json"
_STATUS: Final = {InvalidFields: 422, Refused: 403, NotFound: 404, Conflict: 409, Unavailable: 503}
_TITLES: Final = {
    400: "The request cannot be read",
    401: "No valid access token",
    403: "The token does not allow this",
    404: "There is no such thing",
    405: "Not a way to ask this",
    409: "It does not fit how things stand now",
    415: "Send JSON",
    422: "Some of it cannot be stored",
    429: "Too many requests",
    503: "Not possible at this moment",
}


def status_of(error: VendorAdminError) -> int:
    """The HTTP status that says what kind of error it is."""
    return next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 400)


def problem_of(error: VendorAdminError, *, instance: str, request_id: str) -> dict[str, Any]:
    """The body of an error of the service: beside the standard's members its code and facts.

    `errors` has each fault of fields, `missing_rights` the rights that would be needed, `retry_after` the seconds
    after which trying again can help.
    """
    status = status_of(error)
    body = problem_body(status=status, code=error.code, detail=error.text, instance=instance, request_id=request_id)
    match error:
        case InvalidFields(faults=faults):
            body["errors"] = [{"field": fault.field, "code": fault.code, "detail": fault.text} for fault in faults]
        case NotAllowed(rights=rights):
            body["missing_rights"] = list(rights)
        case Unavailable(retry_after_seconds=float() | int() as seconds):
            body["retry_after"] = ceil(seconds)
    return body


def problem_body(*, status: int, code: str, detail: str, instance: str, request_id: str) -> dict[str, Any]:
    """The body of a problem. `instance` is the address that was asked for."""
    return {
        "type": "about:blank",
        "title": _TITLES.get(status, "That did not work"),
        "status": status,
        "code": code,
        "detail": detail,
        "instance": instance,
        "request_id": request_id,
    }
