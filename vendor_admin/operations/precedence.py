"""Which operations go first, and which must not run at the same time. Pure."""

import enum
from dataclasses import dataclass
from datetime import datetime


class Priority(enum.IntEnum):
    """Urgent operations go before all others of their lane, whichever were stored first."""

    URGENT = 0
    NORMAL = 1


class Aspect(enum.StrEnum):
    """What an operation changes of its target.

    WHOLE is all of it: the target is created, reset or deleted, or nobody says what changes.
    """

    WHOLE = "whole"
    BALANCE = "balance"
    PERMISSION = "permission"
    RISK_SETTINGS = "risk_settings"
    MEMBERSHIP = "membership"


@dataclass(frozen=True, slots=True)
class Touch:
    """What an operation changes of one entity."""

    entity_type: str
    entity_id: int
    aspect: Aspect


@dataclass(frozen=True, slots=True)
class Waiting:
    """An operation in the queue that is due: its plan runs, and the step before it is done."""

    id: int
    name: str
    priority: Priority
    due_at: datetime
    touches: frozenset[Touch] = frozenset()


@dataclass(frozen=True, slots=True)
class Ticket:
    """The waiting operation that holds a penalty ticket, and when it may be sent with it."""

    operation_id: int
    priority: Priority
    due_at: datetime


def conflicting(aspect: Aspect) -> tuple[Aspect, ...]:
    """What must not change on a target while this aspect of it does: the same, or all of it."""
    return tuple(Aspect) if aspect is Aspect.WHOLE else (Aspect.WHOLE, aspect)


def kept_for_urgent(limit: int) -> int:
    """How many calls of an hour's budget are left to urgent operations: 5 %, at least 200; half of a small budget."""
    return limit // 2 if limit < 400 else max(limit // 20, 200)
