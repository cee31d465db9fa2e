"""Frames for the tests, written as the platform writes them."""

import json
from collections.abc import Mapping

ORDER = {"id": 7, "accountId": 11, "timestamp": "2026-11-20T15:00:00.000Z", "ordStatus": "Working"}


def props(entity: object = ORDER, *, entity_type: str = "order", event_type: str = "Created") -> dict[str, object]:
    return {"e": "props", "d": {"entityType": entity_type, "eventType": event_type, "entity": entity}}


def reply(request_id: int | None, status: int, body: object = None) -> dict[str, object]:
    message: dict[str, object] = {"s": status}
    if request_id is not None:
        message["i"] = request_id
    if body is not None:
        message["d"] = body
    return message


def frame(*messages: Mapping[str, object] | object) -> bytes:
    return b"a" + json.dumps(list(messages), separators=(",", ":")).encode()


def compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
