"""What was recorded from the real platform, the sandbox says as well: same types, at least the same fields."""

import json
from typing import Any

from tests.sandbox.plain_client import live_socket
from tests.sandbox.platform_texts import captures
from vendor_admin.sandbox.serving.server import RunningSandbox
from vendor_admin.sandbox.world.entities import KINDS

# Fields of a recorded entity that belong to a feature the sandbox does not play.
NOT_PLAYED = {
    "account": {"readonly", "futuresDisabled"},
    "accountRiskStatus": {"liquidateOnly"},
    "contract": {"status", "providerTickSize"},
    "product": {
        "exchangeChannelId",
        "allowProviderContractInfo",
        "isMicro",
        "marketDataSource",
        "lookupWeight",
        "hasReplay",
    },
}


def _recorded_entities() -> list[tuple[str, str, dict[str, Any]]]:
    """(entity type, event type or "", entity) of every capture that holds one."""
    collections = {kind.collection: kind.name for kind in KINDS.values()}
    found = []
    for line in captures():
        try:
            value = json.loads(line["raw"].removeprefix("a"))
        except ValueError:
            continue
        entity_type = str(line["operation"]).partition("/")[0]
        for message in value if isinstance(value, list) else [value]:
            if message.get("e") == "props":
                found.append((message["d"]["entityType"], message["d"]["eventType"], message["d"]["entity"]))
            elif line["kind"] == "rest" and entity_type in KINDS and "id" in message:
                found.append((entity_type, "", message))
            elif line["kind"] == "sync-initial":
                body = message.get("d", message)
                if isinstance(body, dict) and any(key in collections for key in body):
                    found += [(collections[key], "", item) for key, items in body.items() for item in items]
    return found


def test_every_recorded_event_type_and_field_can_be_produced(sandbox: RunningSandbox, token: str) -> None:
    recorded = _recorded_entities()
    with live_socket(sandbox, token) as socket:
        sandbox.control("events", count=20_000)
        socket.read_until_quiet()
        played = {(event["entityType"], event["eventType"]) for event in socket.events()}
        truth = sandbox.view("expected", organization=20, environment="demo")["entities"]
        fields: dict[str, set[str]] = {}
        for event in socket.events():
            fields.setdefault(event["entityType"], set()).update(event["entity"])
        for entity_type, entities in truth.items():
            for entity in entities:
                fields.setdefault(entity_type, set()).update(entity)
    print(f"{len(recorded)} recorded entities compared")
    assert len(recorded) > 30
    for entity_type, event_type, entity in recorded:
        assert not event_type or (entity_type, event_type) in played
        missing = set(entity) - fields[entity_type] - NOT_PLAYED.get(entity_type, set())
        assert not missing, (entity_type, missing)
