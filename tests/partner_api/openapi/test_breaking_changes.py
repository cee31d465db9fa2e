"""What breaks programs that were written for an older schema, and what does not."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from vendor_admin.partner_api.openapi.breaking_changes import breaking_changes

MEMBER, NEW_MEMBER = {"$ref": "#/components/schemas/Member"}, {"$ref": "#/components/schemas/NewMember"}
OLD: dict[str, Any] = {
    "paths": {
        "/members": {
            "get": {
                "operationId": "list_members",
                "parameters": [
                    {"in": "query", "name": "status", "schema": {"type": "string", "enum": ["open", "closed"]}},
                ],
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {
                                "schema": {"type": "array", "items": {"$ref": "#/components/schemas/Member"}}
                            }
                        }
                    }
                },
            },
            "post": {
                "operationId": "make_member",
                "requestBody": {"content": {"application/json": {"schema": NEW_MEMBER}}},
                "responses": {"202": {"description": ""}, "409": {"description": ""}},
            },
        }
    },
    "components": {
        "schemas": {
            "Member": {
                "type": "object",
                "required": ["id"],
                "properties": {
                    "id": {"type": "string"},
                    "status": {"allOf": [{"$ref": "#/components/schemas/Status"}]},
                    "balance": {"oneOf": [{"$ref": "#/components/schemas/Balance"}, {"type": "null"}]},
                },
            },
            "Balance": {"type": "object", "required": ["amount"], "properties": {"amount": {"type": "string"}}},
            "Status": {"type": "string", "enum": ["open", "closed"]},
            "NewMember": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "maxLength": 60},
                    "age": {"type": ["integer", "null"]},
                    "words": {"type": "array", "items": {"type": "string"}, "maxItems": 9},
                    "note": {"anyOf": [{"type": "string", "maxLength": 60}, {"type": "null"}]},
                },
            },
        }
    },
}


def changed(change: Callable[[dict[str, Any]], Any]) -> list[str]:
    new = deepcopy(OLD)
    change(new)
    return breaking_changes(OLD, new)


def schemas(new: dict[str, Any]) -> Any:
    return new["components"]["schemas"]


def fields(new: dict[str, Any]) -> Any:
    return schemas(new)["NewMember"]["properties"]


def get(new: dict[str, Any]) -> Any:
    return new["paths"]["/members"]["get"]


@pytest.mark.parametrize(
    "change",
    [
        lambda new: new["paths"]["/members"].pop("get"),
        lambda new: new["paths"]["/members"].pop("post"),
        lambda new: get(new)["parameters"].clear(),
        lambda new: get(new)["parameters"].append({"in": "query", "name": "day", "required": True, "schema": {}}),
        lambda new: get(new)["parameters"][0]["schema"]["enum"].remove("closed"),
        lambda new: get(new)["parameters"][0].update(required=True),
        lambda new: get(new)["responses"].pop("200"),
        lambda new: get(new).update(operationId="members_list"),
        lambda new: schemas(new)["Member"]["properties"].pop("status"),
        lambda new: schemas(new)["Member"]["properties"]["id"].update(type="integer"),
        lambda new: schemas(new)["Member"]["properties"]["id"].update(type=["string", "null"]),
        lambda new: schemas(new)["Member"]["required"].clear(),
        lambda new: schemas(new)["Balance"]["properties"].pop("amount"),
        lambda new: schemas(new)["Balance"]["properties"]["amount"].update(type="number"),
        lambda new: schemas(new)["NewMember"]["required"].append("age"),
        lambda new: schemas(new)["NewMember"]["properties"]["age"].update(type="integer"),
        lambda new: schemas(new)["NewMember"]["properties"].pop("age"),
        lambda new: new["paths"]["/members"]["post"]["requestBody"].update(required=True),
        lambda new: new["paths"]["/members"]["post"]["responses"].pop("202"),
        lambda new: new["paths"]["/members"]["post"]["responses"].pop("409"),
        lambda new: fields(new)["name"].update(maxLength=59),
        lambda new: fields(new)["name"].update(minLength=1),
        lambda new: fields(new)["name"].update(pattern="^[a-z]*$"),
        lambda new: fields(new)["name"].update(format="email"),
        lambda new: fields(new)["name"].update(enum=["Ann"]),
        lambda new: fields(new)["age"].update(minimum=0),
        lambda new: fields(new)["age"].update(maximum=120),
        lambda new: fields(new)["words"].update(maxItems=8),
        lambda new: fields(new)["words"].update(minItems=1),
        lambda new: fields(new)["words"]["items"].update(maxLength=60),
        lambda new: fields(new)["note"]["anyOf"][0].update(maxLength=59),
        lambda new: fields(new)["note"]["anyOf"].pop(),
        lambda new: schemas(new)["NewMember"].update(additionalProperties=False),
    ],
)
def test_what_is_gone_changed_or_newly_required_is_told(change: Callable[[dict[str, Any]], Any]) -> None:
    assert len(changed(change)) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda new: new["paths"].update({"/accounts": {"get": {}}}),
        lambda new: get(new)["parameters"].append({"in": "query", "name": "day", "schema": {}}),
        lambda new: get(new)["parameters"][0]["schema"]["enum"].append("locked"),
        lambda new: get(new)["responses"].update({"429": {}}),
        lambda new: schemas(new)["Member"]["properties"].update(name={"type": "string"}),
        lambda new: schemas(new)["Member"]["required"].append("status"),
        lambda new: schemas(new)["Status"]["enum"].append("locked"),
        lambda new: schemas(new)["NewMember"]["properties"].update(email={"type": "string"}),
        lambda new: schemas(new)["NewMember"]["properties"]["name"].update(type=["string", "null"]),
        lambda new: schemas(new)["NewMember"]["required"].clear(),
        lambda new: fields(new)["name"].update(maxLength=61),
        lambda new: fields(new)["name"].pop("maxLength"),
        lambda new: fields(new)["words"].update(maxItems=10, minItems=0),
        lambda new: schemas(new)["Member"]["properties"]["id"].update(maxLength=9),
    ],
)
def test_what_is_added_breaks_nobody(change: Callable[[dict[str, Any]], Any]) -> None:
    assert changed(change) == []
