"""Neighbours of contracts, and fees and margins of products."""

import datetime as dt

import pytest

from tests.sandbox.trading.trader import Trader


def names(trader: Trader) -> tuple[str, str]:
    contracts = trader.exchange.market.contracts
    return contracts[trader.contract("MES")].name, contracts[trader.contract("MES", is_front=False)].name


def test_a_contract_rolls_forward_and_back(trader: Trader) -> None:
    front, back = names(trader)
    assert trader.call("contract/rollcontract", name=front, forward=True).body["contract"]["name"] == back
    assert trader.call("contract/rollcontract", name=back, forward=False).body["contract"]["name"] == front


@pytest.mark.parametrize(("name", "forward"), [("NOPE", True), ("front", False), ("back", True)])
def test_where_there_is_no_other_contract_it_is_said(trader: Trader, name: str, forward: bool) -> None:
    known = dict(zip(("front", "back"), names(trader), strict=True))
    assert trader.call("contract/rollcontract", name=known.get(name, name), forward=forward).body["errorText"]


def test_a_contract_that_has_not_expired_may_stay(trader: Trader) -> None:
    front, back = names(trader)
    body = {"name": front, "forward": True, "ifExpired": True}
    assert trader.call("contract/rollcontract", **body).body["contract"]["name"] == front
    trader.platform.writes.settings.clock_offset_seconds = dt.timedelta(days=40).total_seconds()
    assert trader.call("contract/rollcontract", **body).body["contract"]["name"] == back


def test_several_contracts_are_rolled_by_their_names_or_none(trader: Trader) -> None:
    front, back = names(trader)
    asked = [{"name": front, "forward": True}]
    assert trader.call("contract/rollcontracts", rollContracts=asked).body["contracts"][front]["name"] == back
    asked.append({"name": "NOPE", "forward": True})
    answer = trader.call("contract/rollcontracts", rollContracts=asked).body
    assert (answer["contracts"], bool(answer["errorText"])) == ({}, True)


def test_products_have_fees_and_margins_and_unknown_ones_nothing(trader: Trader) -> None:
    answer = trader.call("contract/getproductfeeparams", productIds=[801, 803, 5]).body
    assert [(one["productId"], one["dayMargin"]) for one in answer["params"]] == [(801, 500.0), (803, 50.0)]
    assert answer["params"][0]["fullMargin"]["initialMargin"] == 500.0
    assert trader.call_live("contract/getproductfeeparams", productIds=[801]).body["params"][0]["commission"] == 0.79
