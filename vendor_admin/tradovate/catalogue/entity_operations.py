"""The operations that many entity types share: list, item, items, deps, ldeps, find, finds, suggest."""

from collections.abc import Iterable, Mapping
from functools import cache
from urllib.parse import quote, urlencode

from vendor_admin.tradovate.catalogue.entity_types import ENTITIES, ITEMS, LDEPS
from vendor_admin.tradovate.catalogue.operation import MOST_IDS_IN_A_CALL, Operation
from vendor_admin.tradovate.errors import NoSuchOperation

LOOK_UP_PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "list": (),
    "item": ("id",),
    "items": ("ids",),
    "deps": ("masterid",),
    "ldeps": ("masterids",),
    "find": ("name",),
    "finds": ("names",),
    "suggest": ("t", "l"),
}
"""The parameters each shared operation takes: in the address over REST, on the query line over the socket."""


@cache
def entity_operation(entity_type: str, name: str) -> Operation:
    """Look up one shared operation of one entity type; raises NoSuchOperation if the platform has none."""
    known = ENTITIES.get(entity_type)
    if known is None or name not in known.operations:
        raise NoSuchOperation(entity_type, name)
    return Operation(
        path=f"{entity_type}/{name}",
        method="GET",
        harmless_to_repeat=True,
        gives_list=name != "item",
        most_ids=MOST_IDS_IN_A_CALL if name in (ITEMS, LDEPS) else None,
    )


def query_of(parameters: Mapping[str, object]) -> str:
    """Write look-up parameters as a query: lists comma separated, `{"ids": [1, 2]}` -> `ids=1,2`."""
    return urlencode({name: _text(value) for name, value in parameters.items()}, safe=",", quote_via=quote)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return ",".join(_text(element) for element in value)
    return str(value)
