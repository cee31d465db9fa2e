"""Answers the partner API's errors with problem bodies (problems.py), with the request's id."""

from collections.abc import Iterator
from typing import Any, TypeVar

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, JsonResponse
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler, set_rollback

from vendor_admin.errors import Fault, InvalidFields, VendorAdminError
from vendor_admin.partner_api.access.masking import masked
from vendor_admin.partner_api.problem_catalogue import code_of_status
from vendor_admin.partner_api.problems import MEDIA_TYPE, pointer_of, problem_body, problem_of
from vendor_admin.partner_api.site import site_of
from vendor_admin.partner_api.time_limit import too_slow_of

_Answer = TypeVar("_Answer", Response, JsonResponse)
# Codes of Django REST framework that have another name here.
_RENAMED = {"parse_error": "bad_request", "throttled": "too_many_requests"}


def problem_response(error: Exception, context: dict[str, Any]) -> Response | None:
    """What Django REST framework answers an exception with; None leaves it to the answer for server errors."""
    request: HttpRequest = context["request"]._request
    if isinstance(error, ValidationError):
        error = InvalidFields(_faults_of(error.detail))
    error = too_slow_of(error) or error
    if isinstance(error, VendorAdminError):
        set_rollback()
        body = _body_of(error, request)
        return _marked(Response(body, status=body["status"], headers=_headers_of(body), content_type=MEDIA_TYPE))
    response = exception_handler(error, context)
    if response is None:
        return None
    code = _code(error)
    response.data = _problem(request, status=response.status_code, code=code, detail=_detail(response.data))
    response.content_type = MEDIA_TYPE
    if code == "insufficient_scope":
        response["WWW-Authenticate"] = 'Bearer realm="partner API", error="insufficient_scope"'
    elif response.status_code == 401 and code != "not_authenticated":
        response["WWW-Authenticate"] = 'Bearer realm="partner API", error="invalid_token"'
    return _marked(response)


def not_found(request: HttpRequest) -> JsonResponse:
    """An address that the partner API does not have."""
    return problem_of_status(request, status=404, detail="The partner API has no such address. See /api/docs/.")


def problem_of_error(request: HttpRequest, error: VendorAdminError) -> JsonResponse:
    """The answer to an error that is found before there is a view."""
    body = _body_of(error, request)
    return _marked(JsonResponse(body, status=body["status"], headers=_headers_of(body), content_type=MEDIA_TYPE))


def problem_of_status(request: HttpRequest, *, status: int, detail: str = "") -> JsonResponse:
    """The answer of which nothing is known but its status."""
    body = _problem(request, status=status, code=code_of_status(status), detail=detail)
    return _marked(JsonResponse(body, status=status, content_type=MEDIA_TYPE))


def _marked(response: _Answer) -> _Answer:
    """Django logs answers of 400 and above once more unless it is told that this was done."""
    response._has_been_logged = response.status_code < 500  # type: ignore[attr-defined]  # Django's own mark
    return response


def _problem(request: HttpRequest, *, status: int, code: str, detail: str) -> dict[str, Any]:
    return problem_body(status=status, code=code, detail=detail, **_facts_of(request))


def _body_of(error: VendorAdminError, request: HttpRequest) -> dict[str, Any]:
    return problem_of(error, **_facts_of(request))


def _facts_of(request: HttpRequest) -> dict[str, str]:
    try:
        site = site_of(request)
    except DisallowedHost:  # no origin of ours then; the address alone still says which problem it is
        site = ""
    return {"instance": masked(request.path), "request_id": getattr(request, "request_id", ""), "site": site}


def _headers_of(body: dict[str, Any]) -> dict[str, str] | None:
    return {"Retry-After": str(body["retry_after"])} if "retry_after" in body else None


def _code(error: Exception) -> str:
    codes = error.get_codes() if isinstance(error, APIException) else "not_found"
    return _RENAMED.get(codes, codes) if isinstance(codes, str) else "invalid"


def _detail(data: Any) -> str:
    if isinstance(data, dict) and isinstance(data.get("detail"), ErrorDetail | str):
        return str(data["detail"])
    return str(data)


def _faults_of(detail: Any, place: str = "") -> Iterator[Fault]:
    """The faults of a serializer, whose errors are nested as the body is."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            is_of_whole = name == "non_field_errors"
            yield from _faults_of(inner, place if is_of_whole else place + pointer_of(str(name)))
    elif isinstance(detail, list):
        for number, inner in enumerate(detail):
            is_text = isinstance(inner, str)
            yield from _faults_of(inner, place if is_text else f"{place}/{number}")
    else:
        yield Fault(place, getattr(detail, "code", "invalid"), str(detail))
