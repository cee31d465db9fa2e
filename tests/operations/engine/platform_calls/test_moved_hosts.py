"""A vendor's organization moves to another host while its plans run: every write is carried out once, and there."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from django.db import connection as database
from django.utils import timezone

from tests.support.running_hub import wait_until
from tests.support.scene import Scene
from vendor_admin.operations.engine import lane_hold
from vendor_admin.operations.models import Lane, Operation, Plan
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Connection, PlatformHosts
from vendor_admin.organizations.platform_access import platform_hosts, tokens

REVOKE = "user/revoketradingpermission"
NAMES = "user/modifycredentials"


@pytest.fixture
def vendor(quiet_scene: Scene) -> Iterator[Scene]:
    yield quiet_scene
    database.close()


def move(scene: Scene, **values: object) -> str:
    moved = scene.sandbox.control("move", organization=scene.vendor["name"], environment="demo", **values)
    return str(moved["host"])


def revoke(scene: Scene, count: int) -> Plan:
    permissions = [one["id"] for one in scene.expected("tradingPermission").values() if one["status"] == "Accepted"]
    targets = [scene.any_write(REVOKE, {"tradingPermissionId": one}) for one in permissions[:count]]
    assert len(targets) == count
    return scene.start("test_any_write", targets)


def calls(scene: Scene, endpoint: str, host: str = "") -> int:
    entries = scene.sandbox.view("ledger", limit=100_000)["entries"]
    return sum(
        (one["direction"], one["kind"], one["endpoint"]) == ("received", "rest", endpoint) and host in ("", one["host"])
        for one in entries
    )


def states(scene: Scene, plan: Plan) -> set[str]:
    return {str(one.state) for one in scene.operations(plan)}


def connection_of(scene: Scene, environment: str = "demo") -> Connection:
    with scene.scope():
        return Connection.objects.select_related("organization").get(environment=environment)


def test_writes_wait_at_the_wrong_host_and_go_out_once_at_the_right_one(vendor: Scene) -> None:
    vendor.sandbox.control("api-hosts", organization=vendor.vendor["name"], when="never")
    first = move(vendor)
    plan = revoke(vendor, 3)
    vendor.work(seconds=5)
    assert states(vendor, plan) == {Operation.State.QUEUED}
    assert all(first in one.wait_reason for one in vendor.operations(plan))
    asked = calls(vendor, REVOKE)
    vendor.work(seconds=2)
    assert calls(vendor, REVOKE) == asked, "nothing goes to the old host before the hour is over"

    accepted = platform_hosts.accept_pointed_host(
        connection=connection_of(vendor), host=first, actor=Actor.system("test")
    )
    with vendor.scope():
        Operation.objects.update(not_before=plan.created_at)  # instead of fifteen seconds
    vendor.work(seconds=10)
    assert states(vendor, plan) == {Operation.State.SUCCEEDED}
    assert calls(vendor, REVOKE, first) == 3

    vendor.sandbox.control("api-hosts", organization=vendor.vendor["name"])
    second = move(vendor, status=404)
    again = revoke(vendor, 2)
    vendor.work(seconds=10)
    assert states(vendor, again) == {Operation.State.SUCCEEDED}
    assert calls(vendor, REVOKE, second) == 2
    assert connection_of(vendor).platform_host == second
    assert accepted.version == connection_of(vendor).version
    assert calls(vendor, "auth/accesstokenrequest") == 1


def test_an_empty_404_of_the_right_host_is_an_answer_about_the_row(vendor: Scene) -> None:
    vendor.sandbox.control("call", fault="404-empty", endpoint=REVOKE, calls=1)
    plan = revoke(vendor, 2)
    vendor.work(seconds=10)
    assert sorted(one.state for one in vendor.operations(plan)) == [
        Operation.State.REJECTED,
        Operation.State.SUCCEEDED,
    ]
    assert any("wrong host" in one.why for one in vendor.rows(plan))
    assert calls(vendor, "auth/renewaccesstoken") == 1


def test_a_change_of_credentials_names_hosts_too(vendor: Scene) -> None:
    live = connection_of(vendor, "live")
    tokens.access_token(connection_id=live.pk, organization_id=live.organization_id, now=timezone.now())
    named = {"mdLive": "127.0.0.1:9999"}
    vendor.sandbox.control("api-hosts", organization=vendor.vendor["name"], value=named)
    member = vendor.sandbox.view("oauth/members", organization=vendor.vendor["name"])[2]
    body = {"userId": member["user_id"], "currentPassword": member["password"], "name": "renamed-1"}
    vendor.start("test_any_write", [vendor.any_write(NAMES, body | {"password": "another-word-1"}, "live")])
    vendor.work("live", seconds=10)
    with vendor.scope():
        assert PlatformHosts.objects.get(connection=live).named == named


def test_a_write_goes_to_the_last_good_host_where_the_named_one_cannot_be_reached(vendor: Scene) -> None:
    away = "127.0.0.1:1"
    vendor.sandbox.control("api-hosts", organization=vendor.vendor["name"], value={"demo": away})
    plan = revoke(vendor, 2)
    vendor.work(seconds=20)
    assert states(vendor, plan) == {Operation.State.SUCCEEDED}
    assert calls(vendor, REVOKE) == 2
    connection = connection_of(vendor)
    assert connection.platform_host == ""
    with vendor.scope():
        assert PlatformHosts.objects.get(connection=connection).away_host == away


@pytest.mark.parametrize("verb", ["access_token", "renew_now"])
def test_the_lane_is_kept_while_the_platform_is_asked_for_a_token_or_a_host(
    vendor: Scene, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    monkeypatch.setattr(lane_hold, "RENEW_SECONDS", 0.0)
    ask = getattr(tokens, verb)

    def ask_slowly(**values: Any) -> Any:
        """Answers once the lane was prolonged twice meanwhile."""
        for _ in range(2):
            wait_until(partial(ends_later, vendor, lane_ends_at(vendor)), what="a lane that is prolonged")
        return ask(**values)

    if verb == "renew_now":
        demo = connection_of(vendor)
        tokens.access_token(connection_id=demo.pk, organization_id=demo.organization_id, now=timezone.now())
        move(vendor)
    monkeypatch.setattr(tokens, verb, ask_slowly)
    plan = revoke(vendor, 2)
    vendor.work(seconds=20)
    assert states(vendor, plan) == {Operation.State.SUCCEEDED}
    assert {one.crashes for one in vendor.operations(plan)} == {0}


def ends_later(scene: Scene, moment: datetime) -> bool:
    return lane_ends_at(scene) > moment


def lane_ends_at(scene: Scene) -> datetime:
    with scene.scope():
        ends_at = Lane.objects.get(environment="demo").expires_at
    assert ends_at is not None
    return ends_at
