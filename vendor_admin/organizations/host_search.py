"""What to do after a host answered that it does not serve the organization: learn the right one, or hold.

The token is renewed, once an hour at most, since a renewal names the hosts. Where it names none, nothing goes to the
old host again before the hour is over: a person may know more, and another login would tell the same.
"""

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

from vendor_admin.organizations import budgets, platform_hosts, tokens
from vendor_admin.organizations.budgets import Budget, Lock
from vendor_admin.organizations.encryption import UndecryptableError
from vendor_admin.organizations.login_failures import forget_host_failures
from vendor_admin.organizations.models import Connection, PlatformHosts
from vendor_admin.organizations.scope import organization_scope
from vendor_admin.organizations.tokens import TokenUnavailable
from vendor_admin.tradovate.answers import WRONG_HOST_HINT
from vendor_admin.tradovate.api_hosts import host_and_port
from vendor_admin.tradovate.authentication import Credentials
from vendor_admin.tradovate.outcomes import Outcome, Rejected, WrongHost

SEARCHES = Budget(name="renewals to learn a host", limit=1)
ASK_AGAIN_SECONDS = 60.0
BY_ITSELF = "Nothing to do: it goes on at the new host."
ADVICE = (
    "Ask the platform's support which host serves the organization, and correct the connection's addresses; or use the "
    "host that the answer pointed to, on the connection's page. The platform is asked again once an hour."
)


class Found(enum.StrEnum):
    """What a search came to."""

    MOVED = "moved"
    CONFIRMED = platform_hosts.CONFIRMED
    LOST = "lost"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class HostSearch:
    """MOVED: another host is in use now. CONFIRMED: renewals are answered by this very host, which names no other.
    LOST: the right host is not known. LATER: it could not be asked for yet. `reason` and `advice` are for people.
    """

    found: Found
    retry_after_seconds: float
    reason: str
    advice: str


_GONE = HostSearch(Found.LATER, ASK_AGAIN_SECONDS, "This connection no longer exists.", "")


def find_host(*, connection_id: int, organization_id: int, asked: str, answer: WrongHost, now: datetime) -> HostSearch:
    """Find where a connection's calls belong, after `asked` (an address in use, REST or socket) gave this answer.

    May take as long as a renewal. Must not be called inside a transaction.
    """
    host = host_and_port(asked)
    with organization_scope(organization_id):
        connection = Connection.objects.defer("credentials").filter(id=connection_id).first()
        if connection is None:
            return _GONE
        if host not in _hosts_in_use(connection):
            return _moved(connection)
        platform_hosts.note_wrong_host(connection_id=connection_id, answer=answer, host=host, now=now)
    subject = f"connection {connection_id} version {connection.version}"
    if wait := budgets.take(budget=SEARCHES, subject=subject, now=now):
        return _remembered(connection, host=host, answer=answer, wait=wait, now=now)
    try:
        renewed_at = tokens.renew_now(connection_id=connection_id, organization_id=organization_id, now=now)
    except TokenUnavailable as unavailable:
        if unavailable.kind != "wrong_host":
            budgets.give_back(budget=SEARCHES, subject=subject, used_at=now)
            wait = max(unavailable.retry_after_seconds or ASK_AGAIN_SECONDS, 1.0)
            if answer.status == 404:  # it may be about what was asked: not much is held for that
                wait = min(wait, ASK_AGAIN_SECONDS)
            text = f"{_what(host, answer)} {unavailable.reason}"
            return _held(connection, Found.LATER, text, unavailable.advice, host=host, wait=wait, now=now)
        renewed_at = ""
    with organization_scope(organization_id):
        connection = Connection.objects.defer("credentials").filter(id=connection_id).first()
        if connection is None:
            return _GONE
        if host not in _hosts_in_use(connection):
            return _moved(connection)
        found = Found.CONFIRMED if host_and_port(renewed_at) == host and answer.status == 404 else Found.LOST
        PlatformHosts.objects.filter(connection=connection).update(search_host=host, search_result=found, search_at=now)
    wait = budgets.one_window().total_seconds()
    return _judged(connection, found, host=host, answer=answer, wait=wait, now=now)


