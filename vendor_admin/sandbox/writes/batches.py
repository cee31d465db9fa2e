"""Batches whose items succeed or fail one by one, as the platform's `results` say it."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from vendor_admin.sandbox.world.state import Entity
from vendor_admin.sandbox.writes.bodies import Request
from vendor_admin.sandbox.writes.desk import Desk
from vendor_admin.sandbox.writes.magic import REFUSAL, is_refused
from vendor_admin.sandbox.writes.refusals import MissingError, RefusalError, ViolationsError

_Item = TypeVar("_Item", bound=Request)


def each_item(desk: Desk, items: Sequence[_Item], act: Callable[[_Item], Entity]) -> list[Entity]:
    """The result of each item in the order of the request; an item that fails leaves nothing behind."""
    return [_one(desk, item, act) for item in items]


def _one(desk: Desk, item: _Item, act: Callable[[_Item], Entity]) -> Entity:
    if desk.settings.item_failure_rate and desk.rng.random() < desk.settings.item_failure_rate:
        return {"errorText": desk.settings.item_failure_text}
    if desk.has_magic_values and is_refused(item):
        return {"errorText": REFUSAL}
    mark = desk.mark()
    try:
        return act(item)
    except RefusalError as error:
        text = error.text
    except ViolationsError as error:
        text = str(error)
    except MissingError:
        text = "Not found"
    desk.undo_to(mark)
    return {"errorText": text}
