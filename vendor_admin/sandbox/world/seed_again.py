"""Puts one organization back to what the sandbox made it with, as changes that its sockets are told."""

import datetime as dt
from collections.abc import Iterator

from vendor_admin.sandbox.configuration import Configuration
from vendor_admin.sandbox.world.state import Book, Change, Organization, World
from vendor_admin.sandbox.world.times import session_date
from vendor_admin.sandbox.world.vendor_seed import build_organization
from vendor_admin.tradovate.enums import Environment


def seed_again(
    world: World, organization: Organization, *, configuration: Configuration, now: dt.datetime
) -> list[Change]:
    """Undo whatever differs from the seed; what is as it was stays untouched. In another session than the one it was
    built in, times and trade dates are those of `now`.
    """
    built_at = world.seeded_at.get(organization.id, world.built_at)
    if session_date(built_at) != session_date(now):
        built_at = now
    seed = World()
    number = list(world.organizations).index(organization.id)
    build_organization(seed, number=number, configuration=configuration, now=built_at)
    world.seeded_at[organization.id] = built_at
    return [change for environment in Environment for change in _differences(world, seed, environment, organization.id)]


def _differences(world: World, seed: World, environment: Environment, organization_id: int) -> Iterator[Change]:
    """What is too much goes in the opposite order of creation, so that nothing is left without its owner."""
    book, wanted = world.book(environment, organization_id), seed.book(environment, organization_id)
    for entity_type, table in reversed(book.tables.items()):
        for entity_id, record in reversed(list(table.items())):
            if wanted.get(entity_type, entity_id) is None:
                yield world.apply(
                    environment,
                    organization_id,
                    entity_type,
                    "Deleted",
                    record.entity,
                    account_id=record.account_id,
                    user_id=record.user_id,
                )
    for entity_type, table in wanted.tables.items():
        for record in table.values():
            if (event_type := _event(book, entity_type, record.entity)) is not None:
                yield world.apply(
                    environment,
                    organization_id,
                    entity_type,
                    event_type,
                    record.entity,
                    account_id=record.account_id,
                    user_id=record.user_id,
                )


def _event(book: Book, entity_type: str, entity: dict[str, object]) -> str | None:
    known = book.get(entity_type, int(str(entity["id"])))
    if known is None:
        return "Created"
    return None if known.entity == entity else "Updated"
