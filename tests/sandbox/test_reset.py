"""The control verb `reset`: an organization is as the sandbox made it, and its sockets are told how it came to be."""

from typing import Any

import pytest
import requests

from tests.sandbox.plain_client import live_socket
from tests.sandbox.vendor import Vendor
from vendor_admin.sandbox.configuration import SECRET_VARIABLE
from vendor_admin.sandbox.serving.server import RunningSandbox


def _everything(vendor: Vendor) -> dict[str, Any]:
    return {
        environment: vendor.sandbox.view("expected", organization=vendor.organization, environment=environment)[
            "entities"
        ]
        for environment in ("demo", "live")
    }


def test_an_organization_is_as_it_was_made_and_the_others_stay(vendor: Vendor) -> None:
    other = Vendor(vendor.sandbox, organization=1)
    seeded = _everything(vendor)
    account_id = vendor.new_account()
    stays = other.new_user()
    first = min(vendor.entities("demo", "cashBalance"))
    vendor.sandbox.control(
        "mutate", organization=vendor.organization, entityType="cashBalance", id=first, fields={"amount": 1.0}
    )
    some_account = max(one for one in vendor.entities("demo", "account") if one != account_id)
    vendor.sandbox.control("delete", organization=vendor.organization, entityType="account", id=some_account)
    assert _everything(vendor) != seeded
    with live_socket(vendor.sandbox, vendor.token) as demo:
        del demo.frames[:]
        told = vendor.sandbox.control("reset", organization=vendor.organization)
        demo.read_until_quiet(0.3)
        events = {(one["eventType"], one["entityType"], one["entity"]["id"]) for one in demo.events()}
    assert _sorted(_everything(vendor)) == _sorted(seeded)
    assert told["changes"] >= len(events)
    assert {
        ("Deleted", "account", account_id),
        ("Updated", "cashBalance", first),
        ("Created", "account", some_account),
    } <= events
    assert stays in other.entities("live", "user")
    assert vendor.sandbox.control("reset", organization=vendor.organization) == {"changes": 0}
    assert vendor.new_account() > account_id, "an id is never used twice"


def _sorted(everything: dict[str, Any]) -> dict[str, Any]:
    return {
        environment: {name: sorted(found, key=lambda one: one["id"]) for name, found in types.items()}
        for environment, types in everything.items()
    }


def test_a_door_with_a_secret_opens_to_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SECRET_VARIABLE, "a-secret")
    with RunningSandbox("--users", "1") as sandbox:
        for headers in ({}, {"Authorization": "Bearer another"}):
            answer = requests.get(f"{sandbox.url}/control/organizations", headers=headers, timeout=10)
            assert (answer.status_code, answer.json()) == (401, {"error": "the control door wants its secret"})
            assert requests.post(f"{sandbox.url}/control/pause", headers=headers, timeout=10).status_code == 401
        known = {"Authorization": "Bearer a-secret"}
        assert requests.get(f"{sandbox.url}/control/organizations", headers=known, timeout=10).status_code == 200
