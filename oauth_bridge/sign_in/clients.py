"""Verbs on the client settings of an organization: how its members sign in at the platform."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import structlog

from oauth_bridge.members import attempts, links
from oauth_bridge.models import PlatformClient
from oauth_bridge.problems import Problem, SignInFailed
from vendor_admin.errors import InvalidFields
from vendor_admin.organizations import audit
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import ENVIRONMENTS, Organization
from vendor_admin.organizations.platform_access.addresses import environment_named_by, host_of, is_loopback, normal_url
from vendor_admin.organizations.platform_access.network_policy import host_rules, problems_of_places
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.tradovate.api_hosts import (
    ApiHosts,
    Purpose,
    check_hosts,
    host_and_port,
    may_share_tokens,
    origin_of,
)
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.outcomes import WrongHost

log = structlog.get_logger()

ADDRESSES = {"authorize_url": "sign-in", "exchange_url": "exchange", "rest_url": "REST"}
SHOWN = ("client_id", *ADDRESSES, "encoding", "is_enabled")
# The addresses that get secrets: the client's own, and the members' tokens.
GET_SECRETS = ("exchange_url", "rest_url")
ELSEWHERE = "Another scheme, host or port: type the secret of the client that is meant for it."
SIGN_IN_AGAIN = "The organization's sign-in client has changed."
# The documents name both; the tutorial's exchange has no version in its path.
USUAL = {
    "authorize_url": "https://trader.tradovate.com/oauth",
    "exchange_url": "https://live.tradovateapi.com/auth/oauthtoken",
    "rest_url": "https://live.tradovateapi.com/v1",
}


def open_client(*, organization: Organization, environment: str) -> PlatformClient | None:
    """The enabled client of an environment."""
    with organization_scope(organization.pk):
        return PlatformClient.objects.filter(environment=environment, is_enabled=True).first()


def client_for_sign_in(*, organization: Organization, environment: str) -> PlatformClient:
    """The enabled client of an environment. Raises SignInFailed where there is none."""
    client = open_client(organization=organization, environment=environment)
    if client is None:
        raise SignInFailed(Problem.NOT_OPEN)
    return client


def set_client(
    *,
    organization: Organization,
    environment: str,
    values: Mapping[str, Any],
    actor: Actor,
    reason: str = "",
    request_id: str = "",
) -> PlatformClient:
    """Add or change the client of an environment. `values`: fields of PlatformClient, and `secret` as a text (what is
    not given, or an empty secret, stays as it is).

    Another origin of the exchange or of REST needs the secret again, and members who are linked sign in again: their
    tokens are worth something only where they came from. Raises InvalidFields.
    """
    given = {name: normal_url(values[name] or "") for name in ADDRESSES if name in values}
    problems = problems_of_places(organization, given)
    with organization_scope(organization.pk):
        client = PlatformClient.objects.filter(environment=environment).first()
        is_new = client is None
        client = client or PlatformClient(organization=organization, environment=environment, **USUAL)
        old = {name: getattr(client, name) for name in SHOWN}
        old_secret = client.secret
        _fill(client, values)
        has_new_rest_url = is_new or client.rest_url != old["rest_url"]
        problems = _problems(client, has_new_rest_url=has_new_rest_url) | problems
        if problems and values != {"is_enabled": False}:  # whatever is wrong with a client, it can be paused
            raise InvalidFields.from_texts(problems)
        is_moved = is_new or any(origin_of(getattr(client, name)) != origin_of(old[name]) for name in GET_SECRETS)
        if is_moved and not values.get("secret"):
            raise InvalidFields.from_texts({"secret": ELSEWHERE})
        new = {name: getattr(client, name) for name in SHOWN}
        changed = [name for name in SHOWN if is_new or new[name] != old[name]]
        has_new_secret = client.secret != old_secret
        if not changed and not has_new_secret:
            return client
        client.problem, client.problem_at = "", None
        if {"exchange_url", "rest_url"} & {*changed}:
            client.live_host = ""
        client.save()
        ended = _end_what_was_elsewhere(environment) if is_moved else 0
        audit.record(
            organization=organization,
            actor=actor,
            action="sign-in client added" if is_new else "sign-in client changed",
            subject=f"{organization.name} {environment.upper()}",
            old={} if is_new else {name: old[name] for name in changed},
            new={name: new[name] for name in changed}
            | ({"secret": "changed"} if has_new_secret else {})
            | ({"members who sign in again": ended} if ended else {}),
            reason=reason,
            request_id=request_id,
        )
        return client


def remove_client(*, client: PlatformClient, actor: Actor, reason: str = "", request_id: str = "") -> None:
    """Forget a client with its secret. Members stay linked until their tokens end; nobody signs in any more."""
    with organization_scope(client.organization_id):
        audit.record(
            organization=client.organization,
            actor=actor,
            action="sign-in client removed",
            subject=f"{client.organization.name} {client.environment.upper()}",
            old={"client_id": client.client_id},
            reason=reason,
            request_id=request_id,
        )
        client.delete()


def live_host_for(client: PlatformClient, api_hosts: ApiHosts) -> str:
    """The LIVE host of whom an answer with these hosts is about: named there, else the last one that worked; empty for
    the configured one. What the platform names and is not believed (network_policy.py) is not used.
    """
    checked = check_hosts(api_hosts, rules=host_rules(client.organization, rest_url=client.rest_url))
    for refused in checked.refused:
        log.warning("host_refused", client=str(client), purpose=refused.purpose, said=refused.said, why=refused.why)
    return checked.hosts.get(Purpose.LIVE, client.live_host)


def note_live_host(*, client: PlatformClient, host: str) -> None:
    """The platform answered about a member of the organization at this host, so it is the organization's."""
    known = "" if host == host_and_port(client.rest_url) else host
    if known != client.live_host:
        with organization_scope(client.organization_id):
            PlatformClient.objects.filter(pk=client.pk, rest_url=client.rest_url).update(live_host=known)


