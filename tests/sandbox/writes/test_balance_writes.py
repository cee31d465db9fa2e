"""Balances: the two ways to change them, their limits and sentences, resets, and the drawdown's peak."""

import datetime as dt

import pytest

from tests.sandbox.plain_client import live_socket
from tests.sandbox.vendor import Vendor

CHANGE = "cashBalance/changedemobalance"
ADJUST = "fundTransaction/adjustcash"


@pytest.fixture
def account(vendor: Vendor) -> int:
    return vendor.new_account()


def _adjustment(account_id: int, **fields: object) -> dict[str, object]:
    return {"accountId": account_id, "cashChange": 100, "cashChangeType": "Courtesy", "currencyId": 1} | fields


def test_a_change_moves_balance_log_and_peak(vendor: Vendor, account: int) -> None:
    status, snapshot = vendor.demo(CHANGE, {"accountId": account, "cashChange": 1_000.5, "comment": "Bonus 7"})
    assert (status, snapshot["totalCashValue"], snapshot["netLiq"]) == (200, 26_000.5, 26_000.5)
    [balance] = vendor.of_account("cashBalance", account)
    entry = vendor.of_account("cashBalanceLog", account)[-1]
    assert balance["amount"] == 26_000.5
    assert (entry["delta"], entry["amount"], entry["comment"]) == (1_000.5, 26_000.5, "Bonus 7")
    assert vendor.entity("demo", "accountRiskStatus", account)["maxNetLiq"] == 26_000.5


def test_taking_money_lowers_the_peak_as_well(vendor: Vendor, account: int) -> None:
    vendor.demo(CHANGE, {"accountId": account, "cashChange": 500})
    vendor.demo(ADJUST, _adjustment(account, cashChange=-200))
    vendor.demo(CHANGE, {"accountId": account, "cashChange": -1_000})
    status = vendor.entity("demo", "accountRiskStatus", account)
    assert (status["maxNetLiq"], status["minNetLiq"]) == (24_500, 24_300)


def test_a_change_without_a_comment_gets_the_platforms_own(vendor: Vendor, account: int) -> None:
    vendor.demo(CHANGE, {"accountId": account, "cashChange": -10})
    assert vendor.of_account("cashBalanceLog", account)[-1]["comment"] == "Demo Change"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"accountId": 0}, "Account Id should be greater than 0"),
        ({"accountId": 5}, "Access denied"),
        ({"cashChange": -1_000_000}, "Cash Change should be greater than -1000000"),
        ({"cashChange": 1_000_000}, "Cash Change should be less than 1000000"),
        ({"comment": "x" * 65}, "Comment should be no longer than 64"),
        (
            {"cashChange": 25_000.01},
            "Maximum cash amount in the simulation account must be less than or equal to $50,000",
        ),
    ],
)
def test_a_change_is_refused_in_the_platforms_words(vendor: Vendor, account: int, fields: dict, text: str) -> None:
    before = vendor.of_account("cashBalanceLog", account)
    answer = vendor.demo(CHANGE, {"accountId": account, "cashChange": 10} | fields)
    assert answer == (200, {"errorText": text})
    assert vendor.of_account("cashBalanceLog", account) == before


def test_the_cap_may_be_lifted_for_administrators(vendor: Vendor, account: int) -> None:
    vendor.sandbox.control("write-settings", cap_binds_administrators=False)
    assert vendor.demo(CHANGE, {"accountId": account, "cashChange": 100_000})[1]["totalCashValue"] == 125_000


def test_the_largest_comment_and_the_smallest_change_pass(vendor: Vendor, account: int) -> None:
    answer = vendor.demo(CHANGE, {"accountId": account, "cashChange": 0.01, "comment": "x" * 64})[1]
    assert answer["totalCashValue"] == 25_000.01


def test_a_change_on_live_names_the_other_host(vendor: Vendor, account: int) -> None:
    text = "This endpoint should be called on demo.tradovateapi.com"
    assert vendor.live(CHANGE, {"accountId": account, "cashChange": 10}) == (200, {"errorText": text})


def test_an_ordinary_user_changes_its_own_account_once_an_hour(vendor: Vendor) -> None:
    account = vendor.new_account(user_id=vendor.entity("demo", "user", 2_000_000)["id"])
    other = vendor.new_account()
    vendor.sandbox.control("key", organization=vendor.organization, is_vendor=False)
    try:
        assert "errorText" not in vendor.demo(CHANGE, {"accountId": account, "cashChange": 10})[1]
        again = vendor.demo(CHANGE, {"accountId": account, "cashChange": 10})[1]
        assert again["errorText"].startswith("One change to the simulation cash balance is permitted per hour.")
        assert vendor.demo(CHANGE, {"accountId": other, "cashChange": 10})[1] == {"errorText": "Access denied"}
        assert vendor.demo(ADJUST, _adjustment(account)) == (401, "Access is denied")
    finally:
        vendor.sandbox.control("key", organization=vendor.organization, is_vendor=True)


