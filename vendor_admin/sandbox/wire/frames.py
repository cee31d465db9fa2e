"""The wire of the sockets: changes and answers to text, and requests of four lines to values. Holds no rules."""

import dataclasses
from typing import Any

import msgspec

from vendor_admin.sandbox.world.state import Change, Entity

_encode = msgspec.json.Encoder().encode


@dataclasses.dataclass(slots=True)
class Message:
    """One message of an `a` frame. The same object is shared by every socket that gets it.

    `items` names the entities inside for the ledger: (entity type, event type, entity id, the entity's JSON text).
    """

    text: str
    kind: str = "frame"
    items: tuple[tuple[str, str, int | None, str], ...] = ()
    endpoint: str = ""


@dataclasses.dataclass(frozen=True)
class Request:
    """What a client sent: endpoint, request number, query line and the body's text."""

    endpoint: str
    number: int
    query: str
    body: str


def entity_text(entity: Entity) -> str:
    """The JSON text of one entity, compact."""
    return _encode(entity).decode()


def props_message(change: Change) -> Message:
    """The `props` message of a change."""
    return props_text_message(change.entity_type, change.event_type, change.entity["id"], entity_text(change.entity))


def props_text_message(entity_type: str, event_type: str, entity_id: int | None, text: str) -> Message:
    """A `props` message round an entity given as text, which need not be good JSON."""
    return Message(
        f'{{"e":"props","d":{{"entityType":"{entity_type}","eventType":"{event_type}","entity":{text}}}}}',
        "event",
        ((entity_type, event_type, entity_id, text),),
    )


def snapshot_message(number: int, collections: list[tuple[str, str, list[Entity]]]) -> Message:
    """One part of a snapshot; `collections` holds (entity type, name of the collection, entities)."""
    items: list[tuple[str, str, int | None, str]] = []
    parts = []
    for entity_type, name, entities in collections:
        texts = [entity_text(entity) for entity in entities]
        items.extend(
            (entity_type, "Snapshot", entity["id"], text) for entity, text in zip(entities, texts, strict=True)
        )
        parts.append(f'"{name}":[{",".join(texts)}]')
    return Message(f'{{"s":200,"i":{number},"d":{{{",".join(parts)}}}}}', "snapshot", tuple(items), "user/syncrequest")


def answer_message(number: int, status: int, body: Any, *, endpoint: str = "") -> Message:  # Any: any JSON value
    """The answer to a request; without a body there is no `d`. A list of entities is named entity by entity."""
    items: tuple[tuple[str, str, int | None, str], ...] = ()
    if status == 200 and isinstance(body, list) and all(isinstance(one, dict) and "id" in one for one in body):
        texts = [entity_text(one) for one in body]
        entity_type = endpoint.split("/", maxsplit=1)[0]
        items = tuple((entity_type, "", one["id"], text) for one, text in zip(body, texts, strict=True))
        body_text = f',"d":[{",".join(texts)}]'
    else:
        body_text = "" if body is None else f',"d":{_encode(body).decode()}'
    return Message(f'{{"s":{status},"i":{number}{body_text}}}', "answer" if items else "frame", items, endpoint)


def other_message(name: str, body: Any) -> Message:  # Any: any JSON value
    """An event that is not about an entity, for example `shutdown`."""
    return Message(f'{{"e":"{name}","d":{_encode(body).decode()}}}')


def array_frame(messages: list[Message]) -> str:
    """Messages as one `a` frame."""
    return f"a[{','.join([message.text for message in messages])}]"


def read_request(text: str) -> Request | None:
    """The request in a client's frame, or None for a frame of another form."""
    lines = text.split("\n", 3)
    if len(lines) < 2 or not lines[1].strip().isdigit():
        return None
    lines += [""] * (4 - len(lines))
    return Request(lines[0].strip(), int(lines[1]), lines[2].strip(), lines[3])
