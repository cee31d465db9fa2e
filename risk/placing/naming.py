"""Between our names of an order's fields and the platform's: what the catalogue finds wrong, told under ours."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, get_args

from vendor_admin.errors import Fault
from vendor_admin.operations.inputs.declaration import Input, RowInput
from vendor_admin.operations.inputs.described import by_platform_name, fields_of
from vendor_admin.operations.inputs.reading import inner_of, is_input
from vendor_admin.operations.kinds import Json
from vendor_admin.tradovate.catalogue.request import Request
from vendor_admin.tradovate.catalogue.write import Write
from vendor_admin.tradovate.errors import Fault as PlatformFault
from vendor_admin.tradovate.errors import InvalidRequest

_SEGMENT = re.compile(r"(\w+)(?:\[(\d+)\])?")
_PLATFORM_WORD = re.compile(r"\b[a-z]+(?:[A-Z0-9][a-z0-9]*)+\b")
_SOME_ID = 1


class AnyId:
    """Whatever a row refers to: its fields are checked before that is looked up."""

    def id_of(self, noun: str, word: object) -> int:
        return _SOME_ID


def faults_of_request(write: Write[Any], row: RowInput, *, now: datetime) -> list[Fault]:
    """What is wrong with the request that a row asks for, by the rules of the catalogue, under the row's names."""
    wanted, _ = row.named(AnyId())
    try:
        write.read(body_of(wanted), now=now)
    except InvalidRequest as invalid:
        return [ours(type(row), fault) for fault in invalid.faults]
    return []


def request_of(write: Write[Any], wanted: Mapping[str, Json], **more: Json) -> Request:
    """The request that a stored row asks for, unchecked."""
    request: Request = write.parse({**body_of(wanted), **more})
    return request


def body_of(wanted: Mapping[str, Json]) -> dict[str, Json]:
    """What is wanted as the platform gets it: without what is not set."""
    return {name: _without_none(value) for name, value in wanted.items() if value is not None}


def ours(kind: type[Input], fault: PlatformFault) -> Fault:
    """A fault of a request as one of the input that it was made of: its field is a path within that."""
    return Fault(path_of(kind, fault.field), fault.code, _words(kind, fault.text))


def path_of(kind: type[Input], field: str) -> str:
    """Where a field of the platform's stands in an input: "params.brackets[0].stopLoss" is "brackets/0/stop_loss"."""
    path: list[str] = []
    for name, place in _SEGMENT.findall(field):
        if name == "params":  # the JSON text inside the body is no level of ours
            continue
        found = by_platform_name(kind).get(name, name)
        path += [found, place] if place else [found]
        kind = _inner_input(kind, found) or kind
    return "/".join(path)


def _words(kind: type[Input], text: str) -> str:
    return _PLATFORM_WORD.sub(lambda word: _names_within(kind).get(word[0], word[0]), text)


@cache
def _names_within(kind: type[Input]) -> Mapping[str, str]:
    """Our names of all fields of an input and of those within it, by the platform's."""
    names = dict(by_platform_name(kind))
    for name in fields_of(kind):
        inner = _inner_input(kind, name)
        names |= _names_within(inner) if inner is not None else {}
    return names


def _inner_input(kind: type[Input], name: str) -> type[Input] | None:
    described = fields_of(kind).get(name)
    inner = inner_of(described.annotation) if described is not None else None
    candidates: Iterable[Any] = (inner, *map(inner_of, get_args(inner)))
    return next((one for one in candidates if is_input(one)), None)


def _without_none(value: Json) -> Json:
    if isinstance(value, list):
        return [_without_none(one) for one in value]
    return body_of(value) if isinstance(value, Mapping) else value
