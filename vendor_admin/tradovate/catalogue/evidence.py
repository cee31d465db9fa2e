"""Pure questions about entities that were read: is this the one, is it new, does it say what was asked for?"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from vendor_admin.tradovate.catalogue.look_ups import CLOCK_DIFFERENCE, Entity, Reading
from vendor_admin.tradovate.values import number_of, time_of


def is_new(entity: Entity, reading: Reading) -> bool | None:
    """Whether an entity was made at or after the call; None without a timestamp that can be right."""
    made_at = time_of(entity.get("timestamp"))
    if made_at is None or made_at > reading.read_at + CLOCK_DIFFERENCE:
        return None
    return made_at >= reading.sent_at - CLOCK_DIFFERENCE


def was_added(like: Iterable[Entity], reading: Reading, *, goes_on: Callable[[Entity], bool]) -> bool | None:
    """Whether one of the entities like the one asked for was made by the call.

    True if one is new, whatever became of it since. An older one that goes on shows that the state asked for holds,
    but not who brought it about: None, since adding a second one may cost money.
    """
    like = list(like)
    ages = [is_new(entity, reading) for entity in like]
    if True in ages:
        return True
    return None if None in ages or any(goes_on(entity) for entity in like) else False


def was_created_by_name(entity_type: str, name: str, reading: Reading) -> bool | None:
    """Whether the thing of this name was made by the call. Names are unique: an older one shows it was not."""
    ages = [is_new(entity, reading) for entity in reading.of(entity_type) if entity.get("name") == name]
    return True if True in ages else None if None in ages else False


def holds_settings(entity: Entity | None, wanted: Mapping[str, Any], all_names: Iterable[str]) -> bool | None:
    """Whether an entity shows the settings of a request that replaces it.

    None if all that were named are as wanted, but one that was left out still has a value: the platform may or may
    not take an omitted field for "no longer set".
    """
    if entity is None or any(not is_same(entity.get(name), value) for name, value in wanted.items()):
        return False
    left_over = [name for name in all_names if name not in wanted and entity.get(name) not in (None, False, "")]
    return None if left_over else True


def is_same(found: object, wanted: object) -> bool:
    """Compare a value as the platform sends it with one of a request: numbers by value, times as instants."""
    if isinstance(wanted, bool) or isinstance(found, bool):
        return found is wanted or (found is None and wanted is False)
    if isinstance(wanted, Decimal | int | float):
        return number_of(found) == number_of(wanted)
    if isinstance(found, str) and isinstance(wanted, str) and found != wanted:
        found_at, wanted_at = time_of(found), time_of(wanted)
        return found_at is not None and found_at == wanted_at
    return found == wanted
