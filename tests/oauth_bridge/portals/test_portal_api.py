"""Tokens of portals at the partner API: a program's own token, its scopes, its organization, and problem bodies."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import path
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oauth_bridge.models import Portal
from tests.oauth_bridge.portals.portal_side import PortalSide
from tests.oauth_bridge.visitor import Visitor
from tests.support.partner_api.program import ApiProgram
from vendor_admin.organizations.models import AuditEntry, Organization
from vendor_admin.organizations.tenancy.scope import organization_scope, organizations_in_scope


class Members(APIView):
    required_scopes = ("members:read",)

    def get(self, request: Request) -> Response:
        return Response({"scope": organizations_in_scope(), "audit": AuditEntry.unscoped.count()})

    def post(self, request: Request) -> Response:
        Portal.objects.update(name="changed")
        raise RuntimeError("something of our own broke")


class Forgotten(APIView):
    def get(self, request: Request) -> Response:
        return Response("open")


urlpatterns = [
    path("api/v1/members", Members.as_view()),
    path("api/v1/forgotten", Forgotten.as_view()),
]


@pytest.fixture
def program(alpha: Organization) -> PortalSide:
    return PortalSide.program(alpha)


def problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert (body["status"], body["code"]) == (status, code)
    assert body["title"]
    assert body["detail"]
    assert body["request_id"] == answer["X-Request-ID"]
    return body


def test_a_program_learns_who_it_is(program: PortalSide, alpha: Organization) -> None:
    answer = program.api(program.own_token())
    assert answer.status_code == 200
    told = answer.json()
    assert told["organization"] == {"id": str(alpha.pk), "slug": "alpha", "name": "Alpha Funding"}
    assert told["id"] == program.portal.client_id
    assert told["scopes"] == ["members:read", "accounts:read"]
    assert (told["rights"], told["is_test"]) == (["view"], False)
    assert told["expires_at"].endswith("Z")
    assert told.keys() == ApiProgram.of(alpha).get("/api/v1/me").json().keys(), "keys and tokens are told the same"
    less = program.post("token", grant_type="client_credentials", scope="members:read").json()
    assert "refresh_token" not in less
    assert "id_token" not in less
    assert program.api(less["access_token"]).json()["scopes"] == ["members:read"]


def test_use_of_a_token_is_noted_to_the_minute(program: PortalSide, alpha: Organization) -> None:
    def used_at() -> Any:
        with organization_scope(alpha.pk):
            return Portal.objects.get(pk=program.portal.pk).used_at

    token, first = program.own_token(), timezone.now() + timedelta(minutes=5)
    with time_machine.travel(first, tick=False):
        program.api(token)
    with time_machine.travel(first + timedelta(seconds=30), tick=False), CaptureQueriesContext(connection) as queries:
        program.api(token)
    assert not [query["sql"] for query in queries if query["sql"].startswith('UPDATE "oauth_bridge_portal"')]
    assert used_at() == first
    with time_machine.travel(first + timedelta(seconds=61), tick=False):
        program.api(token)
    assert used_at() == first + timedelta(seconds=61)


def test_everybody_else_gets_a_problem_that_says_why(program: PortalSide, alpha: Organization, ann: Visitor) -> None:
    ann.sign_in()
    token = program.own_token()
    nobody = program.api()
    for answer in (nobody, program.api(token, path="/api/v1/nothing")):
        assert "no-store" in answer["Cache-Control"]
    problem(nobody, 401, "not_authenticated")
    assert nobody["WWW-Authenticate"].startswith("Bearer")
    for authorization in ("Bearer nonsense", f"Basic {token}", f"bearer {token}x", "Bearer vat_1_" + "x" * 43):
        answer = program.api(authorization=authorization)
        assert answer.status_code == 401, authorization
    assert 'error="invalid_token"' in program.api("vat_1_" + "x" * 43)["WWW-Authenticate"]
    member = PortalSide.registered(alpha).tokens_of(ann)["access_token"]
    assert "speaks for a member" in problem(program.api(member), 403, "insufficient_scope")["detail"]
    assert ann.browser.get("/api/v1/me").status_code == 401, "a member's cookie is no token"
    with time_machine.travel(timezone.now() + timedelta(minutes=15, seconds=1), tick=False):
        problem(program.api(token), 401, "authentication_failed")
    problem(program.server.post("/api/v1/me", headers={"Authorization": f"Bearer {token}"}), 405, "method_not_allowed")
    problem(program.api(token, path="/api/v1/nothing"), 404, "not_found")
    program.post("revoke", token=token)
    problem(program.api(token), 401, "authentication_failed")


def test_views_want_scopes_and_see_the_tokens_organization_alone(
    program: PortalSide, alpha: Organization, beta: Organization
) -> None:
    elsewhere = PortalSide.program(beta)
    token, other = program.own_token(), elsewhere.own_token()
    less = program.post("token", grant_type="client_credentials", scope="accounts:read").json()["access_token"]
    with override_settings(ROOT_URLCONF=__name__):
        seen = program.api(token, path="/api/v1/members").json()
        assert seen["scope"] == [alpha.pk]
        assert seen["audit"] > 0
        assert program.api(other, path="/api/v1/members").json()["scope"] == [beta.pk]
        refused = program.api(less, path="/api/v1/members")
        assert "members:read" in problem(refused, 403, "insufficient_scope")["detail"]
        assert 'error="insufficient_scope"' in refused["WWW-Authenticate"]
        assert program.api(token, path="/api/v1/forgotten").status_code == 403, "closed unless it names its scopes"
        assert program.api(path="/api/v1/members").status_code == 401

        program.server.raise_request_exception = False
        broken = program.server.post("/api/v1/members", headers={"Authorization": f"Bearer {token}"})
        assert broken.status_code == 500
        assert token not in broken.content.decode()
    assert program.api(token).json()["name"] == "Nightly job", "a failed request changes nothing"
