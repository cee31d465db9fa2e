"""Every write of the catalogue, killed at each point or left without an answer: it is applied as planned once, or it is
unknown and then settled by reading, or by a person where reading cannot tell. It is never applied twice.
"""

import json
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

import psycopg
import pytest
from django.db import connections
from django.test import override_settings
from pytest_django.plugin import DjangoDbBlocker

from tests.operations.engine.crashing_worker import POINTS
from tests.operations.engine.every_write import (
    EVERY_WRITE,
    MODIFY_STRATEGY,
    NOT_FOR_VENDORS,
    ONLY_ASKS,
    PASSWORD,
    RESET,
    Asked,
    Material,
    start,
)
from tests.operations.engine.test_outcomes import work_until_over
from tests.operations.workers import KILLED, SHORT_WAITS, Workers
from tests.support.database import DatabaseServer, product_environment
from tests.support.scene import Scene
from tests.support.scenes import connected
from vendor_admin.operations.models import ApprovalRule, Operation, Plan
from vendor_admin.sandbox.running import RunningSandbox
from vendor_admin.tradovate.catalogue.json_bodies import with_texts_opened
from vendor_admin.tradovate.catalogue.request import SECRET_FIELDS
from vendor_admin.tradovate.operations import WRITES

pytestmark = pytest.mark.slow

WORLD = (
    "--always-open", "--organizations", "1", "--users", "500", "--accounts-per-user", "1", "--rate", "0",
)  # fmt: skip

CANNOT_BE_READ = (PASSWORD, MODIFY_STRATEGY)  # what these change is not shown
NO_SECOND_PERSON = {"accounts_over": 1_000_000, "balance_change_over": 1_000_000_000}

LIVE_ALL_THE_SAME = """
DELETE FROM sync_gap;
UPDATE sync_lease SET state = 'live', holder = 'nobody', expires_at = now() + interval '1 day', covered_until = NULL
"""


class Stage:
    """One vendor, its worker processes and what plans can be made of, for all cases."""

    def __init__(self, scene: Scene, workers: Workers, material: Material) -> None:
        self.scene, self.workers, self.material = scene, workers, material
        self._looked_until = 0

    def begin(self, path: str, host: str) -> tuple[Asked, Plan]:
        asked = self.material.asked(path, host)
        self.calls(path)
        return asked, start(self.scene, asked)

    def end(self, asked: Asked, plan: Plan) -> None:
        work_until_over(self.scene, plan, environment=asked.environment)

    def calls(self, path: str) -> list[dict[str, Any]]:
        """What the platform noted of each call of this write since the last look."""
        entries = self.scene.sandbox.view("ledger", after=self._looked_until, kind="write", limit=20_000)["entries"]
        self._looked_until = max([self._looked_until, *(one["n"] for one in entries)])
        return [json.loads(one["text"]) | {"outcome": one["event_type"]} for one in entries if one["endpoint"] == path]

    def judge(self, path: str, plan: Plan, *, was_done: bool, is_known: bool = False) -> None:
        """Hold what we say became of the call against what the platform noted. `was_done` is about the first try,
        `is_known` says that its answer was stored."""
        [operation] = [one for one in self.scene.operations(plan) if one.name == path]
        rows = self.scene.rows(plan)
        calls = self.calls(path)
        applied = [one for one in calls if one["outcome"] == "applied"]
        assert len(applied) <= 1, "applied twice"
        for call in calls:
            body = with_texts_opened(call["body"], WRITES[path].json_fields)
            assert _comparable(body) == _comparable(operation.request), "another body than planned"
        if path in NOT_FOR_VENDORS:
            assert (operation.state, operation.error_text, applied) == ("rejected", "Access is denied", [])
        elif path in ONLY_ASKS:
            assert operation.state == Operation.State.SUCCEEDED
            assert {one["outcome"] for one in calls} <= {"unchanged", "lost"}
        elif not is_known and (path in CANNOT_BE_READ or (path == RESET and not was_done)):
            assert operation.state == Operation.State.UNKNOWN
            assert operation.needs_person
            assert "If it was done: " in operation.question
            assert "If it was not: " in operation.question
            assert {row.state for row in rows} == {"unknown"}
            assert len(applied) == was_done
        elif not WRITES[path].is_sent_again and not was_done:
            assert operation.state == Operation.State.REJECTED
            assert "it was not done" in operation.error_text
            assert (operation.attempts, applied) == (1, [])
        else:
            assert operation.state == Operation.State.SUCCEEDED, operation.error_text
            assert {row.state for row in rows} == {"succeeded"}
            assert len(applied) == 1
            assert operation.attempts == (1 if was_done else 2)


@pytest.fixture(scope="module")
def stage(
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
    database_server: DatabaseServer,
    database_name: str,
    database_urls: dict[str, str],
) -> Iterator[Stage]:
    """The mirrors are loaded once and then left alone: no case looks at what another did. They count as live all the
    same, or what is about money would wait."""
    with django_db_blocker.unblock(), override_settings(**SHORT_WAITS):
        with RunningSandbox(*WORLD, "--logins-per-user", "1000") as sandbox:
            material = Material(sandbox)
            (scene,) = connected(sandbox, database_urls)  # to its end: then the hub has stopped
            with psycopg.connect(database_urls["admin"]) as connection:
                connection.execute(LIVE_ALL_THE_SAME)
            with scene.scope():  # what one person moves within a day counts together, over all cases
                ApprovalRule.objects.update_or_create(organization=scene.organization, defaults=NO_SECOND_PERSON)
            environment = product_environment(database_urls)
            with Workers(environment, admin_url=database_urls["admin"]) as workers:
                yield Stage(scene, workers, material)
        connections.close_all()
    database_server.create(database_name)


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize(("path", "host"), EVERY_WRITE)
def test_a_worker_killed_at_any_point_leaves_a_write_that_ends_as_planned(
    stage: Stage, path: str, host: str, point: str
) -> None:
    asked, plan = stage.begin(path, host)
    assert stage.workers.run(stage.scene, point, environment=asked.environment, path=path) == KILLED
    stage.end(asked, plan)
    stage.judge(path, plan, was_done=point != "before the call", is_known=point == "after the commit")


@pytest.mark.parametrize("was_done", [True, False])
@pytest.mark.parametrize(("path", "host"), EVERY_WRITE)
def test_a_write_without_an_answer_is_settled_by_what_the_platform_shows(
    stage: Stage, path: str, host: str, was_done: bool
) -> None:
    asked, plan = stage.begin(path, host)
    stage.scene.sandbox.control("write", fault="no-answer", path=path, applies=was_done)
    stage.end(asked, plan)
    stage.judge(path, plan, was_done=was_done)


def _comparable(value: Any) -> Any:
    """A body as it was stored or as the platform noted it: without secrets, amounts as numbers."""
    if isinstance(value, dict):
        return {name: _comparable(one) for name, one in value.items() if name not in SECRET_FIELDS}
    if isinstance(value, list):
        return [_comparable(one) for one in value]
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return value
