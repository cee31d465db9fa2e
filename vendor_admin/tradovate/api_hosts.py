"""The hosts that the platform names for an organization (`apiHosts`), and which of them are believed. Pure.

Since 2026-10-03 evaluation organizations have host names of their own. Logins, renewals, changes of password or
credentials and the OAuth exchange may name them: bare host names by purpose, which are never derived from one another.
What an answer leaves out stays as it was, field by field; unknown purposes come and are ignored.
Source: docs.ninjatrader.com/api/dynamic-api-hosts.
"""

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from vendor_admin.tradovate.outcomes import Json

PLATFORM_SUFFIXES = ("tradovateapi.com", "tradovate.com", "ninjatrader.com", "ninjatrader.dev")
"""The domains that the platform's own hosts are under."""

LONGEST_HOST = 253
_LONGEST_SHOWN = 80
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_PORT = re.compile(r"[0-9]{1,5}")
_LOOPBACK = re.compile(r"localhost|127(\.[0-9]{1,3}){3}")
_STAGING_SUFFIX = "ninjatrader.dev"
_HTTP_PORT, _HTTPS_PORT = 80, 443
_AS_HTTP = {"ws": "http", "wss": "https"}


class Purpose(enum.StrEnum):
    """What a named host serves, in the platform's words."""

    LIVE = "live"
    DEMO = "demo"
    MD_LIVE = "mdLive"
    MD_DEMO = "mdDemo"
    REPLAY = "replay"
    REPORTING_LIVE = "reportingLive"
    REPORTING_DEMO = "reportingDemo"


@dataclass(frozen=True, slots=True)
class ApiHosts:
    """`apiHosts` as an answer gave it, not checked yet: values by known purpose.

    `malformed` shows a value of `apiHosts` itself that is no object. Empty in both: the answer named no hosts.
    """

    named: Mapping[Purpose, Json] = field(default_factory=dict)
    malformed: str = ""

    def __bool__(self) -> bool:
        return bool(self.named or self.malformed)


@dataclass(frozen=True, slots=True)
class HostRules:
    """Which hosts are believed: those under one of `suffixes`, or, for a sandbox, those on this machine alone.

    A host that is named with `usual_port` is the same as one named without a port.
    """

    suffixes: tuple[str, ...] = PLATFORM_SUFFIXES
    is_sandbox: bool = False
    usual_port: int = _HTTPS_PORT


@dataclass(frozen=True, slots=True)
class RefusedHost:
    """A host that is not used: what the platform said, cut short, and why not."""

    purpose: str
    said: str
    why: str


@dataclass(frozen=True, slots=True)
class CheckedHosts:
    """The hosts that are believed, by purpose in their normal form (`host` or `host:port`), and those that are not."""

    hosts: Mapping[Purpose, str]
    refused: tuple[RefusedHost, ...] = ()


def read_api_hosts(body: Json) -> ApiHosts:
    """Read the hosts that an answer names, if it names any."""
    if not isinstance(body, dict) or "apiHosts" not in body:
        return ApiHosts()
    value = body["apiHosts"]
    if not isinstance(value, dict):
        return ApiHosts(malformed=_shown(value))
    return ApiHosts({purpose: value[purpose.value] for purpose in Purpose if purpose.value in value})


def check_hosts(given: ApiHosts, *, rules: HostRules) -> CheckedHosts:
    """Tell the hosts that may be used from those that may not."""
    refused = [RefusedHost("apiHosts", given.malformed, "this is no list of hosts")] if given.malformed else []
    hosts: dict[Purpose, str] = {}
    for purpose, value in given.named.items():
        if problem := problem_of_host(value, rules=rules):
            refused.append(RefusedHost(purpose.value, _shown(value), problem))
        else:
            hosts[purpose] = normal_host(value, usual_port=rules.usual_port)
    return CheckedHosts(hosts, tuple(refused))


