"""Owners of a firm are owners of its test organization, as long as they are the firm's."""

from vendor_admin.organizations import audit
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization, StaffRole, User
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.organizations.test_organizations import find_test_organization

REASON = "As in the firm whose test organization this is."


def keep_in_step(*, organization: Organization, user: User, role: str, actor: Actor) -> None:
    """Do in a firm's test organization what a person's new role in the firm means; without one, or where nothing
    changes, do nothing.
    """
    test = find_test_organization(organization)
    if test is None:
        return
    known = StaffRole.objects.filter(user=user, organization=test).first()
    becomes = role if role == StaffRole.Role.OWNER else ""
    if becomes == (known.role if known else ""):
        return
    with organization_scope(test.pk):
        if becomes:
            values = {"role": becomes, "role_since": database_clock.now()}
            StaffRole.objects.update_or_create(user=user, organization=test, defaults=values)
        else:
            StaffRole.objects.filter(user=user, organization=test).delete()
        audit.record(
            organization=test,
            actor=actor,
            action="role given" if becomes else "role taken",
            subject=user.get_username(),
            old={"role": known.role} if known else None,
            new={"role": becomes} if becomes else None,
            reason=REASON,
        )
