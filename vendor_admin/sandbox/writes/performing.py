"""Carrying out one write: faults on demand, the rules, the change or nothing of it, events, and the ledger."""

import dataclasses
import random
from collections.abc import Callable

from vendor_admin.sandbox.calls import Answer, BadRequestError, Delivery, not_found
from vendor_admin.sandbox.configuration import Configuration
from vendor_admin.sandbox.ledger import Ledger, Line
from vendor_admin.sandbox.limits import Limits
from vendor_admin.sandbox.oauth.members import Members
from vendor_admin.sandbox.trading.exchange import Exchange
from vendor_admin.sandbox.trading.refusals import OrderRefusedError, Reason
from vendor_admin.sandbox.world.state import Change, Organization, World
from vendor_admin.sandbox.world.times import in_maintenance_window
from vendor_admin.sandbox.writes.bodies import read_request
from vendor_admin.sandbox.writes.catalogue import DENIED, WRITES, Write
from vendor_admin.sandbox.writes.desk import Desk, Surroundings
from vendor_admin.sandbox.writes.faults import WriteFault, WriteRule, WriteRules
from vendor_admin.sandbox.writes.hidden import Hidden
from vendor_admin.sandbox.writes.journal import Journal, Told, WriteOutcome
from vendor_admin.sandbox.writes.magic import MagicValues
from vendor_admin.sandbox.writes.refusals import DeniedError, MissingError, RefusalError, ViolationsError
from vendor_admin.sandbox.writes.settings import WriteSettings
from vendor_admin.tradovate.enums import Environment

HANG_SECONDS = 60.0
PENALTY_SECONDS = 15.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Attempt:
    """One write as it came in; `path` as in the catalogue, `fingerprint` is the body without its ticket."""

    path: str
    environment: Environment
    organization: Organization
    body: str
    fingerprint: str
    address: str
    caller: str
    host: str = ""

    @property
    def line(self) -> Line:
        """Whose entry of the ledger this is."""
        return Line(None, self.organization.name, self.environment.value, self.host)


@dataclasses.dataclass(frozen=True)
class _Done:
    answer: Answer
    outcome: WriteOutcome


class Writes:
    """All writes of a platform."""

    def __init__(
        self,
        world: World,
        configuration: Configuration,
        *,
        ledger: Ledger,
        limits: Limits,
        members: Members,
        exchange: Exchange,
        publish: Callable[[Change], None],
    ) -> None:
        self.hidden = Hidden(members)
        self.settings = WriteSettings()
        self.rules = WriteRules()
        self.journal = Journal(ledger)
        self._configuration = configuration
        self._limits = limits
        self._exchange = exchange
        self._publish = publish
        self._magic = MagicValues() if configuration.test_mode else None
        self._around = Surroundings(
            world=world,
            exchange=exchange,
            hidden=self.hidden,
            settings=self.settings,
            rng=random.Random(f"{configuration.seed}/writes"),
            has_magic_values=configuration.test_mode,
        )

    def knows(self, path: str) -> bool:
        """Whether this is a write."""
        return path in WRITES

    def perform(self, attempt: Attempt, *, now: float) -> Answer:
        """Carry out a write that no limit stands in the way of, unless a fault was asked for."""
        rule = self._rule_for(attempt)
        fault = rule.fault.value if rule else ""
        if rule is not None:
            answer = self._stopped_by(rule, attempt, now)
            if answer is not None:
                self.note_blocked(attempt, answer, fault=fault)
                return answer
        desk = self._desk(attempt, now)
        done = self._in_window(desk, attempt) or _carry_out(desk, attempt)
        if rule is not None:
            done = _spoilt(rule, WRITES[attempt.path], desk, done)
        changes = list(desk.changes)
        self._tell(desk, WRITES[attempt.path])
        delivery = self._delivery(rule)
        told = Told(answer=done.answer, is_cut=bool(delivery and delivery.is_cut), fault=fault)
        self.journal.note(attempt.line, attempt.path, attempt.body, done.outcome, told, changes=len(changes))
        return dataclasses.replace(done.answer, delivery=delivery)

    def note_blocked(self, attempt: Attempt, answer: Answer, *, fault: str = "") -> None:
        """Remember a write that was not even looked at."""
        told = Told(answer=answer, fault=fault)
        self.journal.note(attempt.line, attempt.path, attempt.body, WriteOutcome.BLOCKED, told)

    def _tell(self, desk: Desk, write: Write) -> None:
        """Tell what changed, and have the exchange do what is left to be done, after the answer."""
        if write.is_answered_first:
            self._exchange.later(desk.changes, desk.follow_ups)
            return
        for change in desk.changes:
            self._publish(change)
        self._exchange.later((), desk.follow_ups)

    def publish(self, change: Change) -> None:
        """Tell the sockets of a change that no call made."""
        self._publish(change)

    def desk(self, organization: Organization, environment: Environment, *, now: float) -> Desk:
        """A desk for changes that no call makes; whoever takes it publishes them."""
        return Desk(self._around, organization, environment, now=now, hour_seconds=self._configuration.hour_seconds)

    def _desk(self, attempt: Attempt, now: float) -> Desk:
        return self.desk(attempt.organization, attempt.environment, now=now)

    def _rule_for(self, attempt: Attempt) -> WriteRule | None:
        """What spoils this write: what the control door asked for, or else a magic value in it."""
        rule = self.rules.take(
            path=attempt.path, organization=attempt.organization.name, environment=attempt.environment
        )
        if rule is not None or self._magic is None:
            return rule
        return self._magic.rule_for(path=attempt.path, body=attempt.body, fingerprint=attempt.fingerprint)

    def _stopped_by(self, rule: WriteRule, attempt: Attempt, now: float) -> Answer | None:
        """The answer of a fault that keeps a write from being looked at, or None."""
        if rule.fault in (WriteFault.PENALTY, WriteFault.CAPTCHA):
            scale = self._configuration.hour_seconds / 3_600
            ticket = self._limits.owe(
                attempt.path,
                attempt.address,
                back_off_seconds=rule.seconds / scale if rule.seconds else PENALTY_SECONDS,
                now=now,
                captcha=rule.fault is WriteFault.CAPTCHA,
                fingerprint=attempt.fingerprint,
            )
            return Answer(200, ticket.body())
        if rule.fault is WriteFault.TICKET:
            ticket = self._limits.issue(
                attempt.path,
                attempt.address,
                back_off_seconds=rule.seconds,
                now=now,
                fingerprint=attempt.fingerprint,
            )
            return Answer(200, ticket.body())
        if rule.fault is WriteFault.LOCKED_429:
            if rule.locks:
                self._limits.lock(attempt.caller, now=now)
            return Answer(429)
        return Answer(423) if rule.fault is WriteFault.WARNED_423 else None

    def _in_window(self, desk: Desk, attempt: Attempt) -> _Done | None:
        """In a maintenance window making accounts ends in a time-out; half of them are made all the same."""
        write = WRITES[attempt.path]
        if not (write.makes_accounts and self.settings.observes_windows and in_maintenance_window(desk.rule_moment)):
            return None
        timed_out = Answer(500, "Request Timeout")
        if desk.rng.random() < 0.5:
            return _Done(timed_out, WriteOutcome.LOST)
        return _Done(timed_out, _carry_out(desk, attempt).outcome)

    def _delivery(self, rule: WriteRule | None) -> Delivery | None:
        wait = self.settings.delay_ms / 1_000
        if rule is not None and rule.fault is WriteFault.TIMEOUT:
            return Delivery(wait + (rule.seconds or HANG_SECONDS), is_cut=True)
        if rule is not None and rule.fault is WriteFault.NO_ANSWER:
            return Delivery(wait, is_cut=True)
        if rule is not None and rule.fault is WriteFault.SLOW:
            return Delivery(wait + rule.seconds)
        return Delivery(wait) if wait else None


