"""Plans by the partner API: what staff can do, by program, with the same previews, rights and outcomes."""

from typing import Any

import pytest

from tests.support.api_program import ApiProgram
from tests.support.scene import Scene
from vendor_admin.operations.models import Plan


@pytest.fixture
def program(scene: Scene) -> ApiProgram:
    return ApiProgram.of(scene.organization)


def keyed(key: str, **more: str) -> dict[str, str]:
    return {"Idempotency-Key": key} | more


def change(
    scene: Scene, program: ApiProgram, ids: list[int], *, key: str = "key-1", query: str = "", **more: Any
) -> Any:
    body = {
        "kind": "change_balances",
        "reason": "Goodwill",
        "defaults": {"change": "250.00"},
        "rows": [{"account": str(one)} for one in ids],
    } | more
    return program.post(f"/api/v1/plans{query}", body, headers=keyed(key))


def test_a_program_changes_balances_and_takes_them_back(scene: Scene, program: ApiProgram) -> None:
    scene.sandbox.control("write-settings", cap_binds_administrators=False)
    ids = scene.account_ids(2)
    before = {one: scene.balance(one) for one in ids}
    made = change(scene, program, ids)
    assert made.status_code == 202, made.content
    told = made.json()
    assert (told["state"], told["kind"], told["created_by"]) == ("running", "change_balances", "API key Nightly job")
    assert made["Location"] == f"/api/v1/plans/{told['id']}"
    scene.work()
    done = program.get(made["Location"]).json()
    assert {row["state"] for row in done["rows"]} == {"succeeded"}
    assert [row["id"] for row in done["rows"]] == [str(one) for one in ids]
    assert {one: scene.balance(one) - before[one] for one in ids} == dict.fromkeys(ids, 250)
    operation = program.get(f"/api/v1/operations/{done['rows'][0]['operation']}").json()
    assert (operation["state"], operation["plan"]) == ("succeeded", told["id"])


def test_a_dry_run_previews_and_sends_nothing(scene: Scene, program: ApiProgram) -> None:
    [id_] = scene.account_ids(1)
    answer = change(scene, program, [id_], query="?dry_run=true")
    told = answer.json()
    assert (answer.status_code, told["state"]) == (200, "preview")
    amount = next(one for one in told["rows"][0]["changes"] if one["field"] == "amount")
    assert float(amount["new"]) - float(amount["old"]) == 250
    assert not scene.operations(Plan(pk=int(told["id"]), organization=scene.organization))
    confirmed = program.post(f"/api/v1/plans/{told['id']}/confirm", {}, headers=keyed("key-2"))
    assert (confirmed.status_code, confirmed.json()["state"]) == (202, "running")


def test_what_is_wrong_is_named_by_pointers_all_at_once(scene: Scene, program: ApiProgram) -> None:
    [id_] = scene.account_ids(1)
    rows = [
        {"account": str(id_)},
        {"account": "1"},
        {"account": str(id_), "change": "1,5", "colour": "red"},
        {"change": "0"},
        "text",
    ]
    answer = change(scene, program, [], rows=rows, parameters={"session": "today"})
    found = {(one["pointer"], one["code"]) for one in answer.json()["errors"]}
    assert answer.status_code == 422
    assert found == {
        ("/rows/1/account", "not_found"),
        ("/rows/2/change", "not_a_number"),
        ("/rows/2/colour", "unknown_field"),
        ("/rows/3/account", "required"),
        ("/rows/4", "wrong_type"),
        ("/parameters/session", "unknown_field"),
    }


def test_plans_their_rows_and_operations_are_listed(scene: Scene, program: ApiProgram) -> None:
    ids = scene.account_ids(3)
    plans = [change(scene, program, ids, query="?dry_run=true").json()["id"] for _ in range(2)]
    listed = program.get("/api/v1/plans?limit=1").json()
    assert [plan["id"] for plan in listed["data"]] == plans[:0:-1]
    behind = program.get("/api/v1/plans", data={"limit": 1, "cursor": listed["next_cursor"]}).json()
    assert [plan["id"] for plan in behind["data"]] == plans[:1]
    rows = program.get(f"/api/v1/plans/{plans[0]}/rows?limit=2").json()
    assert [row["position"] for row in rows["data"]] == [1, 2]
    foreign = program.get(f"/api/v1/plans/{plans[1]}/rows", data={"cursor": rows["next_cursor"]})
    assert (foreign.status_code, foreign.json()["code"]) == (400, "invalid_cursor")
    assert program.get("/api/v1/operations").json() == {"data": [], "next_cursor": None}
