"""The two steps of the sign-in: what lets in, what does not, and how guessing is slowed down."""

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.urls import reverse

from tests.organizations.sign_in.sign_in_desk import MOMENT, Person, staff, with_second_factor, wrong_code
from vendor_admin.organizations.models import Organization, SecondFactorMemory, User
from vendor_admin.organizations.sign_in.codes import CODES_BEFORE_PAUSE, FIRST_PAUSE

CODE_PAGE, SIGN_IN = "/admin/login/code/", "/admin/login/"
MINUTE = 60.0


@pytest.fixture
def alpha(db: None) -> Organization:
    return Organization.objects.create(slug="alpha", name="Alpha Funding")


@pytest.fixture
def alice(alpha: Organization) -> Person:
    proven = {"email": "Alice@alpha.example", "verified_email": "alice@alpha.example"}
    return with_second_factor(staff("alice", organization=alpha, **proven))


@pytest.fixture
def clock():
    with time_machine.travel(MOMENT, tick=False) as traveller:
        yield traveller


def test_password_and_code_let_in_and_lead_where_one_wanted_to_go(alice: Person, clock) -> None:
    wanted = reverse("all_tables")

    asked = alice.give_password(wanted=wanted)

    assert asked.headers["Location"] == CODE_PAGE
    assert "Enter your code" in alice.client.get(CODE_PAGE).content.decode()
    assert not alice.is_in()
    let_in = alice.give_code(alice.code(at=MOMENT))
    assert let_in.headers["Location"] == wanted
    assert alice.is_in()


def test_a_password_alone_opens_no_page(alice: Person, clock) -> None:
    alice.give_password()

    for address in ("/admin/", "/admin/second-factor/", "/admin/second-factor/set-up/", reverse("preferences")):
        answer = alice.client.get(address)
        assert answer.status_code == 302, address
        assert answer.headers["Location"].startswith(SIGN_IN), address


def test_the_code_page_asks_for_the_password_first(alice: Person, clock) -> None:
    assert alice.client.get(CODE_PAGE).headers["Location"] == SIGN_IN
    assert alice.give_code(alice.code(at=MOMENT)).headers["Location"] == SIGN_IN
    assert not alice.is_in()


@pytest.mark.parametrize("sent", [{}, {"credential": "{}"}, {"cod": "123456"}])
def test_a_form_without_a_code_lets_nobody_in_and_shows_the_page_again(alice: Person, clock, sent: dict) -> None:
    alice.give_password()

    answer = alice.client.post(CODE_PAGE, sent)

    assert answer.status_code == 200
    assert "Enter your code" in answer.content.decode()
    assert not alice.is_in()


def test_the_code_page_closes_a_quarter_of_an_hour_after_the_password(alice: Person, clock) -> None:
    alice.give_password()
    clock.shift(16 * MINUTE)

    assert alice.give_code(alice.code(at=MOMENT + 16 * MINUTE)).headers["Location"] == SIGN_IN
    assert not alice.is_in()


@pytest.mark.parametrize("steps", [-1, 1])
def test_a_clock_that_is_half_a_minute_off_does_no_harm(alice: Person, clock, steps: int) -> None:
    alice.sign_in(at=MOMENT, steps=steps)

    assert alice.is_in()


@pytest.mark.parametrize("steps", [-2, 2])
def test_an_old_or_future_code_lets_nobody_in(alice: Person, clock, steps: int) -> None:
    assert "not right" in alice.sign_in(at=MOMENT, steps=steps).content.decode()
    assert not alice.is_in()


def test_a_code_works_once_and_so_does_none_before_it(alice: Person, clock) -> None:
    alice.sign_in(at=MOMENT)
    for steps in (0, -1):
        thief = Person(alice.user)
        assert "used already" in thief.sign_in(at=MOMENT, steps=steps).content.decode()
        assert not thief.is_in()

    again = Person(alice.user)
    again.sign_in(at=MOMENT, steps=1)
    assert again.is_in()


