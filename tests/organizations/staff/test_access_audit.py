"""Whatever changes how a person may enter is written down: who did it, why, and what it was before."""

from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from tests.support.people import staff_user
from tests.support.signed_in import signed_in
from vendor_admin.organizations import tasks
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import AccessEntry, AuditEntry, Organization, StaffRole, User
from vendor_admin.organizations.staff import verbs as staff
from vendor_admin.organizations.tenancy.scope import organization_scope

NEW = "a-much-longer-one-9"


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
def olga(db: None) -> Client:
    return signed_in(User.objects.create_user("olga", password="pass-olga", kind=User.Kind.OPERATOR, is_staff=True))


def _audit(organization: Organization) -> list[tuple[str, str, str, str]]:
    """Who did what to whom and why, the newest first."""
    with organization_scope(organization.pk):
        return list(AuditEntry.objects.values_list("actor", "action", "subject", "reason"))


def _access() -> list[tuple[str, str, str, str]]:
    return list(AccessEntry.objects.values_list("actor", "action", "subject", "reason"))


def _user_fields(person: User, **changed: Any) -> dict[str, Any]:
    """What the page of a user sends."""
    values = {name: getattr(person, name) for name in ("username", "kind", "first_name", "last_name", "email")}
    switches = {name: "on" for name in ("is_active", "is_staff") if getattr(person, name)}
    return {**values, **switches, "time_zone": person.time_zone, "reason": "", **changed}


def test_ones_own_new_password_is_in_the_audit(ann: User, alpha: Organization) -> None:
    given = {"old_password": "pass-ann", "new_password1": NEW, "new_password2": NEW}

    signed_in(ann).post(reverse("admin:password_change"), given)

    assert User.objects.get(pk=ann.pk).check_password(NEW)
    assert _audit(alpha) == [("ann", "password changed", "ann", "")] == _access()


def test_a_password_that_was_refused_is_not(ann: User, alpha: Organization) -> None:
    given = {"old_password": "wrong", "new_password1": NEW, "new_password2": NEW}

    signed_in(ann).post(reverse("admin:password_change"), given)

    assert _audit(alpha) == _access() == []


def test_a_password_that_is_set_behind_a_link_is_in_the_audit(alpha: Organization, client: Client) -> None:
    with organization_scope(alpha.pk):
        role = staff.add_person(
            organization=alpha, username="new", email="new@alpha.example", role="viewer", actor=Actor.staff("ann")
        )
        made = staff.invitation(staff_role=role, actor=Actor.staff("ann"), reason="new")

    page = client.get(reverse("set_password", args=[made.user_id, made.key]), follow=True)
    client.post(page.redirect_chain[-1][0], {"new_password1": NEW, "new_password2": NEW})

    assert User.objects.get(username="new").check_password(NEW)
    assert _access() == [("new", "password set by link", "new", "")]


def test_an_operator_sets_a_password_only_with_a_reason_and_it_is_in_the_audit_of_every_organization(
    olga: Client, ann: User, alpha: Organization, beta: Organization
) -> None:
    StaffRole.objects.create(user=ann, organization=beta, role="viewer")
    of_ann = signed_in(ann)
    address = reverse("admin:auth_user_password_change", args=[ann.pk])
    assert olga.get(address).status_code == 200

    without = olga.post(address, {"password1": NEW, "password2": NEW})

    assert without.status_code == 200
    assert not User.objects.get(pk=ann.pk).check_password(NEW)
    assert olga.post(address, {"password1": NEW, "password2": NEW, "reason": "lost it"}).status_code == 302
    assert User.objects.get(pk=ann.pk).check_password(NEW)
    assert _access() == _audit(alpha) == _audit(beta) == [("olga", "password set", "ann", "lost it")]
    assert of_ann.get(reverse("preferences")).status_code == 302


def test_an_operator_changes_the_own_password_by_the_old_one_alone(olga: Client) -> None:
    own = User.objects.get(username="olga")

    answer = olga.post(
        reverse("admin:auth_user_password_change", args=[own.pk]),
        {"password1": NEW, "password2": NEW, "reason": "why not"},
    )

    assert answer["Location"] == reverse("admin:password_change")
    assert not User.objects.get(pk=own.pk).check_password(NEW)


