"""How large a request may be, for visitors without a sign-in: decided before anything reads it."""

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.urls import reverse

from vendor_admin.web.request_sizes import (
    LARGEST_BODY,
    LARGEST_OF_API,
    LARGEST_WITHOUT_FILES,
    MEGABYTE,
    RequestSizeMiddleware,
)

REACHED = 200
TAKE_FILES = ["plan_file", "admin:oauth_bridge_membersite_add", "admin:oauth_bridge_membersite_change"]


class Unreadable:
    """A body that nothing may read."""

    def read(self, size: int = -1) -> bytes:
        raise AssertionError("The body was read.")

    readline = read


def status(path: str, *, size: int, content_type: str = "application/x-www-form-urlencoded") -> int:
    told: dict[str, Any] = {"CONTENT_TYPE": content_type, "CONTENT_LENGTH": str(size), "wsgi.input": Unreadable()}
    request = RequestFactory().generic("POST", path, **told)
    return RequestSizeMiddleware(_reached)(request).status_code


def _reached(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=REACHED)


@pytest.mark.parametrize("path", ["/admin/login/", "/o/alpha/token/", "/nowhere/", "/admin/", "/"])
def test_a_form_without_a_file_has_a_megabyte_at_most(path: str) -> None:
    assert status(path, size=LARGEST_WITHOUT_FILES) == REACHED
    assert status(path, size=LARGEST_WITHOUT_FILES + 1) == 413
    assert status(path, size=10**12, content_type="multipart/form-data; boundary=x") == 413


@pytest.mark.parametrize("name", TAKE_FILES)
def test_a_form_with_a_file_has_25_megabytes_at_most(name: str) -> None:
    path = reverse(name, args=["name"] if name == "plan_file" else ["1"] if name.endswith("change") else [])

    assert status(path, size=LARGEST_BODY, content_type="multipart/form-data; boundary=x") == REACHED
    assert status(path, size=LARGEST_BODY + 1, content_type="multipart/form-data; boundary=x") == 413


@pytest.mark.parametrize(
    ("path", "largest"),
    [("/api/v1/me", LARGEST_OF_API), ("/api/v1/plans", 8 * MEGABYTE), ("/api/v1/x", LARGEST_OF_API)],
)
def test_the_partner_api_takes_two_megabytes_and_more_where_thousands_of_rows_are_sent(path: str, largest: int) -> None:
    assert status(path, size=largest, content_type="application/json") == REACHED
    assert status(path, size=largest + 1, content_type="application/json") == 413
    assert status(path, size=10 * MEGABYTE, content_type="application/json") == 413


@pytest.mark.parametrize("path", ["/o/alpha/token/", "/o/alpha/", "/api/v1/me"])
def test_members_and_the_partner_api_send_no_files(path: str) -> None:
    assert status(path, size=10, content_type="multipart/form-data; boundary=x") == 415
    assert status(path, size=10) == REACHED


@pytest.mark.parametrize("given", ["", "many", "-5"])
def test_a_size_that_says_nothing_is_left_to_django_which_reads_nothing(given: str) -> None:
    request = RequestFactory().generic("POST", "/", CONTENT_LENGTH=given)

    assert RequestSizeMiddleware(_reached)(request).status_code == REACHED


def test_the_product_refuses_before_any_other_middleware(client: Any, settings: Any) -> None:
    answer = client.generic("POST", "/admin/login/", CONTENT_LENGTH=str(10**9))

    assert answer.status_code == 413
    assert "up to 1 MB" in answer.content.decode()
    first, second, third = settings.MIDDLEWARE[:3]
    # Both read no body.
    assert first.endswith("ResponseHeadersMiddleware")
    assert second.endswith("ApiAnswersMiddleware")
    assert third.endswith("RequestSizeMiddleware")
