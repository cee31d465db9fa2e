"""What all answers of the partner API have in common: problems, request ids, ETags, compression."""

import gzip
import json
from collections.abc import Iterator
from typing import Any, cast

import pytest
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import Client, override_settings
from django.urls import include, path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tests.support.partner_api.program import ApiProgram
from vendor_admin.organizations.models import Organization
from vendor_admin.partner_api.http.answers import MOST_PARAMETERS
from vendor_admin.partner_api.idempotency.views import IdempotentWrites
from vendor_admin.partner_api.problem_catalogue import BY_CODE

ME = "/api/v1/me"
THINGS = "/api/v1/things"
MEGABYTE = 1024 * 1024


class Things(IdempotentWrites):
    required_scopes = {"GET": (), "POST": (), "DELETE": ("members:write",)}

    def get(self, request: Request) -> Response:
        return Response({"data": [{"id": str(number)} for number in range(200)], "next_cursor": None})

    def post(self, request: Request) -> Response:
        return Response({"text": cast(dict[str, Any], request.data)["text"], "again": ["x" * 10] * 200}, status=201)

    def delete(self, request: Request) -> Response:
        return Response(status=204)


class WriteOnly(APIView):
    required_scopes = {"POST": ("members:write",)}

    def post(self, request: Request) -> Response:
        return Response(status=204)


class Broken(APIView):
    required_scopes = ()

    def get(self, request: Request) -> Response:
        raise RuntimeError("secret-of-the-stack")


class Export(APIView):
    required_scopes = ()

    def get(self, request: Request) -> StreamingHttpResponse:
        return StreamingHttpResponse((b"line\n" for _ in range(100)), content_type="text/csv")


