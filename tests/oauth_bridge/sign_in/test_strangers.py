"""Who may come in, where a sign-in may lead, and what other sites can do about it."""

from dataclasses import replace

import pytest
from django.conf import settings as product

from oauth_bridge.members import attempts
from oauth_bridge.models import SignInAttempt
from oauth_bridge.own_addresses import safe_next
from oauth_bridge.problems import PAGES, Problem
from tests.oauth_bridge.form_client import FormClient
from tests.oauth_bridge.outcomes import nobody_came_in, refused
from tests.oauth_bridge.visitor import Visitor, parameters_of
from vendor_admin.organizations.models import Organization, User
from vendor_admin.organizations.tenancy.scope import organization_scope

pytestmark = pytest.mark.pages


def test_a_member_of_another_organization_is_told_so(ann, carl):
    """Any user of the platform may sign in at any client: the bridge must look who it is."""
    stranger = Visitor(ann.sandbox, "alpha", carl.login, carl.user_id)

    text = refused(stranger, stranger.sign_in(), Problem.OTHER_ORGANIZATION)

    assert carl.login in text
    assert "Bluewater Traders" in text


def test_a_user_whom_the_mirrors_do_not_know_is_told_so(ann, ben, alpha, write):
    with organization_scope(alpha.pk):
        Organization.objects.filter(pk=alpha.pk).update(name="Northwind Funding")
    write.connection.execute("UPDATE mirrors_platformuser SET entity_id = 77 WHERE entity_id = %s", [ben.user_id])

    assert "does not know this user" in refused(ben, ben.sign_in(), Problem.UNKNOWN_USER)


def test_members_are_matched_by_user_id_and_never_by_e_mail_or_name(ann, ben, alpha, write):
    """A row with Ben's name and e-mail, but of somebody else, opens nothing to Ben."""
    with organization_scope(alpha.pk):
        Organization.objects.filter(pk=alpha.pk).update(name="Northwind Funding")
    write.connection.execute(
        "UPDATE mirrors_platformuser SET entity_id = 77, email = %s WHERE entity_id = %s",
        [f"{ben.login.lower()}@traders.example", ben.user_id],
    )

    refused(ben, ben.sign_in(), Problem.UNKNOWN_USER)


def test_a_row_of_the_other_environment_opens_nothing(ann, alpha, write):
    with organization_scope(alpha.pk):
        Organization.objects.filter(pk=alpha.pk).update(name="Northwind Funding")
    write.connection.execute("UPDATE mirrors_platformuser SET environment = 'demo'")

    refused(ann, ann.sign_in(), Problem.UNKNOWN_USER)


@pytest.mark.parametrize("change", ["status = 'Closed'", "deleted_at = now()"])
def test_a_user_who_was_closed_or_removed_is_told_so(ann, write, change):
    write.connection.execute(f"UPDATE mirrors_platformuser SET {change}")  # noqa: S608 - written above

    refused(ann, ann.sign_in(), Problem.CLOSED)


def test_a_member_whose_access_was_switched_off_stays_out(ann):
    ann.sign_in()
    User.objects.filter(kind=User.Kind.MEMBER).update(is_active=False)

    assert ann.get("accounts/").status_code == 302
    response = ann.another_browser().sign_in()
    assert f"<code>{Problem.BLOCKED}</code>" in response.content.decode()
    assert len(ann.sessions()) == 1


def test_a_user_name_that_somebody_took_beforehand_gives_nothing(ann):
    for name in (ann.login, str(ann.user_id), f"{ann.user_id}@alpha", f"member-{ann.user_id}"):
        User.objects.create_user(name, password="known", kind=User.Kind.STAFF, is_staff=True)

    ann.sign_in()

    assert ann.link().user.kind == User.Kind.MEMBER


NASTY = [
    "https://evil.example/", "//evil.example/", "///evil.example", "/\\evil.example", "\\\\evil.example",
    "/o/alpha/..//evil.example", "/o/alpha/%2e%2e/%2e%2e/admin/", "/o/alpha/../../admin/", "/o/alpha//evil.example",
    "javascript:alert(1)", "/admin/", "/o/beta/accounts/", "/o/alphaevil/", "o/alpha/", "/o/alpha/\nSet-Cookie: a=b",
    "/o/alpha/\t", "/o/alpha/ é", "http:/o/alpha/", "/o/alpha/" + "x" * 3000, "/o/alpha/@evil.example\x00",
    "/o/alpha/%5c%5cevil.example", " /o/alpha/", "/%09/evil.example",
]  # fmt: skip


@pytest.mark.parametrize("address", NASTY)
def test_a_sign_in_leads_on_to_our_own_pages_only(ann, alpha, address):
    assert safe_next(address, organization=alpha) == ""

    assert ann.sign_in(next_address=address)["Location"] == "/o/alpha/accounts/"


@pytest.mark.parametrize("address", NASTY[:6])
def test_the_entrance_leads_on_to_our_own_pages_only(ann, address):
    ann.sign_in()

    assert ann.get(data={"next": address})["Location"] == "/o/alpha/accounts/"