def note_success(*, client: PlatformClient, now: datetime) -> None:
    """A member signed in, so the settings are right."""
    with organization_scope(client.organization_id):
        PlatformClient.objects.filter(pk=client.pk).update(worked_at=now, problem="", problem_at=None)


def note_problem(*, client: PlatformClient, text: str, now: datetime) -> None:
    """The platform refused what these settings make; staff see it."""
    with organization_scope(client.organization_id):
        PlatformClient.objects.filter(pk=client.pk).update(problem=text[:500], problem_at=now)


def note_wrong_host(*, client: PlatformClient, url: str, answer: WrongHost, now: datetime) -> None:
    """A host does not serve the organization; staff see where it pointed. If it was a learned one, it is forgotten."""
    if client.live_host and host_and_port(url) == client.live_host:
        note_live_host(client=client, host="")
    pointed = f" If {answer.points_to} is the platform's, change the address to it." if answer.points_to else ""
    note_problem(client=client, text=f"{url}: {answer.text}.{pointed}", now=now)


def _fill(client: PlatformClient, values: Mapping[str, Any]) -> None:
    unknown = values.keys() - {*SHOWN, "secret"}
    if unknown:
        raise TypeError(f"not fields of a client: {', '.join(sorted(unknown))}")
    for name in SHOWN:
        if name in values:
            value = values[name]
            setattr(client, name, normal_url(value) if name in ADDRESSES else value)
    if values.get("secret"):
        client.secret = {"secret": values["secret"]}


def _problems(client: PlatformClient, *, has_new_rest_url: bool) -> dict[str, str]:
    problems = {}
    if client.environment not in dict(ENVIRONMENTS):
        problems["environment"] = "The environment is demo or live."
    if not client.client_id.strip():
        problems["client_id"] = "Give the client id that the platform registered for you."
    if not client.secret:
        problems["secret"] = "Give the client's secret."  # noqa: S105 - a sentence
    if client.encoding not in PlatformClient.Encoding.values:
        problems["encoding"] = "The exchange is sent as form or as json."
    for name, word in ADDRESSES.items():
        if text := _problem_of_address(getattr(client, name), word=word):
            problems[name] = text
    is_of_another_environment = "rest_url" not in problems and _named(client.rest_url) not in (None, Environment.LIVE)
    if has_new_rest_url and is_of_another_environment:
        problems["rest_url"] = "Only LIVE tells who a member is, also of those who trade on DEMO: give its address."
    simulated = client.organization.is_simulated
    if simulated and not problems and not all(is_loopback(getattr(client, name)) for name in ADDRESSES):
        problems["authorize_url"] = "Demo data may only be connected to a sandbox on this machine."
    if not problems and not may_share_tokens(client.exchange_url, client.rest_url):
        problems["rest_url"] = (
            f"The exchange goes to {host_of(client.exchange_url)}, REST to {host_of(client.rest_url)}: a token of one "
            "is not given to the other. Use the addresses of one platform."
        )
    return problems


def _end_what_was_elsewhere(environment: str) -> int:
    """What members got, or are just getting, through the client before is not sent to the new one."""
    attempts.end_all(environment=environment)
    return links.let_all_sign_in_again(environment=environment, reason=SIGN_IN_AGAIN)


def _named(url: str) -> str | None:
    parts = urlsplit(url)
    return environment_named_by(parts.hostname or "", parts.path)


def _problem_of_address(url: str, *, word: str) -> str | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        return f"The {word} address cannot be read: {error}."
    if parts.scheme not in ("https", "http") or not parts.hostname:
        return f"The {word} address must begin with https:// and name a host."
    if parts.scheme == "http" and not is_loopback(url):
        return f"The {word} address must begin with https://: http:// would send secrets in the clear."
    if parts.username or parts.password or parts.query or parts.fragment:
        return f"The {word} address must not hold a user name, ? or #."
    return None
