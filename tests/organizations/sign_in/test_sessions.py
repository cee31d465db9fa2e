"""Sessions of staff: what is stored of them, and how they end."""

import html
import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import time_machine
from asgiref.sync import async_to_sync
from django.conf import settings
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from tests.organizations.sign_in.sign_in_desk import MOMENT, Person, staff, with_second_factor
from tests.support.people import staff_user
from tests.support.signed_in import signed_in
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import AuditEntry, Organization, StaffRole, User
from vendor_admin.organizations.sign_in.second_factor import reset, set_up_with
from vendor_admin.organizations.sign_in.session_store import SessionStore
from vendor_admin.organizations.sign_in.sign_out import sign_out_everywhere
from vendor_admin.organizations.tenancy.scope import organization_scope

POLL = {"X-Requested-With": "fetch"}


@pytest.fixture
def alpha(db: None) -> Organization:
    return Organization.objects.create(slug="alpha", name="Alpha Funding")


@pytest.fixture
def beta(db: None) -> Organization:
    return Organization.objects.create(slug="beta", name="Beta Prop")


@pytest.fixture
def ann(alpha: Organization) -> User:
    return staff_user("ann", alpha)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(MOMENT, tick=False) as traveller:
        yield traveller


def _is_in(client: Client) -> bool:
    return client.get(reverse("preferences")).status_code == 200


def _cookie(client: Client) -> str:
    return client.cookies[settings.SESSION_COOKIE_NAME].value


# What is stored


def test_what_is_stored_of_a_session_lets_nobody_in(ann: User) -> None:
    client = signed_in(ann)
    client.get(reverse("preferences"))

    rows = list(Session.objects.all())

    assert [row.session_key == _cookie(client) for row in rows] == [False]
    thief = Client()
    for row in rows:
        for value in (row.session_key, row.session_data):
            thief.cookies[settings.SESSION_COOKIE_NAME] = value
            assert not _is_in(thief)
    assert _is_in(client)


def test_what_a_session_holds_cannot_be_read_where_it_is_stored(ann: User) -> None:
    store = SessionStore()
    store["member_session"] = {"key": "a-secret-of-a-member"}
    store.save()

    row = Session.objects.get()

    assert "secret" not in row.session_data
    assert row.get_decoded() == {}
    assert SessionStore(row.session_key).get("member_session") is None
    assert SessionStore(store.session_key)["member_session"] == {"key": "a-secret-of-a-member"}


def test_a_row_under_another_session_key_holds_nothing_for_it(ann: User) -> None:
    mine, other = SessionStore(), SessionStore()
    mine["whose"], other["whose"] = "mine", "other"
    mine.save()
    other.save()
    rows = {row.session_key: row for row in Session.objects.all()}
    taken = next(row for row in rows.values() if SessionStore(mine.session_key).decode(row.session_data))
    Session.objects.exclude(pk=taken.pk).update(session_data=taken.session_data)

    assert "whose" not in SessionStore(other.session_key)
    assert SessionStore(mine.session_key)["whose"] == "mine"


def test_a_key_that_was_replaced_or_thrown_away_opens_nothing(ann: User) -> None:
    store = SessionStore()
    store["kept"] = 1
    store.save()
    first = store.session_key
    store.cycle_key()
    store.save()

    assert not SessionStore().exists(first or "")
    assert SessionStore(store.session_key)["kept"] == 1
    store.flush()
    assert Session.objects.count() == 0


def test_the_asynchronous_ways_go_by_digests_too(db: None) -> None:
    async_to_sync(SessionStore().acreate)()
    store = SessionStore()
    async_to_sync(store.aset)("kept", 1)
    async_to_sync(store.asave)()

    assert not Session.objects.filter(pk=store.session_key).exists()
    assert async_to_sync(SessionStore(store.session_key).aget)("kept") == 1
    assert async_to_sync(store.aexists)(str(store.session_key))


# Ends


def test_a_session_ends_twelve_hours_after_the_sign_in_whatever_is_saved(
    ann: User, alpha: Organization, clock: time_machine.Traveller
) -> None:
    client = signed_in(ann)
    for _ in range(35):
        clock.shift(timedelta(minutes=20))
        client.post(reverse("enter"), {"organization": alpha.pk})  # saves the session
        assert _is_in(client)

    clock.shift(timedelta(minutes=21))

    assert not _is_in(client)


