"""The demo's switch: its made-up users sign in by their passwords alone, so that a newcomer is not stopped.

It acts only with DEBUG on, only for users whom seed_demo made, and only until the installation has an organization
that is not simulated. `manage.py check` names it elsewhere (vendor_admin/checks.py).
"""

from django.conf import settings

from vendor_admin.organizations.models import Organization, User


def is_exempt(user: User) -> bool:
    """Whether this user may work without a second factor."""
    return settings.DEMO_SIGN_IN_WITHOUT_CODE and settings.DEBUG and user.is_simulated and not has_real_organization()


def has_real_organization() -> bool:
    """Whether any organization here is not simulated. One query."""
    return Organization.objects.filter(is_simulated=False).exists()
