"""An e-mail address signs in once its person has opened a link that was mailed there."""

import re

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.urls import reverse

from tests.organizations.sign_in.sign_in_desk import MOMENT, Person, staff, with_second_factor
from tests.support.signed_in import signed_in
from vendor_admin.organizations import tasks
from vendor_admin.organizations.models import Organization, User
from vendor_admin.organizations.staff import email_addresses

CODE_PAGE = "/admin/login/code/"
SITE = "https://admin.example.com"
PASSWORD = "a-long-first-word-77"


@pytest.fixture(autouse=True)
def mail_server(settings) -> None:
    settings.EMAIL_URL = "smtp://mail.example.com"


@pytest.fixture
def alpha(db: None) -> Organization:
    return Organization.objects.create(slug="alpha", name="Alpha Funding")


@pytest.fixture
def alice(alpha: Organization) -> Person:
    return with_second_factor(staff("alice", organization=alpha, email="Alice@alpha.example"))


def mailed_link(user: User) -> str:
    """The path of the link that was mailed last, after one was sent."""
    tasks.mail_email_link(user_id=user.pk, site=SITE)
    return last_link()


def last_link() -> str:
    found = re.search(rf"{SITE}(/\S+)|http://testserver(/\S+)", str(mail.outbox[-1].body))
    assert found
    return str(found[1] or found[2])


def confirm(user: User) -> str:
    return Client().post(mailed_link(user)).content.decode()


def test_a_confirmed_address_is_as_good_as_a_user_name_however_it_is_written(alice: Person) -> None:
    assert "do not match" in alice.give_password("Alice@alpha.example").content.decode()

    assert "Your address is confirmed" in confirm(alice.user)

    assert mail.outbox[-1].to == ["Alice@alpha.example"]
    for written in ("alice@alpha.example", "ALICE@ALPHA.EXAMPLE", " Alice@alpha.example "):
        assert Person(alice.user).give_password(written, alice.password).headers["Location"] == CODE_PAGE


def test_opening_the_link_alone_changes_nothing(alice: Person) -> None:
    """Programs that look for viruses open links in mails."""
    page = Client().get(mailed_link(alice.user))

    assert "Yes, this is my address" in page.content.decode()
    assert not email_addresses.is_verified(User.objects.get())


def test_a_person_asks_for_the_link_on_a_page(alice: Person, django_capture_on_commit_callbacks, monkeypatch) -> None:
    sent: list[dict] = []
    monkeypatch.setattr(tasks.mail_email_link, "apply_async", lambda kwargs, retry: sent.append(kwargs))
    browser = signed_in(alice.user)
    assert "is not confirmed yet" in browser.get(reverse("email_address")).content.decode()

    with django_capture_on_commit_callbacks(execute=True):
        browser.post(reverse("email_address"))

    assert sent == [{"user_id": alice.user.pk, "site": "http://testserver"}]
    confirm(alice.user)
    assert "is confirmed" in browser.get(reverse("email_address")).content.decode()


def test_an_invitation_by_mail_sets_the_password_and_proves_the_address(
    alice: Person, django_capture_on_commit_callbacks, monkeypatch
) -> None:
    monkeypatch.setattr(tasks.mail_email_link, "apply_async", lambda kwargs, retry: tasks.mail_email_link(**kwargs))
    given = {"username": "dora", "email": "Dora@alpha.example", "role": "support", "reason": "new"}

    with django_capture_on_commit_callbacks(execute=True):
        page = signed_in(alice.user).post(reverse("admin:organizations_staffrole_add"), given).content.decode()

    assert "A link was sent to" in page
    assert mail.outbox[-1].to == ["Dora@alpha.example"]
    browser = Client()
    form = browser.post(last_link(), follow=True)
    browser.post(form.redirect_chain[-1][0], {"new_password1": PASSWORD, "new_password2": PASSWORD})
    dora = User.objects.get(username="dora")
    assert dora.check_password(PASSWORD)
    assert email_addresses.user_of("dora@ALPHA.example") == dora


def test_who_has_chosen_a_password_meanwhile_is_told_that_the_address_is_confirmed(alpha: Organization) -> None:
    dora = User(username="dora", email="dora@alpha.example", kind=User.Kind.STAFF, is_staff=True)
    dora.set_unusable_password()
    dora.save()
    link = mailed_link(dora)
    dora.set_password(PASSWORD)
    dora.save()

    page = Client().post(link, follow=True).content.decode()

    assert "Your address is confirmed" in page
    assert "This link has ended" not in page


def test_the_link_that_an_owner_reads_proves_nothing(alice: Person, settings) -> None:
    settings.EMAIL_URL = ""
    given = {"username": "dora", "email": "victim@beta.example", "role": "support", "reason": "new"}
    page = signed_in(alice.user).post(reverse("admin:organizations_staffrole_add"), given).content.decode()
    link = re.search(r"http://testserver(/set-password/[^\"]+)", page)
    assert link
    browser = Client()
    form = browser.get(link[1], follow=True)
    browser.post(form.redirect_chain[-1][0], {"new_password1": PASSWORD, "new_password2": PASSWORD})

    assert email_addresses.user_of("victim@beta.example") is None
    assert not mail.outbox


def test_nobody_else_stands_in_the_way_of_a_confirmed_address(alice: Person) -> None:
    """Neither a user with the same address, nor one whose name it is."""
    confirm(alice.user)
    staff("bob", email="alice@alpha.example")
    staff("alice@alpha.example")

    assert alice.give_password("alice@alpha.example").headers["Location"] == CODE_PAGE


def test_an_address_is_one_users_alone_without_regard_to_case(alice: Person) -> None:
    bob = staff("bob", email="ALICE@alpha.example")
    confirm(alice.user)

    assert "Another user signs in with this address" in confirm(bob)
    assert email_addresses.user_of("alice@alpha.example") == alice.user


def test_another_address_has_to_be_proven_anew_and_leaves_the_old_one_to_others(alice: Person) -> None:
    confirm(alice.user)
    old = mailed_link(alice.user)
    User.objects.filter(pk=alice.user.pk).update(email="new@alpha.example")
    bob = staff("bob", email="alice@alpha.example")

    assert "has another e-mail address now" in Client().post(old).content.decode()
    for address in ("alice@alpha.example", "new@alpha.example"):
        assert email_addresses.user_of(address) is None
    assert "Your address is confirmed" in confirm(bob)
    assert email_addresses.user_of("alice@alpha.example") == bob


@pytest.mark.parametrize("fault", ["too old", "changed", "made up"])
def test_a_link_that_is_too_old_or_made_up_proves_nothing(alice: Person, settings, fault: str) -> None:
    with time_machine.travel(MOMENT):
        link = mailed_link(alice.user)
    later = MOMENT + (settings.PASSWORD_RESET_TIMEOUT + 60 if fault == "too old" else 60)
    changed = {"too old": link, "changed": link[:-3] + "xx/", "made up": "/confirm-email/e30:1:x/"}[fault]

    with time_machine.travel(later):
        page = Client().post(changed).content.decode()

    assert "This link has ended" in page
    assert not email_addresses.is_verified(User.objects.get())


def test_a_user_who_is_gone_or_has_no_address_gets_no_mail(alice: Person) -> None:
    nobody = staff("nobody")
    tasks.mail_email_link(user_id=nobody.pk, site=SITE)
    tasks.mail_email_link(user_id=nobody.pk + 1, site=SITE)

    assert not mail.outbox
