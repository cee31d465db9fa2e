"""Reads what programs and files ask a plan for: typed rows, what they refer to, and everything that is wrong."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, TypeVar, get_args, get_origin

import msgspec
from msgspec import Meta

from vendor_admin.amounts import NotANumber, read_amount
from vendor_admin.errors import Fault, InvalidFields
from vendor_admin.operations.inputs.declaration import Input, PlanInput, RowInput
from vendor_admin.operations.inputs.described import Described, fields_of
from vendor_admin.operations.inputs.references import References
from vendor_admin.operations.kinds import Json, Target
from vendor_admin.tradovate.catalogue.request import LARGEST_AMOUNT

MOST_FAULTS = 100
"""So many faults are named at most; who sent more has them after those were mended."""
_SURROGATE = re.compile(r"[\ud800-\udfff]")

Kind = TypeVar("Kind", bound=Input)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a plan is asked for: its targets in the order of the rows, and what is the same for all of it."""

    targets: Sequence[Target]
    parameters: Mapping[str, Json]


def read_plan(
    takes: PlanInput,
    *,
    rows: Sequence[object],
    parameters: object,
    organization_id: int,
    pointer: str = "",
) -> Asked:
    """Read what a program asks for. `pointer` is where it stands in what the program sent.

    Raises InvalidFields, whose faults name fields by JSON pointers. Constant queries, however many rows.
    """
    faults: list[Fault] = []
    common = read_input(takes.parameters, parameters, f"{pointer}/parameters", faults)
    named: list[tuple[type[Input], Mapping[str, object]]]
    named = [(takes.row, row) for row in rows if isinstance(row, Mapping)]
    named += [(takes.parameters, parameters)] if isinstance(parameters, Mapping) else []
    found = References(named, organization_id=organization_id)
    if isinstance(parameters, Mapping):
        faults += found.faults(takes.parameters, parameters, f"{pointer}/parameters")
    targets: list[Target] = []
    typed: dict[int, RowInput] = {}
    for position, given in enumerate(rows):
        where, before = f"{pointer}/rows/{position}", len(faults)
        row = read_input(takes.row, given, where, faults)
        if isinstance(given, Mapping):
            faults += found.faults(takes.row, given, where)
        if row is not None and len(faults) == before:
            targets += row.targets(found)
            typed[position] = row
        if len(faults) >= MOST_FAULTS:
            break
    if takes.check is not None and len(faults) < MOST_FAULTS:
        positions = list(typed)
        for number, fault in takes.check(list(typed.values()), organization_id):
            faults.append(Fault(f"{pointer}/rows/{positions[number]}/{fault.field}", fault.code, fault.text))
    if faults or common is None:
        raise InvalidFields(faults[:MOST_FAULTS])
    return Asked(targets, common.named(found)[0])


def read_input(kind: type[Kind], given: object, pointer: str, faults: list[Fault]) -> Kind | None:
    """The typed input that JSON values are; None where faults were added."""
    if not isinstance(given, Mapping):
        faults.append(Fault(pointer, "wrong_type", "must be an object."))
        return None
    before = len(faults)
    fields = fields_of(kind)
    faults += [
        Fault(f"{pointer}/{_escaped(name)}", "unknown_field", f"is not known here. Known are {', '.join(fields)}.")
        for name in given
        if name not in fields
    ]
    values = {}
    for name, described in fields.items():
        where = f"{pointer}/{name}"
        if name in given:
            values[name] = _value(described, given[name], where, faults)
        elif described.is_required:
            faults.append(Fault(where, "required", "is missing."))
    if len(faults) > before:
        return None
    made = kind(**values)
    faults += [
        Fault(f"{pointer}/{fault.field}" if fault.field else pointer, fault.code, fault.text) for fault in made.faults()
    ]
    return made if len(faults) == before else None


