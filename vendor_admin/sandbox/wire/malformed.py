"""Frames that no client may choke on, by kind. Their good entities have ids from 990,000,000,001 on."""

import itertools
from collections.abc import Callable

from vendor_admin.sandbox.wire.frames import props_text_message

_numbers = itertools.count(990_000_000_001)


def _order() -> str:
    number = next(_numbers)
    return (
        f'{{"id":{number},"accountId":1,"timestamp":"2026-01-05T15:00:00.000Z",'
        '"action":"Buy","ordStatus":"Working","archived":false,"external":false,"admin":false}'
    )


def _good() -> str:
    return props_text_message("order", "Created", None, _order()).text


def _between_good_ones(bad: str) -> Callable[[], str]:
    return lambda: f"a[{_good()},{bad},{_good()}]"


def _entity(entity_type: str, text: str) -> Callable[[], str]:
    """A bad entity with good neighbours; `#` in the text becomes a fresh id."""

    def frame() -> str:
        bad = props_text_message(entity_type, "Updated", None, text.replace("#", str(next(_numbers)))).text
        return f"a[{_good()},{bad},{_good()}]"

    return frame


def _list_with(bad: str) -> Callable[[], str]:
    def frame() -> str:
        entities = ",".join(part for part in (_order(), bad, _order()) if part)
        return f"a[{props_text_message('order', 'Created', None, f'[{entities}]').text}]"

    return frame


def _delete_unknown() -> str:
    return f"a[{props_text_message('order', 'Deleted', None, _order()).text}]"


def _thousand() -> str:
    return f"a[{','.join(_good() for _ in range(1_000))}]"


MALFORMED_FRAMES: dict[str, Callable[[], str]] = {
    "broken_json": lambda: 'a[{"e":"props","d":{"entityType":"order","eventType":"Upda',
    "broken_neighbour": _between_good_ones("{broken}"),
    "number": _between_good_ones("17"),
    "null": _between_good_ones("null"),
    "text": _between_good_ones('"hello"'),
    "empty": lambda: "a[]",
    "thousand": _thousand,
    "not_an_array": lambda: f"a{_good()}",
    "unknown_frame": lambda: "z[1,2,3]",
    "list_of_entities": _list_with(""),
    "list_with_bad": _list_with("7"),
    "null_list": _between_good_ones(
        '{"e":"props","d":{"entityType":"order","eventType":"Created","entity":null}}',
    ),
    "entity_is_text": _entity("order", '"gone"'),
    "without_id": _entity("position", '{"accountId":999}'),
    "wrong_types": _entity("order", '{"id":#,"accountId":"seven","timestamp":12,"action":[],"admin":"no"}'),
    "id_is_text": _entity("order", '{"id":"#","accountId":1}'),
    "unknown_type": _entity("hologram", '{"id":#,"colour":"blue"}'),
    "unknown_field": _entity("order", '{"id":#,"accountId":1,"ordStatus":"Working","colour":"blue"}'),
    "without_data": lambda: 'a[{"e":"props"},{"e":"props","d":null},{"e":"props","d":[]}]',
    "unknown_event": _between_good_ones('{"e":"weather","d":{"sun":true}}'),
    "nan": _entity("cashBalance", '{"id":#,"accountId":1,"amount":NaN}'),
    "nul": _entity("fill", '{"id":#,"text":"a\\u0000b"}'),
    "lone_surrogate": _entity("fill", '{"id":#,"text":"a\\ud800b"}'),
    "huge_number": _entity("cashBalance", '{"id":#,"amount":1' + "0" * 400 + "}"),
    "huge_exponent": _entity("cashBalance", '{"id":#,"amount":1e400}'),
    "huge_id": _entity("order", '{"id":1#000000000000,"accountId":1}'),
    "delete_unknown": _delete_unknown,
    "status_without_array": lambda: '{"s":429,"i":2}',
}
