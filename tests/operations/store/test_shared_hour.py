"""Workers in eight processes, for eight organizations that call from one address, share the address's hour."""

import subprocess
import sys
from collections import Counter
from typing import Any

import pytest

from tests.support.database import ROOT
from tests.support.engine_kinds import register_engine_kinds
from tests.support.scene import Scene
from vendor_admin.operations.kinds import Target
from vendor_admin.operations.models import Operation
from vendor_admin.sandbox.running import RunningSandbox

ORGANIZATIONS, CALLS_EACH = 8, 14
HOUR_SECONDS = 8.0
A_HUNDRED = 100  # failed calls an hour that the platform lets an address make here
CREATE = "user/createevaluationaccounts"
WORLD = ("--organizations", str(ORGANIZATIONS), "--users", "1", "--accounts-per-user", "1", "--rate", "0")


def refused_account(number: int) -> Target:
    """An account of a template that does not exist."""
    account = {"userId": 1, "templateAccountId": 1, "name": f"REFUSED{number}", "initialBalance": 1000}
    return Target("any", None, {"path": CREATE, "environment": "demo", "body": {"accounts": [account]}})


@pytest.mark.slow
def test_eight_processes_never_make_more_than_the_hours_calls_in_any_window(
    committed_db: None, child_environment: dict[str, str], settings: Any
) -> None:
    register_engine_kinds()
    settings.BUDGET_WINDOW_SECONDS = HOUR_SECONDS
    with RunningSandbox(*WORLD, "--logins-per-user", "100", "--hour-seconds", str(HOUR_SECONDS)) as sandbox:
        scenes = [Scene(sandbox, number=number, slug=f"vendor-{number}") for number in range(ORGANIZATIONS)]
        plans = [
            scene.start("test_any_write", [refused_account(number) for number in range(CALLS_EACH)]) for scene in scenes
        ]
        child = subprocess.run(
            [
                sys.executable,
                "-m",
                "tests.operations.store.eight_workers",
                *(str(one.organization.pk) for one in scenes),
            ],
            env=child_environment | {"BUDGET_WINDOW_SECONDS": str(HOUR_SECONDS)},
            cwd=ROOT,
            timeout=120,
            check=False,
            capture_output=True,
        )
        assert child.returncode == 0, child.stderr.decode()
        entries = sandbox.view("ledger", after=0, kind="write", limit=20_000)["entries"]
    assert Counter(one["event_type"] for one in entries) == {"unchanged": ORGANIZATIONS * CALLS_EACH}  # none blocked
    moments = sorted(one["at"] for one in entries)
    most = max(sum(start <= at < start + HOUR_SECONDS for at in moments) for start in moments)

    assert most <= A_HUNDRED
    assert most > A_HUNDRED / 2  # it is used, not only kept
    for scene, plan in zip(scenes, plans, strict=True):
        assert {one.state for one in scene.operations(plan)} == {Operation.State.REJECTED}