def test_becoming_an_operator_and_ceasing_to_be_one_need_a_reason_and_are_in_the_audit(
    olga: Client, ann: User, alpha: Organization
) -> None:
    address = reverse("admin:organizations_user_change", args=[ann.pk])

    refused = olga.post(address, _user_fields(ann, kind="operator"))

    assert "Say why" in refused.content.decode()
    assert not User.objects.get(pk=ann.pk).is_operator
    assert olga.post(address, _user_fields(ann, kind="operator", reason="helps us")).status_code == 302
    assert User.objects.get(pk=ann.pk).is_operator
    assert olga.post(address, _user_fields(ann, kind="staff", reason="left us")).status_code == 302
    assert (
        _access()
        == _audit(alpha)
        == [("olga", "no longer an operator", "ann", "left us"), ("olga", "made an operator", "ann", "helps us")]
    )
    entry = AccessEntry.objects.get(action="made an operator")
    assert (entry.old, entry.new) == ({"kind": "staff"}, {"kind": "operator"})


def test_a_user_who_is_made_or_disabled_by_an_operator_is_written_down(olga: Client, ann: User) -> None:
    made = {"username": "otto", "kind": "operator", "is_staff": "on", "password1": NEW, "password2": NEW}
    assert "required" in olga.post(reverse("admin:organizations_user_add"), made).content.decode()
    assert olga.post(reverse("admin:organizations_user_add"), made | {"reason": "night shift"}).status_code == 302
    disabled = _user_fields(ann, reason="left the firm")
    del disabled["is_active"]
    assert olga.post(reverse("admin:organizations_user_change", args=[ann.pk]), disabled).status_code == 302

    assert _access() == [
        ("olga", "user changed", "ann", "left the firm"),
        ("olga", "made an operator", "otto", "night shift"),
    ]
    assert NEW not in str(AccessEntry.objects.values_list("old", "new"))


def test_what_changes_no_access_needs_no_reason(olga: Client, ann: User) -> None:
    address = reverse("admin:organizations_user_change", args=[ann.pk])

    assert olga.post(address, _user_fields(ann, first_name="Ann")).status_code == 302

    assert User.objects.get(pk=ann.pk).first_name == "Ann"


def test_an_operators_entering_and_leaving_are_in_the_organizations_audit(
    olga: Client, alpha: Organization, beta: Organization
) -> None:
    olga.post(reverse("enter"), {"organization": alpha.pk, "reason": "ticket 7"})
    olga.post(reverse("enter"), {"organization": beta.pk, "reason": "ticket 8"})
    olga.post(reverse("leave"))
    olga.post(reverse("leave"))

    assert _audit(alpha) == [("olga", "operator left", "alpha", ""), ("olga", "operator entered", "alpha", "ticket 7")]
    assert _audit(beta) == [("olga", "operator left", "beta", ""), ("olga", "operator entered", "beta", "ticket 8")]


def test_operators_alone_read_the_changes_of_access_and_nobody_alters_them(olga: Client, ann: User) -> None:
    olga.post(reverse("user_end_sessions", args=[ann.pk]), {"reason": "she asked"})
    entry = AccessEntry.objects.get()
    address = reverse("admin:organizations_accessentry_change", args=[entry.pk])

    assert "she asked" in olga.get(reverse("admin:organizations_accessentry_changelist")).content.decode()
    assert "she asked" in olga.get(address).content.decode()
    assert olga.post(address, {"reason": "nothing"}).status_code == 403
    ann.refresh_from_db()
    assert signed_in(ann).get(reverse("admin:organizations_accessentry_changelist")).status_code == 403


# Mails


@pytest.fixture
def queued(settings: Any, monkeypatch: pytest.MonkeyPatch) -> list[list[Any]]:
    """An installation that sends mail; what it has queued."""
    settings.EMAIL_URL = "smtp://mail.example"
    sent: list[list[Any]] = []
    monkeypatch.setattr("vendor_admin.celery.app.send_task", lambda name, args, **options: sent.append([name, *args]))
    return sent


