"""From the text of a body to its values, and from values to the fields of an entity. The wire: no rules."""

import datetime as dt
import re
from typing import TypeVar

import msgspec

from vendor_admin.sandbox.calls import BadRequestError
from vendor_admin.sandbox.world.state import Entity
from vendor_admin.sandbox.world.times import timestamp

_MISSING = re.compile(r"missing required field `(\w+)`")


class Request(msgspec.Struct, rename="camel"):
    """One body; fields that a body may leave out are None then."""


RequestT = TypeVar("RequestT", bound=Request)


def read_request(text: str, kind: type[RequestT]) -> RequestT:
    """The request in a body; raises BadRequestError with the text to answer. Fields we do not know are ignored."""
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.ValidationError as error:
        missing = _MISSING.search(str(error))
        problem = f'missing required field "{missing[1]}"' if missing else str(error)
        raise BadRequestError(f"Invalid JSON: {problem}, offset: 0x00000001") from error
    except msgspec.DecodeError as error:
        raise BadRequestError("Invalid JSON: unexpected character, offset: 0x00000000") from error


def fields_of(request: Request, *, without: frozenset[str] = frozenset()) -> Entity:
    """The fields that were given, under the platform's names."""
    found: Entity = {}
    for field in msgspec.structs.fields(request):
        value = getattr(request, field.name)
        if value is not None and field.encode_name not in without:
            found[field.encode_name] = _as_utc(value) if isinstance(value, dt.datetime) else value
    return found


def _as_utc(moment: dt.datetime) -> str:
    return timestamp(moment.astimezone(dt.UTC) if moment.tzinfo else moment)
