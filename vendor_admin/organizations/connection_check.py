"""Tries a connection before any socket is opened, and says in plain words what to fix.

Addresses, name, TCP and TLS, key and password, whose token it is, right host, scopes, vendor rights. Reads only. Logins
go through the shared token, so that checking again and again never locks anybody out.
"""

import functools
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from urllib.parse import urlsplit

import requests

from vendor_admin.organizations import budgets, tokens
from vendor_admin.organizations.addresses import problems_of_addresses
from vendor_admin.organizations.budgets import USER_CALLS, WHO_AM_I
from vendor_admin.organizations.models import Connection
from vendor_admin.organizations.places import problems_of_places
from vendor_admin.organizations.scope import organization_scope
from vendor_admin.organizations.tokens import AccessToken, TokenUnavailable
from vendor_admin.tradovate.authentication import Identity, who_am_i
from vendor_admin.tradovate.entities import fetch_list
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.operations import entity_operation
from vendor_admin.tradovate.outcomes import Locked, Outcome, Rejected, Success, Unauthorized, WrongHost
from vendor_admin.tradovate.rest import RestClient

CONNECT_SECONDS = 5.0
# One entity type of each kind of right that an environment's mirrors need.
NEEDED_TYPES = {
    Environment.DEMO: ("account", "tradingPermission", "accountRiskStatus"),
    Environment.LIVE: ("account", "tradovateSubscription", "userPlugin"),
}
NO_SUCH_ID = 1
SCOPES_ADVICE = (
    "The key may not read this. Give it the scopes under Eval Functions > API Entitlement in the dashboards, or ask "
    "the platform's support; note that a change of scopes can reset the key's password."
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one step found. `says` is for people; `advice` is the next step, empty if all is well."""

    step: str
    ok: bool
    says: str
    advice: str = ""


class _Failed(Exception):
    """A finding after which the later steps cannot be tried."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.says)
        self.finding = finding


def check_connection(*, connection: Connection, now: datetime) -> list[Finding]:
    """Run all steps until one makes the rest pointless; store and return the findings. Never raises for what is wrong.

    Must not be called inside a transaction: it talks to the network.
    """
    findings: list[Finding] = []
    try:
        for finding in _steps(connection, now=now):
            findings.append(finding)  # noqa: PERF402 - what was found before a failure must stay
    except _Failed as failed:
        findings.append(failed.finding)
    with organization_scope(connection.organization_id):
        Connection.objects.filter(id=connection.pk, version=connection.version).update(
            checked_at=now, check_requested_at=None, check_report=[asdict(finding) for finding in findings]
        )
    return findings


def is_sound(findings: list[Finding]) -> bool:
    """Whether every step that was tried is well."""
    return bool(findings) and all(finding.ok for finding in findings)


def _steps(connection: Connection, *, now: datetime) -> Iterator[Finding]:
    problems = problems_of_addresses(
        environment=connection.environment, rest_url=connection.rest_url, websocket_url=connection.websocket_url
    )
    problems |= problems_of_places(
        organization=connection.organization, rest_url=connection.rest_url, websocket_url=connection.websocket_url
    )
    for text in problems.values():
        raise _Failed(Finding("addresses", False, text, "Correct the connection."))
    yield Finding("addresses", True, f"The addresses are of the {connection.environment.upper()} environment.")
    for url in (connection.rest_url, connection.websocket_url):
        yield _reach(url)
    token = _sign_in(connection, now=now)
    yield Finding("key and password", True, f"Signed in as {token.name or 'user'} (user id {token.user_id}).")
    yield _lifetime(token, now=now)
    with requests.Session() as session:
        client = RestClient(base_url=connection.rest_url, session=session)
        token, identity = _identity(connection, client, token, now=now)
        yield identity
        call = functools.partial(_read, connection, client, token, now=now)
        yield _own_user(connection, call, token)
        for entity_type in NEEDED_TYPES[Environment(connection.environment)]:
            yield _scope_of(entity_type, call)
        yield _vendor(connection, client, token, now=now)


def _reach(url: str) -> Finding:
    """Name, TCP and TLS of one address. Nothing is asked."""
    parts = urlsplit(url)
    host, is_secure = parts.hostname or "", parts.scheme in ("https", "wss")
    port = parts.port or (443 if is_secure else 80)
    step = f"reach {host}:{port}" + (" (socket)" if parts.scheme in ("ws", "wss") else "")
    if proxies := requests.utils.get_environ_proxies(url.replace("wss://", "https://").replace("ws://", "http://")):
        return Finding(
            step, True, f"Goes through the proxy of this machine's environment ({', '.join(proxies)}); not tried."
        )
    try:
        with socket.create_connection((host, port), timeout=CONNECT_SECONDS) as plain:
            if is_secure:
                with ssl.create_default_context().wrap_socket(plain, server_hostname=host):
                    pass
    except socket.gaierror:
        advice = "Check the spelling of the address and this machine's name resolution (DNS)."
        raise _Failed(Finding(step, False, f"The name {host} is not known.", advice)) from None
    except ssl.SSLCertVerificationError as error:
        advice = "Check the clock, the host name, and whether a proxy on the way replaces certificates."
        text = f"{host} shows a certificate that is not trusted: {error.verify_message}."
        raise _Failed(Finding(step, False, text, advice)) from None
    except ssl.SSLError:
        advice = "Check that the port speaks TLS; http:// and ws:// are for a sandbox on this machine only."
        raise _Failed(Finding(step, False, f"{host}:{port} does not speak TLS.", advice)) from None
    except OSError as error:
        what = "did not answer in time" if isinstance(error, TimeoutError) else error.strerror or "is not reachable"
        advice = (
            "Check address and port, that the platform (or sandbox) runs, and the firewall for outgoing connections."
        )
        raise _Failed(Finding(step, False, f"{host}:{port}: {what}.", advice)) from None
    return Finding(step, True, f"{host}:{port} answers" + (" with a trusted certificate." if is_secure else "."))


def _sign_in(connection: Connection, *, now: datetime) -> AccessToken:
    try:
        return tokens.access_token(connection_id=connection.pk, organization_id=connection.organization_id, now=now)
    except TokenUnavailable as unavailable:
        raise _Failed(Finding("key and password", False, unavailable.reason, unavailable.advice)) from None


def _lifetime(token: AccessToken, *, now: datetime) -> Finding:
    minutes = (token.expires_at - now).total_seconds() / 60
    if minutes > 24 * 60:
        text = f"The token would be good for {minutes / 60:.0f} hours, far more than the platform gives."
        return Finding("token", False, text, "Set this machine's clock (NTP): it seems to be slow.")
    return Finding("token", True, f"The token is good for {minutes:.0f} minutes and is renewed before its end.")


def _identity(
    connection: Connection, client: RestClient, token: AccessToken, *, now: datetime
) -> tuple[AccessToken, Finding]:
    """Whose token it is. A token that the platform has revoked meanwhile is replaced once."""
    outcome = _who_am_i(client, token, connection=connection, now=now)
    if isinstance(outcome, Unauthorized) and outcome.is_about_token:
        ids = {"connection_id": connection.pk, "organization_id": connection.organization_id}
        tokens.reject_token(**ids, token=token.token, now=now)
        token = _sign_in(connection, now=now)
        outcome = _who_am_i(client, token, connection=connection, now=now)
    match outcome:
        case Identity(organization_name="") | None:
            return token, Finding("identity", True, "Not asked, or the platform did not name an organization.")
        case Identity(name=name, organization_name=organization):
            return token, Finding("identity", True, f"{name} belongs to {organization}.")
        case _:
            return token, Finding(
                "identity", False, *_words(outcome, what="The platform did not say whose token it is")
            )


def _who_am_i(
    client: RestClient, token: AccessToken, *, connection: Connection, now: datetime
) -> Identity | Outcome | None:
    """auth/me within its budget of failures; None if the budget is used up."""
    subject = budgets.address_subject(connection.rest_url)
    if budgets.take(budget=WHO_AM_I, subject=subject, now=now):
        return None
    outcome = who_am_i(client, token)
    if isinstance(outcome, Identity):
        budgets.give_back(budget=WHO_AM_I, subject=subject, used_at=now)
    return outcome


def _own_user(connection: Connection, call: Callable[..., Outcome], token: AccessToken) -> Finding:
    """A 404 for one's own id is how the platform shows that one asks the wrong host."""
    outcome = call("user", "item", id=token.user_id)
    other = Environment.LIVE if connection.environment == Environment.DEMO else Environment.DEMO
    match outcome:
        case Success():
            return Finding("host", True, "This host knows the key's own user.")
        case Rejected(status=404) | WrongHost(status=404):
            text = f"This host does not know the key's own user {token.user_id} (404): it is the wrong host."
            raise _Failed(
                Finding("host", False, text, f"Compare the addresses: is this the {other.upper()} or staging host?")
            )
        case Unauthorized():
            raise _Failed(
                Finding("scopes", False, "user/item is refused (401) although the token is good.", SCOPES_ADVICE)
            )
        case _:
            return Finding("host", False, *_words(outcome, what="The own user could not be read"))


def _scope_of(entity_type: str, call: Callable[..., Outcome]) -> Finding:
    """Ask for an id that does not exist: the answer is empty, unless the key may not read the type at all."""
    outcome = call(entity_type, "items", ids=[NO_SUCH_ID])
    step = f"scope {entity_type}"
    if isinstance(outcome, Unauthorized):
        return Finding(step, False, f"{entity_type} is refused (401) although the token is good.", SCOPES_ADVICE)
    if isinstance(outcome, Success) or (isinstance(outcome, Rejected) and outcome.status == 404):
        return Finding(step, True, f"{entity_type} may be read.")
    return Finding(step, False, *_words(outcome, what=f"{entity_type} could not be read"))


def _vendor(connection: Connection, client: RestClient, token: AccessToken, *, now: datetime) -> Finding:
    """A vendor's administrator sees the organization's users; any other user sees nobody but itself."""
    _draw(connection, token, now=now)
    outcome = fetch_list(client, "user", token=token.token)
    if isinstance(outcome, Unauthorized):
        return Finding("vendor", False, "user/list is refused (401) although the token is good.", SCOPES_ADVICE)
    if not isinstance(outcome, Success):
        return Finding("vendor", False, *_words(outcome, what="The organization's users could not be listed"))
    others = sum(user.get("id") != token.user_id for user in outcome.body)
    if others:
        return Finding("vendor", True, f"Sees {others:,} other users of the organization.")
    return Finding(
        "vendor",
        False,
        "The key's user sees nobody but itself.",
        "Use the key of the organization's administrator, and have the platform's support set the vendor flag. "
        "Nothing to do if the organization really has no users yet.",
    )


def _read(
    connection: Connection,
    client: RestClient,
    token: AccessToken,
    entity_type: str,
    name: str,
    *,
    now: datetime,
    **params: object,
) -> Outcome:
    _draw(connection, token, now=now)
    outcome = client.call(entity_operation(entity_type, name), token=token.token, params=params)
    if isinstance(outcome, Locked):
        key = budgets.user_subject(user=connection.credentials["name"], url=connection.rest_url)
        text = f"The platform answered {outcome.status}: nothing may be sent for an hour."
        budgets.lock(key=key, until=now + budgets.one_window(), reason=text)
        raise _Failed(Finding("locked", False, text, "Wait; everything goes on by itself."))
    return outcome


def _draw(connection: Connection, token: AccessToken, *, now: datetime) -> None:
    subject = budgets.user_subject(user=connection.credentials["name"], url=connection.rest_url)
    if wait := budgets.take(budget=USER_CALLS, subject=subject, now=now):
        text = f"This user may not call the platform for another {wait / 60:.0f} minutes."
        raise _Failed(Finding("locked", False, text, "Wait; everything goes on by itself."))


def _words(outcome: object, *, what: str) -> tuple[str, str]:
    """What happened and what to do, for an outcome without a sentence of its own."""
    said = next((str(text) for name in ("error_text", "reason", "text") if (text := getattr(outcome, name, ""))), "")
    return (
        f"{what}: {said or type(outcome).__name__}.",
        "Try again in a minute; if it stays, ask the platform's support.",
    )
