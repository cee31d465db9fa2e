"""What an account's open positions are worth at the market's prices."""

from vendor_admin.sandbox.market.matching import Market
from vendor_admin.sandbox.world.edits import Edits
from vendor_admin.sandbox.world.state import View


def open_pnl(edits: Edits, market: Market, account_id: int) -> float:
    """What the open positions would bring at the market's last prices, in USD."""
    view, total = edits.view(), 0.0
    for record in edits.book().dependents("position", account_id):
        entity = record.entity
        if not entity["netPos"]:
            continue
        try:
            last = market.last_price(entity["contractId"])
        except KeyError:  # a contract that was injected and that no market lists
            continue
        total += entity["netPos"] * (last - entity["netPrice"]) * value_per_point(view, entity["contractId"])
    return round(total, 2)


def value_per_point(view: View, contract_id: int) -> float:
    """Dollars a point of a contract; 0 for one that is not listed."""
    contract = view.get("contract", contract_id)
    maturity = view.get("contractMaturity", contract.entity["contractMaturityId"]) if contract else None
    product = view.get("product", maturity.entity["productId"]) if maturity else None
    return float(product.entity["valuePerPoint"]) if product else 0.0
