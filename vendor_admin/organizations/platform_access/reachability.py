"""Whether an address can be reached from here: name, TCP and TLS. Also what a step of a check found."""

import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from vendor_admin.organizations.platform_access.network_policy import addresses_to_call, judge_name
from vendor_admin.tradovate.rest.bounded_calls import MOST_ADDRESSES
from vendor_admin.tradovate.rest.transport import HostNotAllowed

CONNECT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What one step found. `says` is for people; `advice` is the next step, empty if all is well."""

    step: str
    ok: bool
    says: str
    advice: str = ""


class Failed(Exception):
    """A finding after which the later steps cannot be tried."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.says)
        self.finding = finding


def reach(url: str) -> Finding:
    """Name, TCP and TLS of one address. Nothing is asked."""
    parts = urlsplit(url)
    host, is_secure = parts.hostname or "", parts.scheme in ("https", "wss")
    port = parts.port or (443 if is_secure else 80)
    step = f"reach {host}:{port}" + (" (socket)" if parts.scheme in ("ws", "wss") else "")
    if proxies := requests.utils.get_environ_proxies(url.replace("wss://", "https://").replace("ws://", "http://")):
        try:
            judge_name(host)
        except HostNotAllowed as error:
            raise Failed(Finding(step, False, str(error), "Correct the connection.")) from None
        return Finding(
            step, True, f"Goes through the proxy of this machine's environment ({', '.join(proxies)}); not tried."
        )
    try:
        with _connected(host, port) as plain:
            if is_secure:
                with ssl.create_default_context().wrap_socket(plain, server_hostname=host):
                    pass
    except HostNotAllowed as error:
        raise Failed(Finding(step, False, str(error), "Correct the connection.")) from None
    except socket.gaierror:
        advice = "Check the spelling of the address and this machine's name resolution (DNS)."
        raise Failed(Finding(step, False, f"The name {host} is not known.", advice)) from None
    except ssl.SSLCertVerificationError as error:
        advice = "Check the clock, the host name, and whether a proxy on the way replaces certificates."
        text = f"{host} shows a certificate that is not trusted: {error.verify_message}."
        raise Failed(Finding(step, False, text, advice)) from None
    except ssl.SSLError:
        advice = "Check that the port speaks TLS; http:// and ws:// are for a sandbox on this machine only."
        raise Failed(Finding(step, False, f"{host}:{port} does not speak TLS.", advice)) from None
    except OSError as error:
        what = "did not answer in time" if isinstance(error, TimeoutError) else error.strerror or "is not reachable"
        advice = (
            "Check address and port, that the platform (or sandbox) runs, and the firewall for outgoing connections."
        )
        raise Failed(Finding(step, False, f"{host}:{port}: {what}.", advice)) from None
    return Finding(step, True, f"{host}:{port} answers" + (" with a trusted certificate." if is_secure else "."))


def _connected(host: str, port: int) -> socket.socket:
    """A connection to the first address that takes one, of those that may be called."""
    failed = OSError("no address")
    for address in addresses_to_call(host)[:MOST_ADDRESSES]:
        try:
            return socket.create_connection((address, port), timeout=CONNECT_SECONDS)
        except OSError as error:
            failed = error
    raise failed
