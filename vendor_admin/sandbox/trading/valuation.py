"""What an account's open positions are worth and bind, at the market's prices."""

from vendor_admin.sandbox.market.matching import Market
from vendor_admin.sandbox.trading.settlement import balance_of
from vendor_admin.sandbox.world.edits import Edits
from vendor_admin.sandbox.world.state import Record, View


def margin_of(edits: Edits, account_id: int) -> float:
    """The day margin of all that an account holds, in USD."""
    view, total = edits.view(), 0.0
    for record in _open_positions(edits, account_id):
        margin = view.get("contractMargin", record.entity["contractId"])
        total += abs(record.entity["netPos"]) * (margin.entity["initialMargin"] if margin else 0.0)
    return round(total, 2)


def net_liquidation(edits: Edits, market: Market, account_id: int) -> float:
    """Cash and what the open positions would bring now, in USD."""
    balance = balance_of(edits, account_id)
    return round((balance.entity["amount"] if balance else 0.0) + open_pnl(edits, market, account_id), 2)


def open_pnl(edits: Edits, market: Market, account_id: int) -> float:
    """What the open positions would bring at the market's last prices, in USD."""
    view, total = edits.view(), 0.0
    for record in _open_positions(edits, account_id):
        entity = record.entity
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


def _open_positions(edits: Edits, account_id: int) -> list[Record]:
    return [record for record in edits.book().dependents("position", account_id) if record.entity["netPos"]]
