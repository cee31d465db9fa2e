"""What every page shows: the organization one works for, and whether it is real."""

from django.http import HttpRequest

from vendor_admin.organizations.models import Organization, User
from vendor_admin.organizations.requests.current import organizations_of
from vendor_admin.organizations.requests.form_organization import organization_for_forms

MOST_OFFERED = 200


def organization(request: HttpRequest) -> dict[str, object]:
    """Template variables `organization`, `other_organizations`, `is_live` and `organization_for_forms`."""
    current = getattr(request, "organization", None)
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or not user.is_staff:
        return {"organization": None, "other_organizations": [], "is_live": False, "organization_for_forms": ""}
    return {
        "organization": current,
        "other_organizations": _others(request, user),
        "is_live": current is not None and not current.is_simulated,
        "organization_for_forms": organization_for_forms(request),
    }


def _others(request: HttpRequest, user: User) -> list[Organization]:
    """Where else the person may work, asked once for all templates of a page."""
    found: list[Organization] | None = getattr(request, "other_organizations", None)
    if found is None:
        current = getattr(request, "organization", None)
        found = [one for one in organizations_of(user)[:MOST_OFFERED] if one != current]
        setattr(request, "other_organizations", found)  # noqa: B010 - not a field of HttpRequest
    return found


def environment_label(request: HttpRequest) -> list[str] | None:
    """The badge beside the title: LIVE in red for a real organization, DEMO for a simulated one."""
    current = getattr(request, "organization", None)
    if current is None:
        return None
    if current.test_of_id is not None:
        return ["TEST", "warning"]
    return ["DEMO DATA", "warning"] if current.is_simulated else ["LIVE", "danger"]
