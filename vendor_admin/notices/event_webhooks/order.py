"""Which deliveries of one webhook go out next. Pure.

Those of one subject (an account) go one after the other, in the order of the events. One that fails holds back the
later ones of its subject for HOLD; then they pass it, if the receiver takes others. A receiver that takes nothing is
tried with one delivery at a time, and nothing passes anything: when it is back, all come in their order.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

HOLD: Final = timedelta(hours=1)
# So many subjects whose first delivery failed, and nothing that arrived since: the receiver is down.
DOWN_FROM: Final = 3
# How long a receiver that is down is left alone: doubled at each try.
FIRST_PAUSE: Final = timedelta(seconds=5)
LONGEST_PAUSE: Final = timedelta(minutes=15)
# After the first failures of one delivery; then it is tried for the last time when GIVEN_UP_AFTER is over.
BACK_OFF: Final = (
    timedelta(seconds=5),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=18),
    timedelta(hours=24),
)
GIVEN_UP_AFTER: Final = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A delivery that has not arrived."""

    id: int
    subject: str
    attempts: int
    not_before: datetime
    first_failed_at: datetime | None
    claimed_until: datetime | None


@dataclass(frozen=True, slots=True)
class Receiver:
    """What is known of a webhook's receiver."""

    is_failing: bool
    arrived_at: datetime | None
    not_before: datetime | None


def due_of(waiting: Iterable[Waiting], receiver: Receiver, *, now: datetime, at_once: int) -> list[int]:
    """The ids of those to send now. `waiting` is in the order in which they were made."""
    held: set[str] = set()
    due: list[Waiting] = []
    failing: list[Waiting] = []
    under_way = 0
    for one in waiting:
        if one.subject in held:
            continue
        if one.claimed_until is not None and one.claimed_until > now:
            under_way += 1
            held.add(one.subject)
            continue
        if one.first_failed_at is not None:
            failing.append(one)
        if one.not_before <= now:
            due.append(one)
        elif may_be_passed(one, receiver, now=now):
            continue
        held.add(one.subject)
    if receiver.is_failing and len(failing) >= DOWN_FROM:
        is_left_alone = receiver.not_before is not None and receiver.not_before > now
        tried = min({*due, *failing}, key=lambda one: (one.attempts, one.id))
        return [] if under_way or is_left_alone else [tried.id]
    return [one.id for one in due[: max(at_once - under_way, 0)]]


def may_be_passed(failed: Waiting, receiver: Receiver, *, now: datetime) -> bool:
    """Whether later deliveries of the same subject need not wait for it any more."""
    if failed.first_failed_at is None or receiver.arrived_at is None:
        return False
    return now - failed.first_failed_at >= HOLD and receiver.arrived_at > failed.first_failed_at


def next_try_at(*, attempts: int, created_at: datetime, now: datetime) -> datetime | None:
    """When a delivery that failed so many times is tried again; None to give it up."""
    until = created_at + GIVEN_UP_AFTER
    if now >= until:
        return None
    return min(now + BACK_OFF[min(attempts, len(BACK_OFF)) - 1], until)


def pause_after(tries_in_vain: int) -> timedelta:
    """How long a receiver is left alone that took nothing of so many tries."""
    doublings: int = min(tries_in_vain - 1, 20)
    return min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)
