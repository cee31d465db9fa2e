"""Dry runs by the partner API."""

from typing import Any

import pytest

from tests.risk.dry_runs.trial import Trial
from tests.support.partner_api.program import ApiProgram
from tests.support.scene import Scene
from vendor_admin.celery import app
from vendor_admin.operations.models import ReadJob
from vendor_admin.operations.read_jobs.work import read
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope

pytestmark = pytest.mark.demo_alone

PATH = "/api/v1/orders/dry-run"


def test_who_waits_is_answered_with_what_would_become_of_each_order(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial, program = Trial(scene), ApiProgram.of(scene.organization)
    contract = trial.contract["contract"]

    def work_at_once(name: str, *, args: tuple[int, int], **options: Any) -> None:
        organization_id, job_id = args
        read(organization_id=organization_id, job_id=job_id, seconds=20)

    monkeypatch.setattr(app, "send_task", work_at_once)
    order = {"contract": contract, "action": "Buy", "quantity": 1, "order_type": "Market"}
    orders = [order | {"order_type": "Limit", "price": "3900.25"}, order | {"quantity": 9_999}, order]
    body = {"account": str(trial.account_id), "orders": orders}
    answer = program.post(PATH, body, headers={"Idempotency-Key": "try-1", "Prefer": "wait=10"})
    assert (answer.status_code, answer["Preference-Applied"]) == (200, "wait=10")
    told = answer.json()
    assert told == program.get(answer["Location"]).json()
    assert (told["state"], told["would_be_taken"], told["account_id"]) == ("finished", False, str(trial.account_id))
    taken, refused, behind = told["orders"]
    assert (taken["would_be_taken"], taken["price"], taken["contract"]) == (True, "3900.25", contract)
    assert taken["position_after"] == taken["position_before"] + 1
    assert all(isinstance(taken[name], str) for name in ("margin_before", "margin_after", "total_cash", "excess"))
    assert refused["would_be_taken"] is False
    assert refused["reject_reason"]
    assert refused["reject_text"]
    assert (behind["would_be_taken"], behind["reject_reason"]) == (None, None)
    assert "before it" in behind["why"]


def test_an_answer_comes_later_and_a_repeated_request_asks_nothing_more(alpha: Organization, trading_day: Any) -> None:
    trading_day(1)
    program = ApiProgram.of(alpha)
    order = {"contract": "ESZ6", "action": "Sell", "quantity": 1, "order_type": "Stop", "stop_price": "5999.50"}
    body = {"account": "EVAL1", "orders": [order, order]}
    asked = program.post(PATH, body, headers={"Idempotency-Key": "try-1"})
    assert (asked.status_code, asked.json()["state"], asked.json()["would_be_taken"]) == (202, "running", None)
    assert [one["state"] for one in asked.json()["orders"]] == ["waiting", "waiting"]
    assert asked.json()["orders"][0]["stop_price"] == "5999.5"
    assert program.post(PATH, body, headers={"Idempotency-Key": "try-1"}).json() == asked.json()
    assert program.get(asked["Location"]).json() == asked.json()
    with organization_scope(alpha.pk):
        assert ReadJob.objects.count() == 1


def test_what_is_wrong_is_told_by_its_place_and_nothing_is_asked_without_a_key(alpha: Organization) -> None:
    program = ApiProgram.of(alpha)
    wrong = {"account": "EVAL1", "orders": [{"contract": "NONE", "action": "Buy", "quantity": 1}]}
    refused = program.post(PATH, wrong, headers={"Idempotency-Key": "try-2"})
    assert refused.status_code == 422
    told = {one["pointer"]: (one["code"], one["detail"]) for one in refused.json()["errors"]}
    assert told["/orders/0/order_type"] == ("required", "order_type is missing.")
    assert told["/account"][0] == "not_found"
    assert program.post(PATH, wrong).status_code == 400
    assert program.post(f"{PATH}?dry_run=true", wrong, headers={"Idempotency-Key": "try-4"}).status_code == 400
    assert program.get("/api/v1/order-dry-runs/999999").status_code == 404
