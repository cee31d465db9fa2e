"""Each guard is taken away once, in a database of the story's own, to see that its story then goes red."""

from collections.abc import Callable

import psycopg
import pytest

from tests.faults.stage import BRISK, SHORT_LEASE, SMALL_WORLD, TRADING, Stage, in_words, print_table
from tests.faults.test_stopped_holder import stop_the_holder
from tests.support.cutting_proxy import CuttingProxy

pytestmark = pytest.mark.slow

TRIES = 5
NO_FENCE = "CREATE OR REPLACE FUNCTION sync_hold_fences(held jsonb) RETURNS void LANGUAGE sql AS 'SELECT'"
NO_LEDGER = """
CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER forget BEFORE INSERT ON sync_batch FOR EACH ROW EXECUTE FUNCTION forget();
"""


def test_without_the_fence_a_sleeper_writes_after_the_take_over(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage(*SMALL_WORLD)
    stage.connect_organizations(environments=["demo"], entity_types=TRADING)
    stage.open_with_load(1500, workers=2, environment=SHORT_LEASE)
    stage.query(NO_FENCE)
    without: list[str] = []
    tries = 0
    while not without and tries < TRIES:  # the sleeper may wake in the middle of a write, whose connection is gone
        tries += 1
        stage.sandbox.control("rate", rate=1500)
        stage.until_more_is_stored()
        stop_the_holder(stage)
        stage.quiesce()
        without = stage.compare(mirrors=False, overlap=12.0)["violations"]
    print_table("Guard: fence (the story above without it)", {f"without it ({tries} tries)": without})
    assert any("two writers" in one for one in without)


def test_without_the_ledger_a_lost_answer_stores_a_batch_twice(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage(*SMALL_WORLD)
    stage.connect_organizations(environments=["demo"], entity_types=TRADING)
    with CuttingProxy(stage.urls["hub"]) as proxy:
        stage.open_with_load(1500, environment=BRISK | {"DATABASE_HUB_URL": proxy.url})
        for _ in range(TRIES):
            lose_an_answer(stage, proxy)
        stage.quiesce()
        report = stage.compare()
        stage.query(NO_LEDGER)
        stage.sandbox.control("rate", rate=1500)
        stage.until_more_is_stored()
        for _ in range(TRIES):
            lose_an_answer(stage, proxy)
        stage.quiesce()
        without = stage.compare(mirrors=False)["violations"]
    print_table(
        f"Guard: ledger ({TRIES} connections cut after COMMIT and before its answer)",
        {**in_words(report), "with it": report["violations"] or "no violation", "without it": without},
    )
    assert report["violations"] == []
    assert any("stored more than once" in one for one in without)


def test_without_row_level_security_one_organization_sees_another(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage("--organizations", "2", "--users", "3")
    stage.connect_organizations(environments=["demo"], entity_types=["user", "account", "order"])
    stage.start_worker()
    stage.until(lambda: len(organizations_seen(stage, "1,2")) == 2, "both organizations have rows")
    seen = {scope: organizations_seen(stage, scope) for scope in ("", "1", "2")}
    stage.query("ALTER TABLE sync_entityevent DISABLE ROW LEVEL SECURITY")
    without = organizations_seen(stage, "1")
    print_table(
        "Guard: row level security, organizations seen by the app role",
        {f"scope {{{scope}}}": found for scope, found in seen.items()} | {"scope {1} without it": without},
    )
    assert seen == {"": [], "1": [1], "2": [2]}
    assert without == [1, 2]


def lose_an_answer(stage: Stage, proxy: CuttingProxy) -> None:
    """Let the server commit a flush whose answer never arrives.

    Where the answer to the flush before was held back too, the worker waits for that one and sends no other: then it is
    tried again.
    """
    for _ in range(5):
        before = stage.number("SELECT max(id) FROM sync_entityevent")
        proxy.hold_answers()
        is_lost = commits_more_than(stage, before)
        proxy.cut()
        stage.until_more_is_stored(500)
        if is_lost:
            return
    raise AssertionError("No flush was committed unheard.")


def commits_more_than(stage: Stage, newest_id: int) -> bool:
    """Whether something newer is stored within a few seconds."""
    try:
        stage.until(lambda: stage.number("SELECT max(id) FROM sync_entityevent") > newest_id, "a commit", seconds=3)
    except AssertionError:
        return False
    return True


def organizations_seen(stage: Stage, scope: str) -> list[int]:
    """Whose events the app role finds in the log."""
    with psycopg.connect(stage.urls["app"]) as connection:
        connection.execute("SELECT set_config('app.orgs', %s, true)", [f"{{{scope}}}" if scope else ""])
        rows = connection.execute("SELECT DISTINCT organization_id FROM sync_entityevent ORDER BY 1").fetchall()
    return [row[0] for row in rows]