def resolve(
    outcome: Outcome, *, connection_id: int, organization_id: int, asked: str, now: datetime
) -> Outcome | HostSearch:
    """What an outcome is once the organization's host is known: a search's result for an answer of a wrong host, and a
    plain 404 where the host turned out to be the right one. Any other outcome is returned as it is.
    """
    if not isinstance(outcome, WrongHost):
        return outcome
    search = find_host(
        connection_id=connection_id, organization_id=organization_id, asked=asked, answer=outcome, now=now
    )
    if search.found is Found.CONFIRMED:
        return Rejected("status 404 without a text", 404, hint=WRONG_HOST_HINT)
    return search


def hold_on(connection: Connection, *, now: datetime) -> Lock | None:
    """The hold on a connection whose host is not known, if there is one: nothing is sent before its end."""
    return budgets.lock_in_force(keys=(_hold_key(connection, platform_hosts.host_in_use(connection)),), now=now)


def end_hold(connection: Connection) -> None:
    """Let the host in use be tried again, because somebody knows that it serves the organization now."""
    for host in _hosts_in_use(connection):
        budgets.clear(key=_hold_key(connection, host))
    try:
        credentials = Credentials(**connection.credentials)
    except (UndecryptableError, TypeError):
        return
    forget_host_failures(digest=tokens.credential_digest(credentials))


def _hosts_in_use(connection: Connection) -> set[str]:
    """A socket address that was configured by hand may have another host than the one for REST."""
    return {host_and_port(connection.rest_url_in_use), host_and_port(connection.websocket_url_in_use)}


def _hold_key(connection: Connection, host: str) -> str:
    return f"connection {connection.pk} version {connection.version} at {host}"[:200]


def _what(host: str, answer: WrongHost) -> str:
    pointed = f" and pointed to {answer.points_to}" if answer.points_to else ""
    return f"{host} does not serve this organization: it answered {answer.status}{pointed}."


def _moved(connection: Connection) -> HostSearch:
    text = f"The platform serves this organization at {platform_hosts.host_in_use(connection)} now."
    return HostSearch(Found.MOVED, 0.0, text, BY_ITSELF)


def _remembered(connection: Connection, *, host: str, answer: WrongHost, wait: float, now: datetime) -> HostSearch:
    """What the hour's one renewal has told already."""
    with organization_scope(connection.organization_id):
        of_this_hour = PlatformHosts.objects.filter(search_host=host, search_at__gt=now - budgets.one_window())
        known = of_this_hour.filter(connection=connection).first()
    if known is None:
        text = f"{_what(host, answer)} The platform was asked for the right host within the last hour."
        return _held(connection, Found.LATER, text, ADVICE, host=host, wait=min(wait, ASK_AGAIN_SECONDS), now=now)
    found = Found(known.search_result) if answer.status == 404 else Found.LOST
    return _judged(connection, found, host=host, answer=answer, wait=wait, now=now)


def _judged(
    connection: Connection, found: Found, *, host: str, answer: WrongHost, wait: float, now: datetime
) -> HostSearch:
    if found is Found.CONFIRMED:
        budgets.clear(key=_hold_key(connection, host))  # of who asked while this was being found out
        return HostSearch(found, 0.0, f"{host} serves this organization.", "")
    text = f"{_what(host, answer)} The platform named no other host."
    return _held(connection, Found.LOST, text, ADVICE, host=host, wait=wait, now=now)


def _held(
    connection: Connection, found: Found, text: str, advice: str, *, host: str, wait: float, now: datetime
) -> HostSearch:
    """Let nothing go to the host until it may be asked for again."""
    until = now + timedelta(seconds=wait)
    budgets.lock(key=_hold_key(connection, host), until=until, reason=f"{text} {advice}", kind="wrong_host")
    return HostSearch(found, wait, text, advice)
