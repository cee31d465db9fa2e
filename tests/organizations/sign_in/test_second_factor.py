"""Setting up, replacing and resetting a second factor; recovery codes; secrets at rest; sessions that end."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from django.urls import reverse
from django.utils import timezone

from tests.organizations.sign_in.sign_in_desk import MOMENT, SECRET, Person, staff, with_second_factor
from tests.support.running_hub import wait_until
from tests.support.signed_in import half_signed_in, signed_in
from vendor_admin.demo.authenticator import code_of
from vendor_admin.organizations.encryption import UndecryptableError
from vendor_admin.organizations.models import AuditEntry, Organization, StaffRole, User
from vendor_admin.organizations.sign_in.codes import check_code, locked_memory
from vendor_admin.organizations.sign_in.second_factor import has_second_factor, unused_recovery_codes
from vendor_admin.organizations.tenancy.scope import organization_scope

SET_UP, CODES = "/admin/second-factor/set-up/", "/admin/second-factor/recovery-codes/"
HALF_AN_HOUR = 31 * 60.0


@pytest.fixture
def alpha(db: None) -> Organization:
    return Organization.objects.create(slug="alpha", name="Alpha Funding")


@pytest.fixture
def alice(alpha: Organization) -> Person:
    return with_second_factor(staff("alice", organization=alpha))


@pytest.fixture
def newcomer(alpha: Organization) -> Person:
    """Bob, a viewer, who has never signed in."""
    return Person(staff("bob", role="viewer", organization=alpha))


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(MOMENT, tick=False) as traveller:
        yield traveller


def shown_secret(page: str) -> str:
    found = re.search(r'class="va-secret">([A-Z2-7 ]+)<', page)
    assert found, page
    return found[1].replace(" ", "")


def shown_codes(page: str) -> list[str]:
    return re.findall(r"<li><code>(\d{4} \d{4})</code></li>", page)


def actions(organization: Organization) -> list[tuple[str, str, str]]:
    with organization_scope(organization.pk):
        return list(AuditEntry.objects.order_by("id").values_list("actor", "action", "reason"))


def set_up(person: Person, **more: str) -> str:
    """Scan the picture and give the app's code; returns the page that comes."""
    person.secret = shown_secret(person.client.get(SET_UP).content.decode())
    answer = person.client.post(SET_UP, {"code": person.code(at=MOMENT), **more})
    return answer.content.decode()


def test_a_newcomer_is_led_to_the_set_up_and_on_to_the_page_they_wanted(newcomer: Person, alpha: Organization) -> None:
    wanted = reverse("all_tables")
    page = newcomer.give_password(wanted=wanted)
    assert page.headers["Location"] == wanted
    led = newcomer.client.get(wanted)
    assert led.headers["Location"] == f"{SET_UP}?next=%2Fadmin%2Ftables%2F"
    form = newcomer.client.get(led.headers["Location"])
    assert f'name="next" value="{wanted}"' in form.content.decode()
    assert "<svg" in form.content.decode()
    assert "no-store" in form.headers["Cache-Control"]

    done = set_up(newcomer, next=wanted)

    assert len(set(shown_codes(done))) == 10
    assert f'href="{wanted}"' in done
    assert newcomer.is_in()
    assert actions(alpha) == [("bob", "second factor set up", "")]
    assert shown_codes(newcomer.client.get("/admin/second-factor/").content.decode()) == []


def test_what_was_set_up_is_asked_for_at_the_next_sign_in(newcomer: Person) -> None:
    newcomer.give_password()
    codes = shown_codes(set_up(newcomer))
    newcomer.client.post(reverse("admin:logout"))
    assert not newcomer.is_in()

    assert "used already" in newcomer.sign_in(at=MOMENT).content.decode()
    newcomer.give_code(newcomer.code(at=MOMENT, steps=1))
    assert newcomer.is_in()
    other = Person(newcomer.user)
    other.give_password()
    other.give_code(codes[0])
    assert other.is_in()


def test_a_wrong_code_sets_nothing_up_and_keeps_the_picture(newcomer: Person) -> None:
    newcomer.give_password()
    before = shown_secret(newcomer.client.get(SET_UP).content.decode())

    page = newcomer.client.post(SET_UP, {"code": "12"}).content.decode()

    assert "not the code that your app should show" in page
    assert shown_secret(page) == before
    assert not has_second_factor(newcomer.user)
    assert not newcomer.is_in()


def test_a_password_given_long_ago_is_asked_for_again_before_the_set_up(newcomer: Person, clock) -> None:
    newcomer.give_password()
    clock.shift(HALF_AN_HOUR / 2)
    assert newcomer.client.get(SET_UP).status_code == 200
    clock.shift(HALF_AN_HOUR / 2)

    assert newcomer.client.get(SET_UP).headers["Location"] == "/admin/login/"
    assert "_auth_user_id" not in newcomer.client.session


