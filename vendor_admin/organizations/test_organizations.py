"""Which test organization a firm has."""

from vendor_admin.organizations.models import Organization


def find_test_organization(firm: Organization) -> Organization | None:
    """Where the firm's test keys work; None while test mode is off for it."""
    return Organization.objects.filter(test_of=firm).first()
