"""The partner's own reference to a member or an account that is being made."""

from typing import Any

from django.utils import timezone

from tests.support.partner_api.program import ApiProgram
from tests.support.scene import Scene
from vendor_admin.mirrors.external_ids import Kind, set_external_ids
from vendor_admin.operations.models import Plan
from vendor_admin.organizations.actors import Actor
from vendor_admin.partner_api.models import ExternalId

PAT: dict[str, Any] = {
    "name": "PAT_2001",
    "email": "pat.2001@traders.example",
    "password": "seven quiet herons",
    "first_name": "Pat",
    "last_name": "Abel",
    "external_id": "customer-1",
}


def set_reference(scene: Scene, entity_id: int, text: str) -> None:
    with scene.scope():
        set_external_ids(
            organization=scene.organization,
            kind=Kind.MEMBER,
            wanted={entity_id: text},
            actor=Actor.staff(scene.actor),
            now=timezone.now(),
        )


def references(scene: Scene) -> dict[str, int]:
    with scene.scope():
        return dict(ExternalId.objects.values_list("external_id", "entity_id"))


def create(scene: Scene, *, key: str = "key-1") -> Any:
    return ApiProgram.of(scene.organization).post("/api/v1/members", PAT, headers={"Idempotency-Key": key})


def test_a_new_member_has_the_reference_that_was_asked_for(scene: Scene) -> None:
    told = create(scene).json()
    scene.work("live")
    [row] = scene.rows(Plan(pk=int(told["id"])))
    assert row.state == "succeeded"
    made = {one["name"]: one["id"] for one in scene.expected("user", "live").values()}
    assert references(scene) == {"customer-1": made["PAT_2001"]}


def test_a_reference_that_somebody_has_is_refused_before_anything_is_made(scene: Scene) -> None:
    set_reference(scene, 42, "customer-1")
    answer = create(scene)
    assert (answer.status_code, answer.json()["code"]) == (409, "all_rows_skipped")
    assert references(scene) == {"customer-1": 42}


def test_a_reference_that_was_taken_meanwhile_is_a_warning_of_what_was_made(scene: Scene) -> None:
    told = create(scene).json()
    set_reference(scene, 42, "customer-1")
    scene.work("live")
    [row] = scene.rows(Plan(pk=int(told["id"])))
    assert (row.state, references(scene)) == ("succeeded", {"customer-1": 42})
    assert "customer-1" in row.warnings[-1]


def test_a_reference_that_was_taken_costs_the_others_of_its_call_nothing(scene: Scene) -> None:
    sam = PAT | {"name": "SAM_2002", "email": "sam.2002@traders.example", "external_id": "customer-2"}
    body = {"kind": "create_members", "rows": [PAT, sam]}
    headers = {"Idempotency-Key": "key-1"}
    told = ApiProgram.of(scene.organization).post("/api/v1/plans", body, headers=headers).json()
    set_reference(scene, 42, "customer-1")
    scene.work("live")
    pat, second = scene.rows(Plan(pk=int(told["id"])))
    made = {one["name"]: one["id"] for one in scene.expected("user", "live").values()}
    assert references(scene) == {"customer-1": 42, "customer-2": made["SAM_2002"]}
    assert "customer-1" in pat.warnings[-1]
    assert second.warnings == []
