"""What the platform lists by masters alone: read round by round from its place, and what a gap waits for."""

import asyncio
import json
import threading
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.support.running_hub import RunningHub, wait_until
from tests.sync.desk import Desk
from tests.sync.scripted_platform import ScriptedPlatform
from tests.sync.stored import Stored
from vendor_admin.operations.precedence import Priority
from vendor_admin.operations.store import allowance
from vendor_admin.organizations.models import BudgetUse, Connection
from vendor_admin.organizations.platform_access import budgets
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.sync import backends, rolling
from vendor_admin.sync.comparison import dependents, places
from vendor_admin.sync.freshness import Sockets
from vendor_admin.sync.leases import Held
from vendor_admin.sync.log import gaps
from vendor_admin.tradovate.operations import write_at

Connect = Callable[..., Connection]
StartHub = Callable[..., RunningHub]
LOG = "cashBalanceLog/ldeps"
TYPES = ["account", "tradingPermission", "cashBalanceLog"]
ACCOUNTS = [{"id": one, "name": "a", "archived": one > 20} for one in range(1, 31)]
ASK = "UPDATE sync_lease SET reconcile_requested_at = now() RETURNING id"


class Story:
    """An organization of thirty accounts, whose cash is read by three calls; an answer can be held back."""

    def __init__(self, platform: ScriptedPlatform, connection: Connection, start_hub: StartHub, stored: Stored) -> None:
        self.platform, self.connection, self.stored, self.start_hub = platform, connection, stored, start_hub
        self.asked: list[int] = []
        self.holds_from = 0
        self.may_answer, self.is_held = threading.Event(), threading.Event()
        self.answers: dict[int, tuple[int, object]] = {}
        self.poison: set[int] = set()
        self.is_away = False

    def look_up(self, endpoint: str, query: str) -> tuple[int, object]:
        if endpoint == "account/list":
            return 200, ACCOUNTS
        if endpoint != LOG:
            return 200, []
        masters = [int(one) for one in parse_qs(query)["masterids"][0].split(",")]
        first = masters[0]
        if self.holds_from == first:
            self.is_held.set()
            self.may_answer.wait(30)
        self.asked.append(first)
        if self.is_away or self.poison.intersection(masters):
            return 500, "Internal Server Error"
        return self.answers.pop(first, (200, []))

    def hub(self, name: str = "hub-1") -> RunningHub:
        return self.start_hub(name)

    def loaded(self) -> None:
        wait_until(lambda: self.stored.leases() and self.stored.lease()["reconciled_at"], what="the first load")

    def hold_from(self, master: int) -> None:
        self.holds_from = master
        self.may_answer.clear()
        self.is_held.clear()

    def go_on(self) -> None:
        self.holds_from = 0
        self.may_answer.set()

    def last_gap(self) -> dict[str, Any]:
        gaps = self.stored.gaps()
        return gaps[-1] if gaps else {}

    def places(self) -> list[dict[str, Any]]:
        return self.stored.rows("SELECT * FROM sync_readingplace ORDER BY entity_type")

    def why_old(self, entity_type: str) -> str:
        with organization_scope(self.connection.organization_id):
            return Sockets(self.connection.organization_id, now=database_clock.now()).why_old("demo", [entity_type])

    def compare(self) -> None:
        self.asked.clear()
        self.stored.rows(ASK)
        wait_until(
            lambda: (one := self.stored.lease())["reconciled_at"] > one["reconcile_requested_at"],
            what="the comparison",
        )


@pytest.fixture
def story(
    platform: ScriptedPlatform,
    connect: Connect,
    start_hub: StartHub,
    stored: Stored,
    monkeypatch: pytest.MonkeyPatch,
) -> Story:
    platform.snapshot = [f'a[{{"s":200,"i":{{i}},"d":{{"accounts":{json.dumps(ACCOUNTS)}}}}}]'.encode()]
    made = Story(platform, connect(platform, entity_types=TYPES), start_hub, stored)
    monkeypatch.setattr(platform, "look_up", made.look_up)
    monkeypatch.setattr(dependents, "CALLS_AT_ONCE", 1)
    monkeypatch.setattr(dependents, "TOLD_SECONDS", 0.0)
    return made


def test_a_call_that_fails_is_asked_again_and_those_before_it_are_not(story: Story) -> None:
    story.answers = {11: (500, "Internal Server Error")}
    story.hub()
    story.loaded()
    assert story.asked == [1, 11, 11, 21]


def test_an_account_that_cannot_be_read_holds_up_no_other_and_is_asked_again_in_the_next_round(story: Story) -> None:
    story.poison = {14}
    story.hub()
    story.loaded()
    assert {11, 13, 14, 15, 21} <= set(story.asked)
    (place,) = story.places()
    assert (place["round"], list(place["unreadable"])) == (1, ["14"])
    assert "500" in place["unreadable"]["14"]
    story.asked.clear()
    story.compare()
    assert 14 not in story.asked
    assert list(story.places()[0]["unreadable"]) == ["14"], "what was not asked is as unreadable as before"

    story.asked.clear()
    story.platform.close()
    wait_until(lambda: story.last_gap() and story.last_gap()["repaired_at"], what="the repair")
    assert 14 in story.asked
    assert "cash balance logs of account 14" in story.last_gap()["repair_note"]
    story.poison.clear()
    story.platform.close()
    wait_until(lambda: story.places()[0]["unreadable"] == {}, what="the next round")