def test_a_person_is_told_by_mail_what_somebody_else_changed(
    olga: Client, ann: User, queued: list[list[Any]], django_capture_on_commit_callbacks
) -> None:
    User.objects.filter(pk=ann.pk).update(email="ann@alpha.example")

    with django_capture_on_commit_callbacks(execute=True):
        olga.post(reverse("user_end_sessions", args=[ann.pk]), {"reason": "laptop stolen"})

    assert queued == [
        ["vendor_admin.organizations.tasks.mail_person", ann.pk, "sessions ended", "olga", "laptop stolen"]
    ]
    tasks.mail_person(*queued[0][1:])
    assert [message.to for message in mail.outbox] == [["ann@alpha.example"]]
    assert mail.outbox[0].subject == "You were signed out everywhere"
    assert "by olga" in mail.outbox[0].body
    assert "laptop stolen" in mail.outbox[0].body


def test_an_address_that_is_replaced_is_told_so_as_well_as_the_new_one_with_what_to_do(
    olga: Client, ann: User, queued: list[list[Any]], django_capture_on_commit_callbacks
) -> None:
    User.objects.filter(pk=ann.pk).update(email="Ann@alpha.example", verified_email="ann@alpha.example")
    ann.refresh_from_db()
    given = _user_fields(ann, email="thief@evil.example", reason="new address")

    with django_capture_on_commit_callbacks(execute=True):
        olga.post(reverse("admin:organizations_user_change", args=[ann.pk]), given)
    for one in queued:
        tasks.mail_person(*one[1:])

    told = {message.to[0]: message.body for message in mail.outbox}
    assert set(told) == {"Ann@alpha.example", "thief@evil.example"}
    assert "signs nobody in any more" in told["Ann@alpha.example"]
    assert "ask at once that your sessions are ended" in told["Ann@alpha.example"]
    assert "thief@evil.example" not in told["Ann@alpha.example"]


@pytest.mark.parametrize(
    ("proven", "new", "told"),
    [
        ("ann@alpha.example", "", {"address removed"}),
        ("ann@alpha.example", "ann@ALPHA.example", {"user changed"}),
        (None, "other@alpha.example", {"user changed"}),
    ],
)
def test_an_address_is_told_what_became_of_it_only_if_it_was_proven_and_is_another_one_now(
    olga: Client, ann: User, queued: list[list[Any]], django_capture_on_commit_callbacks, proven, new, told
) -> None:
    User.objects.filter(pk=ann.pk).update(email="Ann@alpha.example", verified_email=proven)
    ann.refresh_from_db()

    with django_capture_on_commit_callbacks(execute=True):
        olga.post(
            reverse("admin:organizations_user_change", args=[ann.pk]), _user_fields(ann, email=new, reason="as asked")
        )
    for one in queued:
        tasks.mail_person(*one[1:])

    assert {one[2] for one in queued} == told
    assert ("has no e-mail address any more" in mail.outbox[0].body) == (not new)


def test_who_has_no_address_is_told_nothing(
    olga: Client, ann: User, queued: list[list[Any]], django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        olga.post(reverse("user_end_sessions", args=[ann.pk]), {"reason": "laptop stolen"})

    assert queued == []


# Request ids


def test_a_request_id_in_the_audit_is_ours_and_the_callers_stands_beside_it(ann: User, alpha: Organization) -> None:
    client = signed_in(ann)

    answer = client.post(reverse("sign_out_everywhere"), headers={"X-Request-ID": "FORGED-ID"})

    with organization_scope(alpha.pk):
        entry = AuditEntry.objects.get()
    assert entry.request_id == answer["X-Request-ID"] != "FORGED-ID"
    assert len(entry.request_id) == 32
    assert entry.caller_request_id == AccessEntry.objects.get().caller_request_id == "FORGED-ID"


@pytest.mark.parametrize(("sent", "kept"), [("", ""), ("é", ""), ("a\tb", ""), ("x" * 80, "x" * 64)])
def test_a_callers_request_id_is_kept_only_as_far_as_it_is_one(
    ann: User, alpha: Organization, sent: str, kept: str
) -> None:
    signed_in(ann).post(reverse("sign_out_everywhere"), headers={"X-Request-ID": sent})

    with organization_scope(alpha.pk):
        assert AuditEntry.objects.get().caller_request_id == kept
