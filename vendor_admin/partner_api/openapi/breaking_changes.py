"""What of a new schema breaks programs that were written for an older one. Pure: schemas are JSON.

Broken are programs where something that they may send or read is gone, has another type, or must be there now:
addresses, methods, answers and fields removed, parameters and fields of bodies newly required, values of an input's
enum removed, limits of an input tightened, types changed. What is added breaks nobody.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
_DEEPEST = 12
_AT_MOST = ("maxLength", "maximum", "exclusiveMaximum", "maxItems", "maxProperties")
_AT_LEAST = ("minLength", "minimum", "exclusiveMinimum", "minItems", "minProperties")
_COUNTS = ("minLength", "minItems", "minProperties")
"""Limits that are 0 where nothing is said."""
_FORMS = ("pattern", "multipleOf", "const", "uniqueItems")


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """Each change that breaks somebody, in a sentence."""
    return list(dict.fromkeys(_of_paths(old, new)))


def _of_paths(old: Schema, new: Schema) -> Iterator[str]:
    for path, methods in old.get("paths", {}).items():
        for method, operation in methods.items():
            where = f"{method.upper()} {path}"
            now = new.get("paths", {}).get(path, {}).get(method)
            if now is None:
                yield f"{where} is gone."
                continue
            yield from _of_parameters(where, operation, now, old, new)
            yield from _of_bodies(where, operation, now, old, new)
            yield from _of_answers(where, operation, now, old, new)
            if operation.get("operationId") != now.get("operationId"):
                yield f"{where} was called {operation.get('operationId')}: generated clients lose the name."


def _of_parameters(where: str, before: Schema, now: Schema, old: Schema, new: Schema) -> Iterator[str]:
    known = {(one["in"], one["name"]): one for one in before.get("parameters", ())}
    found = {(one["in"], one["name"]): one for one in now.get("parameters", ())}
    for key, one in known.items():
        if key not in found:
            yield f"{where} takes no {key[0]} parameter {key[1]} any more."
        else:
            place = f"{where}, parameter {key[1]},"
            yield from _of_schema(place, one.get("schema", {}), found[key].get("schema", {}), old, new, is_input=True)
    for key, one in found.items():
        if one.get("required") and not known.get(key, {}).get("required"):
            yield f"{where} newly requires the {key[0]} parameter {key[1]}."


def _of_bodies(where: str, before: Schema, now: Schema, old: Schema, new: Schema) -> Iterator[str]:
    known, found = before.get("requestBody", {}), now.get("requestBody", {})
    if found.get("required") and not known.get("required"):
        yield f"{where} newly requires a body."
    for kind, content in known.get("content", {}).items():
        if kind not in found.get("content", {}):
            yield f"{where} takes no {kind} any more."
            continue
        schema, schema_now = content.get("schema", {}), found["content"][kind].get("schema", {})
        yield from _of_schema(f"{where}, body,", schema, schema_now, old, new, is_input=True)


def _of_answers(where: str, before: Schema, now: Schema, old: Schema, new: Schema) -> Iterator[str]:
    for status, answer in before.get("responses", {}).items():
        found = now.get("responses", {}).get(status)
        if found is None:
            yield f"{where} answers no {status} any more."
            continue
        for kind, content in answer.get("content", {}).items():
            if kind not in found.get("content", {}):
                yield f"{where} answers {status} without {kind}."
                continue
            schema, schema_now = content.get("schema", {}), found["content"][kind].get("schema", {})
            yield from _of_schema(f"{where}, answer {status},", schema, schema_now, old, new, is_input=False)


def _of_schema(
    where: str, before: Schema, now: Schema, old: Schema, new: Schema, *, is_input: bool, depth: int = 0
) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    before, now = _resolved(before, old), _resolved(now, new)
    yield from _of_types(where, before, now, is_input=is_input)
    if is_input:
        yield from _of_limits(where, before, now)
    for name, inner in before.get("properties", {}).items():
        if name not in now.get("properties", {}):
            yield f"{where} field {name} is gone."
        else:
            place = f"{where} field {name}:" if depth == 0 else f"{where.rstrip(':')}.{name}:"
            yield from _of_schema(place, inner, now["properties"][name], old, new, is_input=is_input, depth=depth + 1)
    for name in now.get("required", ()) if is_input else ():
        if name not in before.get("required", ()):
            yield f"{where} field {name} is newly required."
    for name in () if is_input else before.get("required", ()):
        if name not in now.get("required", ()) and name in now.get("properties", {}):
            yield f"{where} field {name} need not be there any more."
    if "items" in before and "items" in now:
        yield from _of_schema(where, before["items"], now["items"], old, new, is_input=is_input, depth=depth + 1)


def _of_limits(where: str, before: Schema, now: Schema) -> Iterator[str]:
    """What of an input is taken no more, though its type is the same."""
    if "enum" in now:
        if "enum" not in before and "const" not in before:
            yield f"{where} takes a few words alone now."
        for value in before.get("enum", ()):
            if value not in now["enum"]:
                yield f"{where} takes no {value!r} any more."
    for name in _AT_MOST:
        if name in now and (name not in before or now[name] < before[name]):
            yield f"{where} has a tighter {name} now: {now[name]}."
    for name in _AT_LEAST:
        least = before.get(name, 0 if name in _COUNTS else None)
        if name in now and (least is None or now[name] > least):
            yield f"{where} has a tighter {name} now: {now[name]}."
    for name in _FORMS:
        if now.get(name) and now[name] != before.get(name):
            yield f"{where} has another {name} now: {now[name]}."
    if now.get("additionalProperties") is False and before.get("additionalProperties") is not False:
        yield f"{where} takes no other fields any more."


def _of_types(where: str, before: Schema, now: Schema, *, is_input: bool) -> Iterator[str]:
    """What is sent must still be taken; what is read must still be what it was."""
    known, found = _types(before), _types(now)
    if not known or not found:
        return
    lost, gained = known - found, found - known
    if is_input and lost:
        yield f"{where} is no {' or '.join(sorted(lost))} any more."
    if not is_input and gained:
        yield f"{where} may be {' or '.join(sorted(gained))} now."
    if before.get("format") != now.get("format") and ("format" in before or is_input):
        yield f"{where} has another format: {now.get('format')}."


def _types(schema: Schema) -> set[str]:
    told = schema.get("type")
    if isinstance(told, str):
        return {told}
    if told:
        return set(told)
    parts = schema.get("oneOf") or schema.get("anyOf") or ()
    return {name for part in parts for name in _types(part)}


def _resolved(schema: Schema, whole: Schema) -> Schema:
    """A schema without references and wrappers: what `$ref`, `allOf` of one and a nullable choice stand for."""
    for _ in range(_DEEPEST):
        if "$ref" in schema:
            found: Any = whole
            for part in schema["$ref"].removeprefix("#/").split("/"):
                found = found.get(part, {})
            schema = {**found, **{name: value for name, value in schema.items() if name != "$ref"}}
        elif len(schema.get("allOf", ())) == 1:
            schema = {**{name: value for name, value in schema.items() if name != "allOf"}, **schema["allOf"][0]}
        elif (parts := _without_null(schema)) is not None:
            inner = _resolved(parts, whole)
            types = _types(inner)
            return {**inner, "type": sorted({*types, "null"})} if types else inner
        else:
            break
    return schema


def _without_null(schema: Schema) -> Schema | None:
    """What a nullable schema is besides null."""
    parts = schema.get("oneOf") or schema.get("anyOf") or ()
    others = [part for part in parts if part != {"type": "null"}]
    return others[0] if len(parts) == 2 and len(others) == 1 else None
