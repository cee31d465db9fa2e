"""Attacks on the provider for portals. Each is refused or handled, and gives nothing that works."""

import base64
import json
import threading
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connections
from django.utils import timezone
from oauth2_provider.checks import validate_bcp_configuration

from oauth_bridge.members import consents, links
from oauth_bridge.models import MemberLink, PortalCode, PortalRefreshToken, PortalToken
from oauth_bridge.portals import keys, registry
from oauth_bridge.tasks import forget_old_sign_ins
from tests.oauth_bridge.form_client import FormClient
from tests.oauth_bridge.portals.portal_side import CALLBACK, PortalSide, basic, new_pair
from tests.oauth_bridge.visitor import SITE, Visitor, parameters_of
from tests.support.staff_and_rows import Writer
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import AuditEntry, Organization
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.settings import OAUTH2_PROVIDER


@pytest.fixture
def desk(alpha: Organization) -> PortalSide:
    return PortalSide.registered(alpha)


@pytest.fixture
def inside(ann: Visitor) -> Visitor:
    """Ann, signed in."""
    ann.sign_in()
    return ann


def codes_of(organization: Organization) -> int:
    with organization_scope(organization.pk):
        return PortalCode.objects.count()


REDIRECTS = [
    "https://evil.example/callback",
    f"{CALLBACK}/",
    f"{CALLBACK}/../evil",
    f"{CALLBACK}?next=https://evil.example",
    f"{CALLBACK}#fragment",
    f"{CALLBACK};evil",
    "https://portal.example:444/callback",
    "https://portal.example.evil.example/callback",
    "https://portal.example@evil.example/callback",
    "https://evil.example\\@portal.example/callback",
    "https://PORTAL.example/callback",
    "http://portal.example/callback",
    "https://portal.example/Callback",
    "https://portal.example/%63allback",
    "//portal.example/callback",
    "javascript:alert(1)",
    "",
]


def test_no_answer_goes_to_an_address_that_is_not_registered(desk: PortalSide, inside: Visitor) -> None:
    """Redirect URI variants, open redirects, unknown and doubled clients: a page here, never a redirect."""
    challenge = new_pair()[1]
    good = desk.request(challenge)
    bad = [desk.request(challenge, redirect_uri=uri) for uri in REDIRECTS]
    bad += [
        desk.request(challenge, redirect_uri=None),
        desk.request(challenge, client_id="vac_unknown"),
        desk.request(challenge, client_id=None),
        desk.request(challenge, redirect_uri="https://evil.example/", response_type="token"),
        desk.request(challenge, redirect_uri="https://evil.example/", scope="everything"),
        desk.request(challenge, redirect_uri="https://evil.example/", prompt="none"),
        f"{good}&redirect_uri=https%3A%2F%2Fevil.example%2F",
        f"{good}&client_id=another",
        f"{good}&state=another",
        f"{good}&nonce=another",
        f"{good}&code_challenge={'a' * 43}",
        desk.request(challenge, state="x" * 3000),
        desk.request(challenge, state="nul\x00"),
    ]
    for address in bad:
        for answer in (inside.browser.get(address), inside.browser.post(address, {"decision": "allow"})):
            assert answer.status_code == 400, address
            assert "Location" not in answer, address
            assert "This sign-in does not work" in answer.content.decode()
    assert codes_of(inside.organization) == 0


def test_pkce_cannot_be_stripped_downgraded_or_guessed(desk: PortalSide, inside: Visitor) -> None:
    verifier, challenge = new_pair()
    for changes in (
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge": None},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": "s256"},
        {"code_challenge": verifier, "code_challenge_method": "plain"},
        {"code_challenge": "short"},
    ):
        answer = inside.browser.post(desk.request(challenge, **changes), {"decision": "allow"})
        assert parameters_of(answer["Location"])["error"] == "invalid_request", changes
        assert parameters_of(answer["Location"])["iss"] == desk.issuer
    for wrong in (None, "", new_pair()[0], challenge):
        code, right = desk.allowed(inside)
        refused = desk.exchange(code, right, code_verifier=wrong)
        assert refused.status_code == 400, wrong
        assert desk.exchange(code, right).json()["error"] == "invalid_grant", "one try is all a code has"
    with organization_scope(inside.organization.pk):
        assert not PortalToken.objects.exists()