@login_not_required
def breaks_before_any_view(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("secret-of-the-stack")


urlpatterns = [
    path("api/v1/things", Things.as_view()),
    path("api/v1/writes", WriteOnly.as_view()),
    path("api/v1/broken", Broken.as_view()),
    path("api/v1/export", Export.as_view()),
    path("api/v1/plain", breaks_before_any_view),
    path("", include("vendor_admin.urls")),
]


@pytest.fixture
def program(alpha: Organization) -> Iterator[ApiProgram]:
    with override_settings(ROOT_URLCONF=__name__):
        program = ApiProgram.of(alpha)
        program.client.raise_request_exception = False
        yield program


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert (body["status"], body["code"]) == (status, code)
    assert body["type"] == f"http://testserver/api/docs/errors#{code}"
    assert body["title"] == BY_CODE[code].title
    assert body["request_id"] == answer["X-Request-ID"]
    assert "no-store" in answer["Cache-Control"]
    assert int(answer["Content-Length"]) == len(answer.content)
    return body


def send(program: ApiProgram, body: bytes, **more: Any) -> Any:
    headers = {"Idempotency-Key": "k", "Authorization": f"Bearer {program.text}"}
    content_type = more.pop("content_type", "application/json")
    return program.client.post(THINGS, body, content_type=content_type, headers=headers, **more)


def test_wherever_it_fails_the_answer_is_a_problem(program: ApiProgram) -> None:
    problem(program.get("/api/v1/nothing"), 404, "not_found")
    problem(Client().get("/api/v2/me"), 404, "not_found")
    problem(Client().get("/api/"), 404, "not_found")
    problem(Client().get(THINGS), 401, "not_authenticated")
    refused = program.patch(THINGS, {}, headers={"Idempotency-Key": "k"})
    problem(refused, 405, "method_not_allowed")
    assert refused["Allow"] == "GET, POST, DELETE, HEAD, OPTIONS"
    problem(program.get(ME, headers={"Accept": "text/html"}), 406, "not_acceptable")
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        problem(send(program, b"a=1", content_type=content_type), 415, "unsupported_media_type")
    problem(send(program, b"x" * (2 * MEGABYTE + 1)), 413, "request_too_large")
    problem(send(program, b"x" * (10 * MEGABYTE)), 413, "request_too_large")


def test_what_breaks_tells_nothing_of_itself(program: ApiProgram) -> None:
    for address in ("/api/v1/broken", "/api/v1/plain"):
        answer = program.get(address)
        problem(answer, 500, "server_error")
        assert "secret-of-the-stack" not in answer.content.decode()
        assert "Traceback" not in answer.content.decode()


def test_an_unknown_host_is_a_problem_without_an_origin(program: ApiProgram) -> None:
    answer = program.client.get(ME, headers={"Host": "evil.example"})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert answer.json()["type"] == "/api/docs/errors#bad_request"


def test_with_a_site_types_lead_there(program: ApiProgram, settings: Any) -> None:
    settings.SITE_URL = "https://admin.example.com"
    assert program.get("/api/v1/nothing").json()["type"] == "https://admin.example.com/api/docs/errors#not_found"


@pytest.mark.parametrize(
    "address",
    [f"{ME}?a=%00", f"{ME}?a=%ED%A0%80", f"{ME}?%FF=1", "/api/v1/%00", "/api/v1/members/1%00"],
)
def test_addresses_that_no_text_can_hold_are_refused(program: ApiProgram, address: str) -> None:
    problem(program.get(address), 400, "invalid_characters")


def test_an_address_with_more_parameters_than_are_read_is_refused(program: ApiProgram, settings: Any) -> None:
    settings.DEBUG = True  # Django's page for developers reads them once more
    told = problem(program.get(f"{THINGS}?{'&'.join(['a=1'] * (MOST_PARAMETERS + 1))}"), 400, "bad_request")
    assert "parameters" in told["detail"]


@pytest.mark.parametrize("address", ["/api/v1/members/%ED%A0%80", "/api/v1/%FF", "/api/v1/plans/%C0%80"])
def test_paths_that_are_no_utf_8_lead_nowhere(program: ApiProgram, address: str) -> None:
    problem(program.get(address), 404, "not_found")


def test_bodies_are_strict_json(program: ApiProgram) -> None:
    for body, code in (
        (b'{"text": "\xff"}', "invalid_json"),
        (b'{"text": NaN}', "invalid_json"),
        (b'{"text": 1, "text": 2}', "duplicate_name"),
        (b'{"text": 1e400}', "number_out_of_range"),
        (b'{"text": "\\ud800"}', "invalid_characters"),
        (b'{"text":' * 1000 + b"1" + b"}" * 1000, "too_deep"),
        (b"[]", "not_an_object"),
    ):
        problem(send(program, body), 400, code)
    assert send(program, json.dumps({"text": "x" * (MEGABYTE + MEGABYTE // 2)}).encode()).status_code == 201


def test_what_was_read_is_not_sent_again_while_it_is_the_same(program: ApiProgram) -> None:
    first = program.get(THINGS)
    assert first["Cache-Control"] == "private, no-cache"
    again = program.get(THINGS, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == first["ETag"]
    assert again["X-Request-ID"] != first["X-Request-ID"]
    assert "RateLimit" in again
    other = program.get(THINGS, headers={"If-None-Match": '"of-another-answer"'})
    assert other.status_code == 200
    assert program.get(ME)["ETag"] != first["ETag"]
    assert "ETag" not in program.get("/api/v1/nothing")
    assert "ETag" not in send(program, b'{"text": "x"}')


def test_what_was_read_is_compressed_where_the_program_takes_it(program: ApiProgram) -> None:
    plain = program.get(THINGS)
    assert "Content-Encoding" not in plain
    packed = program.get(THINGS, headers={"Accept-Encoding": "gzip"})
    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    assert len(packed.content) == int(packed["Content-Length"])
    assert packed["ETag"] == f"W/{plain['ETag']}"
    assert "Accept-Encoding" in packed["Vary"]
    again = program.get(THINGS, headers={"Accept-Encoding": "gzip", "If-None-Match": packed["ETag"]})
    assert again.status_code == 304
    streamed = program.get("/api/v1/export", headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(streamed.getvalue()) == b"line\n" * 100


def test_answers_to_writes_may_hold_secrets_and_are_not_compressed(program: ApiProgram) -> None:
    headers = {"Accept-Encoding": "gzip", "Idempotency-Key": "k"}
    for _ in range(2):
        answer = program.post(THINGS, {"text": "whsec_" + "x" * 1000}, headers=headers)
        assert answer.status_code == 201
        assert "Content-Encoding" not in answer


def test_head_is_get_without_its_body(program: ApiProgram) -> None:
    got, head = program.get(THINGS), program.send("head", THINGS)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("ETag", "Content-Type", "Content-Length"):
        assert head[name] == got[name]
    assert program.send("head", THINGS, headers={"If-None-Match": got["ETag"]}).status_code == 304


def test_options_names_the_methods_and_needs_no_scope_or_key(alpha: Organization, program: ApiProgram) -> None:
    reader = ApiProgram.of(alpha, scopes=("members:read",), name="Reader")
    answer = reader.send("options", THINGS)
    assert answer.status_code == 200
    assert answer.json() == {"methods": ["GET", "POST", "DELETE", "HEAD", "OPTIONS"]}
    assert answer["Allow"] == "GET, POST, DELETE, HEAD, OPTIONS"
    assert "Access-Control-Allow-Origin" not in answer
    assert reader.send("options", "/api/v1/writes").json() == {"methods": ["POST", "OPTIONS"]}
    assert Client().options(THINGS).status_code == 401
