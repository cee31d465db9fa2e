"""Errors as problem bodies (RFC 9457). Pure: no Django. Their codes are in problem_catalogue.py."""

from math import ceil
from typing import Any, Final

from vendor_admin.errors import (
    Conflict,
    Fault,
    Gone,
    InvalidFields,
    NotAllowed,
    NotFound,
    Refused,
    Unavailable,
    VendorAdminError,
)
from vendor_admin.partner_api.problem_catalogue import BY_CODE, code_of_status
from vendor_admin.partner_api.request_errors import InvalidParameters

MEDIA_TYPE: Final = "application/problem+json"
ERRORS_PATH: Final = "/api/docs/errors"
_STATUS: Final = {InvalidFields: 422, Refused: 403, NotFound: 404, Gone: 410, Conflict: 409, Unavailable: 503}


def status_of(error: VendorAdminError) -> int:
    """The HTTP status of an error: that of its code, or of its kind where the code is not in the catalogue."""
    if kind := BY_CODE.get(error.code):
        return kind.status
    return next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 400)


def problem_of(error: VendorAdminError, *, instance: str, request_id: str, site: str) -> dict[str, Any]:
    """The body of an error of the service: beside the standard's members its code and facts.

    `errors` has each fault of fields by its place in the body (a JSON pointer), or of query parameters by name;
    `missing_rights` the rights that would be needed; `retry_after` the seconds after which trying again can help;
    `oldest_cursor` where a list can be read on that is not kept so far back; `platform` the platform's own words where
    it refused.
    """
    status = status_of(error)
    body = problem_body(
        status=status, code=error.code, detail=error.text, instance=instance, request_id=request_id, site=site
    )
    match error:
        case InvalidFields(faults=faults):
            body["errors"] = [_of_field(fault) for fault in faults]
        case InvalidParameters(faults=faults):
            body["errors"] = [{"parameter": one.parameter, "code": one.code, "detail": one.text} for one in faults]
        case Gone(oldest_cursor=cursor) if cursor:
            body["oldest_cursor"] = cursor
        case NotAllowed(rights=rights):
            body["missing_rights"] = list(rights)
    if (seconds := getattr(error, "retry_after_seconds", None)) is not None:
        body["retry_after"] = ceil(seconds)
    if error.platform_words:
        body["platform"] = error.platform_words
    return body


def problem_body(*, status: int, code: str, detail: str, instance: str, request_id: str, site: str) -> dict[str, Any]:
    """The body of a problem. `instance` is the address that was asked for; `site` is the origin that serves us.

    `type` leads to what our own documentation says about the code.
    """
    kind = BY_CODE.get(code) or BY_CODE[code_of_status(status)]
    return {
        "type": f"{site}{ERRORS_PATH}#{kind.code}",
        "title": kind.title,
        "status": status,
        "code": code,
        "detail": detail or kind.advice,
        "instance": instance,
        "request_id": request_id,
    }


def pointer_of(field: str) -> str:
    """The JSON pointer (RFC 6901) of a field of the body; what is one already stays, the whole body is empty."""
    if not field or field.startswith("/"):
        return field
    return "/" + field.replace("~", "~0").replace("/", "~1")


def _of_field(fault: Fault) -> dict[str, str]:
    return {"pointer": pointer_of(fault.field), "code": fault.code, "detail": fault.text}
