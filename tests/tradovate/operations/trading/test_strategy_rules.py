"""Strategies: their params as an object here and as a text on the wire, and what they are refused for."""

import copy
import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.tradovate.operations.examples import BODIES, NOW
from vendor_admin.tradovate.catalogue.json_bodies import encode_body
from vendor_admin.tradovate.errors import InvalidRequest
from vendor_admin.tradovate.operations import WRITES
from vendor_admin.tradovate.operations.trading.order_strategies import LONGEST_PARAMS

START = WRITES["orderStrategy/startorderstrategy"]
BODY = BODIES[START.path]


def faults_of(**params: Any) -> dict[str, str]:
    body = copy.deepcopy(BODY)
    body["params"].update(params)
    return faults_in(body)


def faults_in(body: Any) -> dict[str, str]:
    try:
        START.read(body, now=NOW)
    except InvalidRequest as refused:
        return {fault.field: fault.code for fault in refused.faults}
    return {}


def bracket(**fields: Any) -> dict[str, Any]:
    return {"qty": 1, "profitTarget": -30, "stopLoss": 15, **fields}


def test_params_go_out_as_a_text_and_come_back_as_an_object() -> None:
    request = START.read(BODY, now=NOW)
    sent = json.loads(encode_body(START.body(request)))
    assert isinstance(sent["params"], str)
    assert json.loads(sent["params"]) == BODY["params"]
    assert START.parse(sent) == request
    assert START.read(sent, now=NOW) == request


def test_the_stored_form_of_a_strategy_can_be_read_by_people_and_sent() -> None:
    request = START.read(BODY, now=NOW)
    stored = msgspec.to_builtins(START.marked(request, "7KQ2M9XA"))
    assert stored["params"]["brackets"][1]["stopLoss"] == "15.25"
    assert json.loads(START.body(START.parse(stored))["params"])["brackets"][1]["stopLoss"] == 15.25


@pytest.mark.parametrize("text", ["", "no json", "[1]", "5", '{"entryVersion":', "{" * 100_000])
def test_a_text_that_holds_no_object_is_refused(text: str) -> None:
    assert faults_in({**BODY, "params": text}) == {"params": "wrong_type"}


def test_faults_inside_a_text_are_told_by_their_place() -> None:
    params = {"entryVersion": {"orderQty": 0, "orderType": "Market"}, "brackets": [bracket(qty=-1)]}
    expected = {"params.entryVersion.orderQty": "out_of_range", "params.brackets[0].qty": "out_of_range"}
    assert faults_in({**BODY, "params": params}) == expected
    assert faults_in({**BODY, "params": json.dumps(params)}) == expected


def test_brackets_need_an_entry_and_an_entry_brackets() -> None:
    assert faults_in({**BODY, "params": {"brackets": [bracket()]}}) == {"params.entryVersion": "required"}
    assert faults_of(brackets=[]) == {"params.brackets": "too_few"}


def test_the_entry_is_checked_as_an_order() -> None:
    assert faults_of(entryVersion={"orderQty": 2, "orderType": "Limit"}) == {"params.entryVersion.price": "required"}
    dated = {"orderQty": 2, "orderType": "Limit", "price": 4100, "timeInForce": "GTD"}
    assert faults_of(entryVersion=dated) == {"params.entryVersion.expireTime": "required"}


@pytest.mark.parametrize(
    ("action", "fields", "expected"),
    [
        ("Sell", {}, {}),
        ("Sell", {"profitTarget": 30}, {"profitTarget": "out_of_range"}),
        ("Sell", {"stopLoss": -15}, {"stopLoss": "out_of_range"}),
        ("Buy", {"profitTarget": 30, "stopLoss": -15}, {}),
        ("Buy", {}, {"profitTarget": "out_of_range", "stopLoss": "out_of_range"}),
        ("Sell", {"stopLoss": 0}, {"stopLoss": "zero"}),
        ("Sell", {"profitTarget": None}, {}),
        ("Sell", {"stopLoss": None, "trailingStop": True}, {"trailingStop": "needs_another"}),
    ],
)
def test_points_lie_above_or_below_the_entry_as_the_action_wants(
    action: str, fields: dict[str, Any], expected: dict[str, str]
) -> None:
    body = {**BODY, "action": action, "params": {**BODY["params"], "brackets": [bracket(**fields)]}}
    assert faults_in(body) == {f"params.brackets[0].{name}": code for name, code in expected.items()}


def test_a_bracket_takes_profit_or_limits_the_loss() -> None:
    assert faults_of(brackets=[{"qty": 1}]) == {"params.brackets[0]": "required"}


def test_brackets_close_no_more_than_the_entry_opens() -> None:
    assert faults_of(brackets=[bracket(), bracket(qty=2)]) == {"params.brackets": "out_of_range"}
    assert faults_of(brackets=[bracket()]) == {}


def test_params_have_at_most_8192_characters() -> None:
    def params(count: int) -> dict[str, Any]:
        return {"entryVersion": {"orderQty": count, "orderType": "Market"}, "brackets": [bracket()] * count}

    one, two = (len(json.dumps(params(count), separators=(",", ":"))) for count in (10, 11))
    most = 10 + (LONGEST_PARAMS - one) // (two - one) - 1  # the quantity of the entry takes another digit or two
    assert faults_of(**params(most)) == {}
    assert faults_of(**params(most + 2)) == {"params": "too_long"}


def test_only_multi_bracket_strategies_are_known() -> None:
    assert faults_in({**BODY, "orderStrategyTypeId": 1}) == {"orderStrategyTypeId": "unknown_value"}


def test_points_are_sent_with_the_digits_they_were_given() -> None:
    request = START.read({**BODY, "params": {**BODY["params"], "brackets": [bracket(stopLoss="0.015625")]}}, now=NOW)
    assert request.params.brackets[0].stop_loss == Decimal("0.015625")
    assert '"stopLoss":0.015625' in START.body(request)["params"]