def test_a_platform_that_answers_nobody_makes_no_account_unreadable(story: Story) -> None:
    story.is_away = True
    story.hub()
    wait_until(lambda: story.asked.count(1) >= 6, what="some tries")
    assert [(one["round"], one["asked"], one["unreadable"]) for one in story.places()] == [(0, 0, None)]
    story.is_away = False
    story.loaded()
    assert story.places()[0]["unreadable"] is None


def test_another_worker_goes_on_where_the_last_one_died(story: Story) -> None:
    story.hold_from(11)
    first = story.hub("first")
    assert story.is_held.wait(30)
    story.go_on()
    first.stop()
    story.hold_from(21)
    asked = len(story.asked)
    story.hub("second")
    assert story.is_held.wait(30)
    assert story.asked[asked:] in ([], [11])
    story.go_on()
    story.loaded()
    assert {1, 11, 21} == set(story.asked)


def test_a_gap_says_how_far_its_repair_is_and_ends_when_all_were_asked_since(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rolling, "SMALL_CALLS", 0)
    story.hub()
    wait_until(lambda: story.asked == [1, 11, 21], what="the first round")
    story.loaded()
    story.asked.clear()
    story.hold_from(21)
    story.platform.close()
    assert story.is_held.wait(30)
    wait_until(lambda: "20 of 30" in story.last_gap()["repair_note"], what="how far it is")
    assert story.last_gap()["repaired_at"] is None
    assert story.why_old("tradingPermission") == ""
    assert "have not all been read" in story.why_old("cashBalanceLog")
    story.go_on()
    wait_until(lambda: story.last_gap()["repaired_at"], what="the repair")
    assert story.why_old("cashBalanceLog") == ""
    assert story.asked == [1, 11, *[1, 11, 21]], "what moved, then all"


def test_a_socket_that_ends_in_the_middle_of_a_repair_has_all_asked_since(story: Story) -> None:
    story.hub()
    story.loaded()
    story.hold_from(11)
    story.platform.close()
    assert story.is_held.wait(30)
    story.go_on()
    story.hold_from(21)
    story.asked.clear()
    story.may_answer.set()
    story.platform.close()
    story.go_on()
    wait_until(
        lambda: story.stored.lease()["epoch"] >= 3 and all(gap["repaired_at"] for gap in story.stored.gaps()),
        what="the repair",
    )
    assert {1, 11, 21} <= set(story.asked)


def test_archived_accounts_are_read_by_the_round_and_not_every_hour(story: Story) -> None:
    story.hub()
    story.loaded()
    assert 21 in story.asked
    story.compare()
    assert story.asked == [1, 11]


def test_of_a_large_organization_only_what_moved_is_read_every_hour(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rolling, "SMALL_CALLS", 0)
    monkeypatch.setattr(dependents, "CALLS_AT_ONCE", 10)
    story.hub()
    wait_until(lambda: 21 in story.asked, what="the first round")
    story.loaded()
    story.compare()
    story.stored.rows("UPDATE mirrors_account SET received_at = now() - interval '1 hour' RETURNING id")
    story.platform.send(
        b'a[{"e":"props","d":{"entityType":"account","eventType":"Updated","entity":{"id":7,"name":"moved"}}}]'
    )
    wait_until(lambda: story.stored.mirror("account", 7)[0]["name"] == "moved", what="the event")
    monkeypatch.setitem(ACCOUNTS[6], "name", "moved")
    story.compare()
    assert story.asked == [7]


def test_what_is_read_in_the_background_leaves_calls_to_people_and_is_spread_over_the_hour(committed_db: None) -> None:
    caller, now = allowance.Caller("https://demo.tradovateapi.com/v1", "vendor"), database_clock.now()
    share = budgets.BACKGROUND_CALLS
    key = budgets.key_of(budget=share, subject=caller.user)
    BudgetUse.objects.bulk_create(BudgetUse(key=key, used_at=now) for _ in range(share.spaced_from - 1))
    assert budgets.take_reading(subject=caller.user, now=now, in_background=True) == 0.0
    assert 1 < budgets.take_reading(subject=caller.user, now=now, in_background=True) <= 2
    assert budgets.take_reading(subject=caller.user, now=now, in_background=False) == 0.0
    BudgetUse.objects.bulk_create(BudgetUse(key=key, used_at=now) for _ in range(share.limit - share.spaced_from))
    assert budgets.take_reading(subject=caller.user, now=now, in_background=True) > 3_500
    operation = write_at("fundTransaction/adjustcash").operation
    assert allowance.draw(caller, operation, wanted=50, now=now, priority=Priority.NORMAL).count == 50
    assert share.limit <= budgets.USER_CALLS.limit * 0.4


