"""Answers the partner API's errors with problem bodies (problems.py), with the request's id."""

from typing import Any

from django.http import HttpRequest, JsonResponse
from rest_framework.exceptions import APIException, ErrorDetail
from rest_framework.response import Response
from rest_framework.views import exception_handler, set_rollback

from vendor_admin.errors import VendorAdminError
from vendor_admin.partner_api.problems import MEDIA_TYPE, problem_body, problem_of


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """What Django REST framework answers an exception with; None leaves it to the page for server errors."""
    if isinstance(error, VendorAdminError):
        return _answer(error, context["request"]._request)
    response = exception_handler(error, context)
    if response is None:
        return None
    code = _code(error)
    response.data = _problem(
        context["request"]._request, status=response.status_code, code=code, detail=_detail(response.data)
    )
    response.content_type = MEDIA_TYPE
    if code == "insufficient_scope":
        response["WWW-Authenticate"] = 'Bearer realm="partner API", error="insufficient_scope"'
    elif response.status_code == 401 and code != "not_authenticated":
        response["WWW-Authenticate"] = 'Bearer realm="partner API", error="invalid_token"'
    response._has_been_logged = True  # type: ignore[attr-defined]  # Django's own mark: no error of ours
    return response


def not_found(request: HttpRequest) -> JsonResponse:
    """An address that the partner API does not have."""
    detail = "The partner API has no such address. See docs/portals.md."
    body = _problem(request, status=404, code="not_found", detail=detail)
    response = JsonResponse(body, status=404, content_type=MEDIA_TYPE)
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _problem(request: HttpRequest, *, status: int, code: str, detail: str) -> dict[str, Any]:
    return problem_body(
        status=status, code=code, detail=detail, instance=request.path, request_id=getattr(request, "request_id", "")
    )


def _answer(error: VendorAdminError, request: HttpRequest) -> Response:
    set_rollback()
    body = problem_of(error, instance=request.path, request_id=getattr(request, "request_id", ""))
    headers = {"Retry-After": str(body["retry_after"])} if "retry_after" in body else None
    response = Response(body, status=body["status"], headers=headers, content_type=MEDIA_TYPE)
    response._has_been_logged = body["status"] < 500  # type: ignore[attr-defined]
    return response


def _code(error: Exception) -> str:
    codes = error.get_codes() if isinstance(error, APIException) else "not_found"
    return codes if isinstance(codes, str) else "invalid"


def _detail(data: Any) -> str:
    if isinstance(data, dict) and isinstance(data.get("detail"), ErrorDetail | str):
        return str(data["detail"])
    return str(data)
