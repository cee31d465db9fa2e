"""Errors of the partner API as problem bodies (RFC 9457), with the request's id."""

from typing import Any

from django.http import HttpRequest, JsonResponse
from rest_framework.exceptions import APIException, ErrorDetail
from rest_framework.response import Response
from rest_framework.views import exception_handler

MEDIA_TYPE = "application/problem+json"
_TITLES = {
    400: "The request cannot be read",
    401: "No valid access token",
    403: "The token does not allow this",
    404: "There is no such thing",
    405: "Not a way to ask this",
    415: "Send JSON",
    429: "Too many requests",
}


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """What Django REST framework answers an exception with; None leaves it to the page for server errors."""
    response = exception_handler(error, context)
    if response is None:
        return None
    code = _code(error)
    response.data = problem(
        context["request"]._request, status=response.status_code, code=code, detail=_detail(response.data)
    )
    response.content_type = MEDIA_TYPE
    if code == "insufficient_scope":
        response["WWW-Authenticate"] = 'Bearer realm="partner API", error="insufficient_scope"'
    elif response.status_code == 401 and code == "authentication_failed":
        response["WWW-Authenticate"] = 'Bearer realm="partner API", error="invalid_token"'
    response._has_been_logged = True  # type: ignore[attr-defined]  # Django's own mark: no error of ours
    return response


def problem(request: HttpRequest, *, status: int, code: str, detail: str) -> dict[str, Any]:
    """The body of a problem."""
    return {
        "type": "about:blank",
        "title": _TITLES.get(status, "That did not work"),
        "status": status,
        "code": code,
        "detail": detail,
        "instance": request.path,
        "request_id": getattr(request, "request_id", ""),
    }


def not_found(request: HttpRequest) -> JsonResponse:
    """An address that the partner API does not have."""
    detail = "The partner API has no such address. See docs/portals.md."
    body = problem(request, status=404, code="not_found", detail=detail)
    response = JsonResponse(body, status=404, content_type=MEDIA_TYPE)
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _code(error: Exception) -> str:
    codes = error.get_codes() if isinstance(error, APIException) else "not_found"
    return codes if isinstance(codes, str) else "invalid"


def _detail(data: Any) -> str:
    if isinstance(data, dict) and isinstance(data.get("detail"), ErrorDetail | str):
        return str(data["detail"])
    return str(data)
