"""A whole evaluation programme by API alone, against the simulated platform."""

from itertools import count
from typing import Any

import pytest

from tests.support.partner_api.program import ApiProgram
from tests.support.running_hub import wait_until
from tests.support.scene import Scene

_keys = count(1)


class Caller:
    """Sends writes with keys of their own, has workers carry them out, and fails on anything but success."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.program = scene, ApiProgram.of(scene.organization)

    def get(self, path: str, **query: Any) -> Any:
        answer = self.program.get(f"/api/v1/{path}", data=query)
        assert answer.status_code == 200, answer.content
        return answer.json()

    def write(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        headers = {"Idempotency-Key": f"key-{next(_keys)}"}
        given = {} if body is None else {"data": body}
        answer = self.program.send(method, f"/api/v1/{path}", headers=headers, **given)
        assert answer.status_code in (200, 202), answer.content
        for environment in ("live", "demo"):
            self.scene.work(environment)
        done: dict[str, Any] = self.get(f"plans/{answer.json()['id']}")
        assert {row["state"] for row in done["rows"]} <= {"succeeded", "skipped"}, done
        return done

    def template_id(self) -> int:
        found: int = self.scene.sandbox.control("ids", organization=self.scene.vendor["name"])["templates"][0]["id"]
        return found

    def wait_for(self, path: str, **query: Any) -> dict[str, Any]:
        """The one thing that a list has, once it is there."""
        wait_until(lambda: self.get(path, **query)["data"], what=path)
        [found] = self.get(path, **query)["data"]
        return dict(found)


@pytest.fixture
def caller(scene: Scene) -> Caller:
    scene.sandbox.control("write-settings", cap_binds_administrators=False)
    return Caller(scene)


def test_a_programme_from_the_first_day_to_the_last(caller: Caller) -> None:
    new = {
        "name": "PAT_2001",
        "email": "pat.2001@traders.example",
        "password": "seven quiet herons",
        "first_name": "Pat",
        "last_name": "Abel",
    }
    made = caller.write("post", "members", new)
    member_id = made["rows"][0]["id"]
    assert caller.wait_for("members", name="PAT_2001")["id"] == member_id

    account = caller.write(
        "post",
        "accounts",
        {
            "name": "EVAL99001",
            "member": "PAT_2001",
            "template": caller.template_id(),
            "balance": "50000",
            "daily_loss": "1000",
            "drawdown": "2500",
        },
    )
    account_id = account["rows"][0]["id"]
    assert caller.wait_for("accounts", name="EVAL99001")["id"] == account_id

    changed = caller.write(
        "post", f"accounts/{account_id}/balance-changes", {"change": "250.00", "reason": "Bonus of the month"}
    )
    assert {one["field"] for one in changed["rows"][0]["changes"]} >= {"amount"}
    limits = caller.write("patch", f"accounts/{account_id}/auto-liq", {"daily_loss": "800", "weekly_loss": "2000"})
    assert {(one["field"], one["new"]) for one in limits["rows"][0]["changes"]} >= {
        ("daily_loss_auto_liq", "800"),
        ("weekly_loss_auto_liq", "2000"),
    }

    permission = caller.wait_for("trading-permissions", account=account_id)
    caller.write("delete", f"trading-permissions/{permission['id']}")
    caller.wait_for("trading-permissions", account=account_id, status="Revoked")
    caller.write("post", "trading-permissions", {"account": "EVAL99001", "member": "PAT_2001"})
    caller.wait_for("trading-permissions", account=account_id, status="Accepted")
    cancelled = caller.write("post", f"members/{member_id}/cancel", {})
    assert {row["environment"]: row["state"] for row in cancelled["rows"]} == {"demo": "succeeded", "live": "skipped"}
