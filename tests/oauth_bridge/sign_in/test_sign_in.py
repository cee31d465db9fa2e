"""The way in, as it should be."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from oauth_bridge.members import attempts, member_sessions
from oauth_bridge.models import MemberLink, SignInAttempt
from oauth_bridge.own_addresses import safe_next
from oauth_bridge.sign_in import clients
from tests.oauth_bridge.outcomes import now_in_ledger
from tests.oauth_bridge.visitor import SITE, Visitor, parameters_of
from tests.support.signed_in import signed_in
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import AuditEntry, Organization, User
from vendor_admin.organizations.platform_access import budgets
from vendor_admin.organizations.tenancy.scope import organization_scope


def test_a_member_signs_in_at_the_platform_and_sees_their_accounts(ann):
    response = ann.sign_in()

    assert (response.status_code, response["Location"]) == (302, "/o/alpha/accounts/")
    page = ann.get("accounts/")
    assert page.status_code == 200
    assert "My accounts" in page.content.decode()
    link = ann.link()
    assert (link.is_linked, link.name, link.email_verified) == (True, ann.login, True)
    assert (link.user.kind, link.user.is_staff, link.user.has_usable_password()) == (User.Kind.MEMBER, False, False)
    assert [session.ended_at for session in ann.sessions()] == [None]


def test_the_departure_names_the_registered_address_a_state_and_an_s256_challenge(ann, sandbox):
    address = ann.depart()

    assert address.startswith(f"{sandbox.url}/oauth?")
    sent = parameters_of(address)
    assert sent["response_type"] == "code"
    assert sent["redirect_uri"] == f"{SITE}/o/alpha/callback/live/"
    assert sent["code_challenge_method"] == "S256"
    assert len(sent["state"]) >= 43
    assert len(sent["code_challenge"]) == 43
    again = parameters_of(ann.depart())
    assert again["state"] != sent["state"]
    assert again["code_challenge"] != sent["code_challenge"]


@pytest.mark.parametrize("encoding", ["form", "json"])
@pytest.mark.parametrize("path", ["live/auth/oauthtoken", "live/v1/auth/oauthtoken"])
def test_both_encodings_and_both_addresses_of_the_exchange_work(ann, alpha, sandbox, encoding, path):
    values = {"encoding": encoding, "exchange_url": f"{sandbox.url}/{path}"}
    clients.set_client(organization=alpha, environment="live", values=values, actor=Actor.staff("test"))

    ann.sign_in()

    assert ann.is_signed_in()


def test_signing_in_again_uses_the_same_user_and_link(ann, alpha):
    ann.sign_in()
    first = ann.link()
    other = ann.another_browser()

    other.sign_in()

    assert other.link().pk == first.pk
    assert User.objects.filter(kind=User.Kind.MEMBER).count() == 1
    assert ann.is_signed_in()
    assert len(ann.sessions()) == 2


def test_signing_in_again_in_the_same_browser_replaces_its_session(ann):
    ann.sign_in()
    before = ann.browser.session.session_key

    ann.sign_in()

    assert ann.browser.session.session_key != before
    assert [session.ended_at is None for session in ann.sessions()] == [False, True]


def test_a_sign_in_leads_on_to_the_page_that_was_asked_for(ann):
    wanted = "/o/alpha/sign-ins/"
    asked = ann.browser.get(wanted)
    assert asked["Location"] == "/o/alpha/?next=%2Fo%2Falpha%2Fsign-ins%2F"
    assert "Sign in to continue" in ann.browser.get(asked["Location"]).content.decode()

    assert ann.sign_in(next_address=wanted)["Location"] == wanted


def test_a_sign_in_may_lead_on_to_pages_that_the_settings_name(ann, alpha, settings):
    settings.MEMBER_NEXT_PREFIXES = ("/portals/",)

    assert ann.sign_in(next_address="/portals/authorize?x=1&y=2")["Location"] == "/portals/authorize?x=1&y=2"
    assert safe_next("/admin/", organization=alpha) == ""


def test_the_first_sign_in_is_written_to_the_audit(ann, alpha):
    ann.sign_in()
    ann.another_browser().sign_in()

    with organization_scope(alpha.pk):
        assert AuditEntry.objects.filter(action="member linked").count() == 1


def test_members_of_two_organizations_do_not_meet(ann, carl):
    ann.sign_in()
    carl.sign_in()

    assert carl.browser.get("/o/alpha/accounts/")["Location"].startswith("/o/alpha/?next=")
    assert ann.browser.get("/o/beta/accounts/")["Location"].startswith("/o/beta/?next=")
    assert ann.is_signed_in()


def test_a_member_sees_nothing_of_the_admin(ann):
    ann.sign_in()

    for address in ("/admin/", reverse("admin:mirrors_account_changelist"), reverse("preferences")):
        response = ann.browser.get(address)
        assert response.status_code == 302, address
        assert response["Location"].startswith("/admin/login/"), address


def test_staff_are_nobody_on_member_pages_and_are_told_what_signing_in_does(ann, alpha):
    staff = User.objects.create_user("stan", kind=User.Kind.STAFF, is_staff=True)
    ann.browser = signed_in(staff)

    assert ann.get("accounts/").status_code == 302
    assert "signed in as staff (stan)" in ann.get().content.decode()
    ann.sign_in()
    assert ann.is_signed_in()
    assert ann.browser.get("/admin/").status_code == 302


def test_the_entrance_leads_who_is_signed_in_to_the_accounts(ann):
    ann.sign_in()

    assert ann.get()["Location"] == "/o/alpha/accounts/"


def test_without_a_client_the_sign_in_is_not_open(ann, alpha, client_of_alpha):
    clients.set_client(organization=alpha, environment="live", values={"is_enabled": False}, actor=Actor.staff("test"))

    assert "not open yet" in ann.get().content.decode()
    response = ann.get("sign-in/live/")
    assert response.status_code == 404
    assert "Sign-in is not open" in response.content.decode()
    clients.remove_client(client=client_of_alpha, actor=Actor.staff("test"))
    assert "not open yet" in ann.get().content.decode()


def test_without_site_url_the_sign_in_is_not_open(ann, settings):
    settings.SITE_URL = ""

    assert "not open yet" in ann.get().content.decode()
    assert ann.get("sign-in/live/").status_code == 404


def test_a_successful_sign_in_shows_staff_that_the_client_works(ann, alpha, client_of_alpha):
    clients.note_problem(client=client_of_alpha, text="refused", now=timezone.now())

    ann.sign_in()

    client = clients.open_client(organization=alpha, environment="live")
    assert client is not None
    assert client.worked_at is not None
    assert client.problem == ""


def test_who_a_member_is_is_asked_at_the_live_host_that_the_platform_names(ann, alpha, sandbox):
    shared = sandbox.view("hosts")["shared"]
    own = sandbox.control("move", organization=20, environment="live")["host"]
    try:
        assert _asked_at(ann) == [own]
        assert _live_host(alpha) == own
        sandbox.control("api-hosts", organization=20, when="never")
        assert _asked_at(ann) == [own], "the last one that worked"
        sandbox.control("api-hosts", organization=20, value={"live": "user@evil.test"})
        assert _asked_at(ann) == [own], "not one that cannot be believed"
        sandbox.control("api-hosts", organization=20, when="never")
        sandbox.control("move", organization=20, environment="live", host=shared)
        assert "<code>wrong_host</code>" in ann.sign_in().content.decode()
        assert _live_host(alpha) == "", "what a wrong host was is forgotten"
        assert _asked_at(ann) == [shared]
    finally:
        sandbox.control("api-hosts")
        sandbox.control("move", organization=20, environment="live", host=shared)


def test_a_stranger_moves_nobody_elses_host(ann, alpha, carl, sandbox):
    """Any user may sign in at any client, and the platform names the hosts of the user's own organization."""
    shared = sandbox.view("hosts")["shared"]
    stranger = replace(ann, login=carl.login)
    foreign = sandbox.view("oauth/clients")[1]["organization_id"]
    own = sandbox.control("move", organization=foreign, environment="live")["host"]
    try:
        assert "<code>other_organization</code>" in stranger.sign_in().content.decode()
        assert _live_host(alpha) == ""
    finally:
        sandbox.control("move", organization=foreign, environment="live", host=shared)
    assert own != shared


