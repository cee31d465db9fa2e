"""The desk of one write: what it may look at, and every change it makes, which can be taken back until it is done."""

import dataclasses
import datetime as dt
import random
from collections.abc import Callable, MutableMapping
from typing import Any, TypeVar

from vendor_admin.sandbox.world.state import Book, Change, Entity, Organization, Record, View, World
from vendor_admin.sandbox.world.times import session_date, timestamp, trade_date
from vendor_admin.sandbox.writes.hidden import Hidden
from vendor_admin.sandbox.writes.refusals import MissingError
from vendor_admin.sandbox.writes.settings import WriteSettings
from vendor_admin.tradovate.enums import Environment

_K = TypeVar("_K")
_V = TypeVar("_V")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What outlives one write."""

    world: World
    hidden: Hidden
    settings: WriteSettings
    rng: random.Random
    has_magic_values: bool = False


class Desk:
    """One write of one organization on one host. `now` is epoch seconds, `hour_seconds` the length of its hour."""

    def __init__(
        self,
        around: Surroundings,
        organization: Organization,
        environment: Environment,
        *,
        now: float,
        hour_seconds: float,
    ) -> None:
        self.world = around.world
        self.hidden = around.hidden
        self.settings = around.settings
        self.rng = around.rng
        self.has_magic_values = around.has_magic_values
        self.organization = organization
        self.environment = environment
        self.now = now
        self.hour_seconds = hour_seconds
        self.at = timestamp(dt.datetime.fromtimestamp(now, dt.UTC))
        self.rule_moment = dt.datetime.fromtimestamp(now + self.settings.clock_offset_seconds, dt.UTC)
        self.session = session_date(self.rule_moment)
        self.changes: list[Change] = []
        self._undo: list[tuple[int, Callable[[], None]]] = []

    @property
    def trade_date(self) -> dict[str, int]:
        """The session this write falls into."""
        return trade_date(self.session)

    @property
    def admin_user_id(self) -> int:
        """Whoever asks: the organization's administrator."""
        return self.organization.admin_user_id

    @property
    def is_administrator(self) -> bool:
        """False for the key of an ordinary user."""
        return self.organization.is_vendor

    def view(self, environment: Environment | None = None) -> View:
        """What the organization can read."""
        return self.world.view(environment or self.environment, self.organization.id)

    def book(self, environment: Environment | None = None) -> Book:
        """The organization's own entities."""
        return self.world.book(environment or self.environment, self.organization.id)

    def own(self, entity_type: str, entity_id: int, *, environment: Environment | None = None) -> Record:
        """One of the organization's own entities; raises MissingError."""
        record = self.book(environment).get(entity_type, entity_id)
        if record is None:
            raise MissingError
        return record

    def new_id(self, family: str = "other") -> int:
        """An id for something new."""
        return self.hidden.next_id(family, self.organization)

    def create(
        self,
        entity_type: str,
        entity: Entity,
        *,
        account_id: int | None = None,
        user_id: int | None = None,
        environment: Environment | None = None,
    ) -> Entity:
        """Make an entity."""
        return self._apply(entity_type, "Created", entity, account_id, user_id, environment)

    def update(
        self, entity_type: str, record: Record, environment: Environment | None = None, /, **fields: Any
    ) -> Entity:  # Any: fields of entities
        """Change some fields of an entity; None takes a field away."""
        entity = {name: value for name, value in {**record.entity, **fields}.items() if value is not None}
        return self.replace(entity_type, record, entity, environment)

    def replace(
        self, entity_type: str, record: Record, entity: Entity, environment: Environment | None = None
    ) -> Entity:
        """Put another state in the place of an entity."""
        return self._apply(entity_type, "Updated", entity, record.account_id, record.user_id, environment)

    def delete(self, entity_type: str, record: Record) -> None:
        """Remove an entity."""
        self._apply(entity_type, "Deleted", record.entity, record.account_id, record.user_id, None)

    def remember(self, mapping: MutableMapping[_K, _V], key: _K, value: _V) -> None:
        """Set something that no entity shows, so that it can be taken back as well."""
        before = [mapping[key]] if key in mapping else []

        def undo() -> None:
            mapping.pop(key, None)
            mapping.update((key, value) for value in before)

        mapping[key] = value
        self._undo.append((len(self.changes), undo))

    @property
    def has_changed(self) -> bool:
        """Whether anything is another than before, shown by an entity or not."""
        return bool(self._undo)

    def mark(self) -> int:
        """Where `undo_to` may return to."""
        return len(self._undo)

    def undo_to(self, mark: int = 0) -> None:
        """Take back everything since a mark, newest first."""
        while len(self._undo) > mark:
            count, undo = self._undo.pop()
            undo()
            del self.changes[count:]

    def _apply(
        self,
        entity_type: str,
        event_type: str,
        entity: Entity,
        account_id: int | None,
        user_id: int | None,
        environment: Environment | None,
    ) -> Entity:
        environment = environment or self.environment
        book = self.book(environment)
        known = book.get(entity_type, entity["id"])

        def undo() -> None:
            if known is None:
                book.remove(entity_type, entity["id"])
            else:
                book.put(entity_type, known.entity, account_id=known.account_id, user_id=known.user_id)

        self._undo.append((len(self.changes), undo))
        change = self.world.apply(
            environment,
            self.organization.id,
            entity_type,
            event_type,
            entity,
            account_id=account_id,
            user_id=user_id,
        )
        self.changes.append(change)
        return entity
