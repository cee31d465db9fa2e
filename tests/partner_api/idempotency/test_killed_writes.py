"""Real writes whose process dies on the way are done once when they are repeated: small plans, and drafted ones."""

import json
import os
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

from tests.partner_api.idempotency.stuck_write import STEPS
from tests.partner_api.matrix.planted import Planted
from tests.support.database import ROOT
from tests.support.staff_and_rows import Writer
from vendor_admin.operations.models import Plan
from vendor_admin.operations.plans.targets import DIRECT_ROWS
from vendor_admin.organizations.tenancy.scope import organization_scope

REASON = {"reason": "a test"}
FIRST_ACCOUNT = 5_500_001
ACCOUNTS = range(FIRST_ACCOUNT, FIRST_ACCOUNT + DIRECT_ROWS + 1)


def drafted(ours: Planted) -> tuple[str, str, Any]:
    """More rows than are previewed within the request: the plan is left to workers."""
    rows = [{"account": str(account)} for account in ACCOUNTS]
    return "POST", "/api/v1/plans", {"kind": "change_balances", "rows": rows, "defaults": {"change": "1"}, **REASON}


def patched(ours: Planted) -> tuple[str, str, Any]:
    return "PATCH", f"/api/v1/accounts/{ours.ids['account']}/auto-liq", {"drawdown": "2500", **REASON}


def deleted(ours: Planted) -> tuple[str, str, Any]:
    return "DELETE", f"/api/v1/trading-permissions/{ours.ids['trading_permission']}", {}


@pytest.mark.parametrize(
    ("write_of", "step"), [*((drafted, step) for step in STEPS), (patched, "kept"), (deleted, "kept")]
)
def test_a_write_whose_process_is_killed_makes_one_plan(
    ours: Planted, write: Writer, child_environment: dict[str, str], write_of: Any, step: str
) -> None:
    for account in ACCOUNTS if write_of is drafted else ():
        write.mirror("account", ours.organization, account, name=f"DRAFT{account}", active=True, user_id=1)
    method, path, body = write_of(ours)
    before = plans_of(ours)
    arguments = ["tests.partner_api.idempotency.stuck_write", ours.program.text, "key-1", step]
    with subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env=child_environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            assert child.stdout is not None
            assert child.stdin is not None
            child.stdin.write(json.dumps({"method": method, "path": path, "body": body}))
            child.stdin.close()
            assert any(line == f"at {step}\n" for line in iter(child.stdout.readline, ""))
            answer = again(ours, method, path, body)
            if step == "committed":
                assert answer.status_code == 202
            else:
                assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_in_use")
                assert plans_of(ours) == before
        finally:
            os.kill(child.pid, signal.SIGKILL)

    deadline = time.monotonic() + 30
    while (answer := again(ours, method, path, body)).status_code == 409:
        assert time.monotonic() < deadline, "the dead process' claim does not end"
    assert answer.status_code == 202, answer.content
    assert (answer.json()["state"] == "drafting") == (write_of is drafted)
    assert answer.headers.get("Idempotent-Replayed", "") == ("true" if step == "committed" else "")
    (made,) = plans_of(ours) - before
    assert answer.json()["id"] == str(made)
    assert again(ours, method, path, body).content == answer.content
    assert len(plans_of(ours) - before) == 1


def again(ours: Planted, method: str, path: str, body: Any) -> Any:
    return ours.program.send(method.lower(), path, data=body, headers={"Idempotency-Key": "key-1"})


def plans_of(ours: Planted) -> set[int]:
    with organization_scope(ours.organization.pk):
        return set(Plan.objects.values_list("pk", flat=True))
