"""Which organization a signed-in user is working for. One at a time; kept in the session."""

from django.db.models import QuerySet
from django.http import HttpRequest

from vendor_admin.errors import NotAllowed
from vendor_admin.organizations import audit
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization, StaffRole, User
from vendor_admin.organizations.tenancy.scope import organization_scope

SESSION_KEY = "organization"


class ScopedRequest(HttpRequest):
    """A request behind the scope middleware: what it adds, for type checkers."""

    organization: Organization | None
    staff_role: StaffRole | None
    request_id: str


def organizations_of(user: User) -> QuerySet[Organization]:
    """The organizations that a staff user may work for; an operator's are all, one at a time (`enter_organization`)."""
    return Organization.objects.all() if user.is_operator else Organization.objects.filter(staff_roles__user=user)


def current_organization(request: HttpRequest) -> tuple[Organization | None, StaffRole | None]:
    """The organization this request is about, and the user's role there.

    Staff start in their first organization; operators have no role, and see none until they enter one.
    """
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or not user.is_active or not user.is_staff:
        return None, None
    chosen = request.session.get(SESSION_KEY)
    if user.is_operator:
        return (Organization.objects.filter(pk=chosen).first() if chosen else None), None
    roles = list(StaffRole.objects.filter(user=user).select_related("organization"))
    role = next((one for one in roles if one.organization_id == chosen), roles[0] if roles else None)
    return (role.organization, role) if role else (None, None)


def enter_organization(*, request: HttpRequest, organization: Organization, reason: str = "") -> None:
    """Work for another organization from now on. An operator's entry is written to that organization's audit.

    Raises NotAllowed for staff without a role there.
    """
    user = request.user
    if not isinstance(user, User):
        raise NotAllowed("Sign in first.")
    if user.is_operator:
        with organization_scope(organization.pk):
            audit.record(
                organization=organization,
                actor=Actor.staff(user.get_username()),
                action="operator entered",
                subject=organization.slug,
                reason=reason,
                request_id=getattr(request, "request_id", ""),
            )
        _record_leaving(request, user, goes_to=organization)
    elif not StaffRole.objects.filter(user=user, organization=organization).exists():
        raise NotAllowed(f"{user} has no role in {organization}.")
    request.session[SESSION_KEY] = organization.pk


def leave_organization(*, request: HttpRequest) -> None:
    """Forget the chosen organization. An operator's leaving is written to its audit."""
    if isinstance(request.user, User) and request.user.is_operator:
        _record_leaving(request, request.user)
    request.session.pop(SESSION_KEY, None)


def _record_leaving(request: HttpRequest, operator: User, *, goes_to: Organization | None = None) -> None:
    left: Organization | None = getattr(request, "organization", None)
    if left is None or left == goes_to:
        return
    with organization_scope(left.pk):
        audit.record(
            organization=left,
            actor=Actor.staff(operator.get_username()),
            action="operator left",
            subject=left.slug,
            request_id=getattr(request, "request_id", ""),
        )
