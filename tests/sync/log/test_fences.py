"""Who has lost a lease writes nothing: every statement of a holder asks for its fence and epoch."""

import ast
import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.sync.desk import Desk
from tests.sync.stored import Stored
from vendor_admin import sync
from vendor_admin.sync import backends, leases
from vendor_admin.sync.leases import Held
from vendor_admin.sync.log import gaps

WRITES = re.compile(r"\bINSERT INTO |(?<!FOR )(?<!KEY )(?<!DO )\bUPDATE (?!OF )")
FENCE_AND_EPOCH = re.compile(r"\{HELD\}|fence = .*epoch (>=|<=) ", re.DOTALL)
# Statements without a fence of their own, by the name they are kept under, each with the reason.
NOT_OF_A_HOLDER = {
    "leases._ENSURE": "makes leases that nobody holds yet",
    "leases._MARK_PAUSED": "only leases that nobody holds",
    "leases._RETIRE": "only leases that nobody holds",
    "leases._BEAT": "the hub's own row",
    "leases._CLAIM": "this is what raises the fence",
    "statements.LEDGER": "in a flush, behind its fences",
    "statements.LOG": "in a flush, behind its fences",
    "statements.QUARANTINE": "in a flush, behind its fences",
    "statements._build": "in a flush, behind its fences",
    "statements._logged": "in a flush, behind its fences",
}
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
OPEN_GAP = """
INSERT INTO sync_gap (organization_id, lease_id, environment, shard, started_at, reason, differences, repair_note)
VALUES (1, 1, 'demo', 0, '2026-11-20 13:00+00', 'nobody listens', 0, '') RETURNING id
"""
MINE = Held(1, 1, 1, "demo", 0, 1, 1, None, None, 1, "", "")


def statements_of_the_hub() -> Iterator[tuple[str, str]]:
    """(module.name, text) of everything at the top of the sync's modules that holds an INSERT or UPDATE."""
    for path in sorted(Path(sync.__file__).parent.rglob("*.py")):
        if path.parent.name == "migrations":
            continue
        for node in ast.parse(path.read_text()).body:
            named = node.targets[0] if isinstance(node, ast.Assign) else node
            text = ast.unparse(node).replace("\\n", "\n")
            if WRITES.search(text):
                yield f"{path.stem}.{getattr(named, 'id', '') or getattr(named, 'name', '')}", text


def test_every_write_of_a_holder_asks_for_its_fence_and_epoch() -> None:
    found = dict(statements_of_the_hub())
    without = {name for name, text in found.items() if not FENCE_AND_EPOCH.search(text)}
    assert without == set(NOT_OF_A_HOLDER)
    assert {
        "gaps._END_GAP",
        "records._NOTE_RECONCILIATION",
        "places._TELL_GAPS",
        "leases._RENEW",
        "leases._RELEASE",
    } <= found.keys()


@pytest.mark.parametrize(
    ("function", "values"),
    [
        (gaps.open_gap, {"started_at": AT, "reason": "earlier", "is_taken_over": True}),
        (gaps.end_gap, {"at": AT}),
        (gaps.settle_gap, {"gap_id": 1, "differences": 5, "is_read": True, "note": "all well"}),
        (leases.request_reconciliation, {}),
    ],
)
def test_who_lost_the_lease_changes_nothing_of_the_new_holders(
    desk: Desk, stored: Stored, function: Callable[..., Awaitable[Any]], values: dict[str, Any]
) -> None:
    stored.rows(OPEN_GAP)
    before = stored.gaps(), stored.lease()["reconcile_requested_at"]

    def call(lease: Held) -> None:
        async def run() -> None:
            async with await backends.connect(desk.url, name="test") as connection:
                await function(connection, lease=lease, **values)

        asyncio.run(run())

    call(replace(MINE, fence=0))
    call(replace(MINE, epoch=2))  # of a database that was restored
    assert (stored.gaps(), stored.lease()["reconcile_requested_at"]) == before
    call(MINE)
    assert (stored.gaps(), stored.lease()["reconcile_requested_at"]) != before
