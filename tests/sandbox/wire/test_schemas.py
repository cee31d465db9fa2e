"""Whatever the sandbox says fits the platform's own schemas."""

import pytest

from tests.sandbox.plain_client import EVERY_TYPE, call, live_socket, log_in
from tests.sandbox.platform_texts import complaints, specification, validator
from tests.support.oauth_visitor import application
from vendor_admin.sandbox.serving.server import RunningSandbox
from vendor_admin.sandbox.world.entities import KINDS, SNAPSHOT_KINDS
from vendor_admin.tradovate.enums import Environment

COMMON = {"list", "find", "finds", "item", "items", "deps", "ldeps", "suggest"}


def test_every_entity_type_has_exactly_the_operations_of_the_description() -> None:
    paths = specification()["paths"]
    described = {name: {path.split("/")[2] for path in paths if path.split("/")[1] == name} & COMMON for name in KINDS}
    assert {name: set(kind.operations) for name, kind in KINDS.items()} == described


def test_the_collections_of_a_snapshot_are_those_of_the_description() -> None:
    described = set(specification()["components"]["schemas"]["SyncMessage"]["properties"])
    assert {kind.collection for kind in SNAPSHOT_KINDS} <= described
    assert described - {kind.collection for kind in SNAPSHOT_KINDS} == {
        "annualReviews",
        "userReadStatuses",
        "userPromoCodes",
    }


@pytest.mark.parametrize("environment", list(Environment))
@pytest.mark.parametrize("entity_type", EVERY_TYPE)
def test_answers_of_the_shared_operations_fit_the_schemas(
    sandbox: RunningSandbox, entity_type: str, environment: Environment
) -> None:
    kind = KINDS[entity_type]
    token = log_in(sandbox)
    sandbox.control("events", count=60)
    if environment not in kind.environments:
        for operation in kind.operations:
            assert call(sandbox, environment, f"{entity_type}/{operation}", token)[0] == 404
        return
    truth = sandbox.view("expected", organization=20, environment=environment.value)["entities"][entity_type]
    for entity in truth:
        assert complaints(entity_type, entity) == []
    for operation in sorted(kind.operations):
        query, wanted = _look_up(operation, kind.master, truth)
        status, body = call(sandbox, environment, f"{entity_type}/{operation.upper()}", token, **query)
        if wanted is not None:
            assert (status, body) == (200, wanted), (operation, query)


def _look_up(operation: str, master: str | None, truth: list[dict]) -> tuple[dict, object]:
    """A query for an operation and the body it must get (None: not asked, nothing is there)."""
    first = truth[:3]
    if operation == "list":
        return {}, truth
    if not first:
        return {}, None
    if operation == "item":
        return {"id": first[0]["id"]}, first[0]
    if operation == "items":
        return {"ids": ",".join(str(entity["id"]) for entity in first) + ",990000000000"}, first
    if operation in ("deps", "ldeps"):
        owner = first[0][master or "id"]
        name = "masterid" if operation == "deps" else "masterids"
        return {name: owner}, [entity for entity in truth if entity[master or "id"] == owner]
    if operation == "find" and "netPos" in first[0]:
        return {"accountId": first[0]["accountId"], "contractId": first[0]["contractId"]}, first[0]
    if operation == "suggest":
        named = [entity for entity in truth if entity["name"].lower().startswith(first[0]["name"][:2].lower())]
        return {"t": first[0]["name"][:2], "l": 3}, named[:3]
    if operation == "find":
        return {"name": first[0]["name"]}, first[0]
    return {"names": f"{first[0]['name']},nobody"}, first[:1]


@pytest.mark.parametrize("names_hosts", ["never", "always"])
def test_answers_of_authentication_fit_the_schemas(sandbox: RunningSandbox, token: str, names_hosts: str) -> None:
    sandbox.control("api-hosts", when=names_hosts)
    credentials = sandbox.organizations()[0]["credentials"]
    for endpoint, body, schema in (
        ("auth/accessTokenRequest", credentials, "AccessTokenResponse"),
        ("auth/accessTokenRequest", credentials | {"sec": "wrong"}, "AccessTokenResponse"),
        ("auth/renewAccessToken", None, "AccessTokenResponse"),
        ("auth/me", None, "OAuthMeResponse"),
    ):
        status, answer = call(sandbox, "live", endpoint, token, body)
        assert status == 200
        assert [error.message for error in validator(schema).iter_errors(answer)] == []
    tokens = application(sandbox).tokens(sandbox.view("oauth/members", organization=20)[3]["name"])
    assert list(validator("OAuthTokenResponse").iter_errors(tokens)) == []
    assert ("apiHosts" in tokens) == (names_hosts == "always")


@pytest.mark.parametrize("environment", list(Environment))
def test_snapshots_and_live_events_fit_the_schemas(
    sandbox: RunningSandbox, token: str, environment: Environment
) -> None:
    with live_socket(sandbox, token, environment) as socket:
        sandbox.control("events", count=6_000)
        socket.read_until_quiet()
        parts = [message["d"] for message in socket.messages() if message.get("i") == 2]
        assert len(parts) > 1
        assert [error.message for error in validator("SyncMessage").iter_errors(socket.snapshot() and parts[0])] == []
        collections = {kind.collection: kind.name for kind in SNAPSHOT_KINDS}
        for part in parts:
            for collection, entities in part.items():
                for entity in entities:
                    assert complaints(collections[collection], entity) == []
        for event in socket.events():
            assert complaints(event["entityType"], event["entity"]) == []
        assert {event["eventType"] for event in socket.events()} >= {"Created", "Updated"}
