"""What to do after a host answered that it does not serve the organization: learn the right one, or hold.

The token is renewed, once an hour at most, since a renewal names the hosts. Where it names none, nothing goes to the
old host again before the hour is over, unless a later login or renewal names it, or a person has it tried: another
login would tell the same. Where it names this very host, the host is tried again within minutes.
"""

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

from vendor_admin.organizations.encryption import UndecryptableError
from vendor_admin.organizations.models import Connection, PlatformHosts
from vendor_admin.organizations.platform_access import budgets, host_fallback, host_holds, platform_hosts, tokens
from vendor_admin.organizations.platform_access.budgets import Budget
from vendor_admin.organizations.platform_access.login_failures import forget_host_failures
from vendor_admin.organizations.platform_access.platform_hosts import Told
from vendor_admin.organizations.platform_access.tokens import TokenUnavailable
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.tradovate.answers import WRONG_HOST_HINT
from vendor_admin.tradovate.api_hosts import host_and_port
from vendor_admin.tradovate.outcomes import Outcome, Rejected, WrongHost
from vendor_admin.tradovate.rest.authentication import Credentials

SEARCHES = Budget(name="renewals to learn a host", limit=1)
ASK_AGAIN_SECONDS = 60.0
# A host that the platform names and that refuses all the same: its machines may not agree yet.
NAMED_PAUSES_SECONDS = (60.0, 300.0)
BY_ITSELF = "Nothing to do: it goes on at the new host."
ADVICE = (
    "Ask the platform's support which host serves the organization, and correct the connection's addresses; or use the "
    "host that the answer pointed to, on the connection's page. The platform is asked again once an hour; *Check "
    "connection* tries at once."
)
AGAIN = "It is tried again by itself within minutes. If it lasts, ask the platform's support."
NOT_ASKED = "The platform was not asked for the right host within the last hour."
NAMED_NONE = "It was asked for the right host and named none."
NAMED_THIS = "It was asked for the right host and named this very one."
NAMED_REFUSED = "It was asked for the right host and named “{}”, which is not used: {}."


class Found(enum.StrEnum):
    """What a search came to."""

    MOVED = "moved"
    CONFIRMED = "confirmed"
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
        if host_fallback.give_up(connection, host=host) or host not in host_holds.hosts_in_use(connection):
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
        connection = platform_hosts.locked(connection_id)
        if connection is None:
            return _GONE
        if host not in host_holds.hosts_in_use(connection):
            return _moved(connection)
        told = _told(connection, host=host, is_answering=host_and_port(renewed_at) == host, now=now)
        of_connection = PlatformHosts.objects.filter(connection=connection)
        of_connection.update(search_host=host, search_result=told, search_at=now)
        known = of_connection.get()
    return _judged(connection, known, host=host, answer=answer, wait=budgets.one_window().total_seconds(), now=now)


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


def answer_of_platform(hosts: PlatformHosts, *, environment: str, host: str, now: datetime) -> str:
    """What the platform said when it was last asked for the host to use in place of `host`, for people."""
    if hosts.search_at is None or hosts.search_host != host or hosts.search_at <= now - budgets.one_window():
        return NOT_ASKED
    match hosts.search_result:
        case Told.REFUSED:
            refused = platform_hosts.refused_host(hosts, environment=environment)
            return NAMED_REFUSED.format(refused["said"], refused["why"]) if refused else NAMED_NONE
        case Told.NAMED:
            return NAMED_THIS
        case _:
            return NAMED_NONE


def end_hold(connection: Connection) -> None:
    """Let the host in use be tried again, because somebody knows that it serves the organization now."""
    for host in host_holds.hosts_in_use(connection):
        host_holds.release(connection, host=host)
    forget_failures(connection)


def forget_failures(connection: Connection) -> None:
    """Let a login be tried at every host of a connection."""
    try:
        credentials = Credentials(**connection.credentials)
    except (UndecryptableError, TypeError):
        return
    forget_host_failures(digest=tokens.credential_digest(credentials))


def _told(connection: Connection, *, host: str, is_answering: bool, now: datetime) -> Told:
    """What the renewal that was just made told of a host. Inside the organization's scope."""
    hosts = PlatformHosts.objects.get(connection=connection)
    if (hosts.search_host, hosts.search_result) == (host, Told.NAMED) and hosts.search_at and hosts.search_at >= now:
        return Told.NAMED
    if (
        hosts.refused_at
        and hosts.refused_at >= now
        and platform_hosts.refused_host(hosts, environment=connection.environment)
    ):
        return Told.REFUSED
    return Told.CONFIRMED if is_answering else Told.NOTHING


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
    return _judged(connection, known, host=host, answer=answer, wait=wait, now=now)


def _judged(
    connection: Connection, known: PlatformHosts, *, host: str, answer: WrongHost, wait: float, now: datetime
) -> HostSearch:
    is_named = known.search_result == Told.NAMED
    if answer.status == 404 and (is_named or known.search_result == Told.CONFIRMED):
        ids = {"connection_id": connection.pk, "organization_id": connection.organization_id}
        platform_hosts.note_works(**ids, host=host)
        host_holds.release(connection, host=host)  # of who asked while this was being found out
        return HostSearch(Found.CONFIRMED, 0.0, f"{host} serves this organization.", "")
    said = answer_of_platform(known, environment=connection.environment, host=host, now=now)
    if is_named and known.search_at is not None:
        least, most = NAMED_PAUSES_SECONDS
        since = (now - known.search_at).total_seconds()  # as long again as it has lasted: 1, 1, 2, 4, 5 minutes
        return _held(
            connection,
            Found.LOST,
            f"{_what(host, answer)} {said}",
            AGAIN,
            host=host,
            wait=min(max(since, least), most),
            now=now,
        )
    return _held(connection, Found.LOST, f"{_what(host, answer)} {said}", ADVICE, host=host, wait=wait, now=now)


def _held(
    connection: Connection, found: Found, text: str, advice: str, *, host: str, wait: float, now: datetime
) -> HostSearch:
    """Let nothing go to the host until it may be asked for again."""
    host_holds.hold(connection, host=host, until=now + timedelta(seconds=wait), reason=f"{text} {advice}")
    return HostSearch(found, wait, text, advice)