def test_a_sign_in_has_its_twelve_hours_however_old_the_visit_is(
    alpha: Organization, clock: time_machine.Traveller
) -> None:
    person = with_second_factor(staff("bea", organization=alpha))
    session = person.client.session  # a visitor's
    session["seen"] = True
    session.save()
    clock.shift(timedelta(hours=11, minutes=50))
    person.sign_in(at=MOMENT + 11 * 3600 + 50 * 60)
    assert person.is_in()

    clock.shift(timedelta(minutes=20))

    assert person.is_in()


def test_a_new_password_does_not_move_the_end(ann: User, clock: time_machine.Traveller) -> None:
    client = signed_in(ann)
    for _ in range(23):
        clock.shift(timedelta(minutes=29))
        assert _is_in(client)
    given = {"old_password": "pass-ann", "new_password1": "a-much-longer-one-9", "new_password2": "a-much-longer-one-9"}
    assert client.post(reverse("admin:password_change"), given).status_code == 302
    clock.shift(timedelta(minutes=29))
    assert _is_in(client)

    clock.shift(timedelta(minutes=29))

    assert not _is_in(client)


def test_a_session_that_nobody_uses_for_half_an_hour_ends(ann: User, clock: time_machine.Traveller) -> None:
    client = signed_in(ann)
    for minutes in (29, 29, 29):
        clock.shift(timedelta(minutes=minutes))
        assert _is_in(client)

    clock.shift(timedelta(minutes=31))

    assert not _is_in(client)
    assert "_auth_user_id" not in client.session


def test_a_session_of_which_no_page_was_opened_ends_half_an_hour_after_the_sign_in(
    alpha: Organization, clock: time_machine.Traveller
) -> None:
    person = with_second_factor(staff("bea", organization=alpha))
    person.sign_in(at=MOMENT)
    clock.shift(timedelta(minutes=31))

    assert not person.is_in()


def test_what_a_page_asks_for_by_itself_is_no_use(ann: User, clock: time_machine.Traveller) -> None:
    client = signed_in(ann)
    for _ in range(6):
        clock.shift(timedelta(minutes=5))
        assert client.get(reverse("health"), headers=POLL).status_code == 200

    clock.shift(timedelta(minutes=1))

    assert client.get(reverse("health"), headers=POLL).status_code == 302
    assert not _is_in(client)


def test_a_page_that_is_loaded_again_by_itself_without_scripts_is_not_used(
    ann: User, clock: time_machine.Traveller
) -> None:
    client = signed_in(ann)
    page = client.get(reverse("admin:index")).content.decode()
    renewal = re.search(r'http-equiv="refresh" content="30; url=([^"]+)"', page)
    assert renewal
    for _ in range(6):
        clock.shift(timedelta(minutes=5))
        assert client.get(reverse("admin:index") + html.unescape(renewal[1])).status_code == 200

    clock.shift(timedelta(minutes=1))

    assert not _is_in(client)


@pytest.mark.parametrize("used", ["a button", "another word"])
def test_only_a_page_that_loads_itself_again_is_not_used(ann: User, clock: time_machine.Traveller, used: str) -> None:
    client = signed_in(ann)
    for _ in range(4):
        clock.shift(timedelta(minutes=10))
        if used == "a button":
            client.post(reverse("leave") + "?by_itself=1", headers=POLL)
        else:
            client.get(reverse("admin:index") + "?by_itself=")

    assert _is_in(client)


def test_what_one_request_notes_of_a_session_undoes_nothing_that_another_changed(ann: User) -> None:
    here = SessionStore()
    here["organization"], here["left"], here["kept"] = 1, 1, {"a": 1}
    here.save()
    noting, entering = SessionStore(here.session_key), SessionStore(here.session_key)
    noting["used_at"] = 5
    entering["organization"] = 2
    entering.pop("left")
    entering["kept"]["b"] = 2
    entering.modified = True

    entering.save()
    noting.save()

    now = SessionStore(here.session_key)
    assert {name: now.get(name) for name in ("organization", "left", "kept", "used_at")} == {
        "organization": 2,
        "left": None,
        "kept": {"a": 1, "b": 2},
        "used_at": 5,
    }


def test_a_session_that_ended_meanwhile_is_not_stored_again(ann: User) -> None:
    here = SessionStore()
    here["organization"] = 1
    here.save()
    late = SessionStore(here.session_key)
    late["used_at"] = 5
    here.flush()

    with pytest.raises(UpdateError):
        late.save()

    assert Session.objects.count() == 0


