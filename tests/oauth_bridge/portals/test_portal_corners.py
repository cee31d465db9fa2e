"""Corners of the provider for portals where something that works on its own could fail together."""

import threading
from typing import Any

import pytest
from django.db import connections
from django.test import override_settings
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from oauth_bridge.portals import tokens as portal_tokens
from tests.oauth_bridge.form_client import FormClient
from tests.oauth_bridge.portals.portal_side import CALLBACK, PortalSide, basic, new_pair, origin_of
from tests.oauth_bridge.visitor import Visitor, parameters_of
from tests.support.staff_and_rows import Writer
from vendor_admin.organizations.models import AuditEntry, Organization
from vendor_admin.organizations.tenancy.scope import organization_scope, organizations_in_scope


class OpenToAll(APIView):
    authentication_classes = ()
    permission_classes = ()

    def get(self, request: Request) -> Response:
        return Response(organizations_in_scope())


urlpatterns = [path("api/v1/open", OpenToAll.as_view())]


@pytest.fixture
def desk(alpha: Organization) -> PortalSide:
    return PortalSide.registered(alpha)


def test_of_two_refreshes_at_the_same_moment_none_leaves_a_token_that_works(
    desk: PortalSide, ann: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both read the token while it is unused; the second finds it used when it claims it."""
    ann.sign_in()
    first = desk.tokens_of(ann)
    both_have_read, find = threading.Barrier(2, timeout=20), portal_tokens.find_refresh_token

    def find_together(**arguments: Any) -> Any:
        found = find(**arguments)
        both_have_read.wait()
        return found

    answers: list[dict[str, Any]] = []

    def refresh() -> None:
        try:
            answers.append(desk.refresh(first["refresh_token"]).json())
        finally:
            connections.close_all()

    with monkeypatch.context() as patched:
        patched.setattr(portal_tokens, "find_refresh_token", find_together)
        threads = [threading.Thread(target=refresh) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    refused, given = sorted(answers, key=lambda answer: "access_token" in answer)
    assert refused["error"] == "invalid_grant"
    assert not desk.works(given["access_token"])
    assert desk.refresh(given["refresh_token"]).json()["error"] == "invalid_grant"
    with organization_scope(ann.organization.pk):
        assert AuditEntry.objects.filter(action="refresh token used twice: its tokens are ended").count() == 1


def test_a_sign_in_answers_a_portal_that_wants_a_new_one(desk: PortalSide, ann: Visitor) -> None:
    """max_age=0 means "now"; what follows the sign-in must not ask for it for ever."""
    ann.sign_in()
    verifier, challenge = new_pair()
    page = ann.browser.get(desk.request(challenge, max_age="0")).content.decode()
    assert "Sign in again for Trader Desk" in page
    [way] = [line for line in page.split('"') if line.startswith("/o/alpha/sign-in/")]
    back = ann.come_back(ann.at_the_platform(ann.browser.get(way.replace("&amp;", "&"))["Location"]))

    assert "Sign in to Trader Desk?" in ann.browser.get(back["Location"]).content.decode()
    answer = ann.browser.post(back["Location"], {"decision": "allow"})

    assert origin_of(answer["Location"]) == CALLBACK
    assert desk.exchange(parameters_of(answer["Location"])["code"], verifier).status_code == 200


def test_a_portal_that_asks_silently_is_answered_also_about_a_member_who_left(
    desk: PortalSide, ann: Visitor, write: Writer
) -> None:
    ann.sign_in()
    write.connection.execute("UPDATE mirrors_platformuser SET status = 'Closed'")

    answer = ann.browser.get(desk.request(new_pair()[1], prompt="none"))

    assert answer.status_code == 303
    assert parameters_of(answer["Location"])["error"] == "access_denied"


def test_a_secret_in_an_address_proves_nothing(desk: PortalSide) -> None:
    """Addresses are written to the logs of every machine on the way (RFC 6749, 2.3.1)."""
    credentials = f"client_id={desk.portal.client_id}&client_secret={desk.secret}"
    for name in ("introspect", "revoke", "token"):
        answer = FormClient().post(
            f"{desk.path(name)}?{credentials}", {"token": "x", "grant_type": "client_credentials"}
        )
        assert answer.status_code in (400, 401), name
    unauthorized = desk.userinfo("vat_1_x")
    assert unauthorized["WWW-Authenticate"].startswith("Bearer")


ENDPOINTS = {
    "token": {"grant_type": "client_credentials"},
    "revoke": {"token": "x"},
    "introspect": {"token": "x"},
}


@pytest.mark.parametrize("name", ENDPOINTS)
def test_a_parameter_that_is_given_twice_is_refused(alpha: Organization, name: str) -> None:
    """Which of the two counts would be for everybody on the way to say for themselves (RFC 6749, 3.2)."""
    program = PortalSide.program(alpha)
    for field, value in ENDPOINTS[name].items():
        for second in (value, "other"):
            answer = program.server.post(
                program.path(name), {field: [value, second]}, headers={"Authorization": program.credentials}
            )
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
            assert "no-store" in answer["Cache-Control"]
            assert field in answer.json()["error_description"]


@pytest.mark.parametrize("name", ENDPOINTS)
def test_a_wrong_secret_is_an_invalid_client_whichever_way_it_is_given(alpha: Organization, name: str) -> None:
    program = PortalSide.program(alpha)
    client_id = program.portal.client_id
    for authorization, more in (
        (basic(client_id, "wrong"), {}),
        (basic("vac_x", program.secret), {}),
        (basic(client_id, "é"), {}),
        ("", {"client_id": client_id, "client_secret": "wrong"}),
        ("", {"client_id": client_id, "client_secret": "é"}),
        ("", {"client_id": client_id}),
        ("", {}),
    ):
        headers = {"Authorization": authorization} if authorization else {}
        answer = program.server.post(program.path(name), ENDPOINTS[name] | more, headers=headers)
        assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})
    for grant in ("authorization_code", "refresh_token"):
        fields = {
            "grant_type": grant,
            "code": "x",
            "refresh_token": "x",
            "redirect_uri": CALLBACK,
            "code_verifier": "x",
        }
        answer = program.post("token", as_client=basic(client_id, "wrong"), **fields)
        assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})


@pytest.mark.parametrize("name", ENDPOINTS)
def test_a_secret_in_the_header_and_another_one_in_the_form_are_refused(alpha: Organization, name: str) -> None:
    program = PortalSide.program(alpha)
    for secret in (program.secret, "wrong"):
        answer = program.post(name, client_id=program.portal.client_id, client_secret=secret, **ENDPOINTS[name])
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert program.post(name, client_id=program.portal.client_id, **ENDPOINTS[name]).status_code == 200


def test_a_token_that_names_an_organization_opens_nothing_of_it_unless_it_works(alpha: Organization) -> None:
    forged = f"Bearer vat_{alpha.pk}_{'x' * 43}"
    with override_settings(ROOT_URLCONF=__name__):
        assert FormClient().get("/api/v1/open", headers={"Authorization": forged}).json() == []


def test_nothing_that_a_server_sends_breaks_ours(desk: PortalSide) -> None:
    fields = {"grant_type": "client_credentials", "token": "\x00", "client_id": "vac_\x00", "client_secret": "\x00"}
    for name in ("token", "revoke", "introspect"):
        for credentials in ("", basic("%00", "x"), basic("vac_x", "%00"), "Basic é", "Basic =", "Basic", "Bearer x"):
            expected = 400 if credentials.startswith("Basic") else 401  # a second secret stands in the form
            assert desk.post(name, as_client=credentials, **fields).status_code == expected, (name, credentials)
        for query in ("%zz", "a=%ff", "%00", ";"):
            answer = desk.server.post(f"{desk.path(name)}?{query}", fields, headers={"Authorization": desk.credentials})
            assert answer.status_code in (400, 401), (name, query)
    for query in ("%zz", "a=%ff", "%00", ";"):
        answer = desk.server.get(f"{desk.path('userinfo')}?{query}", headers={"Authorization": "Bearer x"})
        assert answer.status_code == 401, query
