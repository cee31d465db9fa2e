"""Whether a token that an answer made suspect is dead. One harmless call tells; words never do."""

import threading

import structlog

from vendor_admin.operations.engine.platform_calls.calls import Session
from vendor_admin.operations.engine.platform_calls.gate import Gate
from vendor_admin.operations.precedence import Priority
from vendor_admin.operations.store import allowance
from vendor_admin.operations.store.queue import LaneKey
from vendor_admin.organizations.platform_access import tokens
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.tradovate.operations import entity_operation
from vendor_admin.tradovate.outcomes import Locked, Penalized, Success, Unauthorized
from vendor_admin.tradovate.rest.client import RestClient

log = structlog.get_logger(__name__)

OWN_USER = entity_operation("user", "item")


class TokenDoubts:
    """The doubts of one run. Meanwhile the gate lets nothing through with a token that is in doubt."""

    def __init__(self, lane: LaneKey, gate: Gate) -> None:
        self._lane, self._gate = lane, gate
        self._one_at_a_time = threading.Lock()

    def is_dead(self, session: Session, client: RestClient) -> bool:
        """Look up the token's own user, and give the token up where the platform refuses even that.

        For threads that may use the database. Says no where another thread has just found out.
        """
        with self._one_at_a_time:
            if not self._gate.doubts(session.token):
                return False
            # All of the lane waits for this call, so also what is urgent.
            drawn = allowance.draw(
                session.caller, OWN_USER, wanted=1, now=database_clock.now(), priority=Priority.URGENT
            )
            outcome = (
                client.call(OWN_USER, token=session.token, params={"id": session.user_id}) if drawn.count else None
            )
            if isinstance(outcome, Locked | Penalized):
                allowance.close_after(session.caller, OWN_USER, outcome, now=database_clock.now())
                self._gate.close_after(outcome, name=OWN_USER.path, session=session)
            is_dead = isinstance(outcome, Unauthorized) and outcome.is_about_token
            log.warning("operations.token_in_doubt", is_dead=is_dead, organization_id=self._lane.organization_id)
            if is_dead:
                self._gate.refuse(session.token)
                tokens.reject_token(
                    connection_id=session.connection_id,
                    organization_id=self._lane.organization_id,
                    token=session.token,
                    now=database_clock.now(),
                )
            self._gate.end_doubt(session.token, is_proven=isinstance(outcome, Success))
            return is_dead