def test_the_session_is_noted_once_a_minute_at_most(ann: User, clock: time_machine.Traveller) -> None:
    client = signed_in(ann)

    def writes() -> bool:
        before = Session.objects.get().session_data
        client.get(reverse("preferences"))
        return Session.objects.get().session_data != before

    assert [writes(), writes()] == [False, False]
    clock.shift(timedelta(seconds=61))
    assert [writes(), writes()] == [True, False]


# Signing out everywhere


def test_signing_out_everywhere_ends_all_of_ones_sessions(ann: User, alpha: Organization) -> None:
    here, elsewhere, somebody_else = signed_in(ann), signed_in(ann), signed_in(staff_user("bob", alpha))
    assert "Sign out everywhere" in here.get(reverse("sign_out_everywhere")).content.decode()

    assert here.post(reverse("sign_out_everywhere")).status_code == 302

    assert not _is_in(here)
    assert not _is_in(elsewhere)
    assert _is_in(somebody_else)
    with organization_scope(alpha.pk):
        entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action, entry.subject) == ("ann", "signed out everywhere", "ann")


def test_an_owner_ends_a_persons_sessions_with_a_reason(ann: User, alpha: Organization) -> None:
    owner, bob = signed_in(ann), staff_user("bob", alpha, "viewer")
    of_bob = signed_in(bob)
    address = reverse("staff_end_sessions", args=[StaffRole.objects.get(user=bob).pk])
    assert (
        address
        in owner.get(
            reverse("admin:organizations_staffrole_change", args=[StaffRole.objects.get(user=bob).pk])
        ).content.decode()
    )

    assert "required" in owner.post(address, {"reason": " "}).content.decode()
    assert _is_in(of_bob)
    assert owner.post(address, {"reason": "laptop stolen"}).status_code == 302

    assert not _is_in(of_bob)
    assert _is_in(owner)
    with organization_scope(alpha.pk):
        entry = AuditEntry.objects.get()
    assert (entry.actor, entry.action, entry.subject) == ("ann", "sessions ended", "bob")
    assert entry.reason == "laptop stolen"


def test_an_operator_ends_anybodys_sessions(ann: User) -> None:
    olga = signed_in(User.objects.create_user("olga", kind=User.Kind.OPERATOR, is_staff=True))
    of_ann = signed_in(ann)

    assert olga.post(reverse("user_end_sessions", args=[ann.pk]), {"reason": "she asked"}).status_code == 302

    assert not _is_in(of_ann)


def test_nobody_ends_sessions_of_people_they_do_not_manage(ann: User, alpha: Organization, beta: Organization) -> None:
    bob, charlie = staff_user("bob", alpha, "viewer"), staff_user("charlie", beta)
    role_of_ann = StaffRole.objects.get(user=ann).pk
    told = {"reason": "because"}

    assert signed_in(bob).post(reverse("staff_end_sessions", args=[role_of_ann]), told).status_code == 403
    assert signed_in(charlie).post(reverse("staff_end_sessions", args=[role_of_ann]), told).status_code == 404
    assert signed_in(charlie).post(reverse("user_end_sessions", args=[ann.pk]), told).status_code == 403
    assert User.objects.get(pk=ann.pk).session_epoch == 0


# Between password and code


def _change_password(person: Person) -> None:
    person.user.set_password("another-long-one-7")
    person.user.save()


def _reset_second_factor(person: Person) -> None:
    reset(person=person.user, actor=Actor.staff("olga"), reason="lost")
    set_up_with(user=person.user, secret=person.secret)


def _sign_out_everywhere(person: Person) -> None:
    sign_out_everywhere(person=person.user)


@pytest.mark.parametrize("change", [_change_password, _reset_second_factor, _sign_out_everywhere])
def test_a_sign_in_that_waits_for_its_code_ends_with_what_ends_sessions(
    alpha: Organization, clock: time_machine.Traveller, change: Callable[[Person], None]
) -> None:
    person = with_second_factor(staff("bea", organization=alpha))
    person.give_password()
    change(person)

    answer = person.give_code(person.code(at=MOMENT))

    assert "Give the password again" in answer.content.decode()
    assert not person.is_in()
    assert person.give_code(person.code(at=MOMENT))["Location"] == reverse("account_login")
    assert not person.is_in()


def test_who_signs_out_is_told_so_and_how_to_end_the_sessions_in_other_browsers(ann: User) -> None:
    client = signed_in(ann)

    said = client.post(reverse("admin:logout")).content.decode()

    assert "<h1>You are signed out</h1>" in said
    assert "Sign out everywhere" in said
    assert f'href="{reverse("account_login")}"' in said
    assert not _is_in(client)
