"""Magic values of test mode: an e-mail address or an amount in a write that makes the platform misbehave.

The local part of an address counts up to its first `+`, so that each member can have another one. An amount counts
with either sign. docs/api/test-mode.md has the table.
"""

import enum
import json
from collections.abc import Iterator
from typing import Any

from vendor_admin.sandbox.writes.bodies import Request
from vendor_admin.sandbox.writes.faults import WriteFault, WriteRule

REFUSAL = "Refused by a magic value of test mode"
SLOW_SECONDS = 3.0
PENALTY_SECONDS = 3.0
MOST_REMEMBERED = 1_000
# A hundredth of these is the trick's number: 1,234.01 is the first one.
FIRST_CENTS = 123_400


class Trick(enum.StrEnum):
    """What happens, by the local part that asks for it. Their order numbers the amounts."""

    REFUSED = "refused"
    PENALTY = "penalty"
    LOST_ANSWER = "lost-answer"
    LOST_CALL = "lost-call"
    LOST_CALLS = "lost-calls"
    SLOW = "slow"


_BY_CENTS = {FIRST_CENTS + number: trick for number, trick in enumerate(Trick, start=1)}
_RULES: dict[Trick, dict[str, Any]] = {
    Trick.REFUSED: {"fault": WriteFault.ERROR_TEXT, "text": REFUSAL},
    Trick.PENALTY: {"fault": WriteFault.TICKET, "seconds": PENALTY_SECONDS},
    Trick.LOST_ANSWER: {"fault": WriteFault.NO_ANSWER},
    Trick.LOST_CALL: {"fault": WriteFault.NO_ANSWER, "applies": False},
    Trick.LOST_CALLS: {"fault": WriteFault.NO_ANSWER, "applies": False},
    Trick.SLOW: {"fault": WriteFault.SLOW, "seconds": SLOW_SECONDS},
}


class MagicValues:
    """Reads bodies. It remembers which calls were lost, since those that come again go through."""

    def __init__(self) -> None:
        self._lost: dict[tuple[str, str], None] = {}

    def rule_for(self, *, path: str, body: str, fingerprint: str) -> WriteRule | None:
        """What a write asks for, or None. Items of a batch are refused one by one (see `is_refused`)."""
        value = _read(body)
        trick = next(_tricks(value), None)
        if trick is None or (trick is Trick.REFUSED and _has_items(value)):
            return None
        if trick is Trick.PENALTY and "p-ticket" in value:
            return None
        if trick is Trick.LOST_CALL and self._was_lost((path, fingerprint)):
            return None
        return WriteRule(**_RULES[trick])

    def _was_lost(self, call: tuple[str, str]) -> bool:
        """Whether it was lost before; remembers it if it was not."""
        if call in self._lost:
            del self._lost[call]
            return True
        self._lost[call] = None
        while len(self._lost) > MOST_REMEMBERED:
            del self._lost[next(iter(self._lost))]
        return False


def is_refused(item: Request) -> bool:
    """Whether one item of a batch is refused by a magic value."""
    given = {"email": getattr(item, "email", None), "initialBalance": getattr(item, "initial_balance", None)}
    return Trick.REFUSED in _tricks(given)


def _read(body: str) -> dict[str, Any]:  # Any: JSON values
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _has_items(value: dict[str, Any]) -> bool:
    return next(_items(value), None) is not None


def _items(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name in ("users", "accounts"):
        items = value.get(name)
        yield from (one for one in (items if isinstance(items, list) else ()) if isinstance(one, dict))


def _tricks(value: dict[str, Any]) -> Iterator[Trick]:
    """The tricks of a body and of its items; one that concerns the whole call before a refusal of one item."""
    found = [trick for one in (value, *_items(value)) if (trick := _trick_of(one)) is not None]
    yield from sorted(found, key=lambda trick: trick is Trick.REFUSED)


def _trick_of(fields: dict[str, Any]) -> Trick | None:
    email = fields.get("email")
    if isinstance(email, str):
        local_part = email.lower().partition("@")[0].partition("+")[0]
        if local_part in tuple(Trick):
            return Trick(local_part)
    for name in ("cashChange", "initialBalance"):
        amount = fields.get(name)
        if isinstance(amount, int | float) and (trick := _BY_CENTS.get(round(abs(amount) * 100))):
            return trick
    return None
