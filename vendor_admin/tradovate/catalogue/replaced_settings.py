"""Requests that replace the settings of a thing: made from what it is now, changed in places, or put back."""

from typing import Any

import msgspec

from vendor_admin.tradovate.catalogue.look_ups import Entity
from vendor_admin.tradovate.catalogue.request import R, Request


def names_of(kind: type[Request]) -> tuple[str, ...]:
    """The names of a request's fields on the wire."""
    return tuple(field.encode_name for field in msgspec.structs.fields(kind))


def from_entity(kind: type[R], entity: Entity | None, **more: Any) -> R | None:
    """The request that would bring an entity to the state it is in. `more` holds fields it does not have, by their
    names on the wire. None without an entity, or with one that does not make a request (old rows break new rules)."""
    if entity is None:
        return None
    names = names_of(kind)
    body = {name: entity[name] for name in names if entity.get(name) is not None}
    try:
        return msgspec.convert({**body, **more}, kind)
    except msgspec.ValidationError:
        return None
