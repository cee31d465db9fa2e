"""What a field of a plan's input holds, in words and limits: the types that inputs are made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

import msgspec
from msgspec import Meta, Struct, UnsetType
from msgspec.structs import FieldInfo

LARGEST_ID: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Described:
    """What a field says of itself. `annotation` is its type, without what only says that it may be left out.

    `refers_to` is the noun that its value names (references.py). `platform_name` is empty for what is ours alone.
    """

    name: str
    is_required: bool
    annotation: Any
    meta: Meta
    platform_name: str
    refers_to: str
    is_subject: bool
    is_secret: bool
    may_be_null: bool
    decimals: int
    must_be: str
    words: Mapping[str, Any]

    @property
    def text(self) -> str:
        return self.meta.description or ""

    @property
    def examples(self) -> list[Any]:
        return list(self.meta.examples or ())


def described(
    text: str,
    *,
    example: Any = None,
    platform_name: str | None = None,
    refers_to: str = "",
    is_subject: bool = False,
    is_secret: bool = False,
    decimals: int = 2,
    must_be: str = "",
    words: Mapping[str, Any] | None = None,
    **limits: Any,
) -> Meta:
    """Describe a field. `limits` are those of msgspec (min_length, pattern, ge, ...), of amounts `at_least`, `above`,
    `below`.

    `must_be` says what a value has to be, in words behind "must be"; `words` are what files say for values. The
    `platform_name` is what the platform calls it: the field's own name in camel case unless it is given; "" for none.
    """
    extra: dict[str, Any] = {
        "platform_name": platform_name,
        "refers_to": refers_to,
        "is_subject": is_subject,
        "is_secret": is_secret,
        "decimals": decimals,
        "must_be": must_be,
        "words": words or {},
        **{name: limits.pop(name) for name in ("at_least", "above", "below") if name in limits},
    }
    return Meta(
        description=text,
        examples=None if example is None else [example],
        extra=extra,
        extra_json_schema={"writeOnly": True, "format": "password"} if is_secret else None,
        **limits,
    )


def reference(noun: str, text: str, **more: Any) -> Meta:
    """Describe a field that names a thing of the organization, by a word or the platform id."""
    return described(text, refers_to=noun, **more)


@cache
def fields_of(kind: type[Struct]) -> Mapping[str, Described]:
    """What the fields of an input say of themselves, by their names."""
    return {field.name: _described(field) for field in msgspec.structs.fields(kind)}


@cache
def by_platform_name(kind: type[Struct]) -> Mapping[str, str]:
    """The names of an input's fields, by what the platform calls them."""
    return {described.platform_name: name for name, described in fields_of(kind).items() if described.platform_name}


def _described(field: FieldInfo) -> Described:
    annotation, may_be_null = _without_absence(field.type)
    meta = _meta_of(annotation)
    extra = meta.extra or {}
    name = extra.get("platform_name")
    return Described(
        name=field.name,
        is_required=field.required,
        annotation=annotation,
        meta=meta,
        platform_name=_camel(field.name) if name is None else name,
        refers_to=extra.get("refers_to", ""),
        is_subject=extra.get("is_subject", False),
        is_secret=extra.get("is_secret", False),
        may_be_null=may_be_null,
        decimals=extra.get("decimals", 2),
        must_be=extra.get("must_be", ""),
        words=extra.get("words", {}),
    )


def _without_absence(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) not in (Union, UnionType):
        return annotation, False
    parts = get_args(annotation)
    kept = tuple(part for part in parts if part not in (NoneType, UnsetType))
    return (kept[0] if len(kept) == 1 else Union[kept]), NoneType in parts  # noqa: UP007 - made of a tuple


def _meta_of(annotation: Any) -> Meta:
    if get_origin(annotation) is Annotated:
        return next((one for one in get_args(annotation)[1:] if isinstance(one, Meta)), Meta())
    return Meta()


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
