"""The catalogue against the platform's own description, and its small rules."""

import json

import pytest

from tests.support.shared_material import shared_material
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.operations import (
    ACCESS_TOKEN_REQUEST,
    ENTITIES,
    LOOK_UP_PARAMETERS,
    ME,
    RENEW_ACCESS_TOKEN,
    SYNC_REQUEST,
    NoSuchOperation,
    entity_operation,
    entity_type_of,
    query_of,
)


@pytest.fixture(scope="module")
def description() -> dict:
    return json.loads(shared_material("tradovate/openapi.json").read_text())


def lower_first(name: str) -> str:
    return name[0].lower() + name[1:]


def test_every_entity_has_exactly_the_operations_of_the_description(description):
    described: dict[str, set[str]] = {}
    for path in description["paths"]:
        entity_type, name = path.strip("/").split("/", 1)
        if name in LOOK_UP_PARAMETERS:
            described.setdefault(entity_type, set()).add(name)
    catalogued = {name: set(entity.operations) for name, entity in ENTITIES.items() if entity.operations}
    assert catalogued == described
    print(f"{len(described)} entity types, {sum(map(len, described.values()))} operations compared")


def test_methods_and_parameters_are_those_of_the_description(description):
    for entity_type, entity in ENTITIES.items():
        for name in entity.operations:
            operation = entity_operation(entity_type, name)
            methods = description["paths"][f"/{operation.path}"]
            assert list(methods) == [operation.method.lower()]
            given = tuple(parameter["name"] for parameter in methods["get"].get("parameters", ()))
            assert given == LOOK_UP_PARAMETERS[name]


def test_masters_are_those_of_the_description(description):
    for path, methods in description["paths"].items():
        master = methods.get("get", {}).get("x-master-entity")
        if master:
            assert ENTITIES[path.split("/")[1]].master == lower_first(master), path


def test_whoever_is_asked_for_by_master_has_one():
    for entity in ENTITIES.values():
        assert ("ldeps" in entity.operations) == (entity.master is not None), entity.name
        assert entity.master is None or entity.master in ENTITIES


def test_snapshot_collections_are_those_of_the_description(description):
    collections = description["components"]["schemas"]["SyncMessage"]["properties"]
    for collection, schema in collections.items():
        entity_type = lower_first(schema["items"]["$ref"].rsplit("/", 1)[1])
        assert entity_type_of(collection) == entity_type
        assert ENTITIES[entity_type].collection == collection
    print(f"{len(collections)} collections compared")


def test_the_other_operations_are_in_the_description(description):
    for operation in (ACCESS_TOKEN_REQUEST, RENEW_ACCESS_TOKEN, ME, SYNC_REQUEST):
        assert list(description["paths"][f"/{operation.path}"]) == [operation.method.lower()]
        assert operation.environments == set(Environment)


@pytest.mark.parametrize("entity_type", sorted(ENTITIES))
def test_a_collection_leads_back_to_its_entity_type(entity_type):
    assert entity_type_of(ENTITIES[entity_type].collection) == entity_type


@pytest.mark.parametrize(
    ("collection", "entity_type"),
    [
        ("newThings", "newThing"),
        ("newEntries", "newEntry"),
        ("newStatuses", "newStatus"),
        ("newBoxes", "newBox"),
        ("data", "data"),
    ],
)
def test_an_unknown_collection_is_named_by_its_plural(collection, entity_type):
    assert entity_type_of(collection) == entity_type


@pytest.mark.parametrize(
    ("entity_type", "name"), [("cashBalanceLog", "list"), ("riskCategory", "item"), ("nothing", "list")]
)
def test_what_the_platform_does_not_have_cannot_be_asked(entity_type, name):
    with pytest.raises(NoSuchOperation, match=f"{entity_type}/{name}"):
        entity_operation(entity_type, name)


def test_calls_by_id_are_limited_to_ten():
    assert entity_operation("order", "items").most_ids == 10
    assert entity_operation("order", "ldeps").most_ids == 10
    assert entity_operation("order", "list").most_ids is None


@pytest.mark.parametrize(
    ("parameters", "query"),
    [
        ({"ids": [1, 2, 3]}, "ids=1,2,3"),
        ({"t": "A B&C", "l": 5}, "t=A%20B%26C&l=5"),
        ({"flag": True}, "flag=true"),
        ({}, ""),
    ],
)
def test_parameters_make_one_query_for_rest_and_socket(parameters, query):
    assert query_of(parameters) == query
