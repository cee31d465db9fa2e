"""Changes of one organization's entities: made at once, told later, and until then they can be taken back."""

import datetime as dt
from collections.abc import Callable, MutableMapping
from typing import Any, TypeVar

from vendor_admin.sandbox.world.state import Book, Change, Entity, Organization, Record, View, World
from vendor_admin.sandbox.world.times import timestamp, trade_date
from vendor_admin.tradovate.enums import Environment

_K = TypeVar("_K")
_V = TypeVar("_V")


class Edits:
    """Changes on one host. `moment` is the time that entities show, `session` the trading session they fall into."""

    def __init__(
        self,
        world: World,
        organization: Organization,
        environment: Environment,
        *,
        moment: dt.datetime,
        session: dt.date,
    ) -> None:
        self.world = world
        self.organization = organization
        self.environment = environment
        self.at = timestamp(moment)
        self.session = session
        self.trade_date = trade_date(session)
        self.changes: list[Change] = []
        self.follow_ups: list[Callable[[], None]] = []
        self._undo: list[tuple[int, Callable[[], None]]] = []

    def view(self, environment: Environment | None = None) -> View:
        """What the organization can read."""
        return self.world.view(environment or self.environment, self.organization.id)

    def book(self, environment: Environment | None = None) -> Book:
        """The organization's own entities."""
        return self.world.book(environment or self.environment, self.organization.id)

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

    def follow_up(self, work: Callable[[], None]) -> None:
        """Have something done once the changes are told, unless they are taken back."""
        self.follow_ups.append(work)
        self._undo.append((len(self.changes), lambda: self.follow_ups.remove(work)))

    def on_undo(self, undo: Callable[[], None]) -> None:
        """Have this done when what happened up to now is taken back."""
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
