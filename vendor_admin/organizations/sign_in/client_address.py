"""Who calls: the network address of a browser, and the network that limits on guessing count by
(settings.AXES_CLIENT_IP_CALLABLE).
"""

import ipaddress

from django.conf import settings
from django.http import HttpRequest

# Stands for all callers whose address cannot be read: they share one count. No caller has this address.
UNREADABLE = "::"
IPV6_NETWORK_BITS = 64  # what one customer of a provider has at least


def caller_address(request: HttpRequest) -> str:
    """The network address of the browser; behind a proxy the one that the proxy added. Empty if there is none."""
    address = _address_of(request)
    return str(address) if address else ""


def caller_network(request: HttpRequest) -> str:
    """The caller's network: an IPv4 address, or the first address of an IPv6 /64. UNREADABLE if there is none."""
    address = _address_of(request)
    if address is None:
        return UNREADABLE
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.ip_network((int(address), IPV6_NETWORK_BITS), strict=False).network_address)


def _address_of(request: HttpRequest) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    text = request.META.get("REMOTE_ADDR", "")
    if settings.BEHIND_PROXY:
        text = request.META.get("HTTP_X_FORWARDED_FOR", "").rpartition(",")[2].strip() or text
    try:
        address = ipaddress.ip_address(_without_port(text).partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _without_port(text: str) -> str:
    """Some proxies write 203.0.113.8:5000 or [2001:db8::1]:5000."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
