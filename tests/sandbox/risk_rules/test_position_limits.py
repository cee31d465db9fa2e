"""Position limits of the sandbox by every `totalBy`, with the reasons an order is refused for."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sandbox.risk_rules.cast import (
    CL,
    CONTRACTS,
    ES,
    ES_NEXT,
    GC,
    MES,
    NOW,
    account,
    buy,
    filled,
    limit,
    reason,
    sell,
    sent,
    works,
)
from vendor_admin.sandbox.risk_rules.account_state import OrderIntent, WorkingOrder
from vendor_admin.sandbox.risk_rules.position_limits import PositionLimit, RiskParameter, Scope, TimePeriod

OWN, TOTAL, MISCONFIGURED = "MaxPosLimitReached", "MaxTotalPosLimitReached", "MaxPosLimitMisconfigured"


def test_an_exposed_limit_of_ten_by_contract_allows_ten_on_either_side():
    """The documents' example of `totalBy`."""
    ten = limit("Contract", exposed=10)
    rich = {"cash": 100_000.0}
    assert reason(buy(10), account(**rich), ten) == ""
    assert reason(sell(10), account(**rich), ten) == ""
    assert reason(buy(11), account(**rich), ten) == OWN
    assert reason(sell(1), account(**rich, positions={ES: -10}), ten) == OWN
    assert reason(buy(20), account(**rich, positions={ES: -10}), ten) == "", "from ten short to ten long"
    assert reason(buy(1, ES_NEXT), account(**rich, positions={ES: 10}), ten) == "", "each contract by itself"


@pytest.mark.parametrize(
    ("total_by", "scope", "counts_together"),
    [
        ("Contract", Scope(contract_id=ES), set()),
        ("Product", Scope(product_id=801), {ES_NEXT}),
        ("FungibleProduct", Scope(fungible_product_id=801), {ES_NEXT, MES}),
        ("ContractGroup", Scope(contract_group_id=1), {ES_NEXT, MES}),
        ("DiscountGroup", Scope(discount_group_id=1), {ES_NEXT, MES}),
        ("Exchange", Scope(exchange_id=1), {ES_NEXT, MES}),
        ("ProductType", Scope(product_type="Futures"), {ES_NEXT, MES, CL}),
        ("Overall", Scope(), {ES_NEXT, MES, CL}),
    ],
)
def test_each_total_adds_up_what_it_is_by(total_by, scope, counts_together):
    five = limit(total_by, scope=scope, exposed=5)
    for held in (ES_NEXT, MES, CL):
        state = account(positions={held: 4})
        assert reason(buy(1), state, five) == ""
        assert reason(buy(2), state, five) == (TOTAL if held in counts_together else "")
    assert reason(buy(6), account(), five) == OWN


@pytest.mark.parametrize(
    "scope",
    [
        Scope(contract_id=MES),
        Scope(product_id=803),
        Scope(exchange_id=3),
        Scope(contract_group_id=2),
        Scope(discount_group_id=2),
        Scope(product_type="Options"),
        Scope(fungible_product_id=802),
        Scope(verification_status="Inactive"),
    ],
)
def test_a_limit_for_something_else_neither_refuses_nor_counts(scope):
    assert reason(buy(9), account(), limit("Overall", scope=scope, exposed=1)) == ""


def test_what_a_limit_is_not_for_does_not_count_towards_it():
    two = limit("Overall", scope=Scope(exchange_id=1), exposed=2)
    assert reason(buy(2), account(positions={CL: 5}), two) == ""


def test_long_and_short_have_limits_of_their_own():
    sides = limit("Overall", long=3, short=1)
    assert (reason(buy(3), account(), sides), reason(buy(4), account(), sides)) == ("", OWN)
    assert (reason(sell(1), account(), sides), reason(sell(2), account(), sides)) == ("", OWN)
    spread = account(positions={ES: 3, ES_NEXT: -1})
    assert (reason(buy(1, MES), spread, sides), reason(sell(1, MES), spread, sides)) == (TOTAL, TOTAL)


def test_contracts_set_against_each_other_count_in_the_smallest_of_them():
    """One ES is ten MES."""
    twenty = limit("FungibleProduct", scope=Scope(fungible_product_id=801), fungible_exposed=20)
    assert reason(buy(2), account(), twenty) == ""
    assert reason(buy(1), account(positions={MES: 11}), twenty) == TOTAL
    assert reason(buy(3), account(), twenty) == OWN


def test_what_can_be_set_against_nothing_counts_by_itself():
    two = limit("FungibleProduct", exposed=2)
    assert reason(buy(2, CL), account(positions={GC: 2}), two) == ""
    assert reason(buy(3, CL), account(positions={GC: 2}), two) == OWN