def _asked_at(visitor: Visitor) -> list[str]:
    """Sign in, and tell at which hosts `auth/me` was asked."""
    since = now_in_ledger(visitor)
    visitor.sign_in()
    assert visitor.is_signed_in()
    entries = visitor.sandbox.view("ledger", kind="rest", after=since, limit=20_000)["entries"]
    return [entry["host"] for entry in entries if (entry["endpoint"], entry["direction"]) == ("auth/me", "received")]


def _live_host(organization: Organization) -> str:
    client = clients.open_client(organization=organization, environment="live")
    assert client is not None
    return client.live_host


def test_attempts_and_sessions_of_long_ago_are_forgotten(ann, alpha):
    ann.sign_in()
    later = timezone.now() + timedelta(days=60)

    assert attempts.forget_old_attempts(organization_id=alpha.pk, now=later) == 1
    assert member_sessions.forget_old_sessions(organization_id=alpha.pk, now=later) == 1
    with organization_scope(alpha.pk):
        assert not SignInAttempt.objects.exists()
        assert MemberLink.objects.count() == 1


def test_an_unknown_organization_or_environment_is_not_found(ann):
    for address in ("/o/nobody/", "/o/alpha/sign-in/test/", "/o/alpha/callback/test/", "/o/nobody/callback/live/"):
        assert ann.browser.get(address).status_code == 404, address


def test_many_sign_ins_at_once_wait_for_each_other_instead_of_failing(ann, client_of_alpha, monkeypatch):
    """Each holds one of the ten failures of `auth/me` until it has succeeded."""
    subject, then = budgets.address_subject(client_of_alpha.rest_url), timezone.now()
    for _ in range(budgets.WHO_AM_I.limit):
        assert budgets.take(budget=budgets.WHO_AM_I, subject=subject, now=then) == 0.0
    waited = []

    def others_succeed(seconds):
        waited.append(seconds)
        if len(waited) == 3:
            budgets.give_back(budget=budgets.WHO_AM_I, subject=subject, used_at=then)

    monkeypatch.setattr("oauth_bridge.sign_in.code_exchange.time.sleep", others_succeed)

    ann.sign_in()

    assert ann.is_signed_in()
    assert len(waited) == 3
    left = budgets.uses_left(budget=budgets.WHO_AM_I, subject=subject, now=timezone.now())
    assert left == 1, "it gave back its own, too"
