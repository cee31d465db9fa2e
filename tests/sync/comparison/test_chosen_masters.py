"""Types that are read of a few masters alone: which ones, by how many calls, and what is read of them after a gap."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import psycopg
import pytest

from tests.support.running_hub import RunningHub, wait_until
from tests.support.staff_and_rows import Writer
from tests.sync.comparison.sandbox_scene import Scene
from tests.sync.desk import Desk
from tests.sync.scripted_platform import ScriptedPlatform
from tests.sync.stored import Stored
from vendor_admin.mirrors.columns import mirror_models
from vendor_admin.mirrors.models.base import Source
from vendor_admin.organizations.models import Connection, Organization
from vendor_admin.sync import backends
from vendor_admin.sync.comparison import chosen_masters as chosen
from vendor_admin.sync.comparison import places
from vendor_admin.sync.leases import Held
from vendor_admin.sync.log import batch_writer
from vendor_admin.sync.rolling import CHOSEN, WORDS
from vendor_admin.tradovate.order_status import rests

StartHub = Callable[..., RunningHub]
Connect = Callable[..., Connection]
NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(days=30)


def test_every_type_of_chosen_masters_is_read_behind_its_masters() -> None:
    by_chosen = {name: model for name, model in mirror_models().items() if model.source is Source.CHOSEN}
    assert set(CHOSEN) == by_chosen.keys() <= WORDS.keys()
    order = list(mirror_models())
    assert all(order.index(model.master) < order.index(name) for name, model in by_chosen.items())


class Masters:
    """Rows of one organization, and which masters are chosen by them."""

    def __init__(self, desk: Desk, write: Writer, organization: Organization) -> None:
        self.desk, self.write, self.organization = desk, write, organization

    def add(self, entity_type: str, entity_id: int, **values: Any) -> None:
        self.write.mirror(entity_type, self.organization, entity_id, **({"received_at": LONG_AGO} | values))

    def contract(self, number: int, *, expires_in_days: int = 30, **values: Any) -> None:
        """A contract of the product of the same number, with its maturity."""
        expires_at = NOW + timedelta(days=expires_in_days)
        self.add("product", number)
        self.add("contractMaturity", number, product_id=number, expiration_date=expires_at)
        self.add("contract", number, contract_maturity_id=number, **values)

    def of(self, entity_type: str, *, since: datetime = NOW - timedelta(hours=1)) -> list[int]:
        async def ask() -> list[int]:
            async with await backends.connect(self.desk.url, name="test") as connection:
                lease = Held(1, self.organization.pk, 1, "demo", 0, 1, 1, None, None, 1, "", "")
                return await chosen.chosen_masters(connection, lease=lease, entity_type=entity_type, since=since)

        return asyncio.run(ask())


@pytest.fixture
def masters(desk: Desk, write: Writer, alpha: Organization) -> Masters:
    return Masters(desk, write, alpha)


def test_margins_are_read_of_contracts_that_are_held_or_ordered_and_have_not_expired(
    masters: Masters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chosen, "NEWEST_ORDERS", 20)
    for number in range(1, 20):
        masters.contract(number, expires_in_days=-2 if number in (3, 13) else 30)
    masters.add("position", 1, contract_id=1, net_pos=2)
    masters.add("position", 2, contract_id=2, net_pos=0)
    masters.add("position", 3, contract_id=3, net_pos=5)
    masters.add("position", 4, contract_id=4, net_pos=-1, archived=True)
    masters.add("position", 5, contract_id=5, net_pos=-1, deleted_at=NOW)
    masters.add("position", 6, contract_id=6, net_pos=1, environment="live")
    statuses = (
        "PendingNew",
        "Working",
        "PendingCancel",
        "Suspended",
        None,
        "Filled",
        "Canceled",
        "Rejected",
        "Expired",
    )
    for number, status in enumerate(statuses, start=10):
        masters.add("order", number, contract_id=number, ord_status=status)
    masters.add("order", 19, contract_id=19, ord_status="Working", deleted_at=NOW)
    assert masters.of("contractMargin") == [1, 10, 11, 12, 14]


def test_sessions_are_read_of_products_that_are_held_ordered_or_were_told_of_this_week(masters: Masters) -> None:
    for number in range(1, 6):
        masters.contract(number)
    masters.contract(6, received_at=NOW - timedelta(days=6))
    masters.contract(7, received_at=NOW - timedelta(days=8))
    masters.add("position", 1, contract_id=1, net_pos=-2)
    masters.add("position", 2, contract_id=2, net_pos=0)
    masters.add("order", 3, contract_id=3, ord_status="Filled")
    assert masters.of("productSession") == [1, 3, 6]


def test_the_history_of_a_risk_status_is_read_where_the_status_has_changed(
    masters: Masters, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 7):
        masters.add("account", number, archived=number == 5, closed=number == 6)
        changed_at = LONG_AGO if number == 1 else NOW - timedelta(minutes=number)
        masters.add("accountRiskStatus", number, received_at=changed_at)
    masters.add("cashBalance", 1, account_id=1, received_at=NOW)
    assert masters.of("accountRiskStatusLog") == [2, 3, 4]
    assert masters.of("accountRiskStatusLog", since=NOW - timedelta(minutes=1)) == [2], "clocks may differ a little"
    monkeypatch.setattr(chosen, "MOST_MOVED", 2)
    assert masters.of("accountRiskStatusLog") == [2, 3], "those that changed last go first"


def test_limits_are_read_of_all_risk_categories_and_parameters_of_all_their_limits(masters: Masters) -> None:
    masters.add("riskCategory", 1)
    masters.add("riskCategory", 2, deleted_at=NOW)
    masters.add("categoryPositionLimit", 7, risk_category_id=1)
    assert (masters.of("categoryPositionLimit"), masters.of("categoryRiskParameter")) == ([1], [7])


def test_of_the_simulated_platform_a_few_calls_read_what_matters_and_a_gap_leaves_nothing_behind(
    scene: Scene, start_hub: StartHub, stored: Stored
) -> None:
    scene.control("events", count=300)
    shown = scene.expected()
    scene.connect()
    start_hub()
    scene.wait_until_settled()
    scene.wait_until_equal()

    def ids(entity_type: str) -> set[int]:
        return {row["entity_id"] for row in stored.mirror(entity_type.lower()) if row["deleted_at"] is None}

    for entity_type in ("productMargin", "currencyRate", "contractGroup", "orderStrategyType", "riskTimePeriod"):
        assert ids(entity_type) == shown[entity_type].keys() != set(), entity_type
    for entity_type in ("categoryPositionLimit", "categoryRiskParameter", "productSession", "accountRiskStatusLog"):
        assert ids(entity_type) == shown.get(entity_type, {}).keys(), entity_type
    session = stored.mirror("productsession")[0]
    assert (str(session["open_time"]), str(session["stop_time"])) == ("17:00:00", "16:00:00")

    def asked(entity_type: str) -> list[int]:
        entries = scene.sandbox.view("ledger", limit=100_000)["entries"]
        calls = [one for one in entries if one["endpoint"] == f"{entity_type}/ldeps" and one["direction"] == "received"]
        return [int(one) for call in calls for one in parse_qs(call["text"])["masterids"][0].split(",")]

    held = {one["contractId"] for one in shown["position"].values() if one["netPos"]}
    held |= {one["contractId"] for one in shown["order"].values() if rests(one["ordStatus"])}
    assert set(asked("contractMargin")) == held == ids("contractMargin") != set()
    account = min(shown["account"])
    scene.control("refuse", seconds=1)
    scene.control("close", code=0)
    locked = {"adminAction": "LockTradingImmediately", "adminTimestamp": "2026-11-20T15:00:00.000Z"}
    entry = locked | {"id": 77, "accountId": account, "timestamp": "2026-11-20T15:00:00.000Z"}
    scene.control("inject", entityType="accountRiskStatus", entity=locked | {"id": account})
    scene.control("inject", entityType="accountRiskStatusLog", entity=entry, eventType="Created")
    closed: dict[str, Any] = {
        "id": 78,
        "accountId": account,
        "contractId": min(shown["contract"]),
        "liquidatedNetPos": -2,
    }
    closed |= {"timestamp": "2026-11-20T15:00:01.000Z", "initiator": "Admin", "adminAction": "LiquidateImmediately"}
    scene.control("inject", entityType="autoLiqTransaction", entity=closed, eventType="Created")
    before = len(asked("accountRiskStatusLog"))
    wait_until(lambda: stored.gaps() and stored.gaps()[-1]["repaired_at"], seconds=60, what="the repair")
    assert [one["admin_action"] for one in stored.mirror("accountriskstatuslog", 77)] == ["LockTradingImmediately"]
    assert [one["liquidated_net_pos"] for one in stored.mirror("autoliqtransaction", 78)] == [-2]
    assert before < len(asked("accountRiskStatusLog")) <= before + len(shown["account"])
    scene.wait_until_equal()


def test_a_master_that_cannot_be_read_is_named_and_asked_again_each_time(
    platform: ScriptedPlatform, connect: Connect, start_hub: StartHub, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison = {1002}

    def look_up(endpoint: str, query: str) -> tuple[int, object]:
        if endpoint == "riskCategory/list":
            return 200, [{"id": one, "name": f"c{one}"} for one in (1001, 1002, 1003)]
        if endpoint != "categoryPositionLimit/ldeps":
            return 200, []
        of = {int(one) for one in parse_qs(query)["masterids"][0].split(",")}
        if of & poison:
            return 500, "Internal Server Error"
        return 200, [{"id": 10 * one, "riskCategoryId": one, "active": True} for one in sorted(of)]

    monkeypatch.setattr(platform, "look_up", look_up)
    connect(platform, entity_types=["riskCategory", "categoryPositionLimit"])
    start_hub()
    wait_until(lambda: stored.leases() and stored.lease()["reconciled_at"], what="the first load")
    assert {one["entity_id"] for one in stored.mirror("categorypositionlimit")} == {10010, 10030}
    (place,) = stored.rows("SELECT * FROM sync_readingplace")
    assert list(place["unreadable"]) == ["1002"]
    poison.clear()
    stored.rows("UPDATE sync_lease SET reconcile_requested_at = now() RETURNING id")
    wait_until(lambda: len(stored.mirror("categorypositionlimit")) == 3, what="the next comparison")
    wait_until(lambda: stored.rows("SELECT unreadable FROM sync_readingplace")[0]["unreadable"] == {}, what="its note")


def test_what_was_lost_of_them_is_read_although_its_master_has_not_changed(
    platform: ScriptedPlatform, connect: Connect, start_hub: StartHub, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.snapshot = [
        b'a[{"s":200,"i":{i},"d":{"accounts":[{"id":1,"name":"a"}],"accountRiskStatuses":[{"id":1,"maxNetLiq":5}]}}]'
    ]
    platform.lists = {"account": [{"id": 1, "name": "a"}], "accountRiskStatus": [{"id": 1, "maxNetLiq": 5}]}
    platform.lists["accountRiskStatusLog"] = []
    connect(platform, entity_types=["account", "accountRiskStatus", "accountRiskStatusLog"])
    start_hub()
    wait_until(lambda: stored.leases() and stored.lease()["reconciled_at"], what="the first load")
    stored.rows("UPDATE mirrors_accountriskstatus SET received_at = now() - interval '1 day' RETURNING id")
    platform.lists["accountRiskStatusLog"] = [{"id": 14, "accountId": 1, "adminAction": "Normal"}]
    really_write, failures = batch_writer.write_batch, [psycopg.errors.ProgramLimitExceeded() for _ in range(3)]

    async def write(connection: Any, rows: Any, **options: Any) -> int:
        if failures:
            raise failures.pop()
        return await really_write(connection, rows, **options)

    monkeypatch.setattr(batch_writer, "write_batch", write)
    platform.send(
        b'a[{"e":"props","d":{"entityType":"accountRiskStatusLog","eventType":"Created","entity":{"id":14}}}]'
    )
    wait_until(lambda: stored.gaps() and stored.gaps()[-1]["repaired_at"], seconds=30, what="the repair")
    assert [one["admin_action"] for one in stored.mirror("accountriskstatuslog")] == ["Normal"]


def test_their_places_begin_with_everything_and_without_a_round(
    connect: Connect, platform: ScriptedPlatform, desk: Desk, stored: Stored
) -> None:
    assert connect(platform).pk == 1

    async def ensure() -> None:
        async with await backends.connect(desk.url, name="test") as connection:
            lease = Held(1, 1, 1, "demo", 0, 1, 1, None, None, 1, "", "")
            await places.ensure(connection, lease=lease, types=["cashBalanceLog"], chosen=["contractMargin"])

    asyncio.run(ensure())
    log, margin = stored.rows("SELECT * FROM sync_readingplace ORDER BY entity_type")
    assert (log["round"], margin["round"]) == (0, 1), "what has no rounds is never behind"
    assert margin["moved_at"] == places.AT_FIRST < log["moved_at"]
