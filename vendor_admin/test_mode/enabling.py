"""Gives a firm its test organization: a vendor of the sandbox, connected like any other, which its owners own."""

from typing import Any
from urllib.parse import urlsplit

from django.db import transaction

from vendor_admin.errors import Fault, InvalidFields, Unavailable
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.connections.verbs import connect_organization
from vendor_admin.organizations.models import Connection, Organization, StaffRole
from vendor_admin.organizations.staff.test_owners import keep_in_step
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.organizations.test_organizations import find_test_organization
from vendor_admin.test_mode import sandbox_door
from vendor_admin.tradovate.enums import Environment

SLUG_ENDING, NAME_ENDING = "-test", " (TEST)"
ALL_TAKEN = (
    "Each vendor of the sandbox is another firm's test organization already. Start it with more --organizations."
)


def enable_test_mode(*, organization: Organization, actor: Actor) -> Organization:
    """Make a firm's test organization, or connect it anew where it is there. Returns it.

    Raises InvalidFields for an organization that can have none, Unavailable where the sandbox is off or full.
    """
    if organization.test_of_id is not None:
        raise _fault(f"{organization} is a test organization itself.")
    test, slug = find_test_organization(organization), f"{organization.slug}{SLUG_ENDING}"
    if test is None and Organization.objects.filter(slug=slug).exists():
        raise _fault(f"There is an organization {slug} that is no test organization of {organization}.")
    vendor, url = _vendor_for(test), sandbox_door.sandbox_url()
    with transaction.atomic():
        for environment in Environment:
            connect_organization(
                slug=slug if test is None else test.slug,
                name=f"{organization.name}{NAME_ENDING}",
                is_simulated=True,
                test_of=organization,
                environment=environment.value,
                actor=actor,
                rest_url=f"{url}/{environment.value}/v1",
                websocket_url=f"ws://{urlsplit(url).netloc}/{environment.value}/v1/websocket",
                credentials=vendor["credentials"],
            )
        for role in StaffRole.objects.filter(organization=organization, role=StaffRole.Role.OWNER):
            keep_in_step(organization=organization, user=role.user, role=role.role, actor=actor)
    return Organization.objects.get(test_of=organization)


def vendor_of(test: Organization) -> str:
    """The name of the vendor's user at the sandbox by which a test organization is connected; empty without one."""
    with organization_scope(test.pk):
        connection = Connection.objects.first()
        return str(connection.credentials.get("name", "")) if connection else ""


def _vendor_for(test: Organization | None) -> dict[str, Any]:
    """The vendor that a test organization has, or one that nobody has."""
    vendors = {one["credentials"]["name"]: one for one in sandbox_door.organizations()}
    known = vendors.get(vendor_of(test)) if test else None
    if known is not None:
        return known
    others = Organization.objects.exclude(test_of=None)
    taken = {vendor_of(one) for one in others if one != test}
    free = [vendor for name, vendor in vendors.items() if name not in taken]
    if not free:
        raise Unavailable(ALL_TAKEN)
    return free[0]


def _fault(text: str) -> InvalidFields:
    return InvalidFields([Fault("organization", "invalid", text)])
