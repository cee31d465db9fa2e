"""The writes are those of the platform's description: paths, fields, required fields, hosts."""

from typing import Any

import msgspec
import pytest

from tests.sandbox.platform_texts import specification
from vendor_admin.sandbox.writes.bodies import Request
from vendor_admin.sandbox.writes.catalogue import WRITES, Write

EVERY_WRITE = sorted(WRITES)


def _schema(name: str) -> dict[str, Any]:
    return specification()["components"]["schemas"][name]


def _described_request(write: Write) -> dict[str, Any] | None:
    operation = specification()["paths"][f"/{write.path}"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    return _schema(schema["$ref"].rpartition("/")[2]) if "$ref" in schema else None


def _differences(request: type[Request], described: dict[str, Any], at: str) -> list[str]:
    """Fields with another name, or required on one side only, at any depth."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(request)}
    found = [f"{at}: {name}" for name in fields.keys() ^ described["properties"].keys()]
    required = {name for name, field in fields.items() if field.required}
    found += [f"{at}: {name} required" for name in required ^ set(described.get("required", ()))]
    for name in fields.keys() & described["properties"].keys():
        inner = described["properties"][name]
        inner = inner.get("items", inner)
        kind = _request_in(fields[name].type)
        if kind is not None:
            found += _differences(kind, _schema(inner["$ref"].rpartition("/")[2]), f"{at}.{name}")
        elif "$ref" in inner and "enum" in _schema(inner["$ref"].rpartition("/")[2]):
            found += _strange_words(fields[name].type, _schema(inner["$ref"].rpartition("/")[2])["enum"], at, name)
    return found


def _request_in(kind: Any) -> type[Request] | None:
    for part in (kind, *getattr(kind, "__args__", ())):
        if isinstance(part, type) and issubclass(part, Request):
            return part
        inner = None if part is kind else _request_in(part)
        if inner is not None:
            return inner
    return None


def _strange_words(kind: Any, words: list[str], at: str, name: str) -> list[str]:
    """Only where the wire names the words; some operations check them as a rule instead."""
    literals = [part for part in getattr(kind, "__args__", ()) if hasattr(part, "__args__")] or [kind]
    ours = {word for literal in literals for word in getattr(literal, "__args__", ()) if isinstance(word, str)}
    return [f"{at}.{name}: {ours ^ set(words)}"] if ours and ours != set(words) else []


@pytest.mark.parametrize("path", EVERY_WRITE)
def test_the_request_of_a_write_has_the_described_fields(path: str) -> None:
    described = _described_request(WRITES[path])
    if described is None:
        assert specification()["paths"][f"/{path}"]["post"]["x-undocumented"]
        return
    assert _differences(WRITES[path].request, described, path) == []


@pytest.mark.parametrize("path", EVERY_WRITE)
def test_a_write_is_on_the_hosts_that_are_documented(path: str) -> None:
    named = specification()["paths"][f"/{path}"]["post"].get("x-environments", {})
    hosts = {name.lower() for name in (*named.get("documented", ()), *named.get("inferred", ()))}
    if hosts:
        assert {host.value for host in WRITES[path].hosts} == hosts


def test_the_comparison_sees_a_missing_field() -> None:
    described = {"properties": {"accountId": {}, "more": {}}, "required": ["accountId"]}
    assert _differences(WRITES["cashBalance/getcashbalancesnapshot"].request, described, "x") == ["x: more"]
