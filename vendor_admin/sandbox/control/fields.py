"""The fields of a control call's body: which a verb needs, which it may take, and of what kind they are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from vendor_admin.sandbox.control.selection import Body, ControlError
from vendor_admin.sandbox.platform import Platform


class Kind(Enum):
    """What may stand in a field, in the words of the error."""

    NUMBER = "a number"
    TEXT = "a text"
    FLAG = "true or false"
    OBJECT = "an object"
    ANY = "anything"


# Every verb may be told whom it means; those that mean nobody in particular pass them over.
TARGETS = {"organization": Kind.TEXT, "environment": Kind.TEXT, "socket": Kind.NUMBER}


@dataclass(frozen=True, slots=True)
class Verb:
    """One control call. `takes_settings`: any other field is the name of a setting, which the action checks."""

    action: Callable[[Platform, Body], Body | None]
    needs: Mapping[str, Kind] = field(default_factory=dict)
    takes: Mapping[str, Kind] = field(default_factory=dict)
    takes_settings: bool = False


def check_fields(name: str, verb: Verb, body: Body) -> None:
    """Raise ControlError for the first field that is missing, not known, or of another kind."""
    for needed, kind in verb.needs.items():
        if needed not in body or (body[needed] is None and kind is not Kind.ANY):
            raise ControlError(f"{name}: the field {needed} is missing (needed: {', '.join(verb.needs)})")
    known = {**TARGETS, **verb.takes, **verb.needs}
    for given, value in body.items():
        if given not in known:
            if not verb.takes_settings:
                raise ControlError(f"{name}: there is no field {given} (known: {', '.join(known)})")
        elif value is not None and not _fits(value, known[given]):
            raise ControlError(f"{name}: {given} must be {known[given].value}")


def _fits(value: object, kind: Kind) -> bool:
    match kind:
        case Kind.NUMBER:
            return isinstance(value, int | float) or (isinstance(value, str) and _is_number(value))
        case Kind.TEXT:
            return isinstance(value, str | int | float)
        case Kind.FLAG:
            return isinstance(value, bool) or value in (0, 1)
        case Kind.OBJECT:
            return isinstance(value, dict)
    return True


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
