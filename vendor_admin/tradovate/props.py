"""The `props` message: what happened to one entity, or to a list of them.

This is the slower, forgiving reading; frames.py reads the usual shape of it directly.
"""

import msgspec

from vendor_admin.tradovate.enums import EventType
from vendor_admin.tradovate.events import EntityReceived, Malformed
from vendor_admin.tradovate.operations.entity_types import is_entity_type
from vendor_admin.tradovate.salvage import JSON_ERRORS, fault_of

_EVENT_TYPES = frozenset(EventType)


class _Fields(msgspec.Struct, gc=False):
    entityType: str | None = None  # noqa: N815 - the platform's spelling
    eventType: str | None = None  # noqa: N815
    entity: msgspec.Raw = msgspec.Raw()


_fields = msgspec.json.Decoder(_Fields)
_entity_list = msgspec.json.Decoder(list[msgspec.Raw])


def read_props(message: bytes, body: bytes | None) -> list[EntityReceived | Malformed]:
    """Read the `d` of a props message: one event per entity, in order. `message` is what goes to quarantine."""
    if body is None or body[:1] != b"{":
        return [Malformed(message, "props without an object in d")]
    try:
        fields = _fields.decode(body)
    except JSON_ERRORS as error:
        return [Malformed(message, f"props cannot be read: {error}")]
    if fields.entityType is None or not is_entity_type(fields.entityType):
        return [Malformed(message, "props without a usable entityType")]
    if fields.eventType not in _EVENT_TYPES:
        return [Malformed(message, "props with an unknown eventType", fields.entityType)]
    entity = bytes(fields.entity)
    if entity[:1] == b"{":
        return [_entity(fields.entityType, fields.eventType, entity, message)]
    if entity[:1] == b"[":
        elements = [bytes(raw) for raw in _entity_list.decode(entity)]
        return [_entity(fields.entityType, fields.eventType, element, element) for element in elements]
    return [Malformed(message, "props without an entity", fields.entityType)]


def _entity(entity_type: str, event_type: str, entity: bytes, quarantined: bytes) -> EntityReceived | Malformed:
    if entity[:1] != b"{":
        return Malformed(quarantined, "an entity is not a JSON object", entity_type)
    fault = fault_of(entity) if b"\\u0000" in entity else None
    return Malformed(quarantined, fault, entity_type) if fault else EntityReceived(entity_type, event_type, entity)
