"""JSON Schemas of what plan kinds take, made of their declarations."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from vendor_admin.operations.inputs.declaration import Input, NoParameters, example_of, input_of
from vendor_admin.operations.kinds import Json, kind_of

REASON: Mapping[str, Json] = {
    "type": "string",
    "maxLength": 500,
    "description": "Why: kept in the audit. A plan about money needs one.",
}


@cache
def row_schema(kind_name: str) -> dict[str, Json]:
    """The schema of one row of a kind."""
    return object_schema(input_of(kind_name).row)


@cache
def parameters_schema(kind_name: str) -> dict[str, Json]:
    """The schema of what is the same for a whole plan of a kind."""
    return object_schema(input_of(kind_name).parameters)


@cache
def body_schema(kind_name: str, *, without: str = "") -> dict[str, Json]:
    """The schema of a single write: a row without what the address names, the plan's parameters, and the reason."""
    row, takes = row_schema(kind_name), input_of(kind_name)
    others = parameters_schema(kind_name) if takes.parameters is not NoParameters else {"properties": {}}
    properties = {**row["properties"], **others["properties"], "reason": dict(REASON)}
    properties.pop(without, None)
    required = [name for name in (*row.get("required", ()), *others.get("required", ())) if name != without]
    example = {**example_of(takes.row, without=[without]), **example_of(takes.parameters)}
    if getattr(kind_of(kind_name), "is_money", False):
        example["reason"] = "Bonus of the month"
    return {
        "type": "object",
        "description": row["description"],
        "properties": properties,
        **({"required": required} if required else {}),
        "additionalProperties": False,
        **({"example": example} if example else {}),
    }


def object_schema(kind: type[Input]) -> dict[str, Json]:
    """The schema of one input, whole in itself."""
    schema: dict[str, Any] = msgspec.json.schema(kind)
    found: dict[str, Json] = _inlined(schema["$defs"][kind.__name__], schema["$defs"])
    return found


def _inlined(part: Any, defined: Mapping[str, Any]) -> Any:
    """A part of a schema with what it refers to in its place, and without titles, which are names of classes."""
    if isinstance(part, list):
        return [_inlined(one, defined) for one in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return _inlined(
            {**defined[part["$ref"].rsplit("/", 1)[-1]], **{k: v for k, v in part.items() if k != "$ref"}}, defined
        )
    is_object = "properties" in part
    return {name: _inlined(one, defined) for name, one in part.items() if not (is_object and name == "title")}
