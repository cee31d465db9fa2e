"""Building the whole world of a configuration."""

import datetime as dt

from vendor_admin.sandbox.configuration import Configuration
from vendor_admin.sandbox.world.reference import build_public_books
from vendor_admin.sandbox.world.state import World
from vendor_admin.sandbox.world.vendor_seed import build_organization


def build_world(configuration: Configuration) -> World:
    """Everything that exists when the sandbox starts; the same seed, sizes and date give the same world."""
    now = moment_of(configuration)
    world = World()
    world.built_at = now
    build_public_books(world, today=now.date())
    for number in range(configuration.organizations):
        build_organization(world, number=number, configuration=configuration, now=now)
    return world


def moment_of(configuration: Configuration) -> dt.datetime:
    """The moment that a world is built for: now, or in the middle of the day that was asked for."""
    if configuration.today is not None:
        return dt.datetime.combine(configuration.today, dt.time(15), tzinfo=dt.UTC)
    return dt.datetime.now(dt.UTC)
