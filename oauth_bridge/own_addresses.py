"""Addresses of our own: the fixed one that the platform sends members back to, and where a member may be sent next."""

from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from vendor_admin.organizations.models import Organization

LONGEST_NEXT = 2000


def redirect_uri(organization: Organization, environment: str) -> str:
    """The one address that is registered at the platform for this client; never made of the request's Host."""
    return str(settings.SITE_URL) + reverse("member_callback", args=[organization.slug, environment])


def member_address(organization: Organization) -> str:
    """The address that an organization gives its members."""
    return str(settings.SITE_URL) + reverse("member_entrance", args=[organization.slug])


def is_canonical(host: str) -> bool:
    """Whether a request came by the name that the platform sends members back to: cookies belong to a name."""
    return host == urlsplit(settings.SITE_URL).netloc


def safe_next(address: str, *, organization: Organization) -> str:
    """The address if it is a page of ours that members may be sent to after the sign-in, else an empty text.

    These are the organization's own pages, and those of the bridge for portals (settings.MEMBER_NEXT_PREFIXES).
    """
    prefixes = (reverse("member_entrance", args=[organization.slug]), *settings.MEMBER_NEXT_PREFIXES)
    if not address or len(address) > LONGEST_NEXT or not address.startswith(prefixes):
        return ""
    path = unquote(address.partition("?")[0])
    if not address.isascii() or not address.isprintable() or "\\" in path or "//" in path or ".." in path:
        return ""
    return address if url_has_allowed_host_and_scheme(address, allowed_hosts=None) else ""
