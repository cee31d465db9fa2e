"""One thing the platform can be asked to do, with everything that must be known before and after asking."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

import msgspec

from vendor_admin.tradovate.catalogue.answers import Answer
from vendor_admin.tradovate.catalogue.batches import Batch, Settled, item_outcomes
from vendor_admin.tradovate.catalogue.json_bodies import with_objects_as_texts, with_texts_opened
from vendor_admin.tradovate.catalogue.look_ups import PATIENCE, Doubt, Entity, LookUp, Reading
from vendor_admin.tradovate.catalogue.operation import Operation
from vendor_admin.tradovate.catalogue.request import R, Request, body_of, field_faults, read_clean, rule_faults
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.errors import Fault, InvalidRequest
from vendor_admin.tradovate.outcomes import Json, Success, Unknown

LONGEST_COMMENT = 64

T = TypeVar("T")
R_contra = TypeVar("R_contra", bound=Request, contravariant=True)


@dataclass(frozen=True, slots=True)
class Reversal:
    """What would undo a write: another write of the catalogue. `remains` says what it does not bring back."""

    path: str
    request: Request
    remains: str = ""


@dataclass(frozen=True, slots=True)
class MarkedField:
    """The field of a request that carries an operation's short id, and how many characters the platform keeps of it.

    `separator` stands between the short id and what the field held before.
    """

    attribute: str
    longest: int = LONGEST_COMMENT
    separator: str = " "

    def with_mark(self, text: str, mark: str) -> str:
        """Put the mark in front, where it survives if the platform cuts the text."""
        return (f"{mark}{self.separator}{text}" if text else mark)[: self.longest]


@dataclass(frozen=True, slots=True)
class Settling(Generic[R_contra]):
    """How an unknown outcome is settled by reading. All functions are pure and take a request of one item.

    `happened` is None where the reading cannot tell; then a person decides, and `doubt` words both possibilities.

    `proof` asks for something that is there whatever became of the call. The platform was seen to answer 200 and an
    empty list where there were accounts: where a look-up finds nothing, that counts only if the proof is found. Without
    one (None), what is looked up has to be there itself.

    `further` says what to read beside, by what was found so far: it is asked again until it names nothing new.

    `shown` is asked where it happened: what of the lost answer reading shows, in the answer's own form.
    """

    look_ups: Callable[[R_contra, Environment], Sequence[LookUp]]
    happened: Callable[[R_contra, Reading], bool | None]
    doubt: Callable[[R_contra], Doubt]
    proof: Callable[[R_contra, Reading], LookUp | None] = lambda _request, _reading: None
    further: Callable[[R_contra, Reading], Sequence[LookUp]] = lambda _request, _reading: ()
    shown: Callable[[R_contra, Reading], Mapping[str, Json]] = lambda _request, _reading: {}


def no_reversal(_request: Any, _old: Entity | None, _answer: Json) -> None:
    """For what cannot be undone."""
    return


@dataclass(frozen=True, slots=True)
class Write(Generic[R]):
    """A write of the catalogue. `settling` is None where there is nothing to settle, since nothing is changed.

    `revert` gets the request of one item, the thing as it was before (None if there was none or it is not known) and
    the item's answer. `mark` is the field that carries an operation's short id. `json_fields` are the names, on the
    wire, of objects that travel as a text of JSON. `is_for_vendors` is False for what vendors must not call,
    `is_documented` where no public source describes the body. `cautions` are for people.

    `is_sent_again` says whether it may go out once more by itself after reading has shown that nothing was done. An
    order may not: the market has moved on, so a person or a program decides anew. For the same reason `good_for` is how
    long it may wait to be sent, None for what may wait for ever.
    """

    operation: Operation
    request: type[R]
    answer: type[Answer]
    settling: Settling[R] | None
    revert: Callable[[R, Entity | None, Json], Reversal | None] = no_reversal
    batch: Batch | None = None
    mark: MarkedField | None = None
    json_fields: tuple[str, ...] = ()
    is_for_vendors: bool = True
    is_documented: bool = True
    is_sent_again: bool = True
    good_for: timedelta | None = None
    cautions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Let msgspec look at both types here, in one thread: when several threads are the first to convert to a type
        that holds others, it reads what another is still writing, and the process dies (msgspec 0.22)."""
        for kind in (self.request, self.answer):
            with suppress(msgspec.ValidationError):
                msgspec.convert({}, kind)

    @property
    def path(self) -> str:
        """What the write is known by: its path on the wire."""
        return self.operation.path

    def is_too_late(self, *, asked_at: datetime, now: datetime) -> bool:
        """Whether what was asked for at one time may no longer be sent at another. Both are aware."""
        return self.good_for is not None and now - asked_at > self.good_for

    def read(self, body: Mapping[str, Any], *, now: datetime) -> R:
        """Make a request of a body and check it; raises InvalidRequest with every fault found. `now` is aware."""
        body = with_texts_opened(body, self.json_fields)
        request = read_clean(self.request, body)
        if request is None:
            raise InvalidRequest(self.path, self._field_faults(body))
        faults = [*rule_faults(request, now=now), *self._size_faults(request)]
        if faults:
            raise InvalidRequest(self.path, faults)
        return request

    def validate(self, request: R, *, now: datetime) -> None:
        """Check a request before it is sent; raises InvalidRequest with every fault found. `now` is aware."""
        self.read(self.body(request), now=now)

    def parse(self, body: Mapping[str, Any]) -> R:
        """Make a request of a body as it was stored, by the rules for single fields alone: what was right when it was
        checked stays readable when its month is over. Raises InvalidRequest for what never was one."""
        body = with_texts_opened(body, self.json_fields)
        try:
            return msgspec.convert(body, self.request)
        except msgspec.ValidationError as error:
            raise InvalidRequest(self.path, self._field_faults(body)) from error

    def body(self, request: R) -> dict[str, Any]:
        """The body as it is sent."""
        return with_objects_as_texts(body_of(request), self.json_fields)

    def marked(self, request: R, mark: str) -> R:
        """Put an operation's short id into the field that carries it; what has none stays as it is."""
        if self.mark is None:
            return request
        text = getattr(request, self.mark.attribute) or ""
        return msgspec.structs.replace(request, **{self.mark.attribute: self.mark.with_mark(text, mark)})

    def split(self, request: R) -> tuple[R, ...]:
        """The same as requests of one item each, in order; what is no batch stays whole."""
        if self.batch is None:
            return (request,)
        attribute = self.batch.attribute
        return tuple(msgspec.structs.replace(request, **{attribute: (item,)}) for item in getattr(request, attribute))

    def join(self, requests: Sequence[R]) -> tuple[R, ...]:
        """Pack requests into as few calls as they need, in order."""
        return tuple(request for request, _ in self.pack(requests, lambda request: request))

    def pack(self, things: Iterable[T], request_of: Callable[[T], R]) -> list[tuple[R, list[T]]]:
        """Pack a request for each thing into as few calls as they need, in order, each with the things it is for.

        Requests that differ in more than their items are not put into one call.
        """
        calls: list[tuple[R, list[T]]] = []
        for thing in things:
            request = request_of(thing)
            joined = self._joined(calls[-1][0], request) if calls else None
            if joined is None:
                calls.append((request, [thing]))
            else:
                calls[-1] = (joined, calls[-1][1])
                calls[-1][1].append(thing)
        return calls

    def outcomes(self, request: R, outcome: Settled) -> tuple[Settled, ...]:
        """What became of each item of a call, in their order. An answer of another shape than documented, or
        without anything that it is about, is no success: it says nothing."""
        if isinstance(outcome, Success):
            outcome = self._checked(outcome)
        if self.batch is None:
            return (outcome,)
        return item_outcomes(self.batch, self.body(request).get(self.batch.field, ()), outcome)

    def look_ups(self, request: R, environment: Environment) -> tuple[LookUp, ...]:
        """What to read to settle a request of one item."""
        return tuple(self.settling.look_ups(request, environment)) if self.settling else ()

    def further(self, request: R, reading: Reading) -> tuple[LookUp, ...]:
        """What to read beside, by what was found so far."""
        return tuple(self.settling.further(request, reading)) if self.settling else ()

    def shown(self, request: R, reading: Reading) -> Mapping[str, Json]:
        """What of the lost answer to a request of one item reading shows, once it shows that it was carried out."""
        return self.settling.shown(request, reading) if self.settling else {}

    def happened(self, request: R, reading: Reading, *, patience: timedelta = PATIENCE) -> bool | None:
        """Whether a request of one item was carried out, by what was read; None if that cannot be told, or not yet.

        Within `patience` of the call's end, missing evidence proves nothing: it may still be at work.
        """
        if self.settling is None:
            return None
        verdict = self.settling.happened(request, reading)
        if verdict is False and reading.read_at < (reading.ended_at or reading.sent_at) + patience:
            return None
        return verdict

    def proof(self, request: R, reading: Reading, found: Mapping[LookUp, Sequence[Entity]]) -> LookUp | None:
        """What must be found too before it counts that some look-up of this request found nothing; None where each
        found something."""
        empty = [one for one in self.look_ups(request, reading.environment) if not found[one]]
        if self.settling is None or not empty:
            return None
        return self.settling.proof(request, reading) or empty[0]

    def doubt(self, request: R) -> Doubt:
        """Both possibilities for a person to decide between, for a request of one item."""
        if self.settling is None:
            return Doubt("Nothing was changed.", "Nothing was changed.")
        return self.settling.doubt(request)

    def _joined(self, one: R, other: R) -> R | None:
        """Both as one request; None where they are not of one kind, or would be too long."""
        if self.batch is None:
            return None
        attribute = self.batch.attribute
        items, more = getattr(one, attribute), getattr(other, attribute)
        if len(items) + len(more) > self.batch.most or msgspec.structs.replace(other, **{attribute: items}) != one:
            return None
        return msgspec.structs.replace(one, **{attribute: items + more})

    def _field_faults(self, body: Mapping[str, Any]) -> list[Fault]:
        """What is wrong with a body that was not taken for a request."""
        return list(field_faults(self.request, body)) or [Fault("", "wrong_type", "is not a body of this request")]

    def _size_faults(self, request: R) -> list[Fault]:
        if self.batch is None or len(getattr(request, self.batch.attribute)) <= self.batch.most:
            return []
        count = len(getattr(request, self.batch.attribute))
        return [Fault(self.batch.field, "too_many", f"may hold at most {self.batch.most} in one call; it has {count}")]

    def _checked(self, outcome: Success) -> Settled:
        if not self.answer.is_said_by(outcome.body):
            return Unknown(f"the platform answered {outcome.status} with something that is no {self.answer.__name__}")
        return outcome
