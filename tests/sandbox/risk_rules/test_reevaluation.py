"""What an account of the sandbox holds beyond its limits when it is looked at again."""

import datetime as dt

from tests.sandbox.risk_rules.cast import CL, CONTRACTS, ES, ES_NEXT, GC, MES, NOW, account, buy, limit, works
from vendor_admin.sandbox.risk_rules.position_limits import PositionLimit, Scope, TimePeriod
from vendor_admin.sandbox.risk_rules.reevaluation import contracts_over

HELD = {ES: 3, ES_NEXT: -1, CL: 2, MES: 0}


def over(one: PositionLimit, held: dict[int, int] | None = None) -> set[int]:
    state = account(positions=HELD if held is None else held, working=[works(buy(9, MES))])
    return contracts_over(state, [one], CONTRACTS, NOW)


def test_all_that_counts_towards_a_passed_limit_is_over_it():
    assert over(limit("Overall", exposed=6)) == set()
    assert over(limit("Overall", exposed=5)) == {ES, ES_NEXT, CL}
    assert over(limit("Product", exposed=3)) == {ES, ES_NEXT}
    assert over(limit("Contract", exposed=2)) == {ES}
    assert over(limit("FungibleProduct", exposed=1)) == {ES, ES_NEXT, CL}
    assert over(limit("FungibleProduct", exposed=2), {CL: 2, GC: 1}) == set(), "they count with nothing else"
    assert over(limit("Overall", scope=Scope(exchange_id=3), exposed=1)) == {CL}


def test_long_short_and_units_count_for_themselves():
    assert over(limit("Overall", long=5, short=1)) == set()
    assert over(limit("Overall", long=4)) == {ES, ES_NEXT, CL}
    assert over(limit("Product", short=0)) == {ES, ES_NEXT}
    assert over(limit("FungibleProduct", fungible_exposed=20), {ES: 2, MES: 1}) == {ES, MES}
    assert over(limit("FungibleProduct", fungible_exposed=21), {ES: 2, MES: 1}) == set()


def test_a_limit_that_does_not_act_or_cannot_be_applied_closes_nothing():
    morning = TimePeriod(dt.time(6), dt.time(9))
    assert over(limit("Overall", exposed=0, period=morning)) == set()
    assert over(limit("Planet", exposed=0)) == set()
