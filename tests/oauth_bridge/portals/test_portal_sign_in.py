"""A portal signs a member in through us: request, consent, code, tokens, claims, renewal, giving back."""

import json
from typing import Any

import pytest
from django.test import Client
from jwcrypto import jwk, jwt

from oauth_bridge.models import MemberLink
from oauth_bridge.portals.scopes import OFFERED_SCOPES
from tests.oauth_bridge.portals.portal_side import ALL, CALLBACK, PortalSide, new_pair, origin_of
from tests.oauth_bridge.visitor import SITE, Visitor, parameters_of
from tests.support.staff_and_rows import Writer
from vendor_admin.organizations.models import AuditEntry, Organization
from vendor_admin.organizations.tenancy.scope import organization_scope


@pytest.fixture
def desk(alpha: Organization) -> PortalSide:
    return PortalSide.registered(alpha)


def claims_of(id_token: str, desk: PortalSide) -> dict[str, Any]:
    """As a portal reads them: by the published keys."""
    keys = jwk.JWKSet.from_json(Client().get(desk.path("jwks")).content.decode())
    read = jwt.JWT(jwt=id_token, key=keys, algs=["RS256"], expected_type="JWS")
    found: dict[str, Any] = json.loads(read.claims)
    return found


def test_a_member_is_led_through_the_sign_in_and_asked_once(desk: PortalSide, ann: Visitor) -> None:
    verifier, challenge = new_pair()
    wanted = desk.request(challenge)
    entrance = ann.browser.get(wanted)
    assert entrance.status_code == 302
    assert entrance["Location"].startswith("/o/alpha/?next=")
    page = ann.browser.get(entrance["Location"])
    [way] = [line for line in page.content.decode().split('"') if line.startswith("/o/alpha/sign-in/")]
    back = ann.come_back(ann.at_the_platform(ann.browser.get(way.replace("&amp;", "&"))["Location"]))
    assert back["Location"] == wanted

    consent = ann.browser.get(wanted)
    text = consent.content.decode()
    assert "Sign in to Trader Desk?" in text
    assert "your e-mail address" in text
    assert "form-action 'self' https://portal.example;" in consent["Content-Security-Policy"] + ";"
    assert consent["Referrer-Policy"] == "same-origin", (
        "the portal does not see our addresses; our own form may be sent"
    )
    answer = ann.browser.post(wanted, {"decision": "allow"})
    assert answer.status_code == 303
    assert origin_of(answer["Location"]) == CALLBACK
    sent = parameters_of(answer["Location"])
    assert (sent["state"], sent["iss"]) == ("state-of-the-portal", f"{SITE}/o/alpha")

    tokens = desk.exchange(sent["code"], verifier).json()
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 900
    claims = claims_of(tokens["id_token"], desk)
    assert claims["iss"] == f"{SITE}/o/alpha"
    assert claims["aud"] == desk.portal.client_id
    assert claims["nonce"] == "nonce-of-the-portal"
    assert claims["sub"] == f"{ann.organization.pk}-live-{ann.user_id}"
    assert 299 <= claims["exp"] - claims["iat"] <= 330  # two looks at the clock, with some work between them

    again = ann.browser.get(desk.request(new_pair()[1]))
    assert again.status_code == 303, "the same scopes are not asked for twice"
    assert "code" in parameters_of(again["Location"])
    assert ann.browser.get(desk.request(new_pair()[1], prompt="consent")).status_code == 200
    with organization_scope(ann.organization.pk):
        actions = list(AuditEntry.objects.values_list("action", flat=True))
    assert "portal registered" in actions
    assert actions.count("portal allowed") == 1


def test_a_consent_that_is_given_after_the_session_ended_is_asked_for_again_and_says_so(
    desk: PortalSide, ann: Visitor
) -> None:
    wanted = desk.request(new_pair()[1])
    ann.sign_in(wanted)
    ann.post("sign-out/")

    sent = ann.browser.post(wanted, {"decision": "allow"})
    assert sent["Location"].startswith("/o/alpha/?next=")
    back = ann.sign_in(parameters_of(sent["Location"])["next"])

    consent = ann.browser.get(back["Location"]).content.decode()
    assert "Sign in to Trader Desk?" in consent
    assert "Nothing was done: you were signed out before you pressed the button." in consent


