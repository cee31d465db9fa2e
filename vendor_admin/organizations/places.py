"""Where a connection may lead: to the platform, and not into the network that this installation stands in.

Whoever may write a connection's address could otherwise have the service knock at machines that only it can reach.
Loopback is for the sandbox: demo data and DEBUG. Everything else that is not a public address needs
ALLOW_INTERNAL_PLATFORM_HOSTS.
"""

import ipaddress
import socket
import threading
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings

from vendor_admin.organizations.addresses import host_of, is_loopback
from vendor_admin.organizations.models import Organization
from vendor_admin.tradovate.api_hosts import HostRules, usual_port

RESOLVE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class AllowedPlaces:
    """Which addresses are fine beside public ones."""

    loopback: bool = False
    internal: bool = False


def allowed_places(organization: Organization) -> AllowedPlaces:
    """What the organization's connections may lead to in this installation."""
    everything = settings.ALLOW_INTERNAL_PLATFORM_HOSTS
    return AllowedPlaces(loopback=everything or organization.is_simulated or settings.DEBUG, internal=everything)


def host_rules(organization: Organization, *, rest_url: str) -> HostRules:
    """Which hosts that the platform names are believed for a connection with this configured address.

    A connection to the platform stays at the platform. One to a sandbox stays on this machine, where it may lead there
    at all: its addresses are plain http, and a name elsewhere would get the token in the clear.
    """
    if not is_loopback(rest_url):
        return HostRules(suffixes=settings.PLATFORM_HOST_SUFFIXES)
    if allowed_places(organization).loopback:
        return HostRules(suffixes=(), is_sandbox=True, usual_port=usual_port(rest_url))
    return HostRules(suffixes=())


def problems_of_places(*, organization: Organization, rest_url: str, websocket_url: str) -> dict[str, str]:
    """Which of two addresses lead where they may not, by field. Asks the name server; an unknown name is no problem
    here, since it may be known later: the check of the connection looks again.

    Takes up to RESOLVE_SECONDS for each name, so it belongs before a transaction takes its locks.
    """
    allowed = allowed_places(organization)
    problems: dict[str, str] = {}
    if allowed.internal:
        return problems
    for field, url in (("rest_url", rest_url), ("websocket_url", websocket_url)):
        host = host_of(url)
        found = ["127.0.0.1"] if is_loopback(url) else addresses_of(host)
        if text := problem_of_host(host, found, allowed=allowed):
            problems[field] = text
    return problems


def problem_of_host(host: str, addresses: Iterable[str], *, allowed: AllowedPlaces) -> str | None:
    """A sentence if one of a host's IP addresses is neither public nor allowed. It does not tell which address."""
    for address in addresses:
        ip = _embedded(ipaddress.ip_address(address.partition("%")[0]))
        if ip.is_loopback and not (allowed.loopback or allowed.internal):
            return (
                f"{host} is the machine that Vendor Admin runs on. Only demo data may be connected to it "
                "(or set ALLOW_INTERNAL_PLATFORM_HOSTS)."
            )
        if _is_internal(ip) and not ip.is_loopback and not allowed.internal:
            return (
                f"{host} leads into a private network, where the platform is not. Use the platform's own address "
                "(or set ALLOW_INTERNAL_PLATFORM_HOSTS, if a proxy of yours stands there)."
            )
    return None


def addresses_of(host: str) -> list[str]:
    """The IP addresses of a name or of an address in any spelling; none where it is not known in time."""
    found: list[str] = []
    if not host:
        return found

    def ask() -> None:
        try:
            answers = socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):  # not known; a label that no name may have
            return
        found.extend(str(answer[4][0]) for answer in answers)

    asking = threading.Thread(target=ask, daemon=True)  # the resolver has no time-out of its own
    asking.start()
    asking.join(RESOLVE_SECONDS)
    return list(found)


def _embedded(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The IPv4 address that an IPv6 one stands for, which tells more."""
    if isinstance(ip, ipaddress.IPv6Address):
        return ip.ipv4_mapped or ip.sixtofour or ip
    return ip


def _is_internal(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return not ip.is_global or ip.is_multicast