def _spoilt(rule: WriteRule, write: Write, desk: Desk, done: _Done) -> _Done:
    """What is left of a write after its fault; a fault that does not let it apply takes every change back."""
    lost = rule.fault in (WriteFault.NOT_APPLIED, WriteFault.ERROR_TEXT) or not rule.applies
    if lost:
        desk.undo_to()
    outcome = WriteOutcome.LOST if lost and done.outcome is WriteOutcome.APPLIED else done.outcome
    if rule.fault is WriteFault.ERROR_TEXT:
        text = rule.text or "Something went wrong"
        return _Done(Answer(200, _refusal_body(write, RefusalError(text))), WriteOutcome.REFUSED)
    if rule.fault is WriteFault.SERVER_ERROR:
        return _Done(Answer(500, rule.text or "Internal server error"), outcome)
    return _Done(done.answer, outcome)


def _carry_out(desk: Desk, attempt: Attempt) -> _Done:
    write = WRITES[attempt.path]
    try:
        body = _answer_of(write, desk, attempt)
    except RefusalError as error:
        desk.undo_to()
        return _Done(Answer(200, _refusal_body(write, error)), WriteOutcome.REFUSED)
    except OrderRefusedError as error:
        desk.undo_to()
        return _Done(Answer(200, _order_refusal_body(write, error)), WriteOutcome.REFUSED)
    except ViolationsError as error:
        desk.undo_to()
        return _Done(Answer(200, _violations_body(error)), WriteOutcome.REFUSED)
    except _StoppedError as error:
        desk.undo_to()
        return _Done(error.answer, WriteOutcome.REFUSED)
    return _Done(Answer(200, body), WriteOutcome.APPLIED if desk.has_changed else WriteOutcome.UNCHANGED)


class _StoppedError(Exception):
    """A write ends with a status of its own."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(str(answer.status))
        self.answer = answer


def _answer_of(write: Write, desk: Desk, attempt: Attempt) -> dict[str, object]:
    if attempt.environment not in write.hosts:
        raise _StoppedError(write.elsewhere or not_found(attempt.path))
    if write.for_administrators and not desk.is_administrator:
        raise _StoppedError(DENIED)
    try:
        return write.perform(desk, read_request(attempt.body, write.request))
    except BadRequestError as error:
        raise _StoppedError(Answer(400, str(error))) from error
    except MissingError:
        raise _StoppedError(Answer(404, "Not found")) from None
    except DeniedError:
        raise _StoppedError(DENIED) from None


def _refusal_body(write: Write, error: RefusalError) -> dict[str, object]:
    if write.has_reason:
        return _order_refusal_body(write, OrderRefusedError(Reason.UNKNOWN, error.text))
    code = {"errorCode": error.code or "UnknownError"} if write.has_code else {}
    return {write.error_field: error.text, **code, **write.refusal}


def _order_refusal_body(write: Write, error: OrderRefusedError) -> dict[str, object]:
    reason = {"failureReason": error.reason} if write.has_reason else {}
    return {**reason, write.error_field: error.text, **write.refusal}


def _violations_body(error: ViolationsError) -> dict[str, object]:
    violations = [
        {"constraint": name, "value": str(value), "description": text} for name, value, text in error.violations
    ]
    return {"violations": violations}
