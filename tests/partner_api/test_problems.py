"""Errors of the service as problem bodies."""

import pytest
from django.test import RequestFactory
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from vendor_admin.errors import (
    Conflict,
    Fault,
    InvalidFields,
    NotAllowed,
    NotFound,
    Refused,
    Unavailable,
    VendorAdminError,
)
from vendor_admin.partner_api.exception_handler import problem_response
from vendor_admin.partner_api.problems import MEDIA_TYPE, problem_of
from vendor_admin.partner_api.request_errors import InvalidParameters


@pytest.mark.parametrize(
    ("error", "status", "facts"),
    [
        (
            InvalidFields([Fault("name", "taken", "Choose another.")]),
            422,
            {"errors": [{"pointer": "/name", "code": "taken", "detail": "Choose another."}]},
        ),
        (Refused("Not you.", code="refused"), 403, {"code": "refused"}),
        (NotAllowed("Not you.", rights=["export"]), 403, {"code": "not_allowed", "missing_rights": ["export"]}),
        (NotFound("No such account."), 404, {"code": "not_found"}),
        (Conflict("It is over."), 409, {"code": "conflict"}),
        (Unavailable("Later.", retry_after_seconds=2.4), 503, {"code": "unavailable", "retry_after": 3}),
        (Unavailable("Later."), 503, {}),
        (VendorAdminError("No."), 400, {"code": "error"}),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_an_error_becomes_a_problem_with_its_facts(
    error: VendorAdminError, status: int, facts: dict[str, object]
) -> None:
    body = problem_of(error, instance="/api/members", request_id="r-1", site="https://x.example")
    assert body["status"] == status
    assert body["title"]
    assert body["type"] == f"https://x.example/api/docs/errors#{error.code}"
    assert (body["detail"], body["instance"], body["request_id"]) == (error.text, "/api/members", "r-1")
    assert facts.items() <= body.items()
    assert ("retry_after" in body) is ("retry_after" in facts)


def test_the_platforms_own_words_stand_beside_ours() -> None:
    error = Refused("The platform refused it.")
    error.platform_words = "Account is locked."
    body = problem_of(error, instance="/", request_id="", site="")
    assert (body["detail"], body["platform"]) == ("The platform refused it.", "Account is locked.")


@pytest.mark.parametrize(
    ("field", "pointer"),
    [("name", "/name"), ("", ""), ("/rows/3/change", "/rows/3/change"), ("a/b~c", "/a~1b~0c")],
)
def test_a_field_is_told_as_a_json_pointer(field: str, pointer: str) -> None:
    body = problem_of(InvalidFields([Fault(field, "x", "No.")]), instance="/", request_id="", site="")
    assert body["errors"] == [{"pointer": pointer, "code": "x", "detail": "No."}]


def test_faults_of_parameters_name_them() -> None:
    body = problem_of(InvalidParameters.unknown(["colour"], known=["limit"]), instance="/", request_id="", site="")
    assert (body["status"], body["code"]) == (400, "unknown_parameter")
    assert body["errors"][0]["parameter"] == "colour"
    assert "limit" in body["errors"][0]["detail"]


@pytest.mark.django_db
def test_faults_of_a_serializer_have_their_places_in_the_body() -> None:
    error = ValidationError({"rows": [{}, {"change": ["No amount."]}], "non_field_errors": ["Too much."]})
    response = problem_response(error, {"request": Request(RequestFactory().post("/api/members"))})
    assert response is not None
    assert response.status_code == 422
    assert [(one["pointer"], one["detail"]) for one in response.data["errors"]] == [
        ("/rows/1/change", "No amount."),
        ("", "Too much."),
    ]


@pytest.mark.django_db
def test_a_verb_that_raises_answers_the_program_with_a_problem() -> None:
    request = Request(RequestFactory().post("/api/members"))
    error = Unavailable("Later.", retry_after_seconds=7)
    response = problem_response(error, {"request": request})
    assert response is not None
    assert (response.status_code, response["Retry-After"], response.content_type) == (503, "7", MEDIA_TYPE)
    assert response.data == problem_of(error, instance="/api/members", request_id="", site="http://testserver")