def test_orders_that_work_count_as_if_they_had_filled_and_of_one_pair_only_one():
    three = limit("Overall", exposed=3)
    assert reason(buy(2), account(working=[works(buy(2))]), three) == OWN
    assert reason(buy(2), account(working=[works(buy(2, CL))]), three) == TOTAL
    either = [works(buy(2, one_of=1)), works(buy(1, one_of=1))]
    assert reason(buy(1), account(working=either), three) == ""
    target_and_stop = [works(sell(3, one_of=2)), works(sell(3, one_of=2))]
    assert reason(sell(1, CL), account(positions={ES: 3}, working=target_and_stop), limit("Overall", short=1)) == ""


def test_beyond_a_limit_that_was_lowered_an_account_may_close_and_not_open():
    one = limit("Overall", exposed=1)
    state = account(positions={ES: 5})
    assert reason(sell(4), state, one) == ""
    assert reason(buy(1), state, one) == OWN
    assert reason(buy(1, CL), state, one) == TOTAL
    five_to_sell = account(working=[works(sell(5))])
    assert reason(buy(2), five_to_sell, limit("Overall", exposed=3)) == "", "two long are less than five short"


@pytest.mark.parametrize(
    "broken",
    [limit("Planet", exposed=3), limit("Overall"), limit("Contract", exposed=-1)],
    ids=lambda one: one.total_by,
)
def test_a_limit_that_cannot_be_applied_refuses_what_opens(broken):
    assert reason(buy(1), account(), broken) == MISCONFIGURED
    assert reason(sell(1), account(positions={ES: 1}), broken) == ""


def test_a_limit_that_only_carries_parameters_is_sound():
    assert reason(buy(1), account(), limit("Overall", RiskParameter(max_opening_quantity=1))) == ""


def test_the_strictest_of_an_accounts_and_its_categorys_limits_acts():
    own, category = limit("Overall", exposed=10), limit("Overall", exposed=5)
    assert reason(buy(6), account(), own, category) == OWN
    assert reason(buy(6), account(), own) == ""


def test_a_limit_acts_in_its_time_period_alone():
    """15:00 to 08:30 in Chicago; in November that is UTC less six hours."""
    night = TimePeriod(dt.time(15, 0), dt.time(8, 30))
    nothing = limit("Overall", exposed=0, period=night)
    for clock, expected in (
        (dt.time(14, 29), OWN),
        (dt.time(14, 30), ""),
        (dt.time(20, 59), ""),
        (dt.time(21, 0), OWN),
    ):
        now = dt.datetime.combine(dt.date(2026, 12, 1), clock, tzinfo=dt.UTC)
        assert reason(buy(), account(), nothing, now=now) == expected
    assert TimePeriod(dt.time(9), dt.time(9)).has(NOW)


def test_limits_and_parameters_are_read_from_the_platforms_entities():
    read = PositionLimit.of(
        {"id": 1, "active": True, "totalBy": "Product", "productId": 801, "exposedLimit": 4, "longLimit": 3},
        parameters=[{"id": 2, "maxOpeningOrderQty": 2, "hardLimit": True, "userAccountPositionLimitId": 1}],
        period=TimePeriod.of({"startTime": {"hour": 17, "minute": 0}, "stopTime": {"hour": 15, "minute": 55}}),
    )
    assert (read.scope, read.long, read.short, read.exposed) == (Scope(product_id=801), 3, None, 4)
    assert read.parameters == (RiskParameter(max_opening_quantity=2),)
    assert read.period == TimePeriod(dt.time(17, 0), dt.time(15, 55))


def test_a_refusal_says_the_limit_and_what_the_order_would_make_of_it():
    refusal = sent(buy(3), account(positions={ES: 2}), limit("Overall", exposed=4))
    assert refusal is not None
    assert refusal.text.endswith("Limit: 4 Current: 5")


contract_ids = st.sampled_from(sorted(CONTRACTS))
quantities = st.integers(1, 4)
actions = st.sampled_from(["Buy", "Sell"])
orders = st.builds(OrderIntent, contract_ids, actions, quantities)


@given(
    wanted=st.lists(orders, max_size=12),
    total_by=st.sampled_from(["Contract", "Product", "Exchange", "Overall"]),
    most=st.integers(0, 5),
    fills=st.data(),
)
def test_whatever_is_sent_and_in_whatever_order_it_fills_no_total_passes_its_limit(wanted, total_by, most, fills):
    """Counted here anew, without the rules' own sums."""
    only = limit(total_by, exposed=most)
    state = account(cash=10_000_000.0)
    resting: list[WorkingOrder] = []
    for order in wanted:
        state.working = tuple(resting)
        if sent(order, state, only) is None:
            resting.append(works(order))
        if resting and fills.draw(st.booleans()):
            done = resting.pop(fills.draw(st.integers(0, len(resting) - 1)))
            state.positions = filled(state, [OrderIntent(done.contract_id, done.action, done.quantity)])
        totals: dict[object, int] = {}
        for contract_id, net in state.positions.items():
            contract = CONTRACTS[contract_id]
            key = {"Contract": contract_id, "Product": contract.product_id, "Exchange": contract.exchange_id}
            totals[key.get(total_by)] = totals.get(key.get(total_by), 0) + abs(net)
        assert all(total <= most for total in totals.values())
