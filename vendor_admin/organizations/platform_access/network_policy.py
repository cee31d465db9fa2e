"""Where connections and sign-in clients may lead: to the platform, and not into the network that this installation
stands in.

Whoever may write an address could otherwise have the service send its secrets anywhere, or knock at machines that only
it can reach. So a host is under one of the operator's PLATFORM_HOSTS. Loopback is for the sandbox: demo data and DEBUG.
So is the container that the operator names for test mode (TEST_SANDBOX_URL). Everything else that is not a public
address needs ALLOW_INTERNAL_PLATFORM_HOSTS.
"""

import ipaddress
import socket
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.conf import settings

from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.platform_access.addresses import host_of, is_loopback_name
from vendor_admin.tradovate.api_hosts import HostRules, host_and_port, is_under, usual_port
from vendor_admin.tradovate.rest.transport import HostNotAllowed

RESOLVE_SECONDS = 3.0
# The IPv6 addresses given out to the public (IANA), and those that NAT64 makes of IPv4 ones (RFC 6052).
_PUBLIC_IPV6 = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class AllowedPlaces:
    """Which addresses are fine beside public ones."""

    loopback: bool = False
    internal: bool = False


def allowed_places(organization: Organization) -> AllowedPlaces:
    """What the organization's connections may lead to in this installation."""
    everything = settings.ALLOW_INTERNAL_PLATFORM_HOSTS
    return AllowedPlaces(loopback=everything or organization.is_simulated or settings.DEBUG, internal=everything)


def is_sandbox_host(host: str) -> bool:
    """Whether a host is this machine, or the container that serves test mode: a name without a dot, as only a network
    of one's own has them.
    """
    name = host.lower().rstrip(".")
    return is_loopback_name(name) or (name != "" and "." not in name and name == host_of(settings.TEST_SANDBOX_URL))


def is_of_sandbox(url: str) -> bool:
    """Whether an address leads to a sandbox: no secret of the real platform is ever sent there."""
    return is_sandbox_host(host_of(url))


def host_rules(organization: Organization, *, rest_url: str) -> HostRules:
    """Which hosts that the platform names are believed for a connection with this configured address.

    A connection to the platform stays at the platform. One to a sandbox stays on this machine, where it may lead there
    at all: its addresses are plain http, and a name elsewhere would get the token in the clear.
    """
    if not is_of_sandbox(rest_url):
        return HostRules(suffixes=settings.PLATFORM_HOSTS)
    if allowed_places(organization).loopback:
        return HostRules(suffixes=(), is_sandbox=True, usual_port=usual_port(rest_url))
    return HostRules(suffixes=())


def problems_of_places(organization: Organization, urls: Mapping[str, str]) -> dict[str, str]:
    """Which of an organization's addresses lead where they may not, by field. Asks the name server; an unknown name is
    no problem here, since it may be known later: each call looks again.

    Takes up to RESOLVE_SECONDS for each name, so it belongs before a transaction takes its locks.
    """
    allowed = allowed_places(organization)
    problems = {field: _problem_of_place(url, allowed=allowed) for field, url in urls.items()}
    return {field: text for field, text in problems.items() if text}


def _problem_of_place(url: str, *, allowed: AllowedPlaces) -> str | None:
    host = host_of(url)
    if not host or not host_and_port(url):
        return None  # what is no address is told by other rules
    if is_of_sandbox(url):
        return problem_of_host(host, ["127.0.0.1"], allowed=allowed)
    if not _is_listed(host):
        return (
            f"{host} is not a host of the platform. If it is one, the operator of this installation adds its domain to "
            "PLATFORM_HOSTS."
        )
    return None if allowed.internal else problem_of_host(host, addresses_of(host), allowed=allowed)


def addresses_to_call(host: str) -> list[str]:
    """The IP addresses that calls of a platform's host go to, looked up and judged anew at each connection.

    A sandbox on this machine is called as it was configured; whether it may be was decided then. Takes up to
    RESOLVE_SECONDS. Raises HostNotAllowed, or socket.gaierror for a name that is not known.
    """
    judge_name(host)
    name = host.lower().rstrip(".")
    found = addresses_of(name)
    if not found:
        raise socket.gaierror(socket.EAI_NONAME, f"the name {host} is not known")
    is_container = is_sandbox_host(name) and not is_loopback_name(name)
    internal = settings.ALLOW_INTERNAL_PLATFORM_HOSTS or is_container
    allowed = AllowedPlaces(loopback=is_loopback_name(name), internal=internal)
    if problem := problem_of_host(host, found, allowed=allowed):
        raise HostNotAllowed(problem)
    return found


def judge_name(host: str) -> None:
    """Raise HostNotAllowed for a name that is none of the platform's. Where a proxy looks names up, this is all that
    can be judged of a call."""
    name = host.lower().rstrip(".")
    if not is_sandbox_host(name) and not _is_listed(name):
        raise HostNotAllowed(f"{host} is not a host of the platform (PLATFORM_HOSTS)")


def problem_of_host(host: str, addresses: Iterable[str], *, allowed: AllowedPlaces) -> str | None:
    """A sentence if one of a host's IP addresses is neither public nor allowed. It does not tell which address."""
    for address in addresses:
        ip = _embedded(ipaddress.ip_address(address.partition("%")[0]))
        if ip.is_loopback and not (allowed.loopback or allowed.internal):
            return (
                f"{host} is the machine that Vendor Admin runs on, or its sandbox. Only demo data may be connected to "
                "it (or set ALLOW_INTERNAL_PLATFORM_HOSTS)."
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


def _is_listed(host: str) -> bool:
    return any(is_under(host, domain) for domain in settings.PLATFORM_HOSTS)


def _embedded(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The IPv4 address that an IPv6 one stands for, which tells more."""
    if not isinstance(ip, ipaddress.IPv6Address):
        return ip
    if ip in _NAT64:
        return ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip


def _is_internal(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    is_outside = isinstance(ip, ipaddress.IPv6Address) and ip not in _PUBLIC_IPV6
    return is_outside or not ip.is_global or ip.is_multicast