def test_an_adjustment_has_a_type_and_leaves_the_peak_alone(vendor: Vendor, account: int) -> None:
    status, snapshot = vendor.demo(ADJUST, _adjustment(account, cashChange=-500, comment="Fee"))
    assert (status, snapshot["totalCashValue"]) == (200, 24_500)
    entry = vendor.of_account("cashBalanceLog", account)[-1]
    assert (entry["cashChangeType"], entry["comment"], entry["delta"]) == ("Courtesy", "Fee", -500)
    assert vendor.entity("demo", "accountRiskStatus", account)["maxNetLiq"] == 25_000


def test_an_adjustment_knows_no_cap(vendor: Vendor, account: int) -> None:
    assert vendor.demo(ADJUST, _adjustment(account, cashChange=99_999))[1]["totalCashValue"] == 124_999


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"cashChange": 100_000}, "Cash Change should be less than 100000"),
        ({"cashChange": -100_000}, "Cash Change should be greater than -100000"),
        ({"comment": "x" * 65}, "Comment should be no longer than 64"),
        ({"cashChangeType": "Commission"}, "Cash Change Type should be one of"),
        ({"currencyId": 99}, "Currency not found"),
    ],
)
def test_an_adjustment_is_refused_in_the_platforms_words(vendor: Vendor, account: int, fields: dict, text: str) -> None:
    status, answer = vendor.demo(ADJUST, _adjustment(account, **fields))
    assert status == 200
    assert answer["errorText"].startswith(text)
    assert len(vendor.of_account("cashBalanceLog", account)) == 1


def test_an_adjustment_needs_the_funds_scope_and_the_demo_host(vendor: Vendor, account: int) -> None:
    assert vendor.live(ADJUST, _adjustment(account))[0] == 404
    vendor.sandbox.control("funds-scope", organization=vendor.organization, on=False)
    try:
        assert vendor.demo(ADJUST, _adjustment(account)) == (401, "Access is denied")
    finally:
        vendor.sandbox.control("funds-scope", organization=vendor.organization, on=True)


def test_an_adjustment_in_another_currency_opens_a_balance(vendor: Vendor, account: int) -> None:
    vendor.demo(ADJUST, _adjustment(account, currencyId=2, cashChange=70))
    balances = {one["currencyId"]: one["amount"] for one in vendor.of_account("cashBalance", account)}
    assert balances == {1: 25_000, 2: 70}


def test_the_events_of_a_change_reach_the_demo_socket_only(vendor: Vendor, account: int) -> None:
    with live_socket(vendor.sandbox, vendor.token) as demo, live_socket(vendor.sandbox, vendor.token, "live") as live:
        vendor.demo(CHANGE, {"accountId": account, "cashChange": 5})
        for socket in (demo, live):
            socket.read_until_quiet(0.3)
        assert [(event["entityType"], event["eventType"]) for event in demo.events()] == [
            ("cashBalance", "Updated"),
            ("cashBalanceLog", "Created"),
            ("accountRiskStatus", "Updated"),
            ("accountRiskStatusLog", "Created"),
        ]
        assert live.events() == []
        assert demo.events()[0]["entity"] == vendor.of_account("cashBalance", account)[0]


def test_a_snapshot_is_a_look_and_not_a_change(vendor: Vendor, account: int) -> None:
    after = vendor.sandbox.state()["ledger_n"]
    status, snapshot = vendor.demo("cashBalance/getcashbalancesnapshot", {"accountId": account})
    assert (status, snapshot["netLiqSOD"]) == (200, 25_000)
    [entry] = vendor.ledger("cashBalance/getcashbalancesnapshot", after=after)
    assert entry["event_type"] == "unchanged"
    assert vendor.live("cashBalance/getcashbalancesnapshot", {"accountId": account})[0] == 404


def test_a_snapshot_counts_open_positions_at_the_last_price(vendor: Vendor) -> None:
    vendor.sandbox.control("events", count=3_000, organization=vendor.organization)
    contracts, maturities, products = (
        vendor.entities("demo", name) for name in ("contract", "contractMaturity", "product")
    )
    last = {fill["contractId"]: fill["price"] for fill in vendor.entities("demo", "fill").values()}
    worth: dict[int, float] = {}
    for held in vendor.entities("demo", "position").values():
        product = products[maturities[contracts[held["contractId"]]["contractMaturityId"]]["productId"]]
        moved = (last[held["contractId"]] - held["netPrice"]) * product["valuePerPoint"] if held["netPos"] else 0.0
        worth[held["accountId"]] = worth.get(held["accountId"], 0.0) + held["netPos"] * moved
    assert any(worth.values())
    for account_id, open_pnl in worth.items():
        snapshot = vendor.demo("cashBalance/getcashbalancesnapshot", {"accountId": account_id})[1]
        assert snapshot["openPnL"] == pytest.approx(open_pnl, abs=0.01)
        assert snapshot["netLiq"] == pytest.approx(snapshot["totalCashValue"] + open_pnl, abs=0.01)