def test_a_session_without_code_never_replaces_a_second_factor(alice: Person) -> None:
    thief = half_signed_in(alice.user)

    assert thief.get(SET_UP).headers["Location"] == "/admin/login/"
    thief = half_signed_in(alice.user)
    thief.post(SET_UP, {"code": "123456", "password": alice.password})
    assert alice.authenticator("totp").wrap()
    alice.sign_in(at=MOMENT)
    assert alice.is_in()


def test_two_half_signed_in_browsers_set_up_one_second_factor(newcomer: Person) -> None:
    other = Person(newcomer.user)
    for person in (newcomer, other):
        person.give_password()
        person.client.get(SET_UP)
    set_up(newcomer)

    answer = other.client.post(SET_UP, {"code": "123456"})

    assert answer.headers["Location"].startswith("/admin/login/")
    assert not other.is_in()
    assert newcomer.is_in()


def test_another_device_is_set_up_after_the_password_and_ends_the_other_sessions(alice: Person, alpha) -> None:
    elsewhere = signed_in(alice.user)
    alice.sign_in(at=MOMENT)
    assert elsewhere.get("/admin/preferences/").status_code == 200

    assert "This is not your password" in set_up(alice, password="guess")
    assert len(shown_codes(set_up(alice, password=alice.password))) == 10

    assert alice.is_in()
    assert alice.secret != SECRET
    assert elsewhere.get("/admin/preferences/").status_code == 302
    assert actions(alpha) == [("alice", "second factor replaced", "")]
    again = Person(alice.user)
    assert "not right" in again.sign_in(at=MOMENT, steps=1).content.decode()
    again.give_code(code_of(alice.secret, at=MOMENT + 30))
    assert again.is_in()


def test_new_recovery_codes_want_the_password_and_end_the_old_ones(alice: Person) -> None:
    old = alice.authenticator("recovery_codes").wrap().get_unused_codes()[0]
    alice.sign_in(at=MOMENT)

    assert shown_codes(alice.client.post(CODES, {"password": "guess"}).content.decode()) == []
    answer = alice.client.post(CODES, {"password": alice.password})
    codes = shown_codes(answer.content.decode())

    assert len(codes) == 10
    assert "no-store" in answer.headers["Cache-Control"]
    other = Person(alice.user)
    other.give_password()
    assert "not right" in other.give_code(old).content.decode()
    other.give_code(codes[9])
    assert other.is_in()
    assert unused_recovery_codes(alice.user) == 9


def test_guessing_the_password_there_is_counted_too(alice: Person) -> None:
    alice.sign_in(at=MOMENT)

    statuses = [alice.client.post(CODES, {"password": "guess"}).status_code for _ in range(11)]

    assert statuses[-1] == 429


def test_a_new_password_ends_the_other_sessions(alice: Person) -> None:
    elsewhere = signed_in(alice.user)
    alice.sign_in(at=MOMENT)
    typed = {"old_password": alice.password, "new_password1": "a-new-one-42!", "new_password2": "a-new-one-42!"}

    alice.client.post(reverse("admin:password_change"), typed)

    assert alice.is_in()
    assert elsewhere.get("/admin/preferences/").status_code == 302


def test_an_owner_resets_a_lost_one_and_the_person_is_told(alice: Person, newcomer: Person, alpha) -> None:
    bob = with_second_factor(newcomer.user)
    session = signed_in(bob.user)
    alice.sign_in(at=MOMENT)
    role = StaffRole.objects.get(user=bob.user)
    address = reverse("staff_reset_second_factor", args=[role.pk])
    assert address in alice.client.get(f"/admin/organizations/staffrole/{role.pk}/change/").content.decode()

    assert "This field is required" in alice.client.post(address, {"reason": ""}).content.decode()
    assert session.get("/admin/preferences/").status_code == 200
    alice.client.post(address, {"reason": "phone stolen, called back"})

    assert session.get("/admin/preferences/").status_code == 302
    assert actions(alpha) == [("alice", "second factor reset", "phone stolen, called back")]
    assert bob.give_password().headers["Location"] == "/admin/"
    page = bob.client.get(SET_UP).content.decode()
    assert "Your second factor was reset by alice: phone stolen, called back" in page
    set_up(bob)
    assert bob.is_in()
    bob.client.get("/admin/second-factor/")
    assert "was reset" not in bob.client.get(SET_UP).content.decode()


