"""A large plan in batches of the platform, with failing rows and a worker that dies in the middle of it."""

import pytest
from django.utils import timezone

from tests.operations.engine.test_outcomes import work_until_over
from tests.operations.workers import KILLED, Workers
from tests.support.database import product_environment
from tests.support.scene import Scene
from tests.support.vendor_members import new_member
from vendor_admin.operations.models import Plan
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.organizations.actors import Actor

CREATE = "user/createevaluationusers"
ROWS, CALLS = 1_000, 10


@pytest.mark.slow
def test_a_thousand_rows_have_a_thousand_results_after_a_kill_at_forty_percent(
    quiet_scene: Scene, database_urls: dict[str, str]
) -> None:
    scene = quiet_scene
    scene.sandbox.control("write-settings", item_failure_rate=0.07, item_failure_text="Service is busy")
    preview = scene.prepared(scene.preview("create_members", [new_member(number) for number in range(ROWS)]))
    with scene.scope():
        plans.confirm(plan=preview, actor=Actor.staff(scene.actor), now=timezone.now())
        plan = plans.approve(plan=preview, actor=Actor.staff("sam"), now=timezone.now())
    plan = scene.prepared(plan)
    with Workers(product_environment(database_urls), admin_url=database_urls["admin"]) as workers:
        code = workers.run(scene, "after the commit", environment="live", path=CREATE, passes=CALLS * 4 // 10)
    assert code == KILLED
    known = [row for row in scene.rows(plan) if row.state in ("succeeded", "rejected")]
    assert ROWS * 0.4 <= len(known) < ROWS

    plan = work_until_over(scene, plan, environment="live", seconds=60)
    rows = scene.rows(plan)
    assert scene.reload(plan).state == Plan.State.FINISHED
    assert len(rows) == ROWS
    assert {row.state for row in rows} == {"succeeded", "rejected"}
    made = [one["name"] for one in scene.expected("user", "live").values() if one["name"].startswith("NEW_")]
    assert sorted(made) == sorted(row.new["name"] for row in rows if row.state == "succeeded")
    refused = [row for row in rows if row.state == "rejected"]
    assert ROWS * 0.04 < len(refused) < ROWS * 0.1
    # A row that was sent twice would have been refused, since its name was taken.
    assert not [row.why for row in refused if "exists" in row.why]
    assert sum(scene.writes(CREATE).values()) == CALLS
