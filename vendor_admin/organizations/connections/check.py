"""Tries a connection before any socket is opened, and says in plain words what to fix.

Addresses, name, TCP and TLS, key and password, the organization's host, whose token it is, scopes, vendor rights. Reads
only. Logins go through the shared token, so that checking again and again never locks anybody out.
"""

import functools
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from datetime import datetime

import requests

from vendor_admin.organizations.connections import host_search
from vendor_admin.organizations.connections.host_search import Found, HostSearch
from vendor_admin.organizations.models import Connection, PlatformHosts
from vendor_admin.organizations.platform_access import budgets, host_fallback, platform_hosts, platform_locks, tokens
from vendor_admin.organizations.platform_access.addresses import problems_of_addresses
from vendor_admin.organizations.platform_access.budgets import USER_CALLS, WHO_AM_I
from vendor_admin.organizations.platform_access.network_policy import (
    addresses_to_call,
    is_of_sandbox,
    judge_name,
    problems_of_places,
)
from vendor_admin.organizations.platform_access.platform_hosts import host_in_use
from vendor_admin.organizations.platform_access.reachability import Failed, Finding, reach
from vendor_admin.organizations.platform_access.tokens import AccessToken, TokenUnavailable
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.tradovate.api_hosts import host_and_port
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.operations import ME, entity_operation
from vendor_admin.tradovate.outcomes import Locked, Outcome, Penalized, Rejected, Success, Unauthorized, WrongHost
from vendor_admin.tradovate.rest.authentication import Identity, who_am_i
from vendor_admin.tradovate.rest.client import RestClient
from vendor_admin.tradovate.rest.entities import fetch_list

__all__ = ["Finding", "check_connection", "is_sound"]

# One entity type of each kind of right that an environment's mirrors need.
NEEDED_TYPES = {
    Environment.DEMO: ("account", "tradingPermission", "accountRiskStatus"),
    Environment.LIVE: ("account", "tradovateSubscription", "userPlugin"),
}
NO_SUCH_ID = 1
CALL_SECONDS = 10.0
CHECK_SECONDS = 45.0
"""How long a check goes on to its next step. Signing in may wait for half a minute, any other step for CALL_SECONDS."""
SCOPES_ADVICE = (
    "The key may not read this. Give it the scopes under Eval Functions > API Entitlement in the dashboards, or ask "
    "the platform's support; note that a change of scopes can reset the key's password."
)


TOO_SLOW = Finding(
    "time",
    False,
    f"The platform answers so slowly that the check was ended after {CHECK_SECONDS:.0f} seconds.",
    "Check again later; if it stays, ask the platform's support.",
)


def check_connection(*, connection: Connection, now: datetime) -> list[Finding]:
    """Run all steps until one makes the rest pointless; store and return the findings. Never raises for what is wrong.

    Must not be called inside a transaction: it talks to the network.
    """
    findings: list[Finding] = []
    ends_at = time.monotonic() + CHECK_SECONDS
    try:
        for finding in _steps(connection, now=now):
            findings.append(finding)
            if time.monotonic() > ends_at:
                raise Failed(TOO_SLOW)
    except Failed as failed:
        findings.append(failed.finding)
    with organization_scope(connection.organization_id):
        this = Connection.objects.filter(id=connection.pk)
        this.filter(version=connection.version).update(
            checked_at=now, check_report=[asdict(finding) for finding in findings]
        )
        this.update(check_requested_at=None)
    return findings


def is_sound(findings: list[Finding]) -> bool:
    """Whether every step that was tried is well."""
    return bool(findings) and all(finding.ok for finding in findings)