def test_nobody_resets_their_own_nor_that_of_a_person_of_two_organizations(alice: Person, newcomer: Person) -> None:
    beta = Organization.objects.create(slug="beta", name="Beta Prop")
    bob = with_second_factor(newcomer.user)
    StaffRole.objects.create(user=bob.user, organization=beta, role="owner")
    alice.sign_in(at=MOMENT)

    for user, said in ((alice.user, "Nobody resets their own"), (bob.user, "is reset by an operator")):
        role = StaffRole.objects.get(user=user, organization__slug="alpha")
        answer = alice.client.post(reverse("staff_reset_second_factor", args=[role.pk]), {"reason": "x"}, follow=True)
        assert said in answer.content.decode()
        assert has_second_factor(user)

    olga = signed_in(staff("olga", kind=User.Kind.OPERATOR))
    olga.post(reverse("enter"), {"organization": beta.pk, "reason": "ticket 9"})
    role = StaffRole.objects.get(user=bob.user, organization=beta)
    olga.post(reverse("staff_reset_second_factor", args=[role.pk]), {"reason": "ticket 9"})
    assert not has_second_factor(bob.user)
    assert ("olga", "second factor reset", "ticket 9") in actions(Organization.objects.get(slug="alpha"))
    assert ("olga", "second factor reset", "ticket 9") in actions(beta)


def test_only_owners_reset_and_only_in_their_own_organization(alice: Person, newcomer: Person) -> None:
    beta = Organization.objects.create(slug="beta", name="Beta Prop")
    charlie = signed_in(staff("charlie", organization=beta))
    address = reverse("staff_reset_second_factor", args=[StaffRole.objects.get(user=alice.user).pk])

    assert charlie.post(address, {"reason": "x"}).status_code == 404
    assert signed_in(newcomer.user).post(address, {"reason": "x"}).status_code == 403
    assert has_second_factor(alice.user)


def test_the_operator_resets_one_by_command(alice: Person, alpha: Organization, capsys) -> None:
    session = signed_in(alice.user)

    call_command("reset_second_factor", "alice", "--reason", "ticket 12")

    assert "sets up a new second factor at the next sign-in" in capsys.readouterr().out
    assert not has_second_factor(alice.user)
    assert session.get("/admin/preferences/").status_code == 302
    assert actions(alpha) == [("the operator's command line", "second factor reset", "ticket 12")]
    with pytest.raises(CommandError, match="no staff user"):
        call_command("reset_second_factor", "nobody")


def test_nothing_takes_ones_own_second_factor_away(alice: Person) -> None:
    alice.sign_in(at=MOMENT)
    for address in (
        "/admin/second-factor/remove/",
        "/admin/second-factor/deactivate/",
        "/accounts/2fa/totp/deactivate/",
    ):
        assert alice.client.post(address).status_code == 404
    assert alice.client.delete("/admin/second-factor/").status_code < 500

    assert has_second_factor(alice.user)


def test_secrets_and_codes_stand_nowhere_in_the_clear(newcomer: Person, caplog, capfd) -> None:
    newcomer.give_password()
    page = newcomer.client.get(SET_UP).content.decode()
    secret = shown_secret(page)
    in_session = str(dict(newcomer.client.session.items()))
    codes = shown_codes(set_up(newcomer))
    with connection.cursor() as cursor:
        cursor.execute("SELECT data::text FROM mfa_authenticator")
        stored = " ".join(row[0] for row in cursor.fetchall())
    texts = [in_session, stored, caplog.text, "".join(capfd.readouterr())]

    for planted in (secret, *codes, *(code.replace(" ", "") for code in codes)):
        assert not any(planted in text for text in texts)


def test_secrets_follow_the_keys(alice: Person, settings) -> None:
    old, new = settings.CREDENTIAL_KEYS[0], Fernet.generate_key().decode()
    settings.CREDENTIAL_KEYS = [new, old]

    call_command("rotate_credentials")

    settings.CREDENTIAL_KEYS = [new]
    alice.sign_in(at=MOMENT)
    assert alice.is_in()
    assert unused_recovery_codes(alice.user) == 10
    settings.CREDENTIAL_KEYS = [old]
    with pytest.raises(UndecryptableError):
        unused_recovery_codes(alice.user)


def _waiting_for_a_row() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        return int(cursor.fetchone()[0])


def test_of_two_browsers_with_the_same_code_one_gets_in(committed_db: None) -> None:
    """The person's row is locked before a code is looked at: both wait for it here, and then take turns."""
    user = with_second_factor(staff("alice")).user
    code, now = code_of(SECRET, at=MOMENT), timezone.now()

    def give(_: int) -> bool:
        try:
            return check_code(user=user, code=code, now=now).authenticator is not None
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as browsers:
        with transaction.atomic():
            locked_memory(user)
            given = [browsers.submit(give, number) for number in range(2)]
            wait_until(lambda: _waiting_for_a_row() == 2)
        assert sorted(one.result() for one in given) == [False, True]
