"""Orders of the catalogue to the sandbox, and what reading says about each afterwards."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.running_hub import wait_until
from tests.tradovate.operations.vendor_program import Vendor
from vendor_admin.sandbox.running import RunningSandbox
from vendor_admin.sandbox.writes.catalogue import WRITES as SIMULATED
from vendor_admin.tradovate.catalogue.order_answers import DryRunAnswer
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.operations import WRITES
from vendor_admin.tradovate.operations.contracts import FIND_CONTRACT, SUGGEST_CONTRACTS
from vendor_admin.tradovate.outcomes import Rejected

DEMO = Environment.DEMO


@pytest.fixture(scope="module")
def vendor() -> Iterator[Vendor]:
    with RunningSandbox("--seed", "7", "--users", "4", "--no-limits", "--always-open") as sandbox:
        vendor = Vendor(sandbox)
        yield vendor
        vendor.close()


@pytest.fixture(scope="module")
def symbol(vendor: Vendor) -> str:
    return str(vendor.ask(SUGGEST_CONTRACTS, t="MES", l=1)[0]["name"])


@pytest.fixture
def account_id(vendor: Vendor) -> int:
    return int(vendor.entities(DEMO, "account")[0]["id"])


def test_every_write_of_the_catalogue_is_simulated() -> None:
    assert set(WRITES) <= set(SIMULATED)


def order(account_id: int, symbol: str, **fields: Any) -> dict[str, Any]:
    return {"accountId": account_id, "symbol": symbol, "action": "Buy", "orderQty": 1, "orderType": "Market", **fields}


def test_an_order_is_placed_and_found_by_its_mark(vendor: Vendor, account_id: int, symbol: str) -> None:
    placed = vendor.does("order/placeorder", **order(account_id, symbol, clOrdId="mine"))
    assert placed["orderId"] > 0


def test_an_oco_and_an_oso_are_placed_and_found_by_their_marks(vendor: Vendor, account_id: int, symbol: str) -> None:
    low, high = {"orderType": "Limit", "price": 100}, {"action": "Sell", "orderType": "Limit", "price": 90_000}
    pair = vendor.does("order/placeoco", **order(account_id, symbol, **low, other=high))
    assert pair["ocoId"] > 0
    loss = {"action": "Sell", "orderType": "Stop", "stopPrice": 50}
    entry = vendor.does("order/placeoso", **order(account_id, symbol, **low, bracket1=high, bracket2=loss))
    assert entry["oso2Id"] > 0


def test_an_order_is_changed_and_cancelled(vendor: Vendor, account_id: int, symbol: str) -> None:
    low = {"orderType": "Limit", "price": 100}
    order_id = vendor.does("order/placeorder", **order(account_id, symbol, **low))["orderId"]
    changed = vendor.does("order/modifyorder", orderId=order_id, orderQty=2, orderType="Limit", price=101, clOrdId="m")
    assert changed["commandId"] > 0
    cancelled = vendor.does("order/cancelorder", orderId=order_id)
    assert cancelled["commandId"] > 0
    (found,) = [one for one in vendor.entities(DEMO, "order") if one["id"] == order_id]
    assert found["ordStatus"] == "Canceled"
    again = vendor.sends("order/cancelorder", orderId=order_id)
    assert isinstance(again, Rejected)
    assert again.error_code == "TooLate"


def test_an_order_that_was_placed_is_taken_back_by_its_reversal(vendor: Vendor, account_id: int, symbol: str) -> None:
    placed = vendor.does("order/placeorder", **order(account_id, symbol, orderType="Limit", price=100))
    vendor.undoes(DEMO)
    (found,) = [one for one in vendor.entities(DEMO, "order") if one["id"] == placed["orderId"]]
    assert found["ordStatus"] == "Canceled"


def position_of(vendor: Vendor, account_id: int) -> dict[str, Any]:
    """The open position of the account, once its order was filled."""

    def opened() -> dict[str, Any] | None:
        positions = vendor.entities(DEMO, "position")
        return next((one for one in positions if one["accountId"] == account_id and one["netPos"]), None)

    return wait_until(opened, what="a position")


def test_positions_are_liquidated_one_and_many(vendor: Vendor, account_id: int, symbol: str) -> None:
    vendor.does("order/placeorder", **order(account_id, symbol))
    opened = position_of(vendor, account_id)
    of_account = {"accountId": account_id, "contractId": opened["contractId"]}
    assert vendor.does("order/liquidateposition", **of_account, admin=True)["orderId"] > 0
    vendor.does("order/placeorder", **order(account_id, symbol, orderQty=2))
    opened = position_of(vendor, account_id)
    vendor.does("order/liquidatepositions", positions=[opened["id"]], admin=True, customTag50="out")


def test_a_dry_run_places_nothing(vendor: Vendor, account_id: int, symbol: str) -> None:
    contract_id = vendor.ask(FIND_CONTRACT, name=symbol)["id"]
    dry = {"contractId": contract_id, "action": "Buy", "orderQty": 1, "orderType": "Limit", "price": 100}
    before = len(vendor.entities(DEMO, "order"))
    answer = vendor.does("order/dryrun", accountId=account_id, orders=[dry, dry], can_be_read=False)
    assert DryRunAnswer.read(answer) is not None
    assert len(vendor.entities(DEMO, "order")) == before


def test_a_strategy_is_started_and_interrupted(vendor: Vendor, account_id: int, symbol: str) -> None:
    params = {
        "entryVersion": {"orderQty": 2, "orderType": "Limit", "price": 100},
        "brackets": [
            {"qty": 1, "profitTarget": 30, "stopLoss": -15},
            {"qty": 1, "stopLoss": -20, "trailingStop": True},
        ],
    }
    of_account: dict[str, Any] = {"accountId": account_id, "symbol": symbol, "action": "Buy", "orderStrategyTypeId": 2}
    started = vendor.does("orderStrategy/startorderstrategy", **of_account, params=params, uuid="mine")
    assert started["orderStrategy"]["status"] == "ActiveStrategy"
    vendor.undoes(DEMO)


def test_contracts_are_rolled_and_fees_are_told(vendor: Vendor, symbol: str) -> None:
    rolled = vendor.does("contract/rollcontract", name=symbol, forward=True, can_be_read=False)
    assert rolled["contract"]["name"] != symbol
    many = vendor.does("contract/rollcontracts", rollContracts=[{"name": symbol, "forward": True}], can_be_read=False)
    assert many["contracts"]
    product = vendor.entities(DEMO, "product")[0]
    fees = vendor.does("contract/getproductfeeparams", productIds=[product["id"]], can_be_read=False)
    assert fees["params"][0]["productId"] == product["id"]


def test_a_contract_is_found_by_name_and_as_somebody_types(vendor: Vendor, symbol: str) -> None:
    assert symbol.startswith("MES")
    assert vendor.ask(FIND_CONTRACT, name=symbol)["name"] == symbol


def test_a_refused_order_says_why(vendor: Vendor, account_id: int) -> None:
    refused = vendor.sends("order/placeorder", **order(account_id, "NOPE"))
    assert isinstance(refused, Rejected)
    assert refused.error_code == "InvalidContract"
