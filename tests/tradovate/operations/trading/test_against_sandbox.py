"""Orders of the catalogue to the sandbox, and what reading says about each afterwards."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.tradovate.operations.vendor_program import Vendor
from vendor_admin.sandbox.running import RunningSandbox
from vendor_admin.sandbox.writes.catalogue import WRITES as SIMULATED
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.operations import WRITES
from vendor_admin.tradovate.operations.contracts import FIND_CONTRACT, SUGGEST_CONTRACTS
from vendor_admin.tradovate.outcomes import Rejected

# The sandbox does not carry these out yet; each is taken out of here as it does.
NOT_SIMULATED = {
    "order/modifyorder",
    "order/cancelorder",
    "order/liquidateposition",
    "order/liquidatepositions",
    "order/dryrun",
    "orderStrategy/startorderstrategy",
    "orderStrategy/modifyorderstrategy",
    "orderStrategy/interruptorderstrategy",
    "contract/rollcontract",
    "contract/rollcontracts",
    "contract/getproductfeeparams",
}


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
    return int(vendor.entities(Environment.DEMO, "account")[0]["id"])


def test_every_write_of_the_catalogue_is_simulated() -> None:
    assert set(WRITES) - set(SIMULATED) <= NOT_SIMULATED


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


def test_a_contract_is_found_by_name_and_as_somebody_types(vendor: Vendor, symbol: str) -> None:
    assert symbol.startswith("MES")
    assert vendor.ask(FIND_CONTRACT, name=symbol)["name"] == symbol


def test_a_refused_order_says_why(vendor: Vendor, account_id: int) -> None:
    refused = vendor.sends("order/placeorder", **order(account_id, "NOPE"))
    assert isinstance(refused, Rejected)
    assert refused.error_code == "InvalidContract"
