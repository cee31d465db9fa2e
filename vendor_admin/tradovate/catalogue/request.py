"""The body of a call as a typed object, and everything that is wrong with one before it is sent."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, TypeVar, Union, get_args, get_origin

import msgspec

from vendor_admin.amounts import is_plain
from vendor_admin.tradovate.errors import Fault

SECRET_FIELDS: Final = frozenset({"password", "currentPassword", "sec", "accessToken", "mdAccessToken", "p-ticket"})
"""Fields of requests and answers whose value must not be stored in the clear or shown."""

MASK: Final = "********"

MOST_DIGITS: Final = 15
"""Amounts travel as double precision numbers, which keep fifteen digits."""

_Fault = tuple[str, str]
"""Code and words of what is wrong with one value."""

LARGEST_AMOUNT: Final = Decimal(10) ** 12
_MOST_DECIMALS: Final = 8


class Request(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True
):
    """The body of one call, or a part of one. Fields that are None are not sent. Its repr shows no password."""

    def faults(self, *, now: datetime) -> Iterator[Fault]:
        """What the single fields do not say: rules over several of them. Paths start at this object."""
        yield from ()

    def __repr__(self) -> str:
        shown = (
            f"{field.name}={MASK if field.encode_name in SECRET_FIELDS else repr(getattr(self, field.name))}"
            for field in _fields(type(self))
        )
        return f"{type(self).__name__}({', '.join(shown)})"


R = TypeVar("R", bound=Request)


def body_of(request: Request) -> dict[str, Any]:
    """The body as it is sent: names of the wire, amounts as plain Decimals."""
    body: dict[str, Any] = _plain(msgspec.to_builtins(request, builtin_types=(Decimal,)))
    return body


def without_secrets(value: Any) -> Any:
    """A copy of a body or an answer that may be stored and shown. It still can be read as a request."""
    if isinstance(value, Mapping):
        return {name: MASK if name in SECRET_FIELDS else without_secrets(inner) for name, inner in value.items()}
    return [without_secrets(inner) for inner in value] if isinstance(value, list | tuple) else value


def read_clean(kind: type[R], body: object) -> R | None:
    """The request that a body is, or None where `field_faults` finds something in it, and says what. Most bodies are
    clean, and that is told many times faster than faults are looked for.
    """
    try:
        request = msgspec.convert(body, kind)
    except msgspec.ValidationError:
        return None
    return request if _is_clean(request, body) else None


def field_faults(kind: type[Request], body: object, path: str = "") -> Iterator[Fault]:
    """Everything wrong with the single fields of a body: types, lengths, ranges, missing and unknown names."""
    if not isinstance(body, Mapping):
        yield Fault(path, "wrong_type", "must be an object")
        return
    fields = {field.encode_name: field for field in _fields(kind)}
    for name in body:
        if name not in fields:
            yield Fault(_join(path, str(name)), "unknown_field", "is not a field of this request")
    for name, field in fields.items():
        if name in body:
            yield from _value_faults(field.type, body[name], _join(path, name))
        elif field.required:
            yield Fault(_join(path, name), "required", "is missing")


def rule_faults(request: Request, *, now: datetime, path: str = "") -> Iterator[Fault]:
    """Everything wrong across fields, in the request and in its parts."""
    for fault in request.faults(now=now):
        yield Fault(_join(path, fault.field), fault.code, fault.text)
    for field in _fields(type(request)):
        value = getattr(request, field.name)
        if isinstance(value, Request):
            yield from rule_faults(value, now=now, path=_join(path, field.encode_name))
        elif isinstance(value, tuple):
            for position, part in enumerate(value):
                if isinstance(part, Request):
                    where = f"{_join(path, field.encode_name)}[{position}]"
                    yield from rule_faults(part, now=now, path=where)


def _is_clean(request: Request, body: Any) -> bool:
    """Whether texts and amounts of a converted request are right too: the rules that a type does not tell."""
    return all(
        _is_clean_value(getattr(request, name), body.get(wire_name), meta)
        for name, wire_name, meta in _metas(type(request))
    )


def _is_clean_value(value: object, given: Any, meta: msgspec.Meta | None) -> bool:
    if isinstance(value, str):
        return value.isprintable()
    if isinstance(value, Decimal):
        return not _amount_fault(value, given, meta)
    if isinstance(value, Request):
        return given is not None and _is_clean(value, given)
    if not isinstance(value, tuple):
        return True
    return all(_is_clean_value(one, inner, meta) for one, inner in zip(value, given or (), strict=True))


@cache
def _metas(kind: type[Request]) -> tuple[tuple[str, str, msgspec.Meta | None], ...]:
    """Attributes of a request, their names on the wire, and what is said about their values (of a list: elements)."""
    found = []
    for field in _fields(kind):
        inner, meta, _ = _unwrapped(field.type)
        if get_origin(inner) is tuple:
            _, meta, _ = _unwrapped(get_args(inner)[0])
        found.append((field.name, field.encode_name, meta))
    return tuple(found)


@cache
def _fields(kind: type[Request]) -> tuple[msgspec.structs.FieldInfo, ...]:
    """What a request consists of; working that out anew for each of many requests takes longer than checking them."""
    return msgspec.structs.fields(kind)


def _value_faults(annotation: Any, value: object, path: str) -> Iterator[Fault]:
    inner, meta, may_be_none = _unwrapped(annotation)
    if value is None and may_be_none:
        return
    if isinstance(inner, type) and issubclass(inner, Request):
        yield from field_faults(inner, value, path)
    elif get_origin(inner) is tuple:
        yield from _list_faults(inner, meta, value, path)
    else:
        fault = _scalar_fault(annotation, inner, meta, value)
        if fault is not None:
            yield Fault(path, *fault)


def _list_faults(inner: Any, meta: msgspec.Meta | None, value: object, path: str) -> Iterator[Fault]:
    if not isinstance(value, list | tuple):
        yield Fault(path, "wrong_type", "must be a list")
        return
    if meta is not None and len(value) < (meta.min_length or 0):
        yield Fault(path, "too_few", f"must hold {meta.description}")
    for position, element in enumerate(value):
        yield from _value_faults(get_args(inner)[0], element, f"{path}[{position}]")


def _scalar_fault(annotation: Any, inner: Any, meta: msgspec.Meta | None, value: object) -> _Fault | None:
    if isinstance(value, str) and not value.isprintable():
        return "unprintable", "must not hold line breaks or other control characters"
    try:
        converted = msgspec.convert(value, annotation)
    except msgspec.ValidationError as error:
        return _why_not(inner, meta, value, error)
    return _amount_fault(converted, value, meta) if isinstance(converted, Decimal) else None


def _why_not(inner: Any, meta: msgspec.Meta | None, value: object, error: Exception) -> _Fault:
    """Our code and words for a value that its type does not take; never with the value in them."""
    if get_origin(inner) is Literal:
        return "unknown_value", f"must be one of {', '.join(get_args(inner))}"
    code = _code_of(inner, meta, value)
    if meta is None or not meta.description:
        return code, f"has the wrong type: {error}"
    return code, f"must be {meta.description}{_length_at_fault(meta, value)}"


def _code_of(inner: Any, meta: msgspec.Meta | None, value: object) -> str:
    if inner is Decimal:
        return "not_a_number"
    if meta is not None and isinstance(value, str) and inner is str:
        if len(value) > (meta.max_length or len(value)):
            return "too_long"
        return "too_short" if len(value) < (meta.min_length or 0) else "wrong_form"
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return "out_of_range" if inner is int and is_whole else "wrong_type"


def _length_at_fault(meta: msgspec.Meta, value: object) -> str:
    if not isinstance(value, str) or (meta.min_length or 0) <= len(value) <= (meta.max_length or len(value)):
        return ""
    return f"; it has {len(value)}"


def _amount_fault(amount: Decimal, given: object, meta: msgspec.Meta | None) -> _Fault | None:
    if not amount.is_finite():
        return "not_a_number", "must be a number"
    if isinstance(given, str) and not is_plain(given):
        return "not_a_number", "must be a number of plain digits, such as 1500.50"
    digits, exponent = _plain_digits(amount)
    if digits > MOST_DIGITS or exponent < -_MOST_DECIMALS or abs(amount) >= LARGEST_AMOUNT:
        return "out_of_range", f"must have at most {MOST_DIGITS} digits, {_MOST_DECIMALS} of them decimals"
    limits = (meta.extra or {}) if meta is not None else {}
    if "at_least" in limits and amount < limits["at_least"]:
        return "out_of_range", f"must be {limits['at_least']} or more"
    if "above" in limits and amount <= limits["above"]:
        return "out_of_range", f"must be greater than {limits['above']:,}"
    if "below" in limits and amount >= limits["below"]:
        return "out_of_range", f"must be less than {limits['below']:,}"
    return ("zero", "must not be zero") if limits.get("not_zero") and not amount else None


def _plain_digits(amount: Decimal) -> tuple[int, int]:
    parts = amount.normalize().as_tuple()
    exponent = int(parts.exponent)
    return len(parts.digits) + max(exponent, 0), exponent


def _unwrapped(annotation: Any) -> tuple[Any, msgspec.Meta | None, bool]:
    """The type inside Optional and Annotated, its Meta, and whether None is allowed."""
    if get_origin(annotation) in (Union, UnionType):
        (kept,) = (part for part in get_args(annotation) if part is not NoneType)
        inner, meta, _ = _unwrapped(kept)
        return inner, meta, True
    if get_origin(annotation) is Annotated:
        inner, *extras = get_args(annotation)
        return inner, next((one for one in extras if isinstance(one, msgspec.Meta)), None), False
    return annotation, None, False


def _plain(value: Any) -> Any:
    """Write out exponents: 1E+5 is JSON, but not every reader of numbers likes it."""
    if isinstance(value, Decimal) and value.is_finite():
        return Decimal(format(value.normalize(), "f"))
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path and name else path or name
