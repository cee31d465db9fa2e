"""Loss and drawdown limits, position limits and risk parameters: previewed, carried out, reverted."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from tests.support.running_hub import wait_until
from tests.support.scene import Scene
from vendor_admin.mirrors.models import UserAccountAutoLiq
from vendor_admin.operations.kinds import Target, plain
from vendor_admin.operations.models import Plan, PlanRow
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.organizations.actors import Actor

pytestmark = pytest.mark.demo_alone

BATCH, CREATE = "userAccountAutoLiq/updateuserautoliqs", "userAccountAutoLiq/create"


def held(scene: Scene, entity_type: str, id_: int) -> dict[str, Any]:
    """What the platform holds now, in the form of a row's values."""
    found = dict(scene.expected(entity_type)[id_])
    del found["id"]
    return {name: plain(Decimal(str(value))) if isinstance(value, float) else value for name, value in found.items()}


def without_gaps(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def as_numbers(values: dict[str, Any]) -> dict[str, Any]:
    """Whole numbers and text of amounts alike."""

    def one(value: Any) -> Any:
        try:
            return value if isinstance(value, bool) else Decimal(value)
        except (ArithmeticError, TypeError):
            return value

    return {name: one(value) for name, value in without_gaps(values).items()}


def revert(scene: Scene, plan: Plan) -> Plan:
    with scene.scope():
        return plans.revert(plan=plan, actor=Actor.staff(scene.actor), reason="a mistake", now=timezone.now())


def carry_out(scene: Scene, plan: Plan) -> list[PlanRow]:
    started = scene.confirm(plan)
    assert started.state == Plan.State.RUNNING, (started.get_state_display(), [row.why for row in scene.rows(started)])
    scene.work()
    return scene.rows(started)


def carry_back(scene: Scene, plan: Plan) -> list[PlanRow]:
    """Revert as soon as the mirror shows what the plan did."""

    return carry_out(scene, whole(scene, lambda: revert(scene, plan)))


def whole(scene: Scene, preview: Callable[[], Plan]) -> Plan:
    """A preview without skipped rows, made again until the mirrors allow one."""

    def found() -> list[Plan]:
        plan = preview()
        return [plan] if all(row.state == "planned" for row in scene.rows(plan)) else []

    return wait_until(found, what="the mirror")[0]


def wait_for_limits(scene: Scene, account_id: int, is_there: Callable[[UserAccountAutoLiq | None], bool]) -> None:
    def found() -> bool:
        with scene.scope():
            return is_there(UserAccountAutoLiq.objects.filter(entity_id=account_id, environment="demo").first())

    wait_until(found, what="the mirror")


def test_limits_change_where_asked_stay_elsewhere_and_are_taken_back(scene: Scene) -> None:
    ids = scene.account_ids(4)
    before = {one: held(scene, "userAccountAutoLiq", one) for one in ids}
    targets = [Target("account", one) for one in ids[:-1]]
    plan = scene.preview(
        "set_auto_liq",
        [*targets, Target("account", ids[-1], {"dailyLossAutoLiq": "777.5"})],
        parameters={"dailyLossAutoLiq": "900", "trailingMaxDrawdownLimit": "", "weeklyLossAutoLiq": 4000},
    )
    assert plan.calls_needed == 1
    rows = carry_out(scene, plan)
    assert {row.state for row in rows} == {"succeeded"}
    for row in rows:
        id_ = row.target_id or 0
        assert as_numbers(row.old) == as_numbers(before[id_])
        assert as_numbers(held(scene, "userAccountAutoLiq", id_)) == as_numbers(row.new)
        assert row.new["trailingMaxDrawdownLimit"] is None
        assert row.new["trailingMaxDrawdown"] == row.old["trailingMaxDrawdown"]
        assert row.new["doNotUnlock"] is True
    assert [row.new["dailyLossAutoLiq"] for row in rows] == ["900", "900", "900", "777.5"]
    assert scene.writes(BATCH) == {"applied": 1}
    assert {row.state for row in carry_back(scene, plan)} == {"succeeded"}
    after = {one: as_numbers(held(scene, "userAccountAutoLiq", one)) for one in ids}
    assert after == {one: as_numbers(values) for one, values in before.items()}


def test_the_preview_tells_what_a_new_drawdown_does(scene: Scene) -> None:
    (id_,) = scene.account_ids(1)
    (tight,) = scene.rows(scene.preview("set_auto_liq", [Target("account", id_, {"trailingMaxDrawdown": "1"})]))
    assert "Less room: floor" in tight.warnings[0]
    gone = {"trailingMaxDrawdown": "", "trailingMaxDrawdownLimit": "", "trailingMaxDrawdownMode": ""}
    (none,) = scene.rows(scene.preview("set_auto_liq", [Target("account", id_, {**gone, "dailyLossAutoLiq": "0"})]))
    assert none.warnings == ["No trailing drawdown is left.", "No daily loss limit is left."]


def test_an_account_without_limits_gets_them_and_loses_them_again(scene: Scene) -> None:
    (id_,) = scene.account_ids(1)
    own = {"organization": scene.vendor["name"], "entityType": "userAccountAutoLiq"}
    scene.sandbox.control("inject", **own, eventType="Deleted", entity={"id": id_})
    wait_for_limits(scene, id_, lambda found: found is not None and found.deleted_at is not None)
    plan = scene.preview("set_auto_liq", [Target("account", id_, {"dailyLossAutoLiq": "500", "doNotUnlock": True})])
    (row,) = carry_out(scene, plan)
    assert row.state == "succeeded"
    assert scene.writes(CREATE) == {"applied": 1}
    assert as_numbers(held(scene, "userAccountAutoLiq", id_)) == {"dailyLossAutoLiq": 500, "doNotUnlock": True}
    assert {row.state for row in carry_back(scene, plan)} == {"succeeded"}
    assert held(scene, "userAccountAutoLiq", id_) == {}


def test_what_cannot_be_set_is_skipped_with_the_reason(scene: Scene) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({}, "No limit is named"),
        ({"dailyLossAutoLiq": "-5"}, "dailyLossAutoLiq must be 0 or more"),
        ({"dailyLossAutoLiq": "much"}, "dailyLossAutoLiq must be"),
        ({"trailingMaxDrawdownMode": "Sometimes"}, "must be one of EOD, RealTime"),
        ({"trailingMaxDrawdown": "0"}, "needs a trailing drawdown"),
        ({"favouriteColour": "red"}, "favouriteColour is not a setting that can be changed"),
        ({"flattenTimestamp": "2026-11-20T15:00:00"}, "flattenTimestamp must be a time with its offset"),
    ]
    ids = scene.account_ids(len(wrong))
    targets = [Target("account", id_, wanted) for id_, (wanted, _) in zip(ids, wrong, strict=True)]
    plan = scene.preview("set_auto_liq", [*targets, Target("account", 424242, {"dailyLossAutoLiq": "1"})])
    *rows, unknown = scene.rows(plan)
    assert {row.state for row in rows} == {"skipped"}
    for row, (_, why) in zip(rows, wrong, strict=True):
        assert why in row.why
    assert unknown.why == "The platform has no such account."


