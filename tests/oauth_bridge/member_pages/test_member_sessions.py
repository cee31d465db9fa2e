"""A member's sessions: seen and ended by their owner, ended by a disconnect, and nobody else's business."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.contrib.auth import SESSION_KEY as SIGNED_IN
from django.utils import timezone

from oauth_bridge.members.browsers import browser_in_words
from oauth_bridge.models import MemberLink, MemberSession
from tests.oauth_bridge.visitor import SITE
from vendor_admin.organizations.models import AuditEntry, User
from vendor_admin.organizations.tenancy.scope import organization_scope


def test_a_member_sees_their_browsers_and_ends_one(ann):
    ann.sign_in()
    phone = ann.another_browser()
    phone.browser.defaults["HTTP_USER_AGENT"] = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) Version/19 Safari/605"
    phone.sign_in()
    first, second = ann.sessions()

    page = ann.get("sign-ins/").content.decode()
    assert "Safari on iPhone" in page
    assert page.count("this browser</span>") == 1
    ended = ann.post(f"sign-ins/{second.pk}/end/", follow=True)

    assert "That browser is signed out." in ended.content.decode()
    assert ann.is_signed_in()
    assert phone.get("accounts/").status_code == 302
    assert SIGNED_IN not in phone.browser.session
    assert [session.ended_at is None for session in ann.sessions()] == [True, False]
    assert first.pk == ann.sessions()[0].pk


def test_ending_ones_own_session_signs_out(ann):
    ann.sign_in()

    response = ann.post(f"sign-ins/{ann.sessions()[0].pk}/end/")

    assert response["Location"] == "/o/alpha/"
    assert SIGNED_IN not in ann.browser.session
    assert ann.sessions()[0].ended_at is not None


def test_signing_out_ends_the_session_also_for_a_copy_of_its_cookie(ann):
    ann.sign_in()
    copy = ann.another_browser()
    copy.browser.cookies["sessionid"] = ann.browser.cookies["sessionid"].value

    assert copy.is_signed_in()
    ann.post("sign-out/")

    assert not copy.is_signed_in()


def test_the_sessions_of_others_cannot_be_ended(ann, ben, carl):
    for visitor in (ann, ben, carl):
        visitor.sign_in()

    assert ann.post(f"sign-ins/{ben.sessions()[0].pk}/end/").status_code == 404
    assert ann.post(f"sign-ins/{carl.sessions()[0].pk}/end/").status_code == 404

    assert ben.is_signed_in()
    assert carl.is_signed_in()


def test_a_session_ends_after_twelve_hours_however_it_is_used(ann):
    ann.sign_in()
    start = timezone.now()

    for hours in (4, 8, 11.9):
        with time_machine.travel(start + timedelta(hours=hours), tick=True):
            assert ann.get("accounts/").status_code == 200
    with time_machine.travel(start + timedelta(hours=12, seconds=5), tick=True):
        assert ann.get("accounts/").status_code == 302


def test_when_it_was_seen_is_noted_once_a_minute(ann):
    ann.sign_in()
    seen = ann.sessions()[0].seen_at

    ann.get("accounts/")
    assert ann.sessions()[0].seen_at == seen
    with time_machine.travel(timezone.now() + timedelta(minutes=2), tick=True):
        ann.get("accounts/")
    assert ann.sessions()[0].seen_at > seen


def test_disconnecting_deletes_the_tokens_and_ends_every_session(ann, alpha):
    ann.sign_in()
    other = ann.another_browser()
    other.sign_in()
    assert "Disconnect from Tradovate?" in ann.get("disconnect/").content.decode()
    assert ann.link().is_linked, "asking changes nothing"

    done = ann.post("disconnect/")

    assert "You are disconnected" in done.content.decode()
    link = ann.link()
    assert (link.state, link.tokens, link.renew_at) == ("disconnected", {}, None)
    assert not ann.is_signed_in()
    assert not other.is_signed_in()
    with organization_scope(alpha.pk):
        entry = AuditEntry.objects.get(action="member disconnected")
    assert (entry.actor, entry.new["sessions ended"]) == (f"member {ann.login}", 2)
    ann.sign_in()
    assert ann.link().is_linked


def test_a_member_who_is_removed_at_the_platform_is_led_out(ann, write):
    ann.sign_in()
    write.connection.execute("UPDATE mirrors_platformuser SET deleted_at = now()")

    response = ann.get("accounts/")

    assert response.status_code == 403
    assert "Your user is closed" in response.content.decode()
    assert SIGNED_IN not in ann.browser.session
    assert ann.sessions()[0].ended_at is not None


@pytest.mark.parametrize("what", ["row", "key", "user", "note"])
def test_a_django_session_without_an_open_row_of_its_own_is_nobodys(ann, ben, what):
    ann.sign_in()
    ben.sign_in()
    if what == "note":
        session = ann.browser.session
        del session["member_session"]
        session.save()
    with organization_scope(ann.organization.pk):
        mine = MemberSession.objects.filter(link__platform_user_id=ann.user_id)
        if what == "row":
            mine.delete()
        elif what == "key":
            mine.update(key_digest="0" * 64)
        elif what == "user":
            mine.update(link=MemberLink.objects.get(platform_user_id=ben.user_id))

    assert ann.get("accounts/").status_code == 302
    assert SIGNED_IN not in ann.browser.session


def test_a_user_who_is_no_member_any_more_is_not_let_in_by_a_members_session(ann):
    ann.sign_in()
    User.objects.filter(kind=User.Kind.MEMBER).update(kind=User.Kind.STAFF, is_staff=True)

    assert ann.browser.get("/admin/").status_code == 302
    assert ann.get("accounts/").status_code == 302


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36", "Chrome on Linux"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 15) Chrome/142.0 Safari/537.36 Edg/142.0", "Edge on Mac"),
        ("Mozilla/5.0 (Linux; Android 16) Chrome/142.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (iPad; CPU OS 19_0 like Mac OS X) CriOS/142 Safari/604.1", "Chrome on iPad"),
        ("curl/8", "Unknown browser"),
        ("something Linux", "Browser on Linux"),
        ("", "Unknown browser"),
    ],
)
def test_a_browser_is_named_in_words_that_its_owner_knows(user_agent, words):
    assert browser_in_words(user_agent) == words


NOTHING_DONE = "Nothing was done: you were signed out before you pressed the button."


def signed_in_after_pressing_too_late(ann, button, *, page):
    """The page that a member comes to who was signed out elsewhere, pressed a button and signed in again."""
    ann.sign_in()
    with organization_scope(ann.organization.pk):
        MemberSession.objects.update(ended_at=timezone.now())
    sent = ann.post(button, headers={"Referer": SITE + ann.path(page)})
    entrance = ann.browser.get(sent["Location"]).content.decode()
    assert "Nothing was changed or disconnected: you were signed out before." in entrance
    assert NOTHING_DONE not in entrance
    back = ann.sign_in(parse_qs(urlsplit(sent["Location"]).query)["next"][0])
    return ann.browser.get(back["Location"], follow=True)


def test_a_button_that_a_member_pressed_too_late_leads_back_to_its_page_which_says_that_nothing_was_done(ann):
    page = signed_in_after_pressing_too_late(ann, "disconnect/", page="sign-ins/")

    assert page.request["PATH_INFO"] == "/o/alpha/sign-ins/"
    assert NOTHING_DONE in page.content.decode()
    assert NOTHING_DONE not in ann.get("sign-ins/").content.decode()


def test_no_member_comes_back_to_an_address_that_only_takes_forms(ann):
    page = signed_in_after_pressing_too_late(ann, "sign-out/", page="sign-out/")

    assert page.status_code == 200
    assert NOTHING_DONE in page.content.decode()
