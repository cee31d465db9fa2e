"""On a platform in memory: after a lock no position grows or turns, whatever rests, is sent, or happens to prices."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sandbox.trading.trader import START, Trader

LOCKS = ("LockTradingImmediately", "LiquidateImmediately", "LiquidateOnlyModeImmediately")
prices = st.integers(-40, 40).map(lambda ticks: START + ticks * 0.25)
actions = st.sampled_from(["Buy", "Sell"])
quantities = st.integers(1, 3)
markets: Any = st.tuples(actions, quantities, st.just("Market"), st.just({}))
limits = st.tuples(actions, quantities, st.just("Limit"), st.fixed_dictionaries({"price": prices}))
stops = st.tuples(actions, quantities, st.just("Stop"), st.fixed_dictionaries({"stopPrice": prices}))
pairs = st.tuples(actions, quantities, st.just("OCO"), st.fixed_dictionaries({"price": prices, "stopPrice": prices}))
orders = limits | stops | pairs
after_it = st.lists(prices | prices | markets | orders, max_size=10)


def take(trader: Trader, step: Any) -> None:
    """A price, or an order, which may be refused."""
    if isinstance(step, float):
        trader.price(step)
        return
    action, quantity, kind, fields = step
    if kind != "OCO":
        trader.call("order/placeorder", **trader.order(action, quantity, kind, **fields))
        return
    other = {"action": action, "orderType": "Stop", "stopPrice": fields["stopPrice"]}
    body = trader.order(action, quantity, "Limit", price=fields["price"], other=other)
    trader.call("order/placeoco", **body)


@pytest.mark.parametrize("lock", LOCKS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(opening=markets, resting=st.lists(orders, max_size=5), after=after_it)
def test_after_a_lock_no_position_grows_or_turns(lock: str, opening: Any, resting: list[Any], after: list[Any]) -> None:
    trader = Trader()
    for step in (opening, *resting):
        take(trader, step)
    trader.call(
        "accountRiskStatus/setadminautoliqaction",
        accountId=trader.account_id,
        adminAction=lock,
        adminActionReasonCode="RestrictedRiskRestriction",
    )
    held = trader.position()
    for step in after:
        take(trader, step)
        now = trader.position()
        assert now == 0 or (abs(now) <= abs(held) and (now > 0) == (held > 0))
        held = now
