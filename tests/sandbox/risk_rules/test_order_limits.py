"""How large an order of the sandbox may be and which months it may open; margin."""

import datetime as dt

import pytest

from tests.sandbox.risk_rules.cast import (
    CL,
    CONTRACTS,
    ES,
    ES_NEXT,
    MES,
    account,
    buy,
    limit,
    reason,
    sell,
    sent,
    works,
)
from vendor_admin.sandbox.risk_rules.margin import evaluate, margin_use
from vendor_admin.sandbox.risk_rules.position_limits import RiskParameter, Scope

TOO_LARGE = "MaxOrderQtyLimitReached"


def by(**fields):
    """A limit that carries one parameter."""
    return limit("Overall", RiskParameter(**fields))


def test_an_opening_quantity_of_one_allows_one_at_a_time_up_to_the_position_limit():
    """The documents' example of maxOpeningOrderQty."""
    one_at_a_time = limit("Overall", RiskParameter(max_opening_quantity=1), exposed=3)
    assert reason(buy(1), account(), one_at_a_time) == ""
    assert reason(buy(2), account(), one_at_a_time) == TOO_LARGE
    assert reason(buy(1), account(positions={ES: 2}), one_at_a_time) == ""
    assert reason(buy(1), account(positions={ES: 3}), one_at_a_time) == "MaxPosLimitReached"


def test_the_closing_quantity_is_a_limit_of_its_own():
    state = account(positions={ES: 5})
    assert reason(sell(5), state, by(max_opening_quantity=1)) == ""
    assert reason(sell(3), state, by(max_closing_quantity=2)) == TOO_LARGE
    assert reason(sell(2), state, by(max_closing_quantity=2)) == ""
    assert reason(sell(3, is_liquidation=True), state, by(max_closing_quantity=2)) == "", "a liquidation closes it all"
    assert reason(sell(7), state, by(max_opening_quantity=1)) == TOO_LARGE, "it closes five and opens two"


def test_an_order_too_large_says_the_limit_and_its_own_quantity():
    """As a refusal seen in the field: 501 contracts where 60 were allowed."""
    refusal = sent(sell(501, MES), account(), by(max_opening_quantity=60))
    assert refusal is not None
    assert refusal.text.endswith("Limit: 60 Current: 501")


def test_contracts_set_against_each_other_are_limited_in_the_smallest_of_them():
    assert reason(buy(1), account(), by(fungible_max_opening_quantity=10)) == ""
    assert reason(buy(2), account(), by(fungible_max_opening_quantity=10)) == TOO_LARGE
    assert reason(buy(10, MES), account(), by(fungible_max_opening_quantity=10)) == ""
    assert reason(sell(2), account(positions={ES: 2}), by(fungible_max_closing_quantity=10)) == TOO_LARGE


def test_a_parameter_for_something_else_or_that_is_not_hard_refuses_nothing():
    assert reason(buy(9), account(), by(max_opening_quantity=1, scope=Scope(product_id=806))) == ""
    assert reason(buy(9), account(), by(max_opening_quantity=1, is_hard=False)) == ""
    assert RiskParameter.of({"maxOpeningOrderQty": 1}).is_hard
    assert not RiskParameter.of({"maxOpeningOrderQty": 1, "hardLimit": False}).is_hard


@pytest.mark.parametrize(("months", "expected"), [(0, "BackMonthProhibited"), (3, "BackMonthProhibited"), (4, "")])
def test_a_contract_that_expires_more_months_ahead_than_allowed_may_only_be_closed(months, expected):
    """From November it is four months to March."""
    assert reason(buy(1, ES_NEXT), account(), by(max_back_month=months)) == expected
    assert reason(sell(1, ES_NEXT), account(positions={ES_NEXT: 1}), by(max_back_month=months)) == ""


def test_in_the_days_before_it_expires_a_contract_may_only_be_closed():
    expires = CONTRACTS[ES].expires_at
    three_days = by(pre_expiration_days=3)
    assert reason(buy(), account(), three_days, now=expires - dt.timedelta(days=3)) == ""
    late = {"now": expires - dt.timedelta(days=3) + dt.timedelta(seconds=1)}
    assert reason(buy(), account(), three_days, **late) == "LiquidationOnlyBeforeExpiration"
    assert reason(sell(), account(positions={ES: 1}), three_days, **late) == ""
    assert reason(buy(1, ES_NEXT), account(), three_days, **late) == ""


def test_an_order_that_needs_more_margin_than_there_is_is_refused():
    """500 dollars each: with 1,200 two can be held, not three."""
    assert reason(buy(2), account(cash=1_000.0)) == ""
    assert reason(buy(3), account(cash=1_200.0)) == "NotEnoughLiquidity"
    assert reason(buy(1), account(cash=1_200.0, open_pnl=-250.0, positions={ES: 1})) == "NotEnoughLiquidity"
    assert reason(sell(2), account(cash=1_200.0, positions={ES: 1})) == "", "from one long to one short"
    assert reason(sell(1), account(cash=-50.0, positions={ES: 1})) == "", "what closes needs none"
    assert reason(buy(1), account(cash=100.0, working=[works(sell(1))])) == "", "no more than the other side needs"


def test_a_parameter_may_allow_less_of_the_margin_than_there_is():
    assert reason(buy(2), account(cash=10_000.0), by(margin_percentage=10.0)) == ""
    assert reason(buy(3), account(cash=10_000.0), by(margin_percentage=10.0)) == "NotEnoughLiquidity"
    assert reason(buy(2), account(), by(margin_dollars=1_000.0)) == ""
    assert reason(buy(3), account(), by(margin_dollars=1_000.0)) == "NotEnoughLiquidity"


def test_an_order_is_weighed_with_what_is_held_and_what_works():
    state = account(positions={ES: 2, CL: -1}, open_pnl=-300.0)
    weighed = evaluate(buy(1), state, CONTRACTS)
    assert (weighed.net_before, weighed.hypothetical_long, weighed.hypothetical_short) == (2, 3, 0)
    assert (weighed.is_exit, weighed.margin_before, weighed.margin_after) == (False, 2_500.0, 3_000.0)
    assert (weighed.net_liq, weighed.excess) == (49_700.0, 46_700.0)
    assert evaluate(sell(2), state, CONTRACTS).is_exit


def test_what_is_held_and_what_may_be_held_use_margin():
    state = account(positions={ES: -2, ES_NEXT: 0}, working=[sell(1), buy(1, CL)])
    used = margin_use(state, CONTRACTS)
    assert (used.initial, used.maintenance, used.total) == (1_000.0, 900.0, 3_000.0)


def test_the_account_comes_first_then_the_session_the_order_the_position_and_the_margin():
    everything = limit("Overall", RiskParameter(max_opening_quantity=1), exposed=1)
    worst = {"cash": 100.0, "positions": {ES: 1}}
    assert reason(buy(2), account(**worst, is_closed=True), everything, is_session_open=False) == "AccountClosed"
    locked = account(**worst, is_restricted=True)
    assert reason(buy(2), locked, everything, is_session_open=False) == "SessionClosed"
    assert reason(buy(2), locked, everything) == "TradingLocked"
    assert reason(buy(2), account(**worst), everything) == TOO_LARGE
    assert reason(buy(1), account(**worst), everything) == "MaxPosLimitReached"
    assert reason(buy(1), account(**worst)) == "NotEnoughLiquidity"