def test_next_in_the_way_back_is_ignored(ann):
    back = ann.at_the_platform(ann.depart())

    assert ann.come_back(back + "&next=/o/alpha/sign-ins/")["Location"] == "/o/alpha/accounts/"


def test_a_host_that_is_not_ours_is_refused(ann):
    for path in ("", "sign-in/live/", "callback/live/?state=x&code=y"):
        assert ann.get(path, headers={"host": "evil.example"}).status_code == 400


@pytest.mark.parametrize("header", ["x-forwarded-host", "forwarded", "x-original-host"])
def test_no_header_changes_the_address_that_the_platform_sends_back_to(ann, header):
    response = ann.get("sign-in/live/", headers={header: "evil.example"})

    assert parameters_of(response["Location"])["redirect_uri"] == "http://testserver/o/alpha/callback/live/"


def test_another_name_of_ours_leads_to_the_one_that_is_registered(ann, alpha, settings):
    settings.ALLOWED_HOSTS = ["testserver", "localhost"]

    started = ann.get("sign-in/live/", headers={"host": "localhost"}, data={"next": "/o/alpha/sign-ins/"})
    entrance = ann.browser.get(started["Location"], headers={"host": "localhost"})

    assert started["Location"] == "/o/alpha/?next=%2Fo%2Falpha%2Fsign-ins%2F"
    assert entrance["Location"] == "http://testserver/o/alpha/?next=%2Fo%2Falpha%2Fsign-ins%2F&moved=1"
    with organization_scope(alpha.pk):
        assert not SignInAttempt.objects.exists()


def test_a_proxy_that_hides_our_name_makes_no_endless_loop(ann, settings):
    settings.ALLOWED_HOSTS = ["testserver", "inner"]
    entrance = ann.get(headers={"host": "inner"}, data={"moved": "1"})

    assert entrance.status_code == 200
    assert "sign-in/live/?moved=1" in entrance.content.decode()
    assert "redirect_uri=" in ann.get("sign-in/live/?moved=1", headers={"host": "inner"})["Location"]


def test_another_site_cannot_begin_a_sign_in_in_a_visitors_name(ann, alpha):
    response = ann.get("sign-in/live/", headers={"sec-fetch-site": "cross-site"})

    assert response["Location"] == "/o/alpha/"
    with organization_scope(alpha.pk):
        assert not SignInAttempt.objects.exists()
    assert ann.get("sign-in/live/", headers={"sec-fetch-site": "same-origin"})["Location"].startswith("http://127")


@pytest.mark.parametrize("method", ["post", "put", "head", "delete"])
def test_the_way_back_takes_nothing_but_get(ann, method):
    back = ann.at_the_platform(ann.depart())
    path = "/o/alpha/callback/live/?" + back.partition("?")[2]

    assert getattr(ann.browser, method)(path).status_code == 405
    nobody_came_in(ann)


def test_a_session_that_was_planted_beforehand_is_worth_nothing_afterwards(ann):
    """Session fixation: the key changes when somebody signs in."""
    ann.depart()
    planted = ann.browser.session.session_key
    thief = FormClient()
    thief.cookies["sessionid"] = planted

    ann.sign_in()

    assert ann.browser.session.session_key != planted
    assert thief.get("/o/alpha/accounts/").status_code == 302


def test_forms_of_other_sites_do_nothing(ann):
    ann.sign_in()
    strict = FormClient(enforce_csrf_checks=True)
    strict.cookies = ann.browser.cookies

    for path in ("sign-out/", "disconnect/", f"sign-ins/{ann.sessions()[0].pk}/end/"):
        assert strict.post(f"/o/alpha/{path}").status_code == 403
    assert ann.is_signed_in()


def test_every_problem_has_a_page_in_plain_words_with_a_way_on():
    facts = {"organization": "Alpha", "wait": "a while", "who": "ANN", "belongs_to": "Beta"}

    assert set(PAGES) == set(Problem)
    for problem, page in PAGES.items():
        texts = [text.format(**facts) for text in (page.title, page.meaning, page.next_step)]
        assert all(len(text) > 10 for text in texts), problem
        assert not any("{" in text for text in texts), problem


def test_so_many_sign_ins_and_no_more_are_begun_from_a_network_and_the_rest_leave_nothing(ann, alpha, monkeypatch):
    monkeypatch.setattr(attempts, "DEPARTURES", replace(attempts.DEPARTURES, limit=3))
    for number in range(3):
        ann.another_browser().get("sign-in/live/", REMOTE_ADDR=f"2001:db8::{number}")
    late = ann.another_browser()

    response = late.get("sign-in/live/", REMOTE_ADDR="2001:db8::3")

    assert (response.status_code, f"<code>{Problem.TOO_MANY_BEGUN}</code>" in response.content.decode()) == (429, True)
    assert int(response.headers["Retry-After"]) > 3000
    assert product.SESSION_COOKIE_NAME not in late.browser.cookies
    with organization_scope(alpha.pk):
        assert SignInAttempt.objects.count() == 3
    assert ann.another_browser().get("sign-in/live/", REMOTE_ADDR="2001:db8:0:1::3").status_code == 302
