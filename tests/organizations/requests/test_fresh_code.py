"""A change of access or keys asks for a code again, once in five minutes (organizations/requests/fresh_code.py)."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from tests.organizations.sign_in.sign_in_desk import Person, staff, with_second_factor, wrong_code
from tests.support.plan_desk import change_plan, plan_of, preview
from tests.support.signed_in import signed_in
from vendor_admin.organizations.models import Organization, StaffRole

pytestmark = pytest.mark.pages

ASKED = "Confirm that it is you"
# Every address that asks; what is added to the product shows up here.
ASKING = {
    *(
        "connection_edit",
        "connection_remove",
        "connection_resume",
        "connection_use_host",
        "organizations_connection_add",
    ),
    *("member_client_edit", "member_client_remove", "member_client_switch", "oauth_bridge_platformclient_add"),
    *("oauth_bridge_membersite_add",),
    *("notice_channel_edit", "notice_channel_remove", "notice_channel_secret", "notice_channel_test"),
    *(
        "notice_channel_switch_off",
        "notice_channel_switch_on",
        "notices_noticechannel_add",
        "thresholds",
        "thresholds_approve",
        "thresholds_withdraw",
    ),
    *(
        "notices_eventwebhook_add",
        "webhook_edit",
        "webhook_remove",
        "webhook_resend",
        "webhook_secret",
        "webhook_switch",
    ),
    "webhook_test",
    *("api_key_revoke", "api_key_roll", "partner_api_apikey_add"),
    *("oauth_bridge_portal_add", "portal_add_program", "portal_edit", "portal_remove", "portal_secret"),
    "portal_switch",
    *("organizations_staffrole_add", "organizations_staffrole_change", "staff_invite", "staff_remove"),
    *("staff_end_sessions", "staff_reset_second_factor"),
}
# Asked of whoever has a second factor, which a session alone must not replace.
OWN_FACTOR = {"second_factor_recovery_codes", "second_factor_set_up"}
ASKING_OPERATORS = ASKING | {
    *("organizations_organization_add", "organizations_organization_change"),
    *("organizations_user_add", "organizations_user_change", "user_end_sessions"),
    *("organizations_accessentry_add", "organizations_accessentry_change"),
}


def _stale(client: Client, *, minutes: float = 6) -> Client:
    """The client, whose session showed its last code so long ago."""
    session = client.session
    session["code_shown_at"] = time.time() - 60 * minutes
    session.save()
    return client


def _asks(response: Any) -> bool:
    return response.status_code == 403 and ASKED in response.content.decode()


@pytest.fixture
def ann(alpha: Organization) -> Person:
    person = with_second_factor(staff("ann", organization=alpha))
    signed_in(person.user, client=person.client)
    return person


@pytest.fixture
def role(alpha: Organization) -> StaffRole:
    return StaffRole.objects.create(user=staff("zoe"), organization=alpha, role="viewer")


def _addresses() -> Iterator[tuple[str, str]]:
    """Name and address of every page below /admin/, with 1 for each number or key in it."""
    for pattern, namespace in _patterns(get_resolver().url_patterns, ""):
        arguments: dict[str, Any] = {
            name: 1 if "Int" in type(converter).__name__ else "1"
            for name, converter in pattern.pattern.converters.items()
        }
        try:
            address = reverse(f"{namespace}{pattern.name}", kwargs=arguments)
        except NoReverseMatch:
            continue
        if address.startswith("/admin/"):
            yield str(pattern.name), address


def _patterns(patterns: Any, namespace: str) -> Iterator[tuple[URLPattern, str]]:
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from _patterns(one.url_patterns, f"{namespace}{one.namespace}:" if one.namespace else namespace)
        elif one.name:
            yield one, namespace


def _asking(client: Client) -> set[str]:
    signing = {"login", "logout", "account_login", "mfa_authenticate", "enter", "leave", "sign_out_everywhere"}
    return {name for name, address in _addresses() if name not in signing and _asks(client.post(address))}


def test_exactly_changes_of_access_and_keys_ask_an_owner(alice: Client) -> None:
    assert _asking(_stale(alice)) == ASKING | OWN_FACTOR


def test_operators_are_asked_on_the_pages_of_the_installation_as_well(olga: Client, alpha: Organization) -> None:
    olga.post(reverse("enter"), {"organization": alpha.pk, "reason": "a test"})
    other = staff("other")

    assert _asking(_stale(olga)) == ASKING_OPERATORS
    assert _asks(olga.post(reverse("admin:auth_user_password_change", args=[other.pk])))


def test_nobody_is_asked_within_five_minutes_or_for_looking(alice: Client, role: StaffRole) -> None:
    address = reverse("admin:organizations_staffrole_change", args=[role.pk])

    assert _stale(alice).get(address).status_code == 200
    assert _asks(alice.post(address, {"role": "risk", "reason": "x"}))
    assert _stale(alice, minutes=4.9).post(address, {"role": "risk", "reason": "x"}).status_code == 302


def test_the_code_of_the_sign_in_counts(alpha: Organization, role: StaffRole) -> None:
    person = with_second_factor(staff("ben", organization=alpha))
    person.sign_in(at=time.time())

    answer = person.client.post(
        reverse("admin:organizations_staffrole_change", args=[role.pk]), {"role": "risk", "reason": "x"}
    )

    assert answer.status_code == 302


def test_a_form_that_was_held_acts_as_it_was_sent_once_a_code_is_shown(ann: Person, role: StaffRole) -> None:
    address = reverse("admin:organizations_staffrole_change", args=[role.pk]) + "?from=list"

    held = _stale(ann.client).post(address, {"role": "risk", "reason": "x"})

    assert _asks(held)
    assert 'name="role" value="risk"' in held.content.decode()
    assert StaffRole.objects.get(pk=role.pk).role == "viewer"
    assert "no-store" in held["Cache-Control"]
    code = ann.code(at=time.time())
    assert ann.client.post(address, {"role": "risk", "reason": "x", "fresh_code": code}).status_code == 302
    assert StaffRole.objects.get(pk=role.pk).role == "risk"
    assert ann.client.post(address, {"role": "viewer", "reason": "x"}).status_code == 302


def test_a_wrong_code_changes_nothing_and_is_counted(ann: Person, role: StaffRole) -> None:
    address = reverse("admin:organizations_staffrole_change", args=[role.pk])
    wrong = {"role": "risk", "reason": "x", "fresh_code": wrong_code(ann, at=time.time())}

    answers = [_stale(ann.client).post(address, wrong).content.decode() for _ in range(5)]

    assert all(ASKED in answer and 'value="risk"' in answer for answer in answers)
    assert "This code is not right" in answers[0]
    assert "no code is taken" in answers[-1]
    assert StaffRole.objects.get(pk=role.pk).role == "viewer"


def test_a_code_works_once_here_too(ann: Person, role: StaffRole) -> None:
    address = reverse("admin:organizations_staffrole_change", args=[role.pk])
    given = {"role": "risk", "reason": "x", "fresh_code": ann.code(at=time.time())}
    assert _stale(ann.client).post(address, given).status_code == 302

    assert "was used already" in _stale(ann.client).post(address, given).content.decode()


def test_without_the_right_nobody_is_asked_but_refused(bob: Client, role: StaffRole) -> None:
    answer = _stale(bob).post(reverse("staff_end_sessions", args=[role.pk]), {"reason": "x"})

    assert answer.status_code == 403
    assert ASKED not in answer.content.decode()


def test_users_of_the_demo_without_a_second_factor_give_their_password(beta: Organization, settings: Any) -> None:
    settings.DEBUG = settings.DEMO_SIGN_IN_WITHOUT_CODE = True
    demo = Person(staff("demo", organization=beta, is_simulated=True))
    added = StaffRole.objects.create(user=staff("zoe"), organization=beta, role="viewer")
    address = reverse("admin:organizations_staffrole_change", args=[added.pk])
    demo.give_password()

    held = demo.client.post(address, {"role": "risk", "reason": "x"})

    assert _asks(held)
    assert "Your password, once more" in held.content.decode()
    wrong = demo.client.post(address, {"role": "risk", "reason": "x", "fresh_code": "wrong"})
    assert "This is not your password" in wrong.content.decode()
    assert StaffRole.objects.get(pk=added.pk).role == "viewer"
    assert demo.client.post(address, {"role": "risk", "reason": "x", "fresh_code": demo.password}).status_code == 302
    assert StaffRole.objects.get(pk=added.pk).role == "risk"


def test_a_file_is_chosen_again_after_the_code(ann: Person) -> None:
    address = reverse("admin:oauth_bridge_membersite_add")
    held = _stale(ann.client).post(address, {"logo": SimpleUploadedFile("logo.png", b"x"), "reason": "new"})
    assert _asks(held)
    assert "choose the file again" in held.content.decode()
    assert "as you sent it" not in held.content.decode()

    answer = ann.client.post(
        address, {"reason": "new", "has_files": "1", "fresh_code": ann.code(at=time.time())}, follow=True
    )

    assert "nothing is changed yet: fill in the form, choose the file again" in answer.content.decode()


def test_confirming_a_plan_that_changes_a_members_credentials_asks_and_stopping_it_does_not(
    alice: Client, alpha: Organization, trading_day: Any
) -> None:
    trading_day(1)
    secrets = {"current_password": "Old-one-of-hers-1", "password": "Much-better-one-2!"}
    plan_id = preview(_stale(alice), [1], action="change-password", entity_type="user", **secrets)
    confirm = reverse("admin:plan_confirm", args=[plan_id])

    assert _asks(alice.post(confirm))
    assert plan_of(alpha, plan_id).state == "preview"
    assert alice.post(reverse("admin:plan_discard", args=[plan_id])).status_code == 302


@pytest.mark.parametrize(
    ("name", "state", "made_by"),
    [
        ("approve", "waiting", "somebody"),
        ("resume", "paused", ""),
        ("retry", "finished", ""),
        ("revert", "finished", ""),
    ],
)
def test_whatever_lets_a_members_credentials_be_sent_asks_as_the_start_does(
    alice: Client, alpha: Organization, trading_day: Any, name: str, state: str, made_by: str
) -> None:
    trading_day(2)
    secrets = {"current_password": "Old-one-of-hers-1", "password": "Much-better-one-2!"}
    with_secrets = preview(alice, [1], action="change-password", entity_type="user", **secrets)
    without = preview(alice, [2])
    for plan_id in (with_secrets, without):
        change_plan(alpha, plan_id, state=state, **({"actor": made_by} if made_by else {}))
    _stale(alice)

    assert _asks(alice.post(reverse(f"admin:plan_{name}", args=[with_secrets]), {"reason": "x"}))
    assert plan_of(alpha, with_secrets).state == state
    assert not _asks(alice.post(reverse(f"admin:plan_{name}", args=[without]), {"reason": "x"}))
