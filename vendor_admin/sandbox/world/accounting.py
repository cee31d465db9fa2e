"""What a fill does to an account: fees, position, realized dollars, balance. Pure arithmetic on entities."""

from typing import Any

from vendor_admin.sandbox.world.instruments import Instrument
from vendor_admin.sandbox.world.state import Entity

COMMISSION = 0.79
EXCHANGE_FEE = 1.40


class Moment:
    """The time of the events being made: text of a timestamp and the trade date, set by the stream before each step."""

    __slots__ = ("text", "trade_date")

    def __init__(self, text: str, trade_date: dict[str, int]) -> None:
        self.text = text
        self.trade_date = trade_date


def fees_of(quantity: int) -> dict[str, Any]:  # Any: numbers of both kinds
    """The fee fields of a fill, in USD."""
    return {
        "exchangeFee": round(EXCHANGE_FEE * quantity, 2),
        "exchangeCurrencyId": 1,
        "commission": round(COMMISSION * quantity, 2),
        "commissionCurrencyId": 1,
    }


def closed_by(before: Entity, action: str, quantity: int) -> int:
    """How many contracts of a position a fill closes."""
    held: int = before.get("netPos", 0)
    closes = held * (1 if action == "Buy" else -1) < 0
    return min(abs(held), quantity) if closes else 0


def realized_dollars(before: Entity, instrument: Instrument, action: str, quantity: int) -> float:
    """The profit or loss that a fill at the instrument's price makes real."""
    closing = closed_by(before, action, quantity)
    if not closing:
        return 0.0
    sign = 1 if before["netPos"] > 0 else -1
    return float(round(closing * sign * (instrument.price - before["netPrice"]) * instrument.dollars_a_point, 2))


def position_after(before: Entity, instrument: Instrument, action: str, quantity: int, moment: Moment) -> Entity:
    """The position after a fill; a flat one has no `netPrice`, as recorded ones show it."""
    held, price = before.get("netPos", 0), instrument.price
    bought, sold = (quantity, 0) if action == "Buy" else (0, quantity)
    after = held + bought - sold
    entity: Entity = {
        "id": before["id"],
        "accountId": before["accountId"],
        "contractId": instrument.contract_id,
        "timestamp": moment.text,
        "tradeDate": moment.trade_date,
        "netPos": after,
        "bought": before.get("bought", 0) + bought,
        "boughtValue": round(before.get("boughtValue", 0.0) + bought * price, 6),
        "sold": before.get("sold", 0) + sold,
        "soldValue": round(before.get("soldValue", 0.0) + sold * price, 6),
        "archived": False,
        "prevPos": 0,
    }
    if after:
        entity["netPrice"] = _net_price(held, before.get("netPrice", price), after, quantity, price)
    return entity


def balance_after(before: Entity, *, realized: float, delta: float, moment: Moment) -> Entity:
    """The cash balance after a fill; `delta` is `realized` less fees."""
    return {
        **before,
        "timestamp": moment.text,
        "tradeDate": moment.trade_date,
        "amount": round(before["amount"] + delta, 2),
        "realizedPnL": round(before["realizedPnL"] + realized, 2),
        "weekRealizedPnL": round(before["weekRealizedPnL"] + realized, 2),
    }


def log_of(balance: Entity, *, log_id: int, fill_id: int, delta: float) -> Entity:
    """The cash balance log's entry of a paired trade."""
    kept = ("accountId", "timestamp", "tradeDate", "currencyId", "amount", "realizedPnL", "weekRealizedPnL")
    fields = {name: balance[name] for name in kept}
    return {"id": log_id, **fields, "cashChangeType": "TradePaired", "fillId": fill_id, "delta": delta}


def pair_of(
    position: Entity, *, pair_id: int, opened: tuple[int, float], closed: tuple[int, float], action: str, quantity: int
) -> Entity:
    """The pair of an opening and a closing fill, both given as (fill id, price); `action` is the closing one's."""
    buy, sell = (opened, closed) if action == "Sell" else (closed, opened)
    return {
        "id": pair_id,
        "positionId": position["id"],
        "buyFillId": buy[0],
        "sellFillId": sell[0],
        "qty": quantity,
        "buyPrice": buy[1],
        "sellPrice": sell[1],
        "active": True,
    }


def _net_price(held: int, old_price: float, after: int, quantity: int, price: float) -> float:
    if held * after <= 0:
        return price
    if abs(after) < abs(held):
        return old_price
    return round((abs(held) * old_price + quantity * price) / abs(after), 6)
