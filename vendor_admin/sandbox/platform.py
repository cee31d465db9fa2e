"""The platform as one object: its state, limits, ledger, faults and open sockets."""

import dataclasses
import json
import random
import time
import uuid
from collections.abc import Callable
from typing import Any

from vendor_admin.sandbox.authentication import log_in, renew, user_of_token, who_am_i
from vendor_admin.sandbox.calls import Answer, Call, not_found, read_entities, split_endpoint, without_ticket
from vendor_admin.sandbox.configuration import Configuration
from vendor_admin.sandbox.faults import BODYLESS_FAULTS, CallFault, CallRule, CallRules
from vendor_admin.sandbox.hosts import REDIRECTS, Hosts
from vendor_admin.sandbox.ledger import Ledger
from vendor_admin.sandbox.limits import Limits, Ticket, UserLock
from vendor_admin.sandbox.market.clock import MarketClock
from vendor_admin.sandbox.market.sessions import Schedule
from vendor_admin.sandbox.oauth.delegation import may_call
from vendor_admin.sandbox.oauth.state import OAuth
from vendor_admin.sandbox.open_socket import OpenSocket
from vendor_admin.sandbox.sessions import Session, Sessions, TokenState
from vendor_admin.sandbox.traders.traders import Traders
from vendor_admin.sandbox.trading.exchange import Exchange
from vendor_admin.sandbox.wire.frames import props_message
from vendor_admin.sandbox.world.build import build_world
from vendor_admin.sandbox.world.entities import KINDS
from vendor_admin.sandbox.world.state import Change, Organization
from vendor_admin.sandbox.world.stream import Stream
from vendor_admin.sandbox.writes.performing import Attempt, Writes
from vendor_admin.tradovate.enums import Environment

PUBLIC_ENDPOINTS = frozenset({"auth/accesstokenrequest"})
AUTHENTICATION = frozenset({"auth/accesstokenrequest", "auth/renewaccesstoken", "auth/oauthtoken"})
NAMES_HOSTS = AUTHENTICATION | {"user/modifypassword", "user/modifycredentials"}
_TOKEN_ANSWERS = {
    TokenState.UNKNOWN: Answer(401, "Access is denied"),
    TokenState.REVOKED: Answer(401, "Access is denied"),
    TokenState.EXPIRED: Answer(401, "Expired Access Token"),
    TokenState.EVICTED: Answer(408, "The session was closed"),
}