def problem_of_host(value: Json, *, rules: HostRules) -> str:
    """Say why a value is not used as a host; empty if it is one (`host` or `host:port`) and the rules allow it."""
    if not isinstance(value, str) or not value:
        return "this is no host name"
    if not value.isascii():  # before small letters are made: that turns other signs into plain ones
        return "this is not a bare host name"
    name, colon, port = normal_host(value).partition(":")
    if colon and (not _PORT.fullmatch(port) or not 0 < int(port) < 65536):
        return "this is more than a host name and a port"
    if rules.is_sandbox:
        return "" if _LOOPBACK.fullmatch(name) else "a sandbox may only lead to this machine"
    if not _is_host_name(name):
        return "this is not a bare host name"
    labels = name.split(".")
    if len(labels) < 2 or labels[-1].isdigit():
        return "this is not the name of a public host"
    if not any(is_under(name, suffix) for suffix in rules.suffixes):
        return "this is not a host of the platform (PLATFORM_HOSTS)"
    return ""


def normal_host(text: str, *, usual_port: int = _HTTPS_PORT) -> str:
    """The one spelling of a host: small letters, no dot at the end, no zeros before the port, no usual port."""
    name, colon, port = text.lower().partition(":")
    if _PORT.fullmatch(port):
        colon, port = (":", str(int(port))) if int(port) != usual_port else ("", "")
    return name.removesuffix(".") + colon + port


def host_in_location(location: str) -> str:
    """The host (or `host:port`) that a Location header leads to, as `host_and_port` spells it.

    Empty if it names none, or something that is no host name.
    """
    host = host_and_port(location.strip()) if location.isascii() else ""
    return host if _is_host_name(host.partition(":")[0]) else ""


def host_and_port(url: str) -> str:
    """The `host`, or `host:port` where the port is not the usual one, that an address names; empty for none.

    However an address spells its host, this is the one spelling under which hosts are compared and kept.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    host = (parts.hostname or "").removesuffix(".")
    return host if port in (None, usual_port(url)) else f"{host}:{port}"


def origin_of(url: str) -> str:
    """Scheme, host and port of an address in one spelling: stored secrets and tokens belong to one of these.

    A socket's ws and wss count as the http and https of the same host.
    """
    scheme = urlsplit(url).scheme
    return f"{_AS_HTTP.get(scheme, scheme)}://{host_and_port(url)}"


def may_share_tokens(one: str, other: str) -> bool:
    """Whether a token that one address gave may be sent to another: they have one origin, or both are the platform's
    own hosts, production or staging.
    """
    if origin_of(one) == origin_of(other):
        return True
    platform = platform_of_host(urlsplit(one).hostname or "")
    return bool(platform) and platform == platform_of_host(urlsplit(other).hostname or "")


def usual_port(url: str) -> int:
    """The port of an address that names none."""
    return _HTTP_PORT if urlsplit(url).scheme in ("http", "ws") else _HTTPS_PORT


def at_host(url: str, host: str) -> str:
    """An address with another host (`host` or `host:port`) in place of its own; the same where none is given."""
    return urlsplit(url)._replace(netloc=normal_host(host, usual_port=usual_port(url))).geturl() if host else url


def is_under(host: str, suffix: str) -> bool:
    """Whether a host name is a domain or one below it."""
    return host == suffix or host.endswith(f".{suffix}")


def platform_of_host(host: str, *, suffixes: tuple[str, ...] = PLATFORM_SUFFIXES) -> str:
    """Which platform a host name belongs to: `production` or `staging`; empty for any other host.

    The platform counts calls and locks over all hosts of one of the two, and tokens and keys are good within one.
    """
    if not any(is_under(host, suffix) for suffix in suffixes):
        return ""
    return "staging" if is_under(host, _STAGING_SUFFIX) or "staging" in host.split(".") else "production"


def _is_host_name(name: str) -> bool:
    return len(name) <= LONGEST_HOST and all(_is_label(label) for label in name.split("."))


def _is_label(label: str) -> bool:
    if not _LABEL.fullmatch(label):
        return False
    if not label.startswith("xn--"):
        return True
    try:
        return label.encode().decode("idna") != label
    except UnicodeError:
        return False


def _shown(value: Json) -> str:
    """A value as people see it: without control characters, and cut short."""
    text = value if isinstance(value, str) else repr(value)
    shown = "".join(letter if letter.isprintable() else "�" for letter in text)
    return shown if len(shown) <= _LONGEST_SHOWN else shown[:_LONGEST_SHOWN] + "…"
