"""Who works for an organization: an owner adds new people, an operator may name anybody; nobody looks up others."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.support.signed_in import signed_in
from vendor_admin.organizations.models import AuditEntry, Organization, StaffRole, User
from vendor_admin.organizations.tenancy.scope import organization_scope

pytestmark = pytest.mark.pages

ADD = "admin:organizations_staffrole_add"
DORA = {"username": "dora", "email": "dora@example.com", "role": "support", "reason": "joins the desk"}
LOST = {"reason": "the first link was lost"}
PASSWORD = "a-long-first-word-77"


def _add(client: Client, **changed: str) -> str:
    return client.post(reverse(ADD), DORA | changed).content.decode()


def _link(page: str) -> str:
    found = re.search(r"http://testserver(/set-password/[^\"]+)", page)
    assert found, page
    return found[1]


def _set_password(link: str, password: str = PASSWORD) -> str:
    """What the page says at the end; the password has been typed twice if the link was good."""
    browser = Client()
    form = browser.get(link, follow=True)
    if not form.redirect_chain:
        return form.content.decode()
    typed = {"new_password1": password, "new_password2": password}
    return browser.post(form.redirect_chain[-1][0], typed, follow=True).content.decode()


def _actions(organization: Organization) -> list[tuple[str, str]]:
    """What was done, and why, the oldest first."""
    with organization_scope(organization.pk):
        return list(AuditEntry.objects.order_by("id").values_list("action", "reason"))


def test_a_new_link_ends_the_one_before_also_within_a_second_and_works_itself(alice: Client, alpha):
    first = _link(_add(alice))
    dora = StaffRole.objects.get(user__username="dora")
    second = _link(alice.post(reverse("admin:staff_invite", args=[dora.pk]), LOST, follow=True).content.decode())
    assert first != second
    assert "Sign in" not in _set_password(first)
    assert "Sign in" in _set_password(second)


def test_a_link_ends_with_the_role_that_it_was_made_for(alice: Client, alpha):
    link = _link(_add(alice))
    dora = StaffRole.objects.get(user__username="dora")
    alice.post(reverse("admin:staff_remove", args=[dora.pk]), {"reason": "left the firm"})
    assert not StaffRole.objects.filter(pk=dora.pk).exists()
    assert "Sign in" not in _set_password(link)
    assert not User.objects.get(username="dora").has_usable_password()


@pytest.mark.parametrize("password", ["eleven-chrs", "123456789012"])
def test_a_password_has_twelve_letters_at_least(alice: Client, alpha, password: str):
    _set_password(_link(_add(alice)), password)
    assert not User.objects.get(username="dora").has_usable_password()


def test_an_owner_adds_changes_and_takes_away_somebody_new_and_all_is_audited(alice: Client, alpha):
    page = _add(alice)
    dora = StaffRole.objects.get(user__username="dora")
    assert not dora.user.has_usable_password()
    assert "Sign in" in _set_password(_link(page))
    assert User.objects.get(username="dora").check_password(PASSWORD)
    assert (
        signed_in(User.objects.get(username="dora")).get(reverse("admin:mirrors_account_changelist")).status_code == 200
    )

    alice.post(reverse("admin:organizations_staffrole_change", args=[dora.pk]), {"role": "risk", "reason": "moves up"})
    dora.refresh_from_db()
    assert dora.role == "risk"
    alice.post(reverse("admin:staff_remove", args=[dora.pk]), {"reason": "left the firm"})

    assert not StaffRole.objects.filter(user__username="dora").exists()
    assert _actions(alpha) == [
        ("role given", "joins the desk"),
        ("password link made", "joins the desk"),
        ("password set by link", ""),
        ("role changed", "moves up"),
        ("role taken", "left the firm"),
    ]


def test_nobody_is_changed_by_another_without_a_reason(alice: Client, alpha):
    _add(alice)
    dora = StaffRole.objects.get(user__username="dora")
    before = _actions(alpha)

    for name, given in (
        ("organizations_staffrole_change", {"role": "risk"}),
        ("staff_invite", {}),
        ("staff_remove", {}),
    ):
        address = reverse(f"admin:{name}", args=[dora.pk])
        assert 'name="reason"' in alice.get(address).content.decode()
        for reason in ({}, {"reason": " "}):
            assert "This field is required" in alice.post(address, given | reason).content.decode(), name
    assert "This field is required" in _add(alice, username="emil", reason="")

    dora.refresh_from_db()
    assert dora.role == "support"
    assert _actions(alpha) == before
    assert not User.objects.filter(username="emil").exists()


def test_a_password_link_works_once(alice: Client):
    link = _link(_add(alice))
    _set_password(link)

    assert "This link has ended" in _set_password(link, "another-long-word-88")
    assert User.objects.get(username="dora").check_password(PASSWORD)


def test_a_password_link_ends(alice: Client, settings):
    link = _link(_add(alice))

    with time_machine.travel(timezone.now() + timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT + 60)):
        assert "This link has ended" in _set_password(link)
    assert not User.objects.get(username="dora").has_usable_password()


def test_a_weak_first_password_is_refused(alice: Client):
    assert "too common" in _set_password(_link(_add(alice)), "password")


def test_a_new_link_can_be_made_until_there_is_a_password(alice: Client, bob: Client, charlie: Client):
    _add(alice)
    dora = StaffRole.objects.get(user__username="dora")
    address = reverse("admin:staff_invite", args=[dora.pk])
    assert bob.post(address).status_code == 403
    assert charlie.post(address).status_code == 404
    assert "set-password" not in alice.get(address).content.decode()

    answer = alice.post(address, LOST)
    assert "no-store" in answer.headers["Cache-Control"]
    _set_password(_link(answer.content.decode()))

    assert "is set by an operator" in alice.post(address, LOST, follow=True).content.decode()


def test_an_owner_cannot_make_a_link_for_somebody_who_also_works_elsewhere(alice: Client, beta: Organization):
    _add(alice)
    dora = StaffRole.objects.get(user__username="dora")
    StaffRole.objects.create(user=dora.user, organization=beta, role="viewer")

    answer = alice.post(reverse("admin:staff_invite", args=[dora.pk]), LOST, follow=True).content.decode()

    assert "set-password" not in answer
    assert "is set by an operator" in answer


def test_an_owner_learns_nothing_of_another_organizations_users(alice: Client, charlie: Client, olga: Client, alpha):
    User.objects.filter(username="charlie").update(email="charlie@beta.example", first_name="Charles")

    answers = {name: _add(alice, username=name, email="x@example.com") for name in ("charlie", "olga")}

    said = {name: page.replace(name, "NAME") for name, page in answers.items()}
    for page in said.values():
        assert "This user name cannot be used: choose another." in page
        for secret in ("charlie@beta.example", "Charles", "Beta", "operator"):
            assert secret not in page
    token = re.compile(r'name="csrfmiddlewaretoken" value="[^"]+"')
    assert token.sub("", said["charlie"]) == token.sub("", said["olga"])
    assert not StaffRole.objects.filter(organization=alpha).exclude(user__username="alice").exists()
    assert "Charles" not in alice.get(reverse("admin:organizations_staffrole_changelist")).content.decode()


def test_an_owner_is_told_about_somebody_of_the_own_organization(alice: Client, bob: Client):
    assert "bob is Viewer already" in _add(alice, username="bob")


def test_an_operator_may_give_a_role_to_another_organizations_user(olga: Client, charlie: Client, alpha):
    olga.post(reverse("enter"), {"organization": alpha.pk, "reason": "ticket 9"})

    olga.post(reverse(ADD), {"username": "charlie", "role": "viewer", "reason": "works for both"})

    assert StaffRole.objects.get(user__username="charlie", organization=alpha).role == "viewer"
    assert User.objects.get(username="charlie").check_password("pass-charlie")
    with organization_scope(alpha.pk):
        given = AuditEntry.objects.get(action="role given")
    assert (given.actor, given.subject, given.reason) == ("olga", "charlie", "works for both")


def test_an_operator_may_add_somebody_new_too(olga: Client, alpha):
    olga.post(reverse("enter"), {"organization": alpha.pk, "reason": "ticket 9"})

    assert _link(olga.post(reverse(ADD), DORA).content.decode())


def test_an_operator_cannot_be_made_staff(olga: Client, alpha):
    olga.post(reverse("enter"), {"organization": alpha.pk, "reason": "ticket 9"})

    page = olga.post(reverse(ADD), {"username": "olga", "role": "viewer", "reason": "helps"}).content.decode()

    assert "no role can be given" in page
    assert not StaffRole.objects.exists()


def test_the_last_owner_stays_an_owner(alice: Client, alpha):
    role = StaffRole.objects.get(organization=alpha)

    page = alice.post(
        reverse("admin:organizations_staffrole_change", args=[role.pk]), {"role": "viewer", "reason": "x"}
    )
    removal = alice.post(reverse("admin:staff_remove", args=[role.pk]), {"reason": "x"})

    assert "This is the last owner" in page.content.decode()
    assert "This is the last owner" in removal.content.decode()
    assert StaffRole.objects.get(organization=alpha).role == "owner"


def test_another_organizations_roles_cannot_be_touched(charlie: Client, alice: Client, alpha):
    role = StaffRole.objects.get(organization=alpha)

    assert charlie.get(reverse("admin:organizations_staffrole_change", args=[role.pk])).status_code == 404
    assert charlie.post(reverse("admin:staff_remove", args=[role.pk])).status_code == 404


@pytest.mark.parametrize("link", ["/set-password/x/y/", "/set-password/MQ/set-password/", "/set-password/é/%00/"])
def test_a_made_up_link_is_told_to_have_ended(client: Client, alice: Client, link: str):
    assert "This link has ended" in client.get(link).content.decode()