def test_claims_follow_scopes_and_only_a_verified_address_is_told(
    desk: PortalSide, ann: Visitor, write: Writer
) -> None:
    write.mirror(
        "userPlugin", ann.organization, 700, user_id=ann.user_id, plugin_name="Sim+", expiration_date="2030-01-31"
    )
    write.mirror("marketDataSubscription", ann.organization, 701, user_id=ann.user_id, year=112_596, month=1)
    ann.sign_in()
    with organization_scope(ann.organization.pk):
        MemberLink.objects.update(email="ann@example.com", email_verified=False, full_name="Ann Member")

    told = desk.userinfo(desk.tokens_of(ann)["access_token"]).json()
    assert told["platform_user_id"] == ann.user_id
    assert told["organization"] == "alpha"
    assert told["name"] == "Ann Member"
    entitlement, of_an_odd_year = sorted(told["entitlements"], key=lambda one: one["id"])
    assert (of_an_odd_year["kind"], of_an_odd_year["ends_on"]) == ("market_data", None)
    assert (entitlement["kind"], entitlement["title"], entitlement["ends_on"], entitlement["is_active"]) == (
        "entitlement",
        "Sim+",
        "2030-01-31",
        True,
    )
    assert "email" not in told
    with organization_scope(ann.organization.pk):
        MemberLink.objects.update(email_verified=True)
    assert desk.userinfo(desk.tokens_of(ann)["access_token"]).json()["email"] == "ann@example.com"

    little = desk.exchange(*desk.allowed(ann, scope="openid")).json()
    assert set(desk.userinfo(little["access_token"]).json()) == {
        *("sub", "platform_user_id", "environment", "organization", "organization_name"),
    }
    assert little["scope"] == "openid"
    assert "email" not in claims_of(little["id_token"], desk)


def test_a_portal_that_asks_for_more_is_not_answered_by_what_was_allowed_before(desk: PortalSide, ann: Visitor) -> None:
    ann.sign_in()
    desk.allowed(ann, scope="openid")
    assert ann.browser.get(desk.request(new_pair()[1], scope="openid")).status_code == 303
    more = ann.browser.get(desk.request(new_pair()[1], scope="openid email"))
    assert more.status_code == 200
    assert "your e-mail address" in more.content.decode()
    desk.allowed(ann, scope="openid email")
    assert ann.browser.get(desk.request(new_pair()[1], scope="openid email")).status_code == 303
    assert "Sign in as somebody else" in more.content.decode()


def test_tokens_are_renewed_looked_at_and_given_back(desk: PortalSide, ann: Visitor) -> None:
    ann.sign_in()
    first = desk.tokens_of(ann)
    second = desk.refresh(first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert "id_token" not in second, "nobody signed in"
    assert not desk.works(first["access_token"])
    assert desk.works(second["access_token"])

    seen = desk.post("introspect", token=second["access_token"]).json()
    assert seen["active"] is True
    assert seen["scope"] == ALL
    assert desk.post("revoke", token=second["access_token"]).status_code == 200
    assert desk.post("introspect", token=second["access_token"]).json() == {"active": False}
    third = desk.refresh(second["refresh_token"]).json()
    assert desk.works(third["access_token"])
    assert desk.post("revoke", token=third["refresh_token"]).status_code == 200
    assert not desk.works(third["access_token"])
    assert desk.refresh(third["refresh_token"]).json()["error"] == "invalid_grant"
    assert desk.post("revoke", token="no token of anybody").status_code == 200


def test_prompts_and_ages_are_obeyed(desk: PortalSide, ann: Visitor) -> None:
    challenge = new_pair()[1]

    def error_of(**changes: str) -> str:
        answer = ann.browser.get(desk.request(challenge, **changes))
        assert answer.status_code == 303, answer.content.decode()
        return parameters_of(answer["Location"])["error"]

    assert error_of(prompt="none") == "login_required"
    ann.sign_in()
    assert error_of(prompt="none") == "consent_required"
    desk.tokens_of(ann)
    silent = ann.browser.get(desk.request(challenge, prompt="none"))
    assert "code" in parameters_of(silent["Location"])
    assert error_of(prompt="none login") == "invalid_request"
    assert error_of(prompt="none", max_age="0") == "login_required"
    for changes in ({"prompt": "login"}, {"max_age": "0"}):
        page = ann.browser.get(desk.request(challenge, **changes))
        assert "Sign in again for Trader Desk" in page.content.decode()
    assert "prompt%3Dlogin" not in page.content.decode()

    with organization_scope(ann.organization.pk):
        MemberLink.objects.update(state="needs_sign_in", tokens={})
    page = ann.browser.get(desk.request(challenge))
    assert "Sign in again for Trader Desk" in page.content.decode()


def test_discovery_names_what_there_is_and_never_the_requests_host(desk: PortalSide, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    found = Client().get("/o/alpha/.well-known/openid-configuration", headers={"Host": "evil.example"}).json()
    assert found["issuer"] == f"{SITE}/o/alpha"
    assert all(value.startswith(f"{SITE}/o/alpha/") for name, value in found.items() if name.endswith("_endpoint"))
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["response_types_supported"] == ["code"]
    assert found["scopes_supported"] == [scope.name for scope in OFFERED_SCOPES]
    assert found["authorization_response_iss_parameter_supported"] is True
    [key] = Client().get(desk.path("jwks")).json()["keys"]
    assert key["kty"] == "RSA"
    assert "d" not in key, "the private half is nobody's business"
    settings.SITE_URL = ""
    assert Client().get("/o/alpha/.well-known/openid-configuration").status_code == 404
