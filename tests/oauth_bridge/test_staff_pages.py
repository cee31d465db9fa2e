"""Staff set up the sign-in, see who is linked and disconnect a member; Charlie of Beta sees nothing of it."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from oauth_bridge.models import MemberLink, MemberSite, PlatformClient
from oauth_bridge.sign_in import clients
from oauth_bridge.sign_in.clients import set_client
from tests.oauth_bridge.member_pages.test_member_site import PNG
from tests.support.signed_in import signed_in
from vendor_admin.errors import InvalidFields
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import AuditEntry, Organization, StaffRole, User
from vendor_admin.organizations.tenancy.scope import organization_scope

pytestmark = pytest.mark.pages

CLIENTS = "admin:oauth_bridge_platformclient"
LINKS = "admin:oauth_bridge_memberlink"
SITES = "admin:oauth_bridge_membersite"


def staff(organization: Organization, role: str) -> Client:
    user = User.objects.create_user(f"{role}@{organization.slug}", kind=User.Kind.STAFF, is_staff=True)
    StaffRole.objects.create(user=user, organization=organization, role=role)
    return signed_in(user)


@pytest.fixture
def alice(alpha: Organization) -> Client:
    return staff(alpha, "owner")


@pytest.fixture
def sam(alpha: Organization) -> Client:
    return staff(alpha, "support")


@pytest.fixture
def bob(alpha: Organization) -> Client:
    return staff(alpha, "viewer")


@pytest.fixture
def charlie(beta: Organization) -> Client:
    return staff(beta, "owner")


def client_of(organization: Organization) -> PlatformClient:
    found = clients.open_client(organization=organization, environment="live")
    assert found is not None
    return found


def text_of(response: Any) -> str:
    assert response.status_code == 200, response.status_code
    return " ".join(response.content.decode().split())


def test_the_clients_page_names_the_address_to_register_and_never_the_secret(alice, alpha):
    stored = client_of(alpha)

    text = text_of(alice.get(reverse(f"{CLIENTS}_change", args=[stored.pk])))

    assert "http://testserver/o/alpha/callback/live/" in text
    assert "http://testserver/o/alpha/" in text
    assert stored.secret["secret"] not in text
    edit = text_of(alice.get(reverse("admin:member_client_edit", args=[stored.pk])))
    assert stored.secret["secret"] not in edit
    assert stored.client_id in edit


def test_an_owner_changes_the_client_and_the_secret_stays(alice, alpha):
    stored = client_of(alpha)
    values = {name: getattr(stored, name) for name in ("client_id", "authorize_url", "exchange_url", "rest_url")}

    address = reverse("admin:member_client_edit", args=[stored.pk])
    response = alice.post(address, values | {"encoding": "json", "secret": "", "reason": "tried the other"})

    assert response.status_code == 302
    changed = client_of(alpha)
    assert (changed.encoding, changed.secret) == ("json", stored.secret)
    with organization_scope(alpha.pk):
        entry = AuditEntry.objects.filter(action="sign-in client changed").latest("id")
    assert (entry.old, entry.new, entry.reason) == ({"encoding": "form"}, {"encoding": "json"}, "tried the other")


def test_an_owner_sets_up_pauses_and_removes_a_client(alice, alpha, sandbox, ann):
    clients.remove_client(client=client_of(alpha), actor=Actor.staff("test"))
    given = {
        "environment": "live",
        "client_id": "9000",
        "secret": "planted-secret",
        "authorize_url": f"{sandbox.url}/oauth",
        "exchange_url": f"{sandbox.url}/live/auth/oauthtoken",
        "rest_url": f"{sandbox.url}/live/v1",
        "encoding": "form",
    }
    assert alice.post(reverse(f"{CLIENTS}_add"), given).status_code == 302
    assert "There is a client for it already" in text_of(alice.post(reverse(f"{CLIENTS}_add"), given))
    stored = client_of(alpha)
    assert stored.secret["secret"] == "planted-secret"

    alice.post(reverse("admin:member_client_switch", args=[stored.pk]))
    assert "not open yet" in ann.get().content.decode()
    alice.post(reverse("admin:member_client_switch", args=[stored.pk]))
    assert "Sign in with Tradovate" in ann.get().content.decode()
    alice.post(reverse("admin:member_client_remove", args=[stored.pk]), {"reason": "moved"})
    with organization_scope(alpha.pk):
        assert not PlatformClient.objects.exists()
        assert "planted-secret" not in str(list(AuditEntry.objects.values_list("old", "new")))


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"client_id": " "}, "client_id"),
        ({"authorize_url": "javascript:alert(1)"}, "authorize_url"),
        ({"exchange_url": "http://live.tradovateapi.com/auth/oauthtoken"}, "exchange_url"),
        ({"rest_url": "https://user:pass@live.tradovateapi.com/v1"}, "rest_url"),
        ({"exchange_url": "https://live.tradovateapi.com/auth/oauthtoken?x=1"}, "exchange_url"),
        ({"exchange_url": "https://[half"}, "exchange_url"),
        ({"rest_url": "http://127.0.0.1:9/demo/v1"}, "rest_url"),
        ({"encoding": "xml"}, "encoding"),
        ({"authorize_url": "https://trader.tradovate.com/oauth"}, "authorize_url"),
    ],
)
def test_settings_that_cannot_work_are_refused_with_a_reason(alpha, values, field):
    before = client_of(alpha)

    with pytest.raises(InvalidFields) as caught:
        set_client(organization=alpha, environment="live", values=values, actor=Actor.staff("test"))

    assert set(caught.value.texts) == {field}
    assert len(caught.value.texts[field]) > 15
    assert client_of(alpha).exchange_url == before.exchange_url


def elsewhere(origin: str) -> dict[str, str]:
    return {"exchange_url": f"{origin}/live/auth/oauthtoken", "rest_url": f"{origin}/live/v1"}


def test_a_stored_secret_goes_to_no_other_origin_than_the_one_it_was_given_for(alpha):
    before = client_of(alpha)
    for origin in ("http://localhost:1", "https://127.0.0.1:1"):
        with pytest.raises(InvalidFields) as caught:
            set_client(organization=alpha, environment="live", values=elsewhere(origin), actor=Actor.staff("test"))
        assert set(caught.value.texts) == {"secret"}
    assert client_of(alpha).exchange_url == before.exchange_url


def test_tokens_of_the_exchange_are_not_led_to_another_host_for_rest_or_the_other_way_round(alpha):
    for name, address in elsewhere("http://localhost:1").items():
        with pytest.raises(InvalidFields, match="a token of one"):
            set_client(
                organization=alpha, environment="live", values={name: address, "secret": "x"}, actor=Actor.staff("test")
            )


def test_a_client_that_leads_elsewhere_gets_nothing_that_members_had_from_the_one_before(alpha, ann, ben):
    ann.sign_in()
    back = ben.at_the_platform(ben.depart())

    values = elsewhere("http://localhost:1") | {"secret": "of-another"}
    set_client(organization=alpha, environment="live", values=values, actor=Actor.staff("test"))

    link = ann.link()
    assert (link.needs_sign_in, link.tokens, link.tokens_origin, link.renew_at) == (True, {}, "", None)
    assert ann.is_signed_in(), "the session here stays"
    assert "took too long" in ben.come_back(back).content.decode(), "the code goes nowhere"
    with organization_scope(alpha.pk):
        entry = AuditEntry.objects.filter(action="sign-in client changed").latest("id")
    assert entry.new["members who sign in again"] == 1


def test_a_client_that_was_removed_and_added_again_gets_no_tokens_of_the_one_before(alpha, ann):
    before = client_of(alpha)
    ann.sign_in()
    clients.remove_client(client=before, actor=Actor.staff("test"))
    values = {name: getattr(before, name) for name in ("client_id", "authorize_url", "exchange_url", "rest_url")}

    set_client(organization=alpha, environment="live", values=values | {"secret": "x"}, actor=Actor.staff("test"))

    assert ann.link().needs_sign_in


def test_a_client_that_is_no_longer_allowed_can_be_paused_and_says_why_it_is_not_resumed(alice, alpha):
    with organization_scope(alpha.pk):
        PlatformClient.objects.update(rest_url="https://elsewhere.example/v1")
    address = reverse("admin:member_client_switch", args=[client_of(alpha).pk])

    assert "Paused" in text_of(alice.post(address, follow=True))
    assert clients.open_client(organization=alpha, environment="live") is None
    assert "Demo data may only" in text_of(alice.post(address, follow=True))
    assert clients.open_client(organization=alpha, environment="live") is None


def test_a_real_organizations_exchange_does_not_lead_into_our_own_network(alpha, settings):
    settings.ALLOW_INTERNAL_PLATFORM_HOSTS = False
    with organization_scope(alpha.pk):
        Organization.objects.filter(pk=alpha.pk).update(is_simulated=False)
    alpha.refresh_from_db()

    for host in ("127.0.0.1", "10.0.0.5", "169.254.169.254", "[::1]"):
        with pytest.raises(InvalidFields) as caught:
            set_client(
                organization=alpha,
                environment="live",
                values={"exchange_url": f"https://{host}/auth/oauthtoken", "secret": "x"},
                actor=Actor.staff("test"),
            )
        assert "exchange_url" in caught.value.texts, host


def test_the_list_of_linked_members_shows_who_needs_a_sign_in(alice, bob, ann, ben):
    ann.sign_in()
    ben.sign_in()
    with organization_scope(ann.organization.pk):
        links = MemberLink.objects.filter(platform_user_id=ann.user_id)
        links.update(state="needs_sign_in", tokens={}, problem="The platform refused to renew: gone")

    text = text_of(bob.get(reverse(f"{LINKS}_changelist")))
    assert "needs sign-in" in text
    assert "refused to renew: gone" in text
    assert ben.login in text
    filtered = text_of(alice.get(reverse(f"{LINKS}_changelist"), {"state": "needs_sign_in"}))
    assert ann.login in filtered
    assert ben.login not in filtered


def test_support_disconnects_a_member_with_a_reason(sam, bob, ann, alpha):
    ann.sign_in()
    address = reverse("admin:member_disconnect", args=[ann.link().pk])
    assert "Chrome" not in text_of(sam.get(reverse(f"{LINKS}_change", args=[ann.link().pk])))
    assert bob.post(address).status_code == 403
    for no_reason in ({}, {"reason": " "}):
        assert "This field is required" in text_of(sam.post(address, no_reason))
    assert ann.is_signed_in()

    assert sam.post(address, {"reason": "lost phone"}).status_code == 302

    assert not ann.is_signed_in()
    assert ann.link().tokens == {}
    with organization_scope(alpha.pk):
        entry = AuditEntry.objects.get(action="member disconnected")
    assert (entry.actor, entry.reason) == ("support@alpha", "lost phone")


def test_staff_of_another_organization_find_nothing(charlie, alice, ann, alpha):
    ann.sign_in()
    addresses = [
        reverse(f"{CLIENTS}_change", args=[client_of(alpha).pk]),
        reverse("admin:member_client_edit", args=[client_of(alpha).pk]),
        reverse("admin:member_client_remove", args=[client_of(alpha).pk]),
        reverse(f"{LINKS}_change", args=[ann.link().pk]),
        reverse("admin:member_disconnect", args=[ann.link().pk]),
    ]
    for address in addresses:
        assert alice.get(address).status_code == 200, address
        assert charlie.get(address).status_code == 404, address
    assert charlie.post(reverse("admin:member_disconnect", args=[ann.link().pk])).status_code == 404
    assert charlie.post(reverse("admin:member_client_switch", args=[client_of(alpha).pk])).status_code == 404
    assert ann.login not in text_of(charlie.get(reverse(f"{LINKS}_changelist")))
    assert ann.is_signed_in()


@pytest.mark.parametrize("role", ["viewer", "support", "risk", "finance"])
def test_only_owners_change_how_members_sign_in(alpha, role):
    client = staff(alpha, role)
    stored = client_of(alpha)

    assert client.get(reverse(f"{CLIENTS}_add")).status_code == 403
    assert client.get(reverse("admin:member_client_edit", args=[stored.pk])).status_code == 403
    assert client.post(reverse("admin:member_client_switch", args=[stored.pk])).status_code == 403
    assert client.post(reverse("admin:member_client_remove", args=[stored.pk])).status_code == 403
    assert client.post(reverse(f"{SITES}_add"), {"colour": "#123456"}).status_code == 403
    assert client_of(alpha).is_enabled


def test_an_owner_gives_the_pages_a_name_colour_and_logo(alice, alpha, ann):
    logo = SimpleUploadedFile("logo.png", PNG, content_type="image/png")
    added = alice.post(reverse(f"{SITES}_add"), {"title": "Alpha T", "colour": "#0b6e4f", "logo": logo})
    assert added.status_code == 302
    assert ann.get("logo").content == PNG
    with organization_scope(alpha.pk):
        stored = MemberSite.objects.get()

    change = reverse(f"{SITES}_change", args=[stored.pk])
    assert 'enctype="multipart/form-data"' in text_of(alice.get(change))
    bad = SimpleUploadedFile("logo.svg", b"<svg/>", content_type="image/png")
    assert "PNG, JPEG or WebP" in text_of(alice.post(change, {"colour": "#0b6e4f", "logo": bad}))
    assert alice.post(change, {"title": "", "colour": "#0b6e4f", "remove_logo": "on"}).status_code == 302
    assert ann.get("logo").status_code == 404
    assert "<h1>Alpha Funding</h1>" in ann.get().content.decode()


def test_the_clients_page_says_when_the_installation_has_no_address(alice, alpha, settings):
    settings.SITE_URL = ""

    assert "SITE_URL is not set" in text_of(alice.get(reverse(f"{CLIENTS}_change", args=[client_of(alpha).pk])))


def test_a_problem_of_the_client_is_shown_until_it_works(alice, alpha, ann):
    clients.note_problem(client=client_of(alpha), text="The exchange was refused: planted", now=timezone.now())
    assert "refused by the platform" in text_of(alice.get(reverse(f"{CLIENTS}_changelist")))

    ann.sign_in()

    assert ">works</span>" in text_of(alice.get(reverse(f"{CLIENTS}_changelist")))
