"""Lists and pictures of very many entities: in pieces, so that the sandbox's sockets go on sending meanwhile."""

import asyncio
import json
from typing import Any

from vendor_admin.sandbox.calls import Answer
from vendor_admin.sandbox.configuration import Configuration
from vendor_admin.sandbox.serving.rest import PIECE, response_of
from vendor_admin.sandbox.wire.snapshot import Scope, parts
from vendor_admin.sandbox.world.build import build_world
from vendor_admin.tradovate.enums import Environment


def test_others_are_served_between_the_pieces_of_a_long_list() -> None:
    entities = [{"id": number, "name": f"account {number}"} for number in range(2 * PIECE + 1)]
    pieces, turns = asyncio.run(_served(entities))
    assert json.loads(b"".join(pieces)) == entities
    assert turns >= len(pieces) - 1 >= 3


def test_a_list_that_just_fits_into_one_piece_is_answered_at_once() -> None:
    entities = [{"id": number} for number in range(PIECE)]
    pieces, _ = asyncio.run(_served(entities))
    assert [json.loads(piece) for piece in pieces] == [entities]


def test_no_part_of_a_picture_names_a_collection_twice() -> None:
    world = build_world(Configuration(organizations=1, users=5, accounts_per_user=1))
    (organization_id,) = world.organizations
    view = world.view(Environment.DEMO, organization_id)
    scope = Scope(entity_types=frozenset({"account", "cashBalance"}), split=True)
    sent: dict[str, list[int]] = {}
    for part in parts(view, Environment.DEMO, scope, size=2):
        names = [entity_type for entity_type, _, _ in part]
        assert len(names) == len(set(names)), "whoever reads the JSON would keep the last of them alone"
        for entity_type, _, entities in part:
            sent.setdefault(entity_type, []).extend(one["id"] for one in entities)
    for entity_type in ("user", "account", "cashBalance"):
        assert sent[entity_type] == [record.entity["id"] for record in view.all(entity_type)]


async def _served(entities: list[dict[str, Any]]) -> tuple[list[bytes], int]:
    """The pieces of a list's body, and how often another task had its turn until the last was sent."""
    pieces: list[bytes] = []
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def send(message: Any) -> None:  # Any: a message of ASGI
        if message.get("body"):
            pieces.append(message["body"])

    async def receive() -> dict[str, str]:
        await asyncio.Event().wait()
        return {}

    beside = asyncio.create_task(other())
    await response_of(Answer(200, entities))({"type": "http", "asgi": {"spec_version": "2.4"}}, receive, send)
    beside.cancel()
    return pieces, turns