def _today(vendor: Vendor, account: int) -> dict[str, int]:
    [balance] = vendor.of_account("cashBalance", account)
    return balance["tradeDate"]


def test_a_reset_goes_back_to_the_sessions_start(vendor: Vendor, account: int) -> None:
    vendor.demo(ADJUST, _adjustment(account, cashChange=-3_000))
    body = {"accountIds": [account], "resetTradeDate": _today(vendor, account)}
    assert vendor.demo("account/resetdemoaccountstate", body) == (200, {"ok": True})
    assert vendor.of_account("cashBalance", account)[0]["amount"] == 25_000
    assert vendor.of_account("cashBalanceLog", account)[-1]["delta"] == 3_000


def test_a_reset_passes_over_accounts_without_an_active_permission(vendor: Vendor, account: int) -> None:
    [permission] = vendor.of_account("tradingPermission", account)
    vendor.demo(ADJUST, _adjustment(account, cashChange=-3_000))
    vendor.demo("user/revoketradingpermission", {"tradingPermissionId": permission["id"]})
    body = {"accountIds": [account], "resetTradeDate": _today(vendor, account)}
    assert vendor.demo("account/resetdemoaccountstate", body) == (200, {"ok": True})
    assert vendor.of_account("cashBalance", account)[0]["amount"] == 22_000


def test_a_reset_is_refused_for_bad_days_and_unknown_accounts(vendor: Vendor, account: int) -> None:
    reset = "account/resetdemoaccountstate"
    today = _today(vendor, account)
    assert vendor.demo(reset, {"accountIds": [], "resetTradeDate": today}) == (
        200,
        {"errorText": "Empty accountIds", "ok": False},
    )
    tomorrow = dt.date(today["year"], today["month"], today["day"]) + dt.timedelta(days=5)
    future = {"year": tomorrow.year, "month": tomorrow.month, "day": tomorrow.day}
    assert vendor.demo(reset, {"accountIds": [account], "resetTradeDate": future})[1]["ok"] is False
    assert vendor.demo(reset, {"accountIds": [account], "resetTradeDate": today | {"month": 13}})[1]["ok"] is False
    long_ago = {"year": 2020, "month": 1, "day": 6}
    assert vendor.demo(reset, {"accountIds": [account], "resetTradeDate": long_ago})[1]["violations"]
    assert vendor.demo(reset, {"accountIds": [account, 5], "resetTradeDate": today})[0] == 404
    assert vendor.live(reset, {"accountIds": [account], "resetTradeDate": today})[0] == 404


def test_the_peak_is_set_and_logged(vendor: Vendor, account: int) -> None:
    path = "accountRiskStatus/updatemaxnetliq"
    status, answer = vendor.demo(path, {"accountId": account, "maxNetLiq": 25_750})
    assert (status, answer["accountRiskStatus"]["maxNetLiq"]) == (200, 25_750)
    assert vendor.of_account("accountRiskStatusLog", account)[-1]["maxNetLiq"] == 25_750
    assert vendor.demo(path, {"accountId": account, "maxNetLiq": 0})[1]["errorText"]
    assert vendor.demo(path, {"accountId": 5, "maxNetLiq": 10})[0] == 404
    assert vendor.live(path, {"accountId": account, "maxNetLiq": 10})[0] == 404


def test_another_organizations_account_is_out_of_reach(vendor: Vendor, account: int) -> None:
    other = Vendor(vendor.sandbox, organization=1)
    assert other.demo(CHANGE, {"accountId": account, "cashChange": 10})[1] == {"errorText": "Access denied"}
    assert other.demo(ADJUST, _adjustment(account)) == (404, "Not found")
    assert other.demo("accountRiskStatus/updatemaxnetliq", {"accountId": account, "maxNetLiq": 1})[0] == 404
    assert vendor.of_account("cashBalance", account)[0]["amount"] == 25_000


@pytest.mark.parametrize("comments", ["drop", "cut"])
def test_the_comment_of_a_change_may_be_lost(vendor: Vendor, account: int, comments: str) -> None:
    vendor.sandbox.control("write-settings", comments=comments, comment_length=4)
    vendor.demo(CHANGE, {"accountId": account, "cashChange": 10, "comment": "Bonus 7"})
    vendor.demo(ADJUST, _adjustment(account, comment="Bonus 8"))
    kept = [entry.get("comment") for entry in vendor.of_account("cashBalanceLog", account)[1:]]
    assert kept == ([None, None] if comments == "drop" else ["Bonu", "Bonu"])
