"""The host that a lane's calls go to: the organization's own, once it is known, and what is done at a wrong one."""

from vendor_admin.operations.engine.platform_calls.calls import Session
from vendor_admin.operations.engine.platform_calls.gate import Gate
from vendor_admin.operations.store.allowance import Caller
from vendor_admin.operations.store.queue import LaneKey, step
from vendor_admin.organizations.connections import host_search
from vendor_admin.organizations.connections.host_search import HostSearch
from vendor_admin.organizations.models import Connection
from vendor_admin.organizations.platform_access import host_fallback, platform_hosts
from vendor_admin.organizations.platform_access.tokens import AccessToken
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.tradovate.api_hosts import host_and_port, read_api_hosts
from vendor_admin.tradovate.outcomes import NotSent, Outcome, Success


def session_at(connection: Connection, token: AccessToken) -> Session:
    """The platform at the host in use."""
    host = connection.platform_host
    if token.api_hosts:  # just made: its answer named hosts
        ids = {"connection_id": connection.pk, "organization_id": connection.organization_id}
        host = platform_hosts.platform_host_of(**ids)
    caller = Caller(connection.rest_url, connection.credentials["name"])
    is_real = not connection.organization.is_simulated
    return Session(connection.pk, is_real, caller, token.token, token.user_id, host, connection.version)


def judge(outcome: Outcome, *, lane: LaneKey, session: Session, gate: Gate) -> Outcome:
    """An outcome as it is to be read: a WrongHost that stays one was not carried out, and the right host has been asked
    for. Where this host turned out to be it, its empty 404 is about what was asked. From any thread with a database.
    """
    ids = {"connection_id": session.connection_id, "organization_id": lane.organization_id}
    if isinstance(outcome, NotSent):
        fall_back(lane.organization_id, session, outcome)
    found = host_search.resolve(outcome, **ids, asked=session.rest_url, now=database_clock.now())
    if isinstance(found, HostSearch):
        return outcome
    if found is not outcome:
        gate.trust(session.rest_url)
    return found


def fall_back(organization_id: int, session: Session, outcome: NotSent) -> bool:
    """Go back to the last good host, since the one asked was named lately and could not be reached: nothing was sent
    there. False where calls stay as they are.
    """
    other = host_fallback.fall_back(
        connection_id=session.connection_id,
        organization_id=organization_id,
        host=host_and_port(session.rest_url),
        why=outcome.reason,
        now=database_clock.now(),
    )
    return bool(other)


def learn(lane: LaneKey, session: Session, outcome: Success) -> bool:
    """Keep the hosts that the answer to a change of credentials names; True if the host in use is another now."""
    named = read_api_hosts(outcome.body)
    now = database_clock.now()
    with step(lane.organization_id):
        return platform_hosts.learn(
            connection_id=session.connection_id, version=session.version, api_hosts=named, now=now
        )
