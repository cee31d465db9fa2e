"""The platform's schemas and recorded payloads, read from the folder beside the repository; skips without it."""

import json
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tests.support.shared_material import shared_material


@cache
def specification() -> dict[str, Any]:
    return json.loads(shared_material("tradovate/openapi.json").read_text())


@cache
def validator(schema_name: str) -> Draft202012Validator:
    resource = Resource.from_contents(specification(), default_specification=DRAFT202012)
    registry = Registry().with_resource("urn:platform", resource)
    return Draft202012Validator({"$ref": f"urn:platform#/components/schemas/{schema_name}"}, registry=registry)


def schema_of(entity_type: str) -> str:
    return entity_type[0].upper() + entity_type[1:]


def complaints(entity_type: str, entity: Any) -> list[str]:
    """What the schema says against an entity; empty when it is fine."""
    return [
        f"{entity_type} {error.json_path}: {error.message}"
        for error in validator(schema_of(entity_type)).iter_errors(entity)
    ]


def captures() -> list[dict[str, Any]]:
    paths = sorted(shared_material("captures").glob("*.jsonl"))
    return [json.loads(line) for path in paths for line in path.read_text().splitlines() if line]
