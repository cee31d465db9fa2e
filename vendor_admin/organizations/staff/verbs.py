"""Verbs on staff: who works for an organization, and in which role. Every change is written to the audit."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.http import urlsafe_base64_encode

from vendor_admin.errors import Conflict, Fault, InvalidFields, Refused
from vendor_admin.organizations import audit
from vendor_admin.organizations.actors import Actor, is_operator
from vendor_admin.organizations.models import Organization, StaffRole, User
from vendor_admin.organizations.staff.test_owners import keep_in_step

OPERATORS_ONLY = "operators_only"


@dataclass(frozen=True, slots=True)
class Invitation:
    """The parts of the address at which a person sets their first password. It works once, until `expires_at`."""

    user_id: str
    key: str
    expires_at: datetime


def add_person(
    *,
    organization: Organization,
    username: str,
    email: str,
    role: str,
    actor: Actor,
    reason: str = "",
    request_id: str = "",
) -> StaffRole:
    """Make a user who can sign in once they have set a password (`invitation`), with a role.

    Raises InvalidFields, and Conflict where they have a role already.
    """
    _refuse_second_role(username, organization=organization)
    user = User(username=username, email=email, kind=User.Kind.STAFF, is_staff=True)
    user.set_unusable_password()
    try:
        with transaction.atomic():
            user.full_clean(exclude=["password"])
            user.save()
    except ValidationError as error:
        raise _invalid(error) from error
    return _given(user, organization=organization, role=role, actor=actor, reason=reason, request_id=request_id)


def give_role(
    *, organization: Organization, user: User, role: str, actor: Actor, reason: str, request_id: str = ""
) -> StaffRole:
    """Give a known staff user a role in one more organization. Only operators know all users.

    Raises Refused, and Conflict where they have a role already.
    """
    if not is_operator(actor):
        text = "Only an operator of this installation can give a role to somebody of another organization."
        raise Refused(text, code=OPERATORS_ONLY)
    if user.kind != User.Kind.STAFF:
        text = f"{user} is not a vendor staff user, so no role can be given. Use another user name."
        raise Refused(text, code="not_staff")
    _refuse_second_role(user.username, organization=organization)
    return _given(user, organization=organization, role=role, actor=actor, reason=reason, request_id=request_id)


def invitation(*, staff_role: StaffRole, actor: Actor, reason: str, request_id: str = "") -> Invitation:
    """What a person needs to set their first password, once and within PASSWORD_RESET_TIMEOUT. Raises Refused.

    For those who have none yet and work for nobody else: an owner must not take over another organization's user. A
    link that was made before works no more.
    """
    user = staff_role.user
    if user.has_usable_password() or StaffRole.objects.filter(user=user).exclude(pk=staff_role.pk).exists():
        text = f"A new password for {user} is set by an operator of this installation, under Users."
        raise Refused(text, code=OPERATORS_ONLY)
    _end_links(user)
    audit.record(
        organization=staff_role.organization,
        actor=actor,
        action="password link made",
        subject=user.get_username(),
        reason=reason,
        request_id=request_id,
    )
    return Invitation(
        user_id=urlsafe_base64_encode(str(user.pk).encode()),
        key=default_token_generator.make_token(user),
        expires_at=timezone.now() + timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT),
    )


def concerns_others(*, staff_role: StaffRole, actor: Actor) -> bool:
    """Whether a change of this person's sign-in concerns more than the organization: an operator makes it then."""
    elsewhere = StaffRole.objects.filter(user=staff_role.user).exclude(organization_id=staff_role.organization_id)
    return not is_operator(actor) and (staff_role.user.is_operator or elsewhere.exists())


def change_role(*, staff_role: StaffRole, role: str, actor: Actor, reason: str, request_id: str = "") -> None:
    """Change a person's role; nothing where they have it already. Raises Conflict for the last owner."""
    if role == staff_role.role:
        return
    _keep_an_owner(staff_role, becomes=role)
    old = staff_role.role
    StaffRole.objects.filter(pk=staff_role.pk).update(role=role, role_since=timezone.now())
    audit.record(
        organization=staff_role.organization,
        actor=actor,
        action="role changed",
        subject=staff_role.user.get_username(),
        old={"role": old},
        new={"role": role},
        reason=reason,
        request_id=request_id,
    )
    if StaffRole.Role.OWNER in (old, role):
        keep_in_step(organization=staff_role.organization, user=staff_role.user, role=role, actor=actor)


def take_role(*, staff_role: StaffRole, actor: Actor, reason: str, request_id: str = "") -> None:
    """End a person's work for an organization; the user stays. Raises Conflict for the last owner."""
    _keep_an_owner(staff_role, becomes="")
    audit.record(
        organization=staff_role.organization,
        actor=actor,
        action="role taken",
        subject=staff_role.user.get_username(),
        old={"role": staff_role.role},
        reason=reason,
        request_id=request_id,
    )
    StaffRole.objects.filter(pk=staff_role.pk).delete()
    user = staff_role.user
    keep_in_step(organization=staff_role.organization, user=user, role="", actor=actor)
    if not user.has_usable_password() and not StaffRole.objects.filter(user=user).exists():
        _end_links(user)


def _end_links(user: User) -> None:
    """Let no password link of this person work any more. Each is made for the password as it is stored."""
    user.set_unusable_password()
    user.save(update_fields=["password"])


def _given(
    user: User, *, organization: Organization, role: str, actor: Actor, request_id: str, reason: str
) -> StaffRole:
    given = StaffRole.objects.create(user=user, organization=organization, role=role, role_since=timezone.now())
    audit.record(
        organization=organization,
        actor=actor,
        action="role given",
        subject=user.get_username(),
        new={"role": role},
        reason=reason,
        request_id=request_id,
    )
    if role == StaffRole.Role.OWNER:
        keep_in_step(organization=organization, user=user, role=role, actor=actor)
    return given


def _refuse_second_role(username: str, *, organization: Organization) -> None:
    known = StaffRole.objects.filter(user__username=username, organization=organization).first()
    if known is not None:
        text = f"{username} is {known.get_role_display()} already: change that role in the list."
        raise Conflict(text, code="has_a_role")


def _keep_an_owner(staff_role: StaffRole, *, becomes: str) -> None:
    owners = StaffRole.objects.select_for_update().filter(
        organization_id=staff_role.organization_id, role=StaffRole.Role.OWNER
    )
    others = [owner for owner in owners if owner.pk != staff_role.pk]
    if staff_role.role == StaffRole.Role.OWNER and becomes != StaffRole.Role.OWNER and not others:
        raise Conflict("This is the last owner. Make somebody else an owner first.", code="last_owner")


def _invalid(error: ValidationError) -> InvalidFields:
    return InvalidFields(Fault(field, "invalid", text) for field, texts in error.message_dict.items() for text in texts)
