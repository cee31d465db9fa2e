"""The state of the platform: entities by environment and organization. Knows no JSON and no network."""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

from vendor_admin.sandbox.world.entities import KINDS
from vendor_admin.tradovate.enums import Environment

# Fields are ints, floats, text, booleans or a trade date, as the entity type has them.
Entity = dict[str, Any]


@dataclasses.dataclass(slots=True)
class Record:
    """One entity with the ids that sharding looks at."""

    entity: Entity
    account_id: int | None
    user_id: int | None


@dataclasses.dataclass(slots=True, frozen=True)
class Change:
    """What happened to one entity; `entity` is its state right after it (or the last one, when deleted)."""

    environment: Environment
    organization_id: int
    entity_type: str
    event_type: str
    entity: Entity
    account_id: int | None
    user_id: int | None


@dataclasses.dataclass(kw_only=True)
class Organization:
    """A vendor with its administrator's key. `sec` and `password` are sandbox values, printed on purpose."""

    id: int
    name: str
    admin_user_id: int
    key_name: str
    username: str
    password: str
    cid: str
    sec: str
    is_vendor: bool = True
    has_scopes: bool = True
    has_funds_scope: bool = True

    def credentials(self) -> dict[str, str]:
        """The body of an access token request, without device id."""
        return {
            "name": self.username,
            "password": self.password,
            "appId": self.key_name,
            "appVersion": "1.0",
            "cid": self.cid,
            "sec": self.sec,
        }


class Book:
    """The entities that one organization (or everybody) has on one host."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[int, Record]] = {}
        self._dependents: dict[str, dict[int, list[int]]] = {}

    def put(self, entity_type: str, entity: Entity, *, account_id: int | None, user_id: int | None) -> None:
        """Create or replace an entity by its id."""
        entity_id = entity["id"]
        table = self.tables.setdefault(entity_type, {})
        known = table.get(entity_id)
        kind = KINDS.get(entity_type)
        master = kind.master if kind else None
        if known is not None:
            if master and known.entity.get(master) != entity.get(master):
                self._unlink(entity_type, known.entity)
                self._link(entity_type, master, entity)
            table[entity_id] = Record(entity, account_id, user_id)
            return
        table[entity_id] = Record(entity, account_id, user_id)
        if master:
            self._link(entity_type, master, entity)

    def get(self, entity_type: str, entity_id: int) -> Record | None:
        """The record of an id, or None."""
        return self.tables.get(entity_type, {}).get(entity_id)

    def remove(self, entity_type: str, entity_id: int) -> Record | None:
        """Forget an entity; returns what was there."""
        record = self.tables.get(entity_type, {}).pop(entity_id, None)
        if record is not None:
            self._unlink(entity_type, record.entity)
        return record

    def all(self, entity_type: str) -> Iterable[Record]:
        """Every record of a type in the order of creation."""
        return self.tables.get(entity_type, {}).values()

    def dependents(self, entity_type: str, master_id: int) -> Iterator[Record]:
        """The records whose master has this id."""
        table = self.tables.get(entity_type, {})
        kind = KINDS.get(entity_type)
        if kind and kind.master == "id":
            if master_id in table:
                yield table[master_id]
            return
        for entity_id in self._dependents.get(entity_type, {}).get(master_id, ()):
            yield table[entity_id]

    def _link(self, entity_type: str, master: str, entity: Entity) -> None:
        if master != "id" and master in entity:
            self._dependents.setdefault(entity_type, {}).setdefault(entity[master], []).append(entity["id"])

    def _unlink(self, entity_type: str, entity: Entity) -> None:
        kind = KINDS.get(entity_type)
        if not (kind and kind.master and kind.master != "id" and kind.master in entity):
            return
        masters = self._dependents.get(entity_type, {})
        ids = masters.get(entity[kind.master], [])
        if entity["id"] in ids:
            ids.remove(entity["id"])
        if not ids:
            masters.pop(entity[kind.master], None)


class View:
    """What one organization can see on one host: its own book and the public one, nothing else."""

    def __init__(self, *books: Book) -> None:
        self._books = books

    def get(self, entity_type: str, entity_id: int) -> Record | None:
        """The record of an id, or None when it is unknown, foreign or on the other host."""
        for book in self._books:
            record = book.get(entity_type, entity_id)
            if record is not None:
                return record
        return None

    def all(self, entity_type: str) -> Iterator[Record]:
        """Every visible record of a type."""
        for book in self._books:
            yield from book.all(entity_type)

    def dependents(self, entity_type: str, master_id: int) -> Iterator[Record]:
        """Every visible record that hangs on a master."""
        for book in self._books:
            yield from book.dependents(entity_type, master_id)


class World:
    """All hosts and organizations. `agreements` are the ids of the users who signed the market data agreement."""

    def __init__(self) -> None:
        self.organizations: dict[int, Organization] = {}
        self.public: dict[Environment, Book] = {environment: Book() for environment in Environment}
        self.books: dict[tuple[Environment, int], Book] = {}
        self.agreements: set[int] = set()
        self.built_at = dt.datetime.now(dt.UTC)
        self.seeded_at: dict[int, dt.datetime] = {}

    def add_organization(self, organization: Organization) -> None:
        """Take in a vendor with empty books on both hosts."""
        self.organizations[organization.id] = organization
        for environment in Environment:
            self.books[environment, organization.id] = Book()

    def book(self, environment: Environment, organization_id: int) -> Book:
        """The organization's own entities on one host."""
        return self.books[environment, organization_id]

    def view(self, environment: Environment, organization_id: int) -> View:
        """What the organization can read on one host."""
        return View(self.books[environment, organization_id], self.public[environment])

    def organization_named(self, name: str) -> Organization | None:
        """Find a vendor by name or by the text of its id."""
        for organization in self.organizations.values():
            if name in (organization.name, str(organization.id)):
                return organization
        return None

    def apply(
        self,
        environment: Environment,
        organization_id: int,
        entity_type: str,
        event_type: str,
        entity: Entity,
        *,
        account_id: int | None = None,
        user_id: int | None = None,
    ) -> Change:
        """Change the state and say what changed."""
        book = self.books[environment, organization_id]
        if event_type == "Deleted":
            book.remove(entity_type, entity["id"])
        else:
            book.put(entity_type, entity, account_id=account_id, user_id=user_id)
        return Change(environment, organization_id, entity_type, event_type, entity, account_id, user_id)
