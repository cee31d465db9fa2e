"""Decide what a lane does next: what starts, what waits until when and why, and when to look again. Pure.

State and time go in, actions come out (`next_actions`). There is no Django, database or clock here. The runner reads
the state, asks, and carries out the actions in their order.

Urgent operations go first. Of those with the same priority, the one that has been due longest. An operation starts
only with a call that was drawn from the budgets, and only where nothing that is on its way changes the same.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from vendor_admin.operations.precedence import Priority, Ticket, Touch, Waiting, conflicting

LOOK_EVERY = timedelta(seconds=1)
"""How often the connection, the budgets and unknown outcomes are looked at while calls go out."""
WAITS_FOR_TICKET = "The platform slowed this down: the call with the penalty ticket goes first."


@dataclass(frozen=True, slots=True)
class Drawn:
    """Calls of a name that were drawn from the budgets for a priority, and may go out until `good_until`.

    A trial is one call alone, after a penalty or a lock; `only` the operation that holds the ticket, where there is
    one.
    """

    name: str
    priority: Priority
    left: int
    good_until: datetime
    is_trial: bool = False
    only: int | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """Until when nothing may be sent, and why."""

    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Demand:
    """What waits of one name. `due` counts what may be sent by now, up to the number of calls that are `ahead`: as
    many may be drawn at once.

    `hold`: a lock or the platform's maintenance keeps all of it. `is_on_trial`: the platform closed it, and no call has
    gone through since.
    """

    name: str
    due: Mapping[Priority, int]
    ahead: int
    hold: Hold | None = None
    is_on_trial: bool = False
    ticket: Ticket | None = None


@dataclass(frozen=True, slots=True)
class State:
    """What is known of a lane. `room`: how many more calls may be handed out; `urgent_room`: urgent ones.

    `demands` are read when the lane is looked at, and None in between; `refused` are the draws that were refused since.
    `waiting` are the first of the operations that are due, read right before some are started. `next_due_at`: when the
    next of all that wait is due.
    """

    room: int = 0
    urgent_room: int = 0
    demands: Sequence[Demand] | None = None
    refused: Mapping[tuple[str, Priority], Hold] = field(default_factory=dict)
    drawn: Sequence[Drawn] = ()
    waiting: Sequence[Waiting] = ()
    in_flight: Sequence[Waiting] = ()
    unread: Sequence[int] = ()
    being_read: frozenset[int] = frozenset()
    next_due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GiveBack:
    """Return to the budgets the calls that were drawn of a name for a priority."""

    name: str
    priority: Priority


@dataclass(frozen=True, slots=True)
class Draw:
    """Draw calls of a name from the budgets, as far as they go; of a trial one."""

    name: str
    priority: Priority
    count: int
    is_trial: bool = False
    only: int | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Leave the operations of a name in the queue until a time, or those of one priority."""

    name: str
    until: datetime
    reason: str
    priority: Priority | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """Send an operation, with a call that was drawn for a priority."""

    operation_id: int
    name: str
    drawn_for: Priority


@dataclass(frozen=True, slots=True)
class Read:
    """Read the platform about an operation of unknown outcome."""

    operation_id: int


@dataclass(frozen=True, slots=True)
class LookAgain:
    """Look at the lane again at a time."""

    at: datetime


Action = GiveBack | Draw | Wait | Start | Read | LookAgain


def next_actions(state: State, now: datetime) -> list[Action]:
    """What to do now, in this order. The last says when to look again; without it nothing is left to be done.

    A draw that is refused belongs into `refused`: asked again, it comes to a Wait.
    """
    actions: list[Action] = list(_calls_needed(state.demands, state, now)) if state.demands is not None else []
    actions += _readings(state)
    starts = list(_starts(state, now))
    actions += starts
    look_at = _look_again_at(state, starts, actions, now)
    return actions if look_at is None else [*actions, LookAgain(look_at)]


def _calls_needed(demands: Sequence[Demand], state: State, now: datetime) -> Iterator[Action]:
    wanted = {demand.name for demand in demands}
    yield from _give_back(drawn for drawn in state.drawn if drawn.name not in wanted)
    for demand in demands:
        yield from _of_demand(demand, state, now)


def _of_demand(demand: Demand, state: State, now: datetime) -> Iterator[Action]:
    """Draw what may be sent of a name, or have it wait with the reason."""
    held = [drawn for drawn in state.drawn if drawn.name == demand.name]
    if demand.hold is not None:
        yield from _give_back(held)
        yield Wait(demand.name, demand.hold.until, demand.hold.reason)
    elif demand.is_on_trial:
        yield from _trial(demand, held, state, now)
    else:
        for priority in Priority:
            yield from _supply(demand, priority, held, state, now)


