"""Limits of a platform in memory against a calculation from fills, fees and prices alone."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sandbox.trading.trader import START, Trader

POINT = 5.0
FEE = 2.19
ticks = st.integers(-60, 60)
orders = st.tuples(st.sampled_from(["Buy", "Sell"]), st.integers(1, 3))
steps = st.lists(ticks | ticks | orders, min_size=3, max_size=14)


class Account:
    """The account as its fills say, at the last price. `result` is what it won or lost, fees and open positions too."""

    def __init__(self, trader: Trader) -> None:
        self._trader = trader
        self._seen = len(trader.entities("fill"))
        self._paid = 0.0
        self.net = 0
        self.price = START

    def result(self) -> float:
        fills = self._trader.entities("fill")
        for fill in fills[self._seen :]:
            signed = fill["qty"] if fill["action"] == "Buy" else -fill["qty"]
            self._paid += signed * fill["price"] * POINT + fill["qty"] * FEE
            self.net += signed
        self._seen = len(fills)
        return round(self.net * self.price * POINT - self._paid, 2)


def play(trader: Trader, account: Account, step: Any) -> None:
    if isinstance(step, int):
        account.price = START + step * 0.25
        trader.price(account.price)
        return
    action, quantity = step
    trader.call("order/placeorder", **trader.order(action, quantity))


def is_locked(trader: Trader) -> bool:
    return bool(trader.entity("accountRiskStatus", trader.account_id)["adminAction"] != "Normal")


def closing_fees(trader: Trader) -> float:
    """What the liquidation itself cost: it came on top when the limit had been reached."""
    return round(FEE * sum(abs(one["liquidatedNetPos"]) for one in trader.entities("autoLiqTransaction")), 2)


@pytest.mark.parametrize("field", ["dailyLossAutoLiq", "weeklyLossAutoLiq", "dailyProfitAutoLiq"])
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(path=steps, at=st.integers(20, 300))
def test_an_account_is_closed_when_it_has_won_or_lost_that_much_and_not_before(
    field: str, path: list[Any], at: int
) -> None:
    trader = Trader()
    trader.call("userAccountAutoLiq/create", id=trader.account_id, **{field: at})
    account = Account(trader)
    for step in path:
        play(trader, account, step)
        result = account.result()
        sign = 1 if field == "dailyProfitAutoLiq" else -1
        if is_locked(trader):
            assert (trader.position(), account.net) == (0, 0)
            assert sign * (result + closing_fees(trader)) >= at
            return
        assert sign * result < at
        assert account.net == trader.position()


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(path=steps, drawdown=st.integers(50, 300), mode=st.sampled_from(["EOD", "RealTime"]))
def test_an_account_is_closed_at_its_floor_and_not_before(path: list[Any], drawdown: int, mode: str) -> None:
    trader = Trader()
    start = trader.cash
    trader.entity("accountRiskStatus", trader.account_id)["maxNetLiq"] = start
    terms = {"trailingMaxDrawdown": drawdown, "trailingMaxDrawdownMode": mode, "trailingMaxDrawdownLimit": 10_000_000}
    trader.call("userAccountAutoLiq/create", id=trader.account_id, **terms)
    account, highest = Account(trader), 0.0
    for step in path:
        play(trader, account, step)
        result = account.result()
        if is_locked(trader):
            assert (trader.position(), account.net) == (0, 0)
            assert result + closing_fees(trader) <= highest - drawdown
            return
        if mode == "RealTime":
            highest = max(highest, result)
        assert result > highest - drawdown
        peak = trader.entity("accountRiskStatus", trader.account_id)["maxNetLiq"]
        assert peak == pytest.approx(start + highest, abs=0.005)