def _steps(connection: Connection, *, now: datetime) -> Iterator[Finding]:
    addresses = {"rest_url": connection.rest_url, "websocket_url": connection.websocket_url}
    problems = problems_of_addresses(environment=connection.environment, may_be_plain=is_of_sandbox, **addresses)
    problems |= problems_of_places(connection.organization, addresses)
    for text in problems.values():
        raise Failed(Finding("addresses", False, text, "Correct the connection."))
    yield Finding("addresses", True, f"The addresses are of the {connection.environment.upper()} environment.")
    for url in (connection.rest_url_in_use, connection.websocket_url_in_use):
        yield _reached(connection, url, now=now)
    host_search.forget_failures(connection)  # a person has it tried now
    token = _sign_in(connection, now=now)
    yield Finding("key and password", True, f"Signed in as {token.name or 'user'} (user id {token.user_id}).")
    yield _lifetime(token, now=now)
    yield from _hosts(connection)
    with requests.Session() as session:
        client = RestClient(
            base_url=connection.rest_url_in_use,
            session=session,
            total_seconds=CALL_SECONDS,
            resolve=addresses_to_call,
            judge=judge_name,
        )
        token, own_user = _own_user(connection, client, token, now=now)
        if own_user.ok:
            ids = {"connection_id": connection.pk, "organization_id": connection.organization_id}
            platform_hosts.note_works(**ids, host=host_in_use(connection))
            host_search.end_hold(connection)
        yield own_user
        if connection.environment == Environment.LIVE:  # DEMO does not know auth/me
            yield _identity(connection, client, token, now=now)
        call = functools.partial(_read, connection, client, token, now=now)
        for entity_type in NEEDED_TYPES[Environment(connection.environment)]:
            yield _scope_of(entity_type, call)
        yield _vendor(connection, client, token, now=now)


def _reached(connection: Connection, url: str, *, now: datetime) -> Finding:
    """Reach an address in use. Where it was named lately and is not there, calls go back to the last good host."""
    try:
        return reach(url)
    except Failed as failed:
        ids = {"connection_id": connection.pk, "organization_id": connection.organization_id}
        finding = failed.finding
        if other := host_fallback.fall_back(**ids, host=host_and_port(url), why=finding.says.rstrip("."), now=now):
            text = f"{finding.says} Calls go on at {other}, the last good host."
            raise Failed(replace(finding, says=text, advice="Check again: the check goes there now.")) from None
        raise


def _sign_in(connection: Connection, *, now: datetime) -> AccessToken:
    try:
        return tokens.access_token(connection_id=connection.pk, organization_id=connection.organization_id, now=now)
    except TokenUnavailable as unavailable:
        raise Failed(Finding("key and password", False, unavailable.reason, unavailable.advice)) from None


def _lifetime(token: AccessToken, *, now: datetime) -> Finding:
    minutes = (token.expires_at - now).total_seconds() / 60
    if minutes > 24 * 60:
        text = f"The token would be good for {minutes / 60:.0f} hours, far more than the platform gives."
        return Finding("token", False, text, "Set this machine's clock (NTP): it seems to be slow.")
    return Finding("token", True, f"The token is good for {minutes:.0f} minutes and is renewed before its end.")


def _hosts(connection: Connection) -> Iterator[Finding]:
    """Where the platform sent the organization, as signing in has told; reach that host too where it is news."""
    reached = {connection.rest_url_in_use, connection.websocket_url_in_use}
    with organization_scope(connection.organization_id):
        connection.refresh_from_db(fields=["platform_host"])
        hosts = PlatformHosts.objects.filter(connection=connection).first()
    if connection.platform_host:
        configured = host_and_port(connection.rest_url)
        text = f"Calls and sockets go to {host_in_use(connection)}; the configured host is {configured}."
        yield Finding("hosts", True, text)
        for url in (connection.rest_url_in_use, connection.websocket_url_in_use):
            if url not in reached:
                yield reach(url)
    if hosts is not None and hosts.refused:
        refused = "; ".join(f"“{one['said']}”, {one['why']}" for one in hosts.refused)
        advice = "The last good host stays in use. If the host is the platform's, add its domain to PLATFORM_HOSTS."
        yield Finding("refused hosts", False, f"The platform named hosts that are not used ({refused}).", advice)


