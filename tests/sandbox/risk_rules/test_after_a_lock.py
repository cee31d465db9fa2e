"""After a lock nothing that opens is sent, whatever is tried and however it fills."""

from hypothesis import given
from hypothesis import strategies as st

from tests.sandbox.risk_rules.cast import CL, ES, account, filled, sent, works
from vendor_admin.sandbox.risk_rules.account_state import OrderIntent, WorkingOrder

LOCKS = (
    "LockTradingImmediately",
    "LiquidateImmediately",
    "LiquidateOnlyModeImmediately",
    "AgreedOnLiquidationByAutoLiq",
    "AgreedOnLiqOnlyModeByAutoLiq",
)
contract_ids = st.sampled_from([ES, CL])
orders = st.builds(
    OrderIntent,
    contract_ids,
    st.sampled_from(["Buy", "Sell"]),
    st.integers(1, 5),
    one_of=st.none() | st.integers(1, 2),
    is_liquidation=st.booleans(),
)


@given(
    held=st.dictionaries(contract_ids, st.integers(-6, 6)),
    tried=st.lists(orders, max_size=12),
    lock=st.sampled_from(LOCKS),
    fills=st.data(),
)
def test_after_a_lock_no_position_grows_or_turns(held, tried, lock, fills):
    state = account(cash=10_000_000.0, positions=held, admin_action=lock)
    resting: list[WorkingOrder] = []
    for order in tried:
        state.working = tuple(resting)
        if sent(order, state) is None:
            resting.append(works(order))
        if resting and fills.draw(st.booleans()):
            done = fills.draw(st.sampled_from(resting))
            resting = [one for one in resting if one is not done and (done.one_of is None or one.one_of != done.one_of)]
            state.positions = filled(state, [OrderIntent(done.contract_id, done.action, done.quantity)])
        for contract_id, net in state.positions.items():
            was = held.get(contract_id, 0)
            assert net == 0 or (abs(net) <= abs(was) and (net > 0) == (was > 0))
