"""Finding out by reading what became of a write: what to look up, and what was found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from vendor_admin.tradovate.catalogue.entity_operations import LOOK_UP_PARAMETERS, entity_operation
from vendor_admin.tradovate.catalogue.operation import Operation
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.outcomes import Outcome, Rejected, Success
from vendor_admin.tradovate.values import with_ids_read

Entity = Mapping[str, Any]  # as the platform sent it

CLOCK_DIFFERENCE = timedelta(minutes=2)
"""How far the platform's clock may be from ours when a timestamp of its is compared with a time of ours."""

PATIENCE = timedelta(seconds=60)
"""A call that timed out may still be at work at the platform: what is missing sooner than this may yet come."""


@dataclass(frozen=True, slots=True)
class LookUp:
    """One read: a shared operation of an entity type, and the key to ask by (None for `list`)."""

    environment: Environment
    entity_type: str
    by: str
    key: int | str | None = None

    @property
    def operation(self) -> Operation:
        """What to call; raises NoSuchOperation for what the platform does not offer."""
        return entity_operation(self.entity_type, self.by)

    @property
    def parameters(self) -> dict[str, int | str]:
        """The parameters of the call."""
        return {name: self.key for name in LOOK_UP_PARAMETERS[self.by] if self.key is not None}

    def entities(self, outcome: Outcome) -> list[Entity] | None:
        """What a read found; None if it did not work, or says something else, and has to be done again. A 404 by id or
        name finds nothing."""
        is_of_one = self.by in ("item", "find")
        if isinstance(outcome, Rejected) and outcome.status == 404 and is_of_one:
            return []
        if not isinstance(outcome, Success):
            return None
        if is_of_one and not outcome.body and not isinstance(outcome.body, list):
            return []
        found = [outcome.body] if is_of_one and isinstance(outcome.body, dict) else outcome.body
        are_entities = isinstance(found, list) and all(isinstance(one, dict) and "id" in one for one in found)
        return list(found) if are_entities else None


@dataclass(frozen=True, slots=True)
class Reading:
    """What the platform showed after a call of unknown outcome. All times are aware.

    `sent_at` is when it was handed to the network at the earliest, `ended_at` by when it had certainly ended (None:
    as it was sent).
    `found` holds entities by type, from every look-up asked for. `mark` is the operation's short id, which balance
    changes carry in their comment. `before` is the thing to be changed as it was before the call, where it is known.
    `known` asks, by type, for users and accounts of the organization that were there before the call.
    """

    environment: Environment
    sent_at: datetime
    read_at: datetime
    found: Mapping[str, Sequence[Entity]]
    mark: str = ""
    before: Entity | None = field(default=None)
    ended_at: datetime | None = None
    known: Mapping[str, LookUp] = field(default_factory=dict)

    def of(self, entity_type: str) -> Sequence[Entity]:
        """What was found of one type. Their ids are numbers, or None where the platform sent 0 for none."""
        return [with_ids_read(one) for one in self.found.get(entity_type, ())]

    def with_id(self, entity_type: str, entity_id: int) -> Entity | None:
        """The entity of this id, if it was found."""
        return next((one for one in self.of(entity_type) if one.get("id") == entity_id), None)


@dataclass(frozen=True, slots=True)
class Doubt:
    """What a person has to decide when reading cannot tell: how things stand if it was done, and if it was not."""

    if_done: str
    if_not_done: str