def _value(described: Described, value: object, where: str, faults: list[Fault]) -> object:
    if value is None:
        if not described.may_be_null:
            faults.append(Fault(where, "required", "must not be null."))
        return None
    inner = inner_of(described.annotation)
    if is_input(inner):
        return read_input(inner, value, where, faults)
    if get_origin(inner) is not tuple:
        return _scalar(described.annotation, described, value, where, faults)
    if not isinstance(value, list | tuple):
        faults.append(Fault(where, "wrong_type", "must be a list."))
        return ()
    if described.meta.min_length and len(value) < described.meta.min_length:
        faults.append(Fault(where, "too_few", f"must have at least {described.meta.min_length}."))
    if described.meta.max_length and len(value) > described.meta.max_length:
        faults.append(Fault(where, "too_many", f"must have at most {described.meta.max_length:,}."))
    element = get_args(inner)[0]
    if is_input(inner_of(element)):
        made = [read_input(inner_of(element), one, f"{where}/{place}", faults) for place, one in enumerate(value)]
        return tuple(made)
    return tuple(_scalar(element, described, one, f"{where}/{position}", faults) for position, one in enumerate(value))


def _scalar(annotation: Any, described: Described, value: object, where: str, faults: list[Fault]) -> object:
    if isinstance(value, str) and (not value.isprintable() or _SURROGATE.search(value)):
        faults.append(Fault(where, "unprintable", "must not hold line breaks or other control characters."))
        return None
    inner, meta = inner_of(annotation), _meta(annotation) or described.meta
    if inner is Decimal:
        return _amount(value, meta, described.decimals, where, faults)
    try:
        return msgspec.convert(value, annotation)
    except msgspec.ValidationError:
        faults.append(Fault(where, *_why_not(inner, meta, value, must_be=described.must_be)))
        return None


def _amount(value: object, meta: Meta, decimals: int, where: str, faults: list[Fault]) -> Decimal | None:
    try:
        amount = read_amount(value, decimals=decimals)
    except NotANumber as refused:
        faults.append(Fault(where, "not_a_number", str(refused)))
        return None
    limits = meta.extra or {}
    below = min(limits.get("below", LARGEST_AMOUNT), LARGEST_AMOUNT)
    if abs(amount) >= below:
        faults.append(Fault(where, "out_of_range", f"must be below {below:,}."))
    elif "at_least" in limits and amount < limits["at_least"]:
        faults.append(Fault(where, "out_of_range", f"must be {limits['at_least']} or more."))
    elif "above" in limits and amount <= limits["above"]:
        faults.append(Fault(where, "out_of_range", f"must be above {limits['above']}."))
    return amount


def _why_not(inner: Any, meta: Meta, value: object, *, must_be: str) -> tuple[str, str]:
    """Code and words of a value that its type does not take; never with the value in them."""
    if get_origin(inner) is Literal:
        return "unknown_value", f"must be one of {', '.join(map(str, get_args(inner)))}."
    if isinstance(value, str) and inner is str:
        what = must_be or _length_in_words(meta)
        if meta.max_length is not None and len(value) > meta.max_length:
            return "too_long", f"must be {what}; it has {len(value)}."
        if meta.min_length is not None and len(value) < meta.min_length:
            return "too_short", f"must be {what}; it has {len(value)}."
        return "wrong_form", f"must be {what}."
    if isinstance(value, int) and not isinstance(value, bool) and inner is int:
        return "out_of_range", f"must be from {meta.ge} to {meta.le}."
    return "wrong_type", f"must be {_NOUNS.get(inner) or must_be or 'a text or a number'}."


def _length_in_words(meta: Meta) -> str:
    if meta.max_length is None:
        return f"at least {meta.min_length or 1} characters"
    if meta.min_length:
        return f"{meta.min_length} to {meta.max_length} characters"
    return f"at most {meta.max_length} characters"


_NOUNS: Mapping[Any, str] = {str: "a text", int: "a whole number", bool: "true or false"}


def is_input(kind: Any) -> bool:
    """Whether a field's type is an input of its own."""
    return isinstance(kind, type) and issubclass(kind, Input)


def inner_of(annotation: Any) -> Any:
    """The type inside of Annotated."""
    return get_args(annotation)[0] if hasattr(annotation, "__metadata__") else annotation


def _meta(annotation: Any) -> Meta | None:
    return next((one for one in getattr(annotation, "__metadata__", ()) if isinstance(one, Meta)), None)


def _escaped(name: object) -> str:
    return str(name)[:64].replace("~", "~0").replace("/", "~1")