def test_after_five_wrong_codes_not_even_the_right_one_is_taken_for_a_while(alice: Person, clock) -> None:
    """Whichever browser they come from: the count is the person's, not the session's or the process's."""
    for _ in range(CODES_BEFORE_PAUSE):
        guesser = Person(alice.user)
        guesser.give_password()
        answer = guesser.give_code(wrong_code(alice, at=MOMENT))
    assert "Too many wrong codes" in answer.content.decode()
    assert "15 minutes" in answer.content.decode()

    assert "Too many wrong codes" in alice.sign_in(at=MOMENT).content.decode()
    assert not alice.is_in()

    later = FIRST_PAUSE.total_seconds() + 1
    clock.shift(later)
    alice.sign_in(at=MOMENT + later)
    assert alice.is_in()
    assert SecondFactorMemory.objects.get().wrong_codes == 0


def test_the_pause_doubles_with_each_further_five_wrong_codes_up_to_a_day(alice: Person, clock) -> None:
    now, minutes = MOMENT, []
    for _ in range(9 * CODES_BEFORE_PAUSE):
        alice.give_password()
        alice.give_code(wrong_code(alice, at=now))
        closed_until = SecondFactorMemory.objects.get().closed_until
        if closed_until is not None and closed_until.timestamp() > now:
            minutes.append(round((closed_until.timestamp() - now) / MINUTE))
            clock.shift(closed_until.timestamp() + 1 - now)
            now = closed_until.timestamp() + 1

    assert minutes == [15, 30, 60, 120, 240, 480, 960, 1440, 1440]


def test_a_recovery_code_lets_in_once_and_says_how_many_are_left(alice: Person, clock) -> None:
    code = alice.authenticator("recovery_codes").wrap().get_unused_codes()[3]
    alice.give_password()
    alice.give_code(f"{code[:4]} {code[4:]}")

    assert "9 are left" in alice.client.get("/admin/", follow=True).content.decode()
    again = Person(alice.user)
    again.give_password()
    assert "not right" in again.give_code(code).content.decode()
    assert not again.is_in()


def test_ten_wrong_passwords_close_the_sign_in_however_the_name_was_typed(alice: Person, clock) -> None:
    for number in range(settings.AXES_FAILURE_LIMIT):
        name = "alice" if number % 2 else "ALICE@alpha.example"
        answer = alice.give_password(name, "wrong")
    assert answer.status_code == 429
    assert "Too many failed sign-ins" in answer.content.decode()

    for name in ("alice", "alice@alpha.example"):
        assert alice.give_password(name).status_code == 429
    clock.shift(16 * MINUTE)
    assert alice.give_password().headers["Location"] == CODE_PAGE


def test_behind_a_proxy_nobody_closes_the_sign_in_of_somebody_elsewhere(alice: Person, clock, settings) -> None:
    settings.BEHIND_PROXY = True
    for _ in range(settings.AXES_FAILURE_LIMIT):
        answer = alice.give_password("alice", "wrong", X_Forwarded_For="203.0.113.9")
    assert answer.status_code == 429

    assert alice.give_password(X_Forwarded_For="203.0.113.9").status_code == 429
    assert alice.give_password(X_Forwarded_For="198.51.100.7").headers["Location"] == CODE_PAGE


@pytest.mark.parametrize("kind", ["nobody of that name", "no staff", "inactive", "wrong password"])
def test_who_may_not_sign_in_is_told_the_same_words(alice: Person, kind: str) -> None:
    user = staff("eve")
    user.is_staff, user.is_active = kind != "no staff", kind != "inactive"
    user.save()
    person = Person(user)
    given = {"nobody of that name": ("mallory", "x"), "wrong password": ("alice", "x")}

    answer = person.give_password(*given.get(kind, ("eve", person.password)))

    assert "do not match a staff user" in answer.content.decode()
    assert not person.is_in()


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"]
)
def test_the_sign_in_leads_to_no_other_site(alice: Person, clock, wanted: str) -> None:
    alice.give_password(wanted=wanted)

    assert alice.give_code(alice.code(at=MOMENT)).headers["Location"] == "/admin/"


def test_a_signed_in_member_can_sign_in_as_staff_in_the_same_browser(alice: Person, clock) -> None:
    member = User.objects.create(username="m1", kind=User.Kind.MEMBER)
    alice.client.force_login(member, backend="django.contrib.auth.backends.ModelBackend")

    alice.sign_in(at=MOMENT)

    assert alice.is_in()


def test_there_is_no_sign_up_and_no_password_by_mail(client: Client, db: None) -> None:
    for address in ("signup/", "password/reset/", "email/", "login/code/confirm/", "2fa/"):
        for prefix in ("/accounts/", "/admin/", "/"):
            assert client.get(prefix + address).status_code in (302, 404), prefix + address
