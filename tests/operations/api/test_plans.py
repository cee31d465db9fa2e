"""Plans by the partner API: what staff can do, by program, with the same previews, rights and outcomes."""

import json
from threading import Event, Thread
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from tests.support.partner_api.program import ApiProgram
from tests.support.scene import Scene
from vendor_admin.operations.models import Plan, PlanRow
from vendor_admin.operations.plans import fresh_rows, targets
from vendor_admin.organizations.actors import Actor
from vendor_admin.partner_api.keys.verbs import revoke_key

pytestmark = pytest.mark.demo_alone


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
    results = program.get(f"{made['Location']}/results?format=ndjson")
    lines = [json.loads(line) for line in b"".join(results.streaming_content).splitlines()]
    assert [(line["id"], line["state"]) for line in lines] == [(str(one), "succeeded") for one in ids]
    table = b"".join(program.get(f"{made['Location']}/results").streaming_content).decode()
    assert table.startswith("position,type,id,")
    assert table.count("succeeded") == 2
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


def test_a_plan_of_many_rows_starts_by_itself_once_a_worker_has_previewed_it(
    scene: Scene, program: ApiProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets, "DIRECT_ROWS", 1)
    ids = scene.account_ids(3)
    told = change(scene, program, ids).json()
    assert told["state"] == "drafting"
    plan = Plan(pk=int(told["id"]), organization=scene.organization)
    states = [scene.prepared(plan).state for _ in range(3)]
    assert states == ["preview", "held", "running"]
    scene.work()
    done = program.get(f"/api/v1/plans/{told['id']}").json()
    assert (done["state"], done["row_counts"]["succeeded"]) == ("finished", 3)


def test_a_plan_that_cannot_start_by_itself_stays_a_preview_and_says_why(
    scene: Scene, program: ApiProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets, "DIRECT_ROWS", 1)
    ids = scene.account_ids(2)
    told = change(scene, program, ids).json()
    plan = Plan(pk=int(told["id"]), organization=scene.organization)
    assert scene.prepared(plan).state == "preview"
    revoke_key(key=program.key, actor=Actor.staff(scene.actor), now=timezone.now())
    assert scene.prepared(plan).state == "preview"
    stays = scene.reload(plan)
    assert "may not change balances" in stays.wait_why
    assert (stays.starts_unseen, stays.check_at) == (False, None), "no worker tries it again"


def test_whoever_waits_is_answered_with_the_outcome(scene: Scene, program: ApiProgram) -> None:
    [id_] = scene.account_ids(1)
    path, body = f"/api/v1/accounts/{id_}/balance-changes", {"change": "5", "reason": "Goodwill"}
    stopped = Event()

    def work_until_stopped() -> None:
        while not stopped.is_set():
            scene.work(seconds=1)
        connection.close()

    worker = Thread(target=work_until_stopped)
    worker.start()
    try:
        answer = program.post(path, body, headers=keyed("key-1", Prefer="respond-async, wait=30"))
    finally:
        stopped.set()
        worker.join()
    told = answer.json()
    assert (answer.status_code, told["state"], told["rows"][0]["state"]) == (200, "finished", "succeeded")
    assert answer["Preference-Applied"] == "wait=30"
    again = program.post(path, body, headers=keyed("key-1"))
    assert (again.status_code, again["Idempotent-Replayed"], again.json()["id"]) == (202, "true", told["id"])
    assert again["Location"] == answer["Location"] == f"/api/v1/plans/{told['id']}"


def test_a_write_about_what_is_not_there_is_not_found_and_one_without_a_reason_is_refused(
    scene: Scene, program: ApiProgram
) -> None:
    missing = program.post("/api/v1/accounts/1/balance-changes", {"change": "5", "reason": "x"}, headers=keyed("a"))
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    [id_] = scene.account_ids(1)
    no_reason = program.post(f"/api/v1/accounts/{id_}/balance-changes", {"change": "5"}, headers=keyed("c"))
    assert no_reason.json()["errors"] == [
        {"pointer": "/reason", "code": "required", "detail": "Say why: a plan about money needs a reason."}
    ]
    odd = program.post(f"/api/v1/accounts/{id_}/balance-changes?soon=1", {"change": "5"}, headers=keyed("d"))
    assert (odd.status_code, odd.json()["code"]) == (400, "unknown_parameter")


def test_a_plan_whose_rows_moved_starts_by_itself_as_it_was_renewed(
    scene: Scene, program: ApiProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.sandbox.control("write-settings", cap_binds_administrators=False)
    [id_] = scene.account_ids(1)
    with monkeypatch.context() as mirrors_are_old:
        mirrors_are_old.setattr(fresh_rows, "age_of", lambda plan, *, now: fresh_rows.Age(why="DEMO is not live"))
        told = change(scene, program, [id_]).json()
    assert (told["state"], told["rows"][0]["state"]) == ("held", "planned")
    with scene.scope():
        PlanRow.objects.filter(plan_id=told["id"]).update(old={"amount": "1"})
    plan = Plan(pk=int(told["id"]), organization=scene.organization)
    assert scene.prepared(plan).state == "stale"
    with scene.scope():
        [renewed] = Plan.objects.filter(renewed_from=plan)
    assert scene.prepared(renewed).state in ("running", "held")
    with scene.scope():
        renewed.refresh_from_db()
    if renewed.state == "held":
        assert scene.prepared(renewed).state == "running"
    scene.work()
    assert program.get(f"/api/v1/plans/{renewed.pk}").json()["rows"][0]["state"] == "succeeded"


def test_a_plan_is_told_also_when_what_declared_its_kind_is_gone(scene: Scene, program: ApiProgram) -> None:
    made = change(scene, program, scene.account_ids(1), query="?dry_run=true")
    with scene.scope():
        Plan.objects.update(kind="gone")

    told = program.get(f"/api/v1/plans/{made.json()['id']}")

    assert (told.status_code, told.json()["kind"]) == (200, "gone")
    refused = program.post(f"/api/v1/plans/{made.json()['id']}/confirm", {}, headers=keyed("key-2"))
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