def _own_user(
    connection: Connection, client: RestClient, token: AccessToken, *, now: datetime
) -> tuple[AccessToken, Finding]:
    """Read the key's own user. A token that is refused is renewed once: that tells a dead one from one without rights.

    A 404 for one's own id is how the platform shows that one asks the wrong host.
    """
    outcome = _read(connection, client, token, "user", "item", now=now, id=token.user_id)
    if isinstance(outcome, Unauthorized) and outcome.is_about_token:
        token = _renewed(connection, now=now)
        outcome = _read(connection, client, token, "user", "item", now=now, id=token.user_id)
    other = Environment.LIVE if connection.environment == Environment.DEMO else Environment.DEMO
    match outcome:
        case Success():
            return token, Finding("host", True, "This host knows the key's own user.")
        case Rejected(status=404):
            text = f"This host does not know the key's own user {token.user_id} (404): it is the wrong host."
            raise Failed(
                Finding("host", False, text, f"Compare the addresses: is this the {other.upper()} or staging host?")
            )
        case Unauthorized():
            raise Failed(
                Finding("scopes", False, "user/item is refused (401) although the token is good.", SCOPES_ADVICE)
            )
        case _:
            return token, Finding("host", False, *_words(outcome, what="The own user could not be read"))


def _renewed(connection: Connection, *, now: datetime) -> AccessToken:
    ids = {"connection_id": connection.pk, "organization_id": connection.organization_id}
    try:
        tokens.renew_now(**ids, now=now)
    except TokenUnavailable as unavailable:
        raise Failed(Finding("token", False, unavailable.reason, unavailable.advice)) from None
    return _sign_in(connection, now=now)


def _identity(connection: Connection, client: RestClient, token: AccessToken, *, now: datetime) -> Finding:
    """Whose token it is."""
    outcome = _who_am_i(client, token, connection=connection, now=now)
    match outcome:
        case Identity(organization_name="") | None:
            return Finding("identity", True, "Not asked, or the platform did not name an organization.")
        case Identity(name=name, organization_name=organization):
            return Finding("identity", True, f"{name} belongs to {organization}.")
        case _:
            return Finding("identity", False, *_words(outcome, what="The platform did not say whose token it is"))


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
    elif isinstance(outcome, Locked | Penalized):
        _close_after(outcome, connection, path=ME.path, now=now)
    return outcome


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
    operation = entity_operation(entity_type, name)
    outcome = client.call(operation, token=token.token, params=params)
    if isinstance(outcome, WrongHost):
        return _at_wrong_host(connection, outcome, now=now)
    if isinstance(outcome, Locked | Penalized):
        _close_after(outcome, connection, path=operation.path, now=now)
    if isinstance(outcome, Locked):
        text = f"The platform answered {outcome.status}: nothing may be sent for an hour."
        raise Failed(Finding("locked", False, text, "Wait; everything goes on by itself."))
    return outcome


def _close_after(outcome: Locked | Penalized, connection: Connection, *, path: str, now: datetime) -> None:
    user = budgets.user_subject(user=connection.credentials["name"], url=connection.rest_url)
    address = budgets.address_subject(connection.rest_url)
    platform_locks.close_after(outcome, user=user, address=address, path=path, now=now)


def _at_wrong_host(connection: Connection, outcome: WrongHost, *, now: datetime) -> Outcome:
    """Learn the right host if that is possible. The check goes on only where the host asked turned out to be it."""
    ids = {"connection_id": connection.pk, "organization_id": connection.organization_id}
    found = host_search.resolve(outcome, **ids, asked=connection.rest_url_in_use, now=now)
    if not isinstance(found, HostSearch):
        return found
    advice = "Check again: the check goes there now." if found.found is Found.MOVED else found.advice
    raise Failed(Finding("host", False, found.reason, advice))


def _draw(connection: Connection, token: AccessToken, *, now: datetime) -> None:
    subject = budgets.user_subject(user=connection.credentials["name"], url=connection.rest_url)
    if wait := budgets.take(budget=USER_CALLS, subject=subject, now=now):
        text = f"This user may not call the platform for another {wait / 60:.0f} minutes."
        raise Failed(Finding("locked", False, text, "Wait; everything goes on by itself."))


def _words(outcome: object, *, what: str) -> tuple[str, str]:
    """What happened and what to do, for an outcome without a sentence of its own."""
    said = next((str(text) for name in ("error_text", "reason", "text") if (text := getattr(outcome, name, ""))), "")
    return (
        f"{what}: {said or type(outcome).__name__}.",
        "Try again in a minute; if it stays, ask the platform's support.",
    )