def test_a_call_that_people_need_more_is_not_taken_from_the_share_either(committed_db: None) -> None:
    user, now = budgets.user_subject(user="vendor", url="https://demo.tradovateapi.com/v1"), database_clock.now()
    key = budgets.key_of(budget=budgets.USER_CALLS, subject=user)
    BudgetUse.objects.bulk_create(BudgetUse(key=key, used_at=now) for _ in range(budgets.READING_CALLS.limit))
    assert budgets.take_reading(subject=user, now=now, in_background=True) > 0
    assert budgets.uses_left(budget=budgets.BACKGROUND_CALLS, subject=user, now=now) == budgets.BACKGROUND_CALLS.limit


def test_what_was_asked_before_a_gap_was_marked_counts_for_nothing_after_it(
    platform: ScriptedPlatform, connect: Connect, desk: Desk, stored: Stored
) -> None:
    assert connect(platform).pk == 1
    stored.rows("UPDATE sync_lease SET reconciled_at = now() RETURNING id")
    lease = Held(1, 1, 1, "demo", 0, 1, 1, None, None, 1, "", "")
    stored.rows(
        "INSERT INTO sync_gap (organization_id, lease_id, environment, shard, started_at, ended_at, reason,"
        " differences, repair_note) VALUES (1, 1, 'demo', 0, now(), now(), '', 0, '') RETURNING id"
    )
    types = ["cashBalanceLog"]
    ahead = partial(places.advance, next_master=11, count=10, masters=30, is_over=False, seconds_left=0.0)

    async def race() -> None:
        async with await backends.connect(desk.url, name="test") as connection:
            await places.ensure(connection, lease=lease, types=types)
            (before,) = await places.read_places(connection, lease=lease, types=types)
            await places.mark(connection, lease=lease, gap_id=1, types=types)
            await ahead(connection, lease=lease, place=before)
            (after,) = await places.read_places(connection, lease=lease, types=types)
            assert (after.asked, after.is_behind) == (0, True)
            await ahead(connection, lease=lease, place=after)
            (later,) = await places.read_places(connection, lease=lease, types=types)
            assert later.asked == 10

    asyncio.run(race())


def test_what_is_compared_is_drawn_from_the_share_of_the_background_and_a_first_load_is_not(story: Story) -> None:
    drawn = "SELECT * FROM organizations_budgetuse WHERE key LIKE %s"
    story.hub()
    story.loaded()
    key = f"%{budgets.BACKGROUND_CALLS.name}"
    assert len(story.stored.rows(drawn, key)) < len(story.asked), "the lists of a first comparison alone"
    before = len(story.stored.rows(drawn, key))
    story.compare()
    assert len(story.stored.rows(drawn, key)) >= before + len(story.asked)


def test_a_gap_of_another_shard_is_repaired_while_the_first_one_reads(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dependents, "OTHER_SHARDS_SECONDS", 0.1)
    with organization_scope(story.connection.organization_id):
        Connection.objects.update(sharding="modAccountId", shard_count=2)
    story.hub()
    wait_until(
        lambda: len(found := story.stored.leases()) == 2 and found[0]["reconciled_at"] and found[1]["settled_at"],
        what="both shards",
    )
    story.hold_from(11)
    story.asked.clear()
    other = next(one for one in story.platform.open_peers if one.sync_request["shardingExpression"]["remainder"] == 1)
    story.platform.send(b'c[1000,""]', peer=other)
    assert story.is_held.wait(30)
    wait_until(lambda: "of 30 read" in story.last_gap()["repair_note"], what="how far it is")
    (gap,) = story.stored.gaps()
    assert (gap["shard"], gap["repaired_at"]) == (1, None)
    story.go_on()
    wait_until(lambda: story.last_gap()["repaired_at"], what="the repair")
    assert {1, 11, 21} <= set(story.asked)
    assert [(one["shard"], one["epoch"]) for one in story.stored.leases()] == [(0, 1), (1, 2)]


def test_a_gap_that_goes_on_is_read_around_anew_from_its_new_end(desk: Desk, stored: Stored) -> None:
    stored.rows("UPDATE sync_lease SET opened_at = now() RETURNING id")
    stored.rows(
        "INSERT INTO sync_gap (organization_id, lease_id, environment, shard, started_at, ended_at, settled_at, reason,"
        " differences, repair_note, lists_read_at, marks) VALUES (1, 1, 'demo', 0, now(), now(), now(), '', 0, '',"
        """ now(), '{"cashBalanceLog": [1, 5, 4]}') RETURNING id"""
    )

    async def go_on() -> None:
        async with await backends.connect(desk.url, name="test") as connection:
            lease = Held(1, 1, 1, "demo", 0, 1, 1, None, None, 1, "", "")
            await gaps.open_gap(connection, lease=lease, started_at=None, reason="again", grows=True)

    asyncio.run(go_on())
    (gap,) = stored.gaps()
    assert (gap["ended_at"], gap["marks"], gap["lists_read_at"]) == (None, None, None)