class Platform:
    """Everything behind the hosts."""

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self.world = build_world(configuration)
        self.sessions = Sessions(world=self.world, configuration=configuration)
        self.limits = Limits(configuration)
        self.oauth = OAuth(world=self.world, sessions=self.sessions, limits=self.limits, configuration=configuration)
        self.rules = CallRules()
        self.ledger = Ledger(bound=configuration.ledger_entries, path=configuration.ledger_file)
        self.exchange = Exchange(
            self.world,
            seed=configuration.seed,
            publish=self.publish,
            clock=MarketClock(self.world.built_at if configuration.today else None),
            schedule=Schedule(is_always_open=configuration.always_open),
            step_seconds=configuration.market_step_seconds,
            keep_orders=configuration.keep_orders,
        )
        self.exchange.clock.set_speed(configuration.market_speed)
        self.writes = Writes(
            self.world,
            configuration,
            ledger=self.ledger,
            limits=self.limits,
            members=self.oauth.members,
            exchange=self.exchange,
            publish=self.publish,
        )
        self.hosts = Hosts(self.world)
        self.open_host: Callable[[int], str] = _cannot_listen
        self._error_ids = random.Random(f"{configuration.seed}/errors")
        self.traders = Traders(self.exchange, seed=configuration.seed, each=configuration.traders)
        self.stream = Stream(self.world, configuration, self.publish, left_alone=self.traders.account_ids)
        self.sockets: dict[int, OpenSocket] = {}
        self.channels: dict[tuple[Environment, int], list[OpenSocket]] = {}
        self.in_maintenance = False
        self.refuse_until = 0.0
        self.whole_snapshots: set[int] = set()
        self.opened_sockets = 0
        self.calls = 0

    def publish(self, change: Change) -> None:
        """Hand a change to every socket that asked for it; rendered once, and only if somebody did."""
        message = None
        for socket in self.channels.get((change.environment, change.organization_id), ()):
            if socket.scope is not None and socket.scope.passes(change.entity_type, change.account_id, change.user_id):
                message = message or props_message(change)
                socket.enqueue(message)

    def judge(self, call: Call, *, now: float) -> tuple[Answer | None, CallRule | None]:
        """What stands in the way of a call: a rule of the control door, maintenance, a lock. None: nothing does."""
        answer, rule = self._judge(call, now)
        if answer is not None:
            self._note_blocked(call, answer)
        return answer, rule

    def _judge(self, call: Call, now: float) -> tuple[Answer | None, CallRule | None]:
        self.calls += 1
        organization = call.organization.name if call.organization else ""
        rule = self.rules.take(endpoint=call.name, organization=organization, environment=call.environment, now=now)
        if rule is not None:
            answer = self._answer_of(rule, call, now)
            if answer is not None:
                return answer, rule
        misdirected = self._misdirected(call)
        if misdirected is not None:
            return misdirected, rule
        if self.in_maintenance:
            return Answer(503, "The system is under maintenance"), rule
        lock = self.limits.check_caller(call.caller, anonymous=call.organization is None, now=now)
        return (Answer(lock.status), rule) if lock else (None, rule)

    def check_endpoint(self, call: Call, *, now: float) -> Answer | None:
        """The limit of one endpoint for an address: a ticket in a 200, a 423 or a 429; None lets the call through."""
        verdict = self.limits.check_endpoint(
            call.name,
            call.address,
            ticket=self._ticket(call),
            now=now,
            fingerprint=self._fingerprint(call),
        )
        if isinstance(verdict, Ticket):
            return Answer(200, verdict.body())
        if isinstance(verdict, UserLock) and verdict.status == 429:
            self.limits.lock(call.caller, now=now)
        return Answer(verdict.status) if isinstance(verdict, UserLock) else None

    def perform(self, call: Call, *, refused: Answer | None = None, now: float) -> Answer:
        """Execute a call that nothing stands in the way of; `refused` is what a missing or bad token gets instead."""
        blocked = self.check_endpoint(call, now=now)
        if blocked is not None:
            self._note_blocked(call, blocked)
            return blocked
        answer = refused or self._naming_hosts(call, self._execute(call, now=now))
        self.limits.count(call.name, call.address, succeeded=not answer.is_failure, now=now)
        return answer

    def organization_of(self, token: str, *, now: float) -> tuple[Organization | None, Answer | None]:
        """Whose token it is, or the answer that a call with it gets."""
        state, session = self.sessions.look_up(token, now=now)
        if state is TokenState.GOOD and session is not None:
            return session.organization, None
        return None, _TOKEN_ANSWERS[state]

    def visible_entities(self, environment: Environment, organization: Organization) -> dict[str, list[dict[str, Any]]]:
        """The truth: every entity the organization can see on a host, by type (Any: fields of entities)."""
        view = self.world.view(environment, organization.id)
        return {
            kind.name: [record.entity for record in view.all(kind.name)]
            for kind in KINDS.values()
            if environment in kind.environments
        }

    def read_object(self, text: str) -> dict[str, Any]:  # Any: JSON values
        """A JSON object, empty when the text is none."""
        return _json_object(text) or {}

    def answer_handshake(self, environment: Environment, host: str, path: str) -> Answer | None:
        """What a handshake is told in place of being accepted, or None."""
        rule = self.hosts.take_handshake(environment)
        if rule is not None:
            return Answer(rule.status, location=rule.location)
        move = self.hosts.abandoned(environment, at=host)
        if move is not None:
            return _answer_elsewhere(move.handshake_status, f"ws://{move.address}{path}")
        return Answer(503) if self.in_maintenance else None

    def close_sockets_of(self, session: Session) -> None:
        """Close the sockets of a session that was pushed out."""
        for socket in list(self.sockets.values()):
            if socket.session is session:
                socket.shut_down("ConnectionQuotaReached", "Too many sessions")

    def _execute(self, call: Call, *, now: float) -> Answer:
        if call.name == "auth/accesstokenrequest":
            body = _json_object(call.body)
            if body is None:
                return Answer(400, "Invalid JSON: unexpected character, offset: 0x00000000")
            answer, evicted = log_in(self.sessions, body, now=now)
            if evicted is not None:
                self.close_sockets_of(evicted)
            return answer
        if call.organization is None:
            return Answer(401, "Access is denied")
        if call.name == "auth/renewaccesstoken":
            user = user_of_token(self.world, call.organization, call.member_id)
            return renew(self.sessions, user, call.token, now=now)
        if call.name == "auth/me":
            if call.environment is not Environment.LIVE:
                return not_found(call.endpoint)
            return who_am_i(user_of_token(self.world, call.organization, call.member_id))
        if call.member_id is not None:
            return self._answer_member(call, call.organization, call.member_id)
        if not call.organization.has_scopes:
            return Answer(401, "Access is denied")
        attempt = self._write_of(call)
        if attempt is not None:
            return self.writes.perform(attempt, now=now)
        view = self.world.view(call.environment, call.organization.id)
        return read_entities(view, call.environment, call.organization, call.endpoint, call.query)

    def _answer_member(self, call: Call, organization: Organization, member_id: int) -> Answer:
        """A delegated token reads the member's own entities and does nothing else."""
        if not may_call(*split_endpoint(call.endpoint)):
            return Answer(401, "Access is denied")
        view = self.world.view(call.environment, organization.id)
        return read_entities(view, call.environment, organization, call.endpoint, call.query, member_id=member_id)

    def _answer_of(self, rule: CallRule, call: Call, now: float) -> Answer | None:
        captcha = rule.fault is CallFault.CAPTCHA
        if captcha or rule.fault is CallFault.PENALTY:
            back_off = rule.seconds * 3_600 / self.configuration.hour_seconds if rule.seconds else 15.0
            ticket = self.limits.issue(
                call.name,
                call.address,
                back_off_seconds=back_off,
                now=now,
                captcha=captcha,
                fingerprint=self._fingerprint(call),
            )
            return Answer(200, ticket.body())
        if rule.fault is CallFault.ERROR_TEXT:
            return Answer(200, {"errorText": rule.text or "Something went wrong"})
        if rule.fault in (CallFault.SLOW, CallFault.CUT):
            return None
        if rule.fault in BODYLESS_FAULTS:
            return Answer(int(rule.fault.value.removesuffix("-empty")), location=rule.location)
        if rule.fault is CallFault.SERVER_ERROR:
            return Answer(500, rule.text or f"Internal Server Error, error id: {self._error_id()}")
        return Answer(int(rule.fault.value), rule.text or "Access is denied")

    def _error_id(self) -> str:
        return str(uuid.UUID(int=self._error_ids.getrandbits(128), version=4))

    def _misdirected(self, call: Call) -> Answer | None:
        """The answer to a call at another host than its organization's; an open socket is served where it is."""
        organization = call.organization or self._organization_meant(call)
        if organization is None or not call.host or call.is_on_open_socket:
            return None
        move = self.hosts.elsewhere(call.environment, organization, at=call.host)
        if move is None or (call.name in AUTHENTICATION and not move.moves_authentication):
            return None
        status = move.status if call.target else 421
        return _answer_elsewhere(status, move.location or f"http://{move.address}{call.target}")

    def _organization_meant(self, call: Call) -> Organization | None:
        """Whose call one without a token is: the key's that a login names."""
        if call.name != "auth/accesstokenrequest":
            return call.meant
        body = _json_object(call.body) or {}
        return self.sessions.organization_of_key(
            app_id=str(body.get("appId", "")), cid=str(body.get("cid", "")), sec=str(body.get("sec", ""))
        )

    def _naming_hosts(self, call: Call, answer: Answer) -> Answer:
        """Errors and tickets name no hosts."""
        names = call.name in NAMES_HOSTS and not answer.is_failure and isinstance(answer.body, dict)
        organization = (call.organization or self._organization_meant(call)) if names else None
        if organization is None or "p-ticket" in answer.body:
            return answer
        return dataclasses.replace(answer, body=answer.body | self.hosts.named(organization))

    def _write_of(self, call: Call) -> Attempt | None:
        """The write that a call is, None for any other call and for a member's, which may read only."""
        if call.organization is None or call.member_id is not None or not self.writes.knows(call.name):
            return None
        return Attempt(
            path=call.name,
            environment=call.environment,
            organization=call.organization,
            body=call.body,
            fingerprint=without_ticket(call.body),
            address=call.address,
            caller=call.caller,
            host=call.host,
        )

    def _note_blocked(self, call: Call, answer: Answer) -> None:
        attempt = self._write_of(call)
        if attempt is not None:
            self.writes.note_blocked(attempt, answer)

    def _fingerprint(self, call: Call) -> str:
        """A ticket for a write is good for the same body only."""
        return without_ticket(call.body) if self.writes.knows(call.name) else ""

    def _ticket(self, call: Call) -> str | None:
        body = _json_object(call.body) or {}
        ticket = body.get("p-ticket") or call.query.get("p-ticket")
        return ticket if isinstance(ticket, str) else None


def _answer_elsewhere(status: int, location: str) -> Answer:
    return Answer(status, location=location if status in REDIRECTS else "")


def _cannot_listen(port: int) -> str:
    raise ValueError("this sandbox is served by nobody that could listen at another port")


def _json_object(text: str) -> dict[str, Any] | None:  # Any: JSON values
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def epoch_now() -> float:
    """The clock of tokens, limits and the ledger: epoch seconds."""
    return time.time()