def _trial(demand: Demand, held: Sequence[Drawn], state: State, now: datetime) -> Iterator[Action]:
    """After a penalty or a lock one call goes out alone, with a ticket if there is one, before others follow."""
    if any(drawn.is_trial and drawn.left and now < drawn.good_until for drawn in held):
        return
    yield from _give_back(held)
    if any(operation.name == demand.name for operation in state.in_flight):
        return
    ticket = demand.ticket
    if ticket is not None and ticket.due_at > now:
        yield Wait(demand.name, ticket.due_at, WAITS_FOR_TICKET)
        return
    priority = Priority.URGENT if demand.due.get(Priority.URGENT) else Priority.NORMAL
    priority = ticket.priority if ticket is not None else priority
    refusal = state.refused.get((demand.name, priority))
    if refusal is not None:
        yield Wait(demand.name, refusal.until, refusal.reason)
    elif ticket is not None or any(demand.due.values()):
        yield Draw(demand.name, priority, 1, is_trial=True, only=ticket.operation_id if ticket else None)


def _supply(
    demand: Demand, priority: Priority, of_name: Sequence[Drawn], state: State, now: datetime
) -> Iterator[Action]:
    """Keep about as many calls drawn for a priority as are needed until the next look."""
    held = [drawn for drawn in of_name if drawn.priority is priority]
    wanted = min(demand.due.get(priority, 0), demand.ahead)
    left = sum(drawn.left for drawn in held if now < drawn.good_until and not drawn.is_trial)
    if wanted and (left > demand.ahead // 2 or left >= wanted):
        return
    refusal = state.refused.get((demand.name, priority))
    if refusal is not None and wanted:
        yield Wait(demand.name, refusal.until, refusal.reason, priority)
        return
    yield from _give_back(held)
    if wanted:
        yield Draw(demand.name, priority, wanted)


def _give_back(held: Iterable[Drawn]) -> Iterator[Action]:
    return (GiveBack(drawn.name, drawn.priority) for drawn in held)


def _readings(state: State) -> list[Action]:
    """Nothing is read by two at a time: a large call takes longer to read than a claim on it lasts."""
    return [Read(operation_id) for operation_id in state.unread if operation_id not in state.being_read]


def _starts(state: State, now: datetime) -> Iterator[Start]:
    left = {(drawn.name, drawn.priority): drawn.left for drawn in state.drawn if now < drawn.good_until}
    only = {(drawn.name, drawn.priority): drawn.only for drawn in state.drawn}
    open_touches = {touch for operation in state.in_flight for touch in operation.touches}
    started = 0
    for operation in in_order(state.waiting):
        if started >= (state.urgent_room if operation.priority is Priority.URGENT else state.room):
            continue
        # What was drawn for others is good enough for what is urgent; never the other way round.
        for priority in (Priority.URGENT, Priority.NORMAL)[operation.priority :]:
            key = (operation.name, priority)
            if left.get(key, 0) <= 0 or only[key] not in (None, operation.id):
                continue
            if is_blocked(operation, open_touches):
                break
            left[key] -= 1
            started += 1
            open_touches |= operation.touches
            yield Start(operation.id, operation.name, priority)
            break


def in_order(waiting: Iterable[Waiting]) -> list[Waiting]:
    """Urgent operations first, then what has been due longest."""
    return sorted(waiting, key=lambda operation: (operation.priority, operation.due_at, operation.id))


def is_blocked(operation: Waiting, open_touches: set[Touch]) -> bool:
    """Whether something that is on its way changes the same of one of its targets."""
    return any(
        Touch(touch.entity_type, touch.entity_id, aspect) in open_touches
        for touch in operation.touches
        for aspect in conflicting(touch.aspect)
    )


def _look_again_at(state: State, starts: Sequence[Start], actions: Sequence[Action], now: datetime) -> datetime | None:
    """At once where calls that were drawn are over, or too old; else after a while, or when something is due."""
    used = {(start.name, start.drawn_for): 0 for start in starts}
    for start in starts:
        used[start.name, start.drawn_for] += 1
    for drawn in state.drawn:
        is_used_up = drawn.left - used.get((drawn.name, drawn.priority), 0) <= 0
        is_too_old = now >= drawn.good_until
        if state.waiting and (is_used_up or is_too_old or (drawn.is_trial and (drawn.name, drawn.priority) in used)):
            return now
    if state.in_flight or state.waiting or any(isinstance(action, Draw | Read) for action in actions):
        return now + LOOK_EVERY
    return state.next_due_at
