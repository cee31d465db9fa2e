"""A button that is pressed after its person was signed out (organizations/requests/late_forms.py)."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.urls import reverse

from tests.organizations.sign_in.sign_in_desk import MOMENT, Person, staff, with_second_factor
from vendor_admin.organizations.models import Organization, StaffRole, User

SITE = "http://testserver"
NOTHING_DONE = "Nothing was done: you were signed out before you pressed the button."
AWAY = timedelta(hours=1)


@pytest.fixture
def alice(db: None) -> Person:
    alpha = Organization.objects.create(slug="alpha", name="Alpha Funding")
    return with_second_factor(staff("alice", organization=alpha))


def press_after_a_break(alice: Person, address: str, *, referer: str = "") -> str:
    """Press a button an hour after the last page, sign in again; where that leads to."""
    with time_machine.travel(MOMENT, tick=False) as clock:
        alice.sign_in(at=MOMENT)
        assert alice.is_in()
        clock.shift(AWAY)
        sent = alice.client.post(address, headers={"Referer": referer} if referer else {})
        parts = urlsplit(sent["Location"])
        assert parts.path == reverse("account_login")
        wanted = parse_qs(parts.query)["next"][0]
        assert NOTHING_DONE not in alice.client.get(sent["Location"]).content.decode()
        alice.give_password(wanted=wanted)
        return str(alice.give_code(alice.code(at=MOMENT + AWAY.total_seconds()))["Location"])


def shown_at(alice: Person, address: str) -> str:
    """The page, seen within the session's time."""
    with time_machine.travel(MOMENT + AWAY.total_seconds(), tick=False):
        page = alice.client.get(address, follow=True)
        assert page.status_code == 200
        return str(page.content.decode())


def test_a_button_that_was_pressed_too_late_leads_back_to_its_page_which_says_that_nothing_was_done(
    alice: Person,
) -> None:
    page = reverse("preferences") + "?from=here"

    arrived_at = press_after_a_break(alice, reverse("leave"), referer=SITE + page)

    assert arrived_at == page
    assert NOTHING_DONE in shown_at(alice, arrived_at)
    assert NOTHING_DONE not in shown_at(alice, arrived_at)


@pytest.mark.parametrize(
    "referer",
    [
        "",
        "https://evil.example/admin/preferences/",
        "http://testserver.evil.example/admin/preferences/",
        "http://testserver//evil.example/",
        "http://testserver/no-such-page/",
        "http://[",
    ],
)
def test_who_comes_from_no_page_of_ours_is_led_to_the_overview(alice: Person, referer: str) -> None:
    arrived_at = press_after_a_break(alice, reverse("leave"), referer=referer)

    assert arrived_at == reverse("admin:index")
    assert NOTHING_DONE in shown_at(alice, arrived_at)


def test_a_page_that_was_the_answer_to_a_form_is_not_opened_again(alice: Person) -> None:
    answer_to_a_form = reverse("admin:staff_invite", args=[StaffRole.objects.get().pk])

    arrived_at = press_after_a_break(alice, answer_to_a_form, referer=SITE + answer_to_a_form)

    assert NOTHING_DONE in shown_at(alice, arrived_at)


def test_a_members_session_presses_no_button_of_staff(alice: Person) -> None:
    member = User.objects.create_user("member-of-alpha")
    alice.client.force_login(member, backend="django.contrib.auth.backends.ModelBackend")

    sent = alice.client.post(reverse("leave"), headers={"Referer": SITE + reverse("preferences")})

    assert sent["Location"] == f"{reverse('account_login')}?next={reverse('preferences')}"


def test_who_pressed_it_in_a_members_session_is_led_on_from_the_answer_to_a_form_as_well(alice: Person) -> None:
    answer_to_a_form = reverse("leave")
    with time_machine.travel(MOMENT, tick=False):
        member = User.objects.create_user("member-of-alpha")
        alice.client.force_login(member, backend="django.contrib.auth.backends.ModelBackend")
        sent = alice.client.post(answer_to_a_form, headers={"Referer": SITE + answer_to_a_form})
        assert NOTHING_DONE not in alice.client.get(sent["Location"]).content.decode()
        alice.give_password(wanted=answer_to_a_form)
        arrived_at = alice.give_code(alice.code(at=MOMENT))["Location"]

        page = alice.client.get(arrived_at, follow=True)

    assert page.status_code == 200
    assert NOTHING_DONE in page.content.decode()


def test_a_page_that_is_only_looked_at_is_come_back_to_without_a_word(alice: Person) -> None:
    page = reverse("preferences")

    sent = alice.client.get(page)

    assert sent["Location"] == f"{reverse('account_login')}?next={page}"
    assert "late_form" not in sent.cookies
