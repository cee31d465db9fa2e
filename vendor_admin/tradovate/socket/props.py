"""The `props` message: what happened to one entity, or to a list of them.

This is the slower, forgiving reading; frames.py reads the usual shape of it directly. Seen beside that shape: `d` as a
list of changes, an entity type in another case, no event type (the entity is as it says), lists of entities.
"""

import msgspec

from vendor_admin.tradovate.catalogue.entity_types import is_entity_type, known_entity_type
from vendor_admin.tradovate.enums import EventType
from vendor_admin.tradovate.events import EntityReceived, Malformed
from vendor_admin.tradovate.salvage import JSON_ERRORS, fault_of

_EVENT_TYPES = {event_type.lower(): str(event_type) for event_type in EventType}


class _Fields(msgspec.Struct, gc=False):
    entityType: str | None = None  # noqa: N815 - the platform's spelling
    eventType: str | None = None  # noqa: N815
    entity: msgspec.Raw = msgspec.Raw()


_fields = msgspec.json.Decoder(_Fields)
_list = msgspec.json.Decoder(list[msgspec.Raw])


def read_props(message: bytes, body: bytes | None) -> list[EntityReceived | Malformed]:
    """Read the `d` of a props message: one event per entity, in order. `message` is what goes to quarantine.

    Of a list each change is read by itself, and one that cannot be read is quarantined alone; an empty list is nothing.
    """
    if body is not None and body[:1] == b"[":
        changes = [bytes(raw) for raw in _list.decode(body)]
        return [event for change in changes for event in _read_change(change, change)]
    return _read_change(message, body)


def _read_change(quarantined: bytes, change: bytes | None) -> list[EntityReceived | Malformed]:
    if change is None or change[:1] != b"{":
        return [Malformed(quarantined, "props without an object in d")]
    try:
        fields = _fields.decode(change)
    except JSON_ERRORS as error:
        return [Malformed(quarantined, f"props cannot be read: {error}")]
    if fields.entityType is None or not is_entity_type(fields.entityType):
        return [Malformed(quarantined, "props without a usable entityType")]
    entity_type = known_entity_type(fields.entityType)
    event_type = _EVENT_TYPES.get((fields.eventType or EventType.UPDATED).lower())
    if event_type is None:
        return [Malformed(quarantined, "props with an unknown eventType", entity_type)]
    entity = bytes(fields.entity)
    if entity[:1] == b"{":
        return [_entity(entity_type, event_type, entity, quarantined)]
    if entity[:1] == b"[":
        elements = [bytes(raw) for raw in _list.decode(entity)]
        return [_entity(entity_type, event_type, element, element) for element in elements]
    return [Malformed(quarantined, "props without an entity", entity_type)]


def _entity(entity_type: str, event_type: str, entity: bytes, quarantined: bytes) -> EntityReceived | Malformed:
    if entity[:1] != b"{":
        return Malformed(quarantined, "an entity is not a JSON object", entity_type)
    fault = fault_of(entity) if b"\\u0000" in entity else None
    return Malformed(quarantined, fault, entity_type) if fault else EntityReceived(entity_type, event_type, entity)