def test_every_switch_of_rfc_9700_is_on() -> None:
    assert validate_bcp_configuration(None) == []
    assert len([name for name, value in OAUTH2_PROVIDER.items() if name.startswith("COMPLIANT_BCP") and value]) == 10


def test_only_the_code_flow_is_served(desk: PortalSide, inside: Visitor) -> None:
    challenge = new_pair()[1]
    for response_type in ("token", "id_token", "id_token token", "code token", "code id_token", "none", "evil", None):
        answer = inside.browser.get(desk.request(challenge, response_type=response_type))
        assert answer.status_code == 303, response_type
        assert set(parameters_of(answer["Location"])) <= {"error", "error_description", "state", "iss"}
    for more in ({"response_mode": "fragment"}, {"request": "eyJ9.e30."}, {"request_uri": "https://evil.example/"}):
        assert "error" in parameters_of(inside.browser.get(desk.request(challenge, **more))["Location"]), more
    name = inside.login
    for fields in (
        {"grant_type": "password", "username": name, "password": f"sandbox-{name.lower()}"},
        {"grant_type": "client_credentials"},
        {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": "x"},
        {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "x"},
        {"grant_type": "none"},
        {},
    ):
        assert desk.post("token", **fields).status_code in (400, 401), fields
    assert codes_of(inside.organization) == 0


def test_scopes_cannot_be_widened(alpha: Organization, inside: Visitor) -> None:
    desk = PortalSide.registered(alpha, scopes=["openid", "profile"])
    program = PortalSide.program(alpha, scopes="members:read")
    challenge = new_pair()[1]
    for scope in ("openid email", "openid members:read", "members:write", "openid admin", "profile"):
        answer = inside.browser.post(desk.request(challenge, scope=scope), {"decision": "allow"})
        assert parameters_of(answer["Location"])["error"] == "invalid_scope", scope
    tokens = desk.exchange(*desk.allowed(inside, scope="openid"), scope="openid profile email").json()
    assert tokens["scope"] == "openid", "an exchange gives what was allowed"
    assert desk.refresh(tokens["refresh_token"], scope="openid profile").json()["error"] == "invalid_scope"
    for scope in ("members:write", "openid", "members:read members:write"):
        refused = program.post("token", grant_type="client_credentials", scope=scope)
        assert refused.json()["error"] == "invalid_scope", scope

    both = desk.exchange(*desk.allowed(inside, scope="openid profile")).json()
    registry.change_portal(portal=desk.portal, values={"scopes": ["openid"]}, actor=Actor.staff("alice"))
    assert "name" not in desk.userinfo(both["access_token"]).json(), "what is taken away is not told any more"
    assert desk.refresh(both["refresh_token"]).json()["scope"] == "openid"


def test_a_code_is_good_once_and_a_replay_ends_what_it_gave(alpha: Organization, inside: Visitor) -> None:
    desk, other = PortalSide.registered(alpha), PortalSide.registered(alpha, name="Other desk")
    code, verifier = desk.allowed(inside)
    tokens = desk.exchange(code, verifier).json()
    assert other.exchange(code, verifier).json()["error"] == "invalid_grant"
    assert desk.works(tokens["access_token"]), "a stranger with the code ends nothing"
    assert desk.exchange(code, verifier).json()["error"] == "invalid_grant"
    assert not desk.works(tokens["access_token"])
    assert desk.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"

    stolen, verifier = desk.allowed(inside)
    assert other.exchange(stolen, verifier).json()["error"] == "invalid_grant"
    assert desk.exchange(stolen, verifier).status_code == 200, "another portal's try does not use it up"
    late, verifier = desk.allowed(inside)
    with time_machine.travel(timezone.now() + timedelta(seconds=61), tick=False):
        assert desk.exchange(late, verifier).json()["error"] == "invalid_grant"
    for wrong in ("https://portal.example/other", None):
        code, verifier = desk.allowed(inside)
        assert desk.exchange(code, verifier, redirect_uri=wrong).status_code == 400
    with organization_scope(alpha.pk):
        assert AuditEntry.objects.filter(action="code used twice: its tokens are ended").count() == 1


def test_two_exchanges_of_one_code_at_once_leave_no_tokens_twice(desk: PortalSide, inside: Visitor) -> None:
    code, verifier = desk.allowed(inside)
    answers: list[int] = []

    def exchange() -> None:
        try:
            answers.append(desk.exchange(code, verifier).status_code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=exchange) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [200, 400, 400, 400]


def test_a_refresh_token_used_twice_ends_its_whole_family(alpha: Organization, inside: Visitor) -> None:
    desk, other = PortalSide.registered(alpha), PortalSide.registered(alpha, name="Other desk")
    first = desk.tokens_of(inside)
    bystander = desk.tokens_of(inside)
    assert other.refresh(first["refresh_token"]).json()["error"] == "invalid_grant"
    second = desk.refresh(first["refresh_token"]).json()
    third = desk.refresh(second["refresh_token"]).json()

    assert desk.refresh(first["refresh_token"]).json()["error"] == "invalid_grant"
    assert not desk.works(third["access_token"])
    assert desk.refresh(third["refresh_token"]).json()["error"] == "invalid_grant"
    assert desk.works(bystander["access_token"]), "another family lives on"
    with organization_scope(alpha.pk):
        assert AuditEntry.objects.filter(action="refresh token used twice: its tokens are ended").count() == 1

    start = timezone.now()
    with time_machine.travel(start + timedelta(days=29), tick=False):
        renewed = desk.refresh(bystander["refresh_token"]).json()
    with time_machine.travel(start + timedelta(days=29, minutes=16), tick=False):
        assert not desk.works(renewed["access_token"])
    with time_machine.travel(start + timedelta(days=30, minutes=1), tick=False):
        assert desk.refresh(renewed["refresh_token"]).json()["error"] == "invalid_grant", "thirty days in all"


def test_nothing_of_one_organization_works_at_another(
    alpha: Organization, beta: Organization, inside: Visitor, carl: Visitor
) -> None:
    desk, foreign = PortalSide.registered(alpha), PortalSide.registered(beta)
    code, verifier = desk.allowed(inside)
    assert desk.post("token", slug="beta", grant_type="authorization_code", code=code).status_code == 401
    stolen = foreign.exchange(code, verifier)
    assert stolen.json()["error"] == "invalid_grant"
    tokens = desk.exchange(code, verifier).json()
    access = tokens["access_token"]
    assert desk.works(access)
    assert desk.userinfo(access, slug="beta").status_code == 401
    assert foreign.post("introspect", token=access).json() == {"active": False}
    assert foreign.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    foreign.post("revoke", token=tokens["refresh_token"])
    foreign.post("revoke", token=access)
    assert desk.works(access)
    assert desk.post("introspect", slug="beta", token=access).status_code == 401

    relabelled = access.replace(f"vat_{alpha.pk}_", f"vat_{beta.pk}_")
    assert desk.userinfo(relabelled, slug="beta").status_code == 401
    program = PortalSide.program(alpha).own_token()
    for forged in (program.replace(f"vat_{alpha.pk}_", f"vat_{beta.pk}_"), program[:-1], f"{program}x", "vat_0_x"):
        assert desk.api(forged).status_code == 401, forged
    # A member of Alpha who follows a portal of Beta is nobody there.
    answer = inside.browser.get(foreign.request(new_pair()[1]))
    assert answer["Location"].startswith("/o/beta/?next=")
    wrong_house = inside.browser.get(desk.request(new_pair()[1]).replace("/o/alpha/", "/o/beta/"))
    assert wrong_house.status_code == 400
    published = [FormClient().get(side.path("jwks")).json()["keys"][0]["kid"] for side in (desk, foreign)]
    assert published[0] != published[1], "no key speaks for two organizations"


def test_a_portal_learns_nothing_about_tokens_of_others(alpha: Organization, inside: Visitor) -> None:
    desk, other = PortalSide.registered(alpha), PortalSide.registered(alpha, name="Other desk")
    tokens = desk.tokens_of(inside)
    assert other.post("introspect", token=tokens["access_token"]).json() == {"active": False}
    other.post("revoke", token=tokens["access_token"])
    other.post("revoke", token=tokens["refresh_token"])
    assert desk.works(tokens["access_token"])
    assert desk.post("introspect", token=tokens["refresh_token"]).json() == {"active": False}
    for name in ("introspect", "revoke", "token"):
        for stranger in ("", basic(desk.portal.client_id, "vas_wrong"), basic("vac_unknown", desk.secret), "Basic %%%"):
            refused = desk.post(name, as_client=stranger, token=tokens["access_token"], grant_type="client_credentials")
            assert refused.status_code == 401, (name, stranger)
        assert desk.server.get(desk.path(name)).status_code == 405


def test_tokens_travel_in_the_header_alone_and_an_id_token_opens_nothing(desk: PortalSide, inside: Visitor) -> None:
    tokens = desk.tokens_of(inside)
    access, plain = tokens["access_token"], FormClient()
    assert plain.get(f"{desk.path('userinfo')}?access_token={access}").status_code == 401
    assert plain.post(desk.path("userinfo"), {"access_token": access}).status_code == 401
    refused = plain.get(f"/api/v1/me?access_token={access}")
    assert (refused.status_code, refused.json()["code"]) == (400, "credential_in_address")
    assert not desk.works(access), "a token that stood in an address ends"
    assert not desk.works(tokens["id_token"])
    assert not desk.works(tokens["refresh_token"])

    header, body, _ = tokens["id_token"].split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    for forged in (f"{none}.{body}.", f"{header}.{body}.", f"{none}.{body}.{'A' * 86}"):
        assert not desk.works(forged)
        assert desk.api(forged).status_code == 401
        assert desk.post("introspect", token=forged).json() == {"active": False}
    assert json.loads(base64.urlsafe_b64decode(header + "=="))["alg"] == "RS256"
    assert claims["aud"] == desk.portal.client_id
    assert "refresh_token" not in desk.exchange(*desk.allowed(inside, scope="openid")).json()["id_token"]


def test_the_consent_cannot_be_given_by_another_page_or_in_a_frame(desk: PortalSide, inside: Visitor) -> None:
    wanted = desk.request(new_pair()[1])
    strict = FormClient(enforce_csrf_checks=True)
    strict.cookies = inside.browser.cookies
    assert strict.post(wanted, {"decision": "allow"}).status_code == 403
    page = inside.browser.get(wanted)
    assert page["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
    assert "no-store" in page["Cache-Control"]
    assert inside.browser.get(f"{wanted}&decision=allow").status_code == 200, "a link gives no consent"
    nobody = FormClient().post(wanted, {"decision": "allow"})
    assert nobody["Location"].startswith("/o/alpha/?next=")
    denied = inside.browser.post(wanted, {"decision": "deny"})
    assert parameters_of(denied["Location"])["error"] == "access_denied"
    assert parameters_of(denied["Location"])["state"] == "state-of-the-portal"
    assert parameters_of(inside.browser.post(wanted, {})["Location"])["error"] == "access_denied"
    assert codes_of(inside.organization) == 0


def test_the_host_of_a_request_changes_nothing(desk: PortalSide, inside: Visitor, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    settings.DEBUG = False
    wanted = desk.request(new_pair()[1])
    moved = inside.browser.get(wanted, headers={"Host": "evil.example"})
    assert moved["Location"].startswith(f"{SITE}/o/alpha/oauth/authorize/?")
    answer = inside.browser.post(wanted, {"decision": "allow"}, headers={"Host": "evil.example"})
    assert parameters_of(answer["Location"])["iss"] == desk.issuer
    verifier, challenge = new_pair()
    code = parameters_of(inside.browser.get(desk.request(challenge))["Location"])["code"]
    fields = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier, "redirect_uri": CALLBACK}
    headers = {"Authorization": desk.credentials, "Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    tokens = FormClient().post(desk.path("token"), fields, headers=headers).json()
    claims = json.loads(base64.urlsafe_b64decode(tokens["id_token"].split(".")[1] + "=="))
    assert claims["iss"] == desk.issuer


def test_whoever_leaves_or_is_switched_off_takes_the_tokens_along(
    alpha: Organization, inside: Visitor, write: Writer
) -> None:
    desk, program = PortalSide.registered(alpha), PortalSide.program(alpha)
    tokens, own = desk.tokens_of(inside), program.own_token()
    code, verifier = desk.allowed(inside)
    for side in (desk, program):
        registry.switch_portal(portal=side.portal, is_enabled=False, actor=Actor.staff("alice"), now=timezone.now())
    assert not desk.works(tokens["access_token"])
    assert desk.api(own).status_code == 401
    for answer in (desk.refresh(tokens["refresh_token"]), desk.exchange(code, verifier)):
        assert answer.status_code == 401, "a disabled portal is nobody"
    assert inside.browser.get(desk.request(new_pair()[1])).status_code == 400
    for side in (desk, program):
        registry.switch_portal(portal=side.portal, is_enabled=True, actor=Actor.staff("alice"), now=timezone.now())
    assert not desk.works(tokens["access_token"])
    assert desk.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert desk.exchange(code, verifier).json()["error"] == "invalid_grant"

    def still_work(tokens: dict[str, Any]) -> list[bool]:
        return [desk.works(tokens["access_token"]), desk.refresh(tokens["refresh_token"]).status_code == 200]

    tokens = desk.tokens_of(inside)
    with organization_scope(alpha.pk):
        MemberLink.objects.update(state="needs_sign_in", tokens={})
    assert still_work(tokens) == [False, False]
    inside.sign_in()
    assert still_work(tokens) == [True, True]
    tokens = desk.tokens_of(inside)
    with organization_scope(alpha.pk):
        [consent] = consents.consents_of(inside.link())
    page = inside.get("sign-ins/").content.decode()
    assert "Trader Desk" in page
    assert inside.post(f"sign-ins/portals/{consent.pk}/end/").status_code == 302
    assert inside.post(f"sign-ins/portals/{consent.pk}/end/").status_code == 404
    assert still_work(tokens) == [False, False]
    assert inside.browser.get(desk.request(new_pair()[1])).status_code == 200, "they are asked again"

    tokens = desk.tokens_of(inside)
    with organization_scope(alpha.pk):
        links.disconnect(link=inside.link(), actor=Actor.staff("alice"), now=timezone.now())
    assert still_work(tokens) == [False, False]
    inside.sign_in()
    assert still_work(tokens) == [False, False]
    tokens = desk.tokens_of(inside)
    write.connection.execute("UPDATE mirrors_platformuser SET status = 'Closed'")
    assert still_work(tokens) == [False, False], "no member any more"
    assert "closed" in inside.browser.get(desk.request(new_pair()[1])).content.decode()
    old_secret, made = (
        desk.credentials,
        registry.rotate_secret(portal=desk.portal, actor=Actor.staff("alice"), now=timezone.now()),
    )
    desk.secret = made.secret
    assert desk.post("introspect", as_client=old_secret, token="x").status_code == 401
    assert desk.post("introspect", token="x").status_code == 200


def test_a_member_cannot_end_what_another_one_allowed(desk: PortalSide, inside: Visitor, ben: Visitor) -> None:
    tokens = desk.tokens_of(inside)
    ben.sign_in()
    with organization_scope(inside.organization.pk):
        [consent] = consents.consents_of(inside.link())
    assert ben.post(f"sign-ins/portals/{consent.pk}/end/").status_code == 404
    assert "Trader Desk" not in ben.get("sign-ins/").content.decode()
    assert desk.works(tokens["access_token"])


def test_a_rotated_key_stays_published_until_its_tokens_are_over(desk: PortalSide, inside: Visitor) -> None:
    def kids() -> list[str]:
        return [key["kid"] for key in FormClient().get(desk.path("jwks")).json()["keys"]]

    def signed_with() -> str:
        header = desk.tokens_of(inside)["id_token"].split(".")[0]
        return str(json.loads(base64.urlsafe_b64decode(header + "=="))["kid"])

    old = signed_with()
    new = keys.rotate(organization=inside.organization, actor=Actor.staff("test"), now=timezone.now())
    assert signed_with() == new.kid
    assert kids() == [new.kid, old]
    with time_machine.travel(timezone.now() + timedelta(days=3), tick=False):
        assert kids() == [new.kid]


def test_what_is_over_is_deleted_but_a_used_refresh_token_is_remembered(
    desk: PortalSide, inside: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oauth_bridge.tasks.database_clock.now", timezone.now)  # time travels without the database
    desk.refresh(desk.tokens_of(inside)["refresh_token"])
    with time_machine.travel(timezone.now() + timedelta(days=2), tick=False):
        forget_old_sign_ins()
    with organization_scope(inside.organization.pk):
        assert (PortalCode.objects.count(), PortalToken.objects.count(), PortalRefreshToken.objects.count()) == (
            0,
            0,
            2,
        )
    with time_machine.travel(timezone.now() + timedelta(days=32), tick=False):
        forget_old_sign_ins()
    with organization_scope(inside.organization.pk):
        assert not PortalRefreshToken.objects.exists()
