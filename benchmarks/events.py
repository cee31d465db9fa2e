"""Realistic events: the simulated platform's own order life cycles, 13 events of 11 types for a filled order."""

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from vendor_admin.sandbox.configuration import Configuration
from vendor_admin.sandbox.world.accounting import Moment
from vendor_admin.sandbox.world.build import build_world
from vendor_admin.sandbox.world.order_script import OrderScript
from vendor_admin.sandbox.world.times import session_date, timestamp, trade_date

ORGANIZATIONS = 4
USERS = 250
ACCOUNTS_PER_USER = 2
EVENTS_PER_FRAME = 10


@dataclass(frozen=True)
class Event:
    """One entity event as the platform would send it."""

    entity_type: str
    event_type: str
    entity: bytes


def make_events(count: int, *, seed: int = 7) -> list[list[Event]]:
    """`count` events, shared evenly among the organizations, in the order of each."""
    configuration = Configuration(
        seed=seed, organizations=ORGANIZATIONS, users=USERS, accounts_per_user=ACCOUNTS_PER_USER
    )
    world = build_world(configuration)
    streams = []
    for number, organization_id in enumerate(world.organizations):
        moment = Moment("", {})
        script = OrderScript(
            world,
            organization_id,
            number=number,
            rng=random.Random(f"{seed}/{number}"),
            moment=moment,
            keep_orders=configuration.keep_orders,
        )
        streams.append(list(_events(script, moment, count // ORGANIZATIONS)))
    return streams


def _events(script: OrderScript, moment: Moment, count: int) -> Iterator[Event]:
    changes = script.changes()
    start = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=count // 1000 + 60)
    moment.trade_date = trade_date(session_date(start))
    for number in range(count):
        moment.text = timestamp(start + dt.timedelta(milliseconds=number))
        change = next(changes)
        yield Event(change.entity_type, change.event_type, msgspec.json.encode(change.entity))


def frame_texts(events: list[Event], *, per_frame: int = EVENTS_PER_FRAME) -> list[bytes]:
    """The `a` frames that carry the events."""
    messages = [
        b'{"e":"props","d":{"entityType":"%b","eventType":"%b","entity":%b}}'
        % (event.entity_type.encode(), event.event_type.encode(), event.entity)
        for event in events
    ]
    return [
        b"a[" + b",".join(messages[start : start + per_frame]) + b"]" for start in range(0, len(messages), per_frame)
    ]


def store_frames(streams: list[list[Event]], path: Path) -> None:
    """Write the frames of each organization to a file for the sender."""
    path.write_bytes(msgspec.msgpack.encode([frame_texts(events) for events in streams]))


def load_frames(path: Path) -> list[list[bytes]]:
    """The frames of each organization."""
    return msgspec.msgpack.decode(path.read_bytes(), type=list[list[bytes]])