def test_a_limit_that_somebody_else_changed_is_not_reverted(scene: Scene) -> None:
    moved, still = scene.account_ids(2)
    targets = [Target("account", one) for one in (moved, still)]
    plan = scene.preview("set_auto_liq", targets, parameters={"dailyLossAutoLiq": "900"})
    carry_out(scene, plan)
    own = {"organization": scene.vendor["name"], "entityType": "userAccountAutoLiq"}
    scene.sandbox.control("inject", **own, entity={"id": moved, "dailyLossAutoLiq": 950.0, "dailyLossAlert": 5.0})
    scene.sandbox.control("inject", **own, entity={"id": still, "dailyLossAlert": 5.0})
    wait_for_limits(scene, moved, lambda found: found is not None and found.daily_loss_auto_liq == 950)
    wait_for_limits(scene, still, lambda found: found is not None and found.daily_loss_alert == 5)
    back = revert(scene, plan)
    assert [(row.state, row.why) for row in scene.rows(back)] == [
        ("skipped", "Changed again since: Daily loss: liquidate at."),
        ("planned", ""),
    ]
    carry_out(scene, back)
    assert held(scene, "userAccountAutoLiq", still)["dailyLossAlert"] == "5"


def test_position_limits_and_parameters_are_made_and_deleted_again(scene: Scene) -> None:
    first, second = scene.account_ids(2)
    known = set(scene.expected("userAccountPositionLimit"))
    plan = scene.preview(
        "create_position_limits",
        [
            Target("userAccountPositionLimit", None, {"accountId": one, "longLimit": 4, "description": "Two lots"})
            for one in (first, second, 424242)
        ],
        parameters={"active": True, "totalBy": "Overall"},
    )
    *rows, unknown = carry_out(scene, plan)
    assert unknown.why == "The platform has no such account."
    assert {row.state for row in rows} == {"succeeded"}
    made = [one for id_, one in scene.expected("userAccountPositionLimit").items() if id_ not in known]
    made.sort(key=lambda one: one["accountId"])  # the calls go out at once and end in any order
    assert [{name: one[name] for name in one if name != "id"} for one in made] == [row.new for row in rows]
    limit_id = made[0]["id"]
    known_parameters = set(scene.expected("userAccountRiskParameter"))

    wanted = {"userAccountPositionLimitId": limit_id, "maxOpeningOrderQty": 2, "marginPercentage": "12.5"}
    targets = [Target("userAccountRiskParameter", None, wanted)]
    below = whole(scene, lambda: scene.preview("create_risk_parameters", targets))
    (row,) = carry_out(scene, below)
    assert row.state == "succeeded"
    (parameter,) = [
        one for id_, one in scene.expected("userAccountRiskParameter").items() if id_ not in known_parameters
    ]
    assert as_numbers({name: parameter[name] for name in parameter if name != "id"}) == as_numbers(row.new)
    assert {row.state for row in carry_back(scene, below)} == {"succeeded"}
    assert set(scene.expected("userAccountRiskParameter")) == known_parameters
    assert {row.state for row in carry_back(scene, plan)} == {"succeeded"}
    assert set(scene.expected("userAccountPositionLimit")) == known


