"""Guessing at passwords: how many are checked, from where and at whom, and whom a stranger's guesses keep out."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.db import connection, transaction
from django.urls import reverse

from tests.organizations.sign_in.sign_in_desk import MOMENT, Person, staff, with_second_factor
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.sign_in import guesses
from vendor_admin.organizations.turns import NoTurn

CODE_PAGE = "/admin/login/code/"
QUARTER_OF_AN_HOUR = 15 * 60.0


@pytest.fixture
def clock():
    with time_machine.travel(MOMENT, tick=False) as traveller:
        yield traveller


@pytest.fixture
def alice(db: None, clock) -> Person:
    alpha = Organization.objects.create(slug="alpha", name="Alpha Funding")
    return with_second_factor(staff("alice", organization=alpha))


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts that are full soon."""
    monkeypatch.setattr(guesses, "OF_NETWORK", 5)
    monkeypatch.setattr(guesses, "OF_NAME", 8)


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names whose passwords were checked, in order."""
    names: list[str] = []
    checks = ModelBackend.authenticate

    def noted(self, request, username=None, password=None, **kwargs):
        names.append(username)
        return checks(self, request, username=username, password=password, **kwargs)

    monkeypatch.setattr(ModelBackend, "authenticate", noted)
    return names


def guess(name: str, *, network: str) -> int:
    """A wrong password in a browser of nobody; the status of the answer."""
    answer = Person(user=None).client.post(  # type: ignore[arg-type]
        "/admin/login/", {"username": name, "password": "wrong"}, REMOTE_ADDR=network
    )
    return int(answer.status_code)


def from_many_networks(name: str, count: int = 10) -> None:
    for number in range(count):
        guess(name, network=f"198.51.100.{number // 4}")


def leave(person: Person) -> None:
    """Sign out, and keep the browser's other cookies."""
    person.client.post("/admin/logout/")


def test_ten_guesses_at_a_name_from_a_network_are_checked(alice: Person, checked: list[str]) -> None:
    answers = [guess("alice", network=f"2001:db8::{number:x}") for number in range(40)]

    assert len(checked) == settings.AXES_FAILURE_LIMIT == 10
    assert answers[9:] == [429] * 31


def test_thirty_guesses_from_a_network_are_checked_whoever_they_are_at(alice: Person, checked: list[str]) -> None:
    for number in range(40):
        guess(f"user-{number}", network="203.0.113.9")

    assert len(checked) == 30
    assert guess("alice", network="203.0.113.10") == 200


def test_fifty_guesses_at_a_name_are_checked_wherever_they_come_from(alice: Person, checked: list[str]) -> None:
    from_many_networks("alice", 80)

    assert len(checked) == 50


def test_callers_whose_address_cannot_be_read_share_one_count(alice: Person, checked: list[str], settings) -> None:
    settings.BEHIND_PROXY = True
    for number in range(40):
        Person(alice.user).give_password(f"user-{number}", "wrong", X_Forwarded_For=f"garbage-{number}")

    assert len(checked) == 30


def test_a_strangers_guesses_do_not_keep_the_owner_out_of_a_browser_that_is_known(alice: Person, few) -> None:
    alice.sign_in(at=MOMENT)
    leave(alice)
    from_many_networks("alice")

    assert Person(alice.user).give_password().status_code == 429
    assert alice.give_password().headers["Location"] == CODE_PAGE


def test_a_strangers_guesses_close_no_password_form_of_who_is_signed_in(alice: Person, few) -> None:
    alice.sign_in(at=MOMENT)
    del alice.client.cookies[guesses.COOKIE]
    from_many_networks("alice")

    answer = alice.client.post(reverse("second_factor_recovery_codes"), {"password": "pass-alice"})

    assert "Your new recovery codes" in answer.content.decode()


def test_a_neighbours_guesses_do_not_either(alice: Person, few) -> None:
    alice.sign_in(at=MOMENT)
    leave(alice)
    for number in range(6):
        guess(f"user-{number}", network="127.0.0.1")

    assert Person(alice.user).give_password().status_code == 429
    assert alice.give_password().headers["Location"] == CODE_PAGE


def test_a_browser_that_is_known_is_known_for_its_user_alone_and_has_ten_guesses_too(alice: Person, few) -> None:
    staff("bob")
    alice.sign_in(at=MOMENT)
    leave(alice)
    from_many_networks("bob")

    assert alice.give_password("bob", "pass-bob").status_code == 429
    assert [alice.give_password("alice", "wrong").status_code for _ in range(10)] == [200] * 9 + [429]
    assert alice.give_password().status_code == 429


def test_a_made_up_cookie_makes_no_browser_known(alice: Person, few) -> None:
    from_many_networks("alice")
    person = Person(alice.user)
    person.client.cookies[guesses.COOKIE] = str(alice.user.pk)

    assert person.give_password().status_code == 429


def test_refused_tries_do_not_prolong_it(alice: Person, clock) -> None:
    for _ in range(11):
        guess("alice", network="127.0.0.1")
    clock.shift(QUARTER_OF_AN_HOUR - 5)
    assert guess("alice", network="127.0.0.1") == 429
    clock.shift(10)

    assert alice.give_password().headers["Location"] == CODE_PAGE


@contextmanager
def all_places_taken() -> Iterator[None]:
    """As many sign-ins from as many networks as may be at once, which go on until the end."""
    with_all_places_taken = threading.Barrier(guesses.SIGN_INS_AT_ONCE + 1)
    may_go = threading.Event()

    def sign_in(number: int) -> None:
        try:
            with guesses.sign_in_of(f"other-{number}", network=f"203.0.113.{number}"):
                with_all_places_taken.wait(20)
                may_go.wait(20)
        finally:
            connection.close()

    others = [threading.Thread(target=sign_in, args=(number,)) for number in range(guesses.SIGN_INS_AT_ONCE)]
    for other in others:
        other.start()
    with_all_places_taken.wait(20)
    try:
        yield
    finally:
        may_go.set()
        for other in others:
            other.join(20)


def test_no_more_passwords_are_checked_at_once_than_leave_threads_for_others(alice: Person) -> None:
    with all_places_taken():
        page = alice.give_password()

    assert "Try again in a few seconds" in page.content.decode()
    assert alice.give_password().headers["Location"] == CODE_PAGE


def test_a_network_whose_count_is_full_takes_no_place_of_those_who_sign_in(alice: Person, few) -> None:
    for number in range(guesses.OF_NETWORK):
        guess(f"user-{number}", network="198.51.100.9")

    with all_places_taken():
        assert guess("alice", network="198.51.100.9") == 429


def test_one_network_keeps_no_others_waiting_however_much_it_tries_at_once(alice: Person) -> None:
    may_go, inside, refused = threading.Event(), threading.Event(), threading.Semaphore(0)

    def try_it(number: int) -> None:
        try:
            with transaction.atomic(), guesses.sign_in_of(f"user-{number}", network="198.51.100.9"):
                inside.set()
                may_go.wait(20)
        except NoTurn:
            refused.release()
        finally:
            connection.close()

    strangers = [threading.Thread(target=try_it, args=(number,)) for number in range(6)]
    for stranger in strangers:
        stranger.start()
    assert inside.wait(20)
    refusals = [refused.acquire(timeout=5) for _ in range(4)]
    answer = alice.give_password()
    may_go.set()
    for stranger in strangers:
        stranger.join(20)

    assert refusals == [True] * 4
    assert answer.headers["Location"] == CODE_PAGE
