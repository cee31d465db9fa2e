"""The platform's OpenAPI file, made ready to check bodies against: its hints become rules, formats become ranges."""

import json
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from tests.support.shared_material import shared_material

# What the file says in words only (x-limits, x-name-rule, x-batch), or only for the same field elsewhere.
_SAID_IN_WORDS: dict[tuple[str, str], dict[str, Any]] = {
    ("EvaluationUser", "name"): {"minLength": 3, "maxLength": 64},
    ("EvaluationUser", "email"): {"maxLength": 64},
    ("EvaluationUser", "password"): {"minLength": 8, "maxLength": 64},
    ("EvaluationUser", "firstName"): {"maxLength": 64},
    ("EvaluationUser", "lastName"): {"minLength": 1, "maxLength": 64},
    ("EvaluationUser", "entitlementIds"): {"not": {"contains": {"const": 22}}},
    ("EvaluationAccount", "name"): {"pattern": "^[A-Z]+[0-9]+$", "maxLength": 64},
    ("CreateEvaluationUsers", "users"): {"minItems": 1, "maxItems": 100},
    ("CreateEvaluationAccounts", "accounts"): {"minItems": 1, "maxItems": 100},
    ("ResetDemoAccountState", "accountIds"): {"minItems": 1},
    ("ChangeDemoBalance", "cashChange"): {"exclusiveMinimum": -1_000_000, "exclusiveMaximum": 1_000_000},
    ("ChangeDemoBalance", "comment"): {"maxLength": 64},
    ("AdjustCash", "cashChange"): {"exclusiveMinimum": -100_000, "exclusiveMaximum": 100_000},
    ("AdjustCash", "comment"): {"maxLength": 64},
    ("UpdateContactInfo", "country"): {"pattern": "^[A-Za-z]{2}$"},
}
_SAME_FIELDS = {"UpdateContactInfo": "ContactInfo", "UpdateUserAutoLiqItem": "UserAccountAutoLiq"}
_RANGES = {"int64": (-(2**63), 2**63 - 1), None: (-(2**31), 2**31 - 1)}


@cache
def description() -> dict[str, Any]:
    """The file as it is; skips the test where it is not there."""
    loaded: dict[str, Any] = json.loads(shared_material("tradovate/openapi.json").read_text())
    return loaded


def operation_at(path: str) -> dict[str, Any]:
    """The one operation of a path, with its method under "method"."""
    ((method, operation),) = description()["paths"][f"/{path}"].items()
    return {"method": method.upper(), **operation}


def request_schema(path: str) -> dict[str, Any]:
    """The schema of the body, resolved."""
    return resolved(operation_at(path)["requestBody"]["content"]["application/json"]["schema"])


def answer_schema(path: str) -> dict[str, Any]:
    """The schema of the answer, resolved."""
    return resolved(operation_at(path)["responses"]["200"]["content"]["application/json"]["schema"])


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference."""
    reference = schema.get("$ref")
    return description()["components"]["schemas"][reference.rsplit("/", 1)[1]] if reference else schema


@cache
def strict_validator(path: str) -> Draft202012Validator:
    """Checks a body of this path by everything the file says, hints and words included, and no unknown fields."""
    return Draft202012Validator(_strict(request_schema(path)), format_checker=FormatChecker())


def _strict(schema: dict[str, Any]) -> dict[str, Any]:
    schema = resolved(schema)
    kind = schema.get("type")
    if kind == "object" and "properties" in schema:
        title = schema["title"]
        hints = description()["components"]["schemas"].get(_SAME_FIELDS.get(title, ""), {}).get("properties", {})
        fields = {}
        for name, inner in schema["properties"].items():
            legacy = hints.get(name, {}).get("x-legacy-constraints", {})
            fields[name] = {"allOf": [_strict(inner), legacy, _SAID_IN_WORDS.get((title, name), {})]}
        return {
            "type": "object",
            "properties": fields,
            "required": schema.get("required", []),
            "additionalProperties": False,
        }
    if kind == "array":
        return {"type": "array", "items": _strict(schema["items"])}
    bounds: dict[str, Any] = {}
    if kind == "integer":
        least, most = _RANGES[schema.get("format")]
        bounds = {"minimum": least, "maximum": most}
    kept = {name: value for name, value in schema.items() if name in ("type", "enum", "format")}
    return {"allOf": [{**kept, **bounds}, schema.get("x-legacy-constraints", {})]}
