"""What a session's end and start change on a platform in memory: counters and locks; the time to flatten."""

import datetime as dt
from typing import Any

import pytest

from tests.sandbox.trading.trader import OPEN_AT, START, Trader

# Wednesday, 18 November 2026, in Chicago (UTC less six hours).
SESSION_ENDS = dt.datetime(2026, 11, 18, 22, tzinfo=dt.UTC)
NEXT_SESSION = dt.datetime(2026, 11, 18, 23, tzinfo=dt.UTC)
FRIDAY_ENDS = dt.datetime(2026, 11, 20, 22, tzinfo=dt.UTC)
SUNDAY_OPENS = dt.datetime(2026, 11, 22, 23, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
POINT = 5.0


def go_to(trader: Trader, moment: dt.datetime) -> None:
    """Let the market's clock run to a moment, and have the exchange make its steps on the way."""
    while trader.exchange.clock.now() < moment:
        left = moment - trader.exchange.clock.now()
        trader.exchange.clock.step(min(left, dt.timedelta(hours=1)))
        trader.exchange.step()


def set_limits(trader: Trader, **settings: Any) -> None:
    trader.call("userAccountAutoLiq/create", id=trader.account_id, **settings)


def risk_status(trader: Trader) -> dict[str, Any]:
    return trader.entity("accountRiskStatus", trader.account_id)


def breach(trader: Trader, **settings: Any) -> None:
    """Have a limit of 400 dollars close the account."""
    set_limits(trader, **settings)
    trader.place("Buy", 2)
    trader.price(START - 60)
    assert risk_status(trader)["adminAction"] == "AgreedOnLiquidationByAutoLiq"


def trades(trader: Trader) -> bool:
    """Whether an order that opens is filled."""
    answer = trader.call("order/placeorder", **trader.order("Buy", 1))
    return "orderId" in answer.body and trader.status(answer.body["orderId"]) == "Filled"


def test_a_daily_lock_opens_when_the_next_session_begins_and_not_when_this_one_ends(trader: Trader) -> None:
    breach(trader, dailyLossAutoLiq=400)
    go_to(trader, NEXT_SESSION - MINUTE)
    assert risk_status(trader)["adminAction"] == "AgreedOnLiquidationByAutoLiq"
    go_to(trader, NEXT_SESSION)
    assert risk_status(trader)["adminAction"] == "Normal"
    assert "liquidateOnly" not in risk_status(trader)
    assert trader.entities("accountRiskStatusLog")[-1]["adminAction"] == "Normal"
    assert trades(trader)


def test_a_weekly_lock_opens_on_sunday(trader: Trader) -> None:
    breach(trader, weeklyLossAutoLiq=400)
    for moment in (NEXT_SESSION, FRIDAY_ENDS, SUNDAY_OPENS - MINUTE):
        go_to(trader, moment)
        assert risk_status(trader)["adminAction"] == "AgreedOnLiquidationByAutoLiq"
    go_to(trader, SUNDAY_OPENS)
    assert risk_status(trader)["adminAction"] == "Normal"
    assert trades(trader)


def test_a_daily_lock_of_friday_opens_on_sunday_too(trader: Trader) -> None:
    go_to(trader, FRIDAY_ENDS - dt.timedelta(hours=2))
    trader.price(START)
    breach(trader, dailyLossAutoLiq=400)
    go_to(trader, SUNDAY_OPENS - MINUTE)
    assert risk_status(trader)["adminAction"] == "AgreedOnLiquidationByAutoLiq"
    go_to(trader, SUNDAY_OPENS)
    assert risk_status(trader)["adminAction"] == "Normal"


def test_a_lock_that_does_not_unlock_stays_until_an_admin_sets_normal(trader: Trader) -> None:
    breach(trader, dailyLossAutoLiq=400, doNotUnlock=True)
    go_to(trader, SUNDAY_OPENS)
    assert not trades(trader)
    set_action(trader, "Normal")
    assert trades(trader)


@pytest.mark.parametrize("action", ["LockTradingImmediately", "LiquidateOnlyModeImmediately", "LiquidateImmediately"])
def test_an_admins_lock_never_expires(trader: Trader, action: str) -> None:
    assert trades(trader)
    set_action(trader, action)
    go_to(trader, SUNDAY_OPENS)
    assert risk_status(trader)["adminAction"] == action
    assert not trades(trader)


def test_day_and_week_count_anew(trader: Trader) -> None:
    trader.place("Buy", 2)
    trader.price(START + 10)
    trader.place("Sell", 2)
    balance = trader.entities("cashBalance")[0]
    assert (balance["realizedPnL"], balance["weekRealizedPnL"]) == (100, 100)
    go_to(trader, NEXT_SESSION)
    balance = trader.entities("cashBalance")[0]
    assert (balance["realizedPnL"], balance["weekRealizedPnL"]) == (0, 100)
    assert balance["amountSOD"] == balance["amount"]
    assert balance["tradeDate"] == {"year": 2026, "month": 11, "day": 19}
    [started] = [one for one in trader.entities("cashBalanceLog")[1:] if one["cashChangeType"] == "NewSession"]
    assert (started["delta"], started["amount"]) == (0, balance["amount"])
    go_to(trader, SUNDAY_OPENS)
    assert trader.entities("cashBalance")[0]["weekRealizedPnL"] == 0


def test_yesterdays_loss_does_not_count_today_and_this_weeks_does(trader: Trader) -> None:
    set_limits(trader, dailyLossAutoLiq=400, weeklyLossAutoLiq=600)
    lose_and_close(trader, 300)
    go_to(trader, NEXT_SESSION)
    lose_and_close(trader, 200)
    assert risk_status(trader)["adminAction"] == "Normal"
    lose_and_close(trader, 100)
    assert risk_status(trader)["adminAction"] == "AgreedOnLiquidationByAutoLiq"


def test_last_weeks_loss_does_not_count_this_week(trader: Trader) -> None:
    set_limits(trader, weeklyLossAutoLiq=400)
    lose_and_close(trader, 300)
    go_to(trader, SUNDAY_OPENS)
    lose_and_close(trader, 300)
    assert risk_status(trader)["adminAction"] == "Normal"
    lose_and_close(trader, 100)
    assert risk_status(trader)["adminAction"] == "AgreedOnLiquidationByAutoLiq"


@pytest.mark.parametrize(("field", "start"), [("dailyLossAutoLiq", NEXT_SESSION), ("weeklyLossAutoLiq", SUNDAY_OPENS)])
def test_what_is_open_counts_from_the_start_of_session_and_week(trader: Trader, field: str, start: dt.datetime) -> None:
    trader.place("Buy", 2)
    trader.price(START - 30)
    go_to(trader, start)
    set_limits(trader, **{field: 200})
    began_at = trader.exchange.market.last_price(trader.contract_id)
    trader.price(began_at - 19.75)
    assert trader.position() == 2
    trader.price(began_at - 20)
    assert trader.position() == 0


def test_what_was_open_before_the_account_traded_here_counts_from_then_on(trader: Trader) -> None:
    """The load stream opens positions at prices of its own."""
    set_limits(trader, dailyLossAutoLiq=400)
    position = {
        "id": 1,
        "accountId": trader.account_id,
        "contractId": trader.contract_id,
        "netPos": 1,
        "netPrice": START + 500,
        "prevPos": 0,
    }
    trader.book.put("position", position, account_id=trader.account_id, user_id=None)
    trader.place("Buy", 1)
    assert trader.position() == 2
    trader.price(START - 50)
    assert trader.position() == 0


def test_at_the_time_to_flatten_all_is_closed_once_and_may_be_opened_again(trader: Trader) -> None:
    at = OPEN_AT + dt.timedelta(hours=2)
    set_limits(trader, flattenTimestamp=at.isoformat().replace("+00:00", "Z"))
    trader.place("Buy", 2)
    resting = trader.place("Buy", 1, "Limit", price=START - 1_000)
    go_to(trader, at - MINUTE)
    assert trader.position() == 2
    go_to(trader, at)
    assert (trader.position(), trader.status(resting)) == (0, "Canceled")
    assert risk_status(trader)["adminAction"] == "Normal"
    assert trades(trader)
    go_to(trader, at + MINUTE)
    assert trader.position() == 1


def test_who_opens_after_the_time_to_flatten_is_not_flattened_for_having_traded_before_it(trader: Trader) -> None:
    at = OPEN_AT + dt.timedelta(hours=2)
    set_limits(trader, flattenTimestamp=at.isoformat().replace("+00:00", "Z"))
    trader.place("Buy", 1)
    trader.place("Sell", 1)
    go_to(trader, at + MINUTE)
    assert trades(trader)
    trader.exchange.step()
    assert trader.position() == 1


def test_orders_of_the_day_expire_with_the_session(trader: Trader) -> None:
    day = trader.place("Buy", 1, "Limit", price=START - 2_000)
    good_till_cancelled = trader.place("Buy", 1, "Limit", price=START - 2_000, timeInForce="GTC")
    go_to(trader, NEXT_SESSION)
    assert (trader.status(day), trader.status(good_till_cancelled)) == ("Expired", "Working")


def lose_and_close(trader: Trader, dollars: float) -> None:
    """Lose that much on two contracts, fees aside."""
    trader.price(START)
    trader.place("Buy", 2)
    trader.price(START - dollars / 2 / POINT)
    if trader.position():
        trader.place("Sell", 2)


def set_action(trader: Trader, action: str) -> None:
    trader.call(
        "accountRiskStatus/setadminautoliqaction",
        accountId=trader.account_id,
        adminAction=action,
        adminActionReasonCode="RestrictedRiskRestriction",
    )