def test_position_limits_and_parameters_are_changed_and_put_back(scene: Scene) -> None:
    limits, parameters = scene.expected("userAccountPositionLimit"), scene.expected("userAccountRiskParameter")
    limit_ids, parameter_ids = list(limits)[:3], list(parameters)[:3]
    changes = scene.preview(
        "update_position_limits",
        [Target("userAccountPositionLimit", one) for one in limit_ids],
        parameters={"exposedLimit": 7, "shortLimit": 2, "description": ""},
    )
    below = scene.preview(
        "update_risk_parameters",
        [
            Target("userAccountRiskParameter", one, {"maxOpeningOrderQty": 1, "hardLimit": False})
            for one in parameter_ids
        ],
    )
    for plan, entity_type, before in (
        (changes, "userAccountPositionLimit", limits),
        (below, "userAccountRiskParameter", parameters),
    ):
        rows = carry_out(scene, plan)
        assert {row.state for row in rows} == {"succeeded"}
        for row in rows:
            assert as_numbers(held(scene, entity_type, row.target_id or 0)) == as_numbers(row.new)
        assert {row.state for row in carry_back(scene, plan)} == {"succeeded"}
        after = scene.expected(entity_type)
        assert {row.target_id: after[row.target_id or 0] for row in rows} == {
            row.target_id: before[row.target_id or 0] for row in rows
        }


def test_a_deleted_position_limit_is_made_anew(scene: Scene) -> None:
    limits = scene.expected("userAccountPositionLimit")
    id_ = next(iter(limits))
    plan = scene.preview("delete_position_limits", [Target("userAccountPositionLimit", id_)])
    (row,) = scene.rows(plan)
    assert row.warnings[0].startswith("Its 1 risk parameters go with it")
    (row,) = carry_out(scene, plan)
    assert row.state == "succeeded"
    assert id_ not in scene.expected("userAccountPositionLimit")
    (back,) = carry_back(scene, plan)
    assert back.state == "succeeded"
    now = scene.expected("userAccountPositionLimit")
    (made,) = [one for other, one in now.items() if other not in limits]
    assert {**made, "id": id_} == limits[id_]


def test_the_platforms_words_about_a_limit_land_on_its_row(scene: Scene) -> None:
    first, second = scene.account_ids(2)
    wanted = {"active": True, "longLimit": 1}
    plan = scene.preview(
        "create_position_limits",
        [
            Target("userAccountPositionLimit", None, {**wanted, "accountId": first, "totalBy": "Product"}),
            Target("userAccountPositionLimit", None, {**wanted, "accountId": second, "totalBy": "Overall"}),
        ],
    )
    refused, fine = carry_out(scene, plan)
    assert (refused.state, fine.state) == ("rejected", "succeeded")
    assert "productId should be specified when totalBy is Product" in refused.why
