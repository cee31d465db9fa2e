"""The initial data of a sync request: collections of entities, in one answer or in several parts."""

import msgspec

from vendor_admin.tradovate.catalogue.entity_types import entity_type_of, is_entity_type
from vendor_admin.tradovate.events import Malformed, SnapshotPart
from vendor_admin.tradovate.salvage import JSON_ERRORS, fault_of

_OPENING_BRACE, _OPENING_BRACKET = b"{["

_collections = msgspec.json.Decoder(dict[str, msgspec.Raw])
_text = msgspec.json.Decoder(str)
_entities = msgspec.json.Decoder(list[msgspec.Raw])


def read_snapshot(body: bytes | None) -> list[SnapshotPart | Malformed]:
    """Read one part: first the good entities of all its collections, then what was not one.

    A body of null or nothing is a part without collections; a JSON string is opened. A collection of a single
    object is read as that one entity; a text or flag beside the collections (an empty `errorText`, say) is passed over.
    """
    try:
        values = {} if body is None else _collections.decode(_opened(body))
    except JSON_ERRORS:
        return [Malformed(body or b"", "a snapshot is not an object of collections")]
    collections: list[tuple[str, list[bytes]]] = []
    bad: list[Malformed] = []
    for collection, raw in values.items():
        value = memoryview(raw)
        if value[0] not in (_OPENING_BRACE, _OPENING_BRACKET):
            continue
        if not is_entity_type(collection):
            bad.append(Malformed(bytes(value), "the name of a collection is not a word"))
            continue
        entity_type = entity_type_of(collection)
        entities, refused = _read_collection(entity_type, value)
        collections.append((entity_type, entities))
        bad += refused
    return [SnapshotPart(collections), *bad]


def _opened(body: bytes) -> bytes:
    return _text.decode(body).encode() if body[:1] == b'"' else body


def _read_collection(entity_type: str, value: memoryview) -> tuple[list[bytes], list[Malformed]]:
    elements = [bytes(value)] if value[0] == _OPENING_BRACE else [bytes(raw) for raw in _entities.decode(value)]
    faults = [_fault_of_entity(element) for element in elements]
    good = [element for element, fault in zip(elements, faults, strict=True) if fault is None]
    refused = [
        Malformed(element, fault, entity_type)
        for element, fault in zip(elements, faults, strict=True)
        if fault is not None
    ]
    return good, refused


def _fault_of_entity(element: bytes) -> str | None:
    if element[0] != _OPENING_BRACE:
        return "an entity is not a JSON object"
    return fault_of(element) if b"\\u0000" in element else None
