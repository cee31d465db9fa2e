"""Magic values of test mode, sent by the partner API: each comes to what docs/api/test-mode.md promises."""

import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from tests.support.partner_api.program import ApiProgram
from tests.support.running_hub import wait_until
from tests.support.scene import Scene
from tests.support.scenes import WORLD, connected
from tests.support.warm_sandboxes import WarmSandboxes
from vendor_admin.sandbox.running import RunningSandbox
from vendor_admin.sandbox.writes.magic import REFUSAL

NOT_DONE = "Reading the platform shows that it was not done"
OUTCOMES = [
    ("refused", "1234.01", "rejected", REFUSAL, 1),
    ("penalty", "1234.02", "succeeded", "", 2),
    ("lost-answer", "1234.03", "succeeded", "", 1),
    ("lost-call", "1234.04", "succeeded", "", 2),
    ("lost-calls", "1234.05", "rejected", NOT_DONE, 3),
    ("slow", "1234.06", "succeeded", "", 1),
]


@pytest.fixture
def magic(
    warm_sandboxes: WarmSandboxes, committed_db: None, database_urls: dict[str, str], short_waits: None
) -> Iterator[Scene]:
    with RunningSandbox(*WORLD, "--test-mode", "--logins-per-user", "1000", start=warm_sandboxes.start) as sandbox:
        yield from connected(sandbox, database_urls)


def finished(scene: Scene, program: ApiProgram, path: str, environment: str) -> dict[str, Any]:
    """The plan, once it has ended."""

    def plan() -> dict[str, Any] | None:
        scene.work(environment, seconds=5)
        found: dict[str, Any] = program.get(path).json()
        return found if found["state"] == "finished" else None

    return wait_until(plan, seconds=40, what=path)


def assert_said(told: dict[str, Any], words: str) -> None:
    """The platform's own words stand apart from what this service found out by reading."""
    is_its_own = words == REFUSAL
    assert (told["platform_error"] or "") == (words if is_its_own else ""), told
    assert (told["why"] or "").startswith("" if is_its_own else words), told


def test_amounts_come_to_what_is_promised(magic: Scene) -> None:
    program, ids = ApiProgram.of(magic.organization, is_test=True), magic.account_ids(len(OUTCOMES))
    before = {one: magic.balance(one) for one in ids}
    rows = [{"account": str(one), "change": amount} for one, (_, amount, *_) in zip(ids, OUTCOMES, strict=True)]
    body = {"kind": "change_balances", "reason": "Magic", "rows": rows}
    made = program.post("/api/v1/plans", body, headers={"Idempotency-Key": "magic"})
    assert made.status_code == 202, made.content
    rows = finished(magic, program, made["Location"], "demo")["rows"]
    assert [row["state"] for row in rows] == [state for _, _, state, _, _ in OUTCOMES]
    for id_, row, (_, amount, state, words, attempts) in zip(ids, rows, OUTCOMES, strict=True):
        assert_said(row, words)
        operation = program.get(f"/api/v1/operations/{row['operation']}").json()
        assert operation["attempts"] == attempts, operation
        assert_said(operation, words)
        assert magic.balance(id_) - before[id_] == (Decimal(amount) if state == "succeeded" else 0), amount


def test_addresses_of_new_members_come_to_what_is_promised(magic: Scene) -> None:
    program, began = ApiProgram.of(magic.organization, is_test=True), time.monotonic()
    plans = []
    for number, (word, *_) in enumerate(OUTCOMES):
        member = {
            "name": f"PAT_{number}",
            "email": f"{word}+{number}@traders.example",
            "password": "seven quiet herons",
            "first_name": "Pat",
            "last_name": "Abel",
        }
        made = program.post("/api/v1/members", member, headers={"Idempotency-Key": word})
        assert made.status_code == 202, made.content
        plans.append(made["Location"])
    for number, (path, (word, _, state, words, _)) in enumerate(zip(plans, OUTCOMES, strict=True)):
        [row] = finished(magic, program, path, "live")["rows"]
        assert row["state"] == state, (word, row)
        assert_said(row, words)
        if state == "rejected":
            problem = program.post(f"{path}/revert", {"reason": "?"}, headers={"Idempotency-Key": f"undo-{word}"})
            assert (problem.status_code, problem.json()["code"]) == (409, "nothing_to_do")
            assert problem.json().get("platform") == row["platform_error"]
        names = [user["name"] for user in magic.expected("user", "live").values()]
        assert names.count(f"PAT_{number}") == (1 if state == "succeeded" else 0)
    assert time.monotonic() - began >= 3, "slow was not slow"
