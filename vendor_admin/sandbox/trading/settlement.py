"""What a fill does to its account: pairs, position, cash and its log, margin, risk status.

Pairs are made first in, first out; a position's price is the average of the fills that are still open. Every change of
cash has an entry in the log: each pair's result, the commission and the exchange's fee.
"""

import dataclasses
from collections.abc import Collection

from vendor_admin.sandbox.trading.chain import Chain
from vendor_admin.sandbox.trading.orders import Order
from vendor_admin.sandbox.world.accounting import Moment, balance_after, fees_of, pair_of, position_after
from vendor_admin.sandbox.world.edits import Edits
from vendor_admin.sandbox.world.instruments import Instrument
from vendor_admin.sandbox.world.state import Entity, Record

USD = 1


@dataclasses.dataclass(slots=True)
class Lot:
    """A fill, or what is open of it."""

    fill_id: int
    price: float
    quantity: int


Lots = dict[tuple[int, int], list[Lot]]


class Settlement:
    """Books fills. `lots` are the open fills of each account and contract, oldest first."""

    def __init__(self) -> None:
        self.lots: Lots = {}

    def book(self, chain: Chain, order: Order, fill: Entity) -> float:
        """Write all that follows from a fill; gives the dollars by which cash changed."""
        edits, price, quantity = chain.edits, fill["price"], fill["qty"]
        known = position_of(edits, order.account_id, order.contract.id)
        before = known.entity if known else {"id": chain.new_id(), "accountId": order.account_id}
        pairs = self._pair(chain, order, before, fill)
        lots = self.lots[order.account_id, order.contract.id]
        instrument = _instrument(order, price)
        moment = Moment(edits.at, edits.trade_date)
        position = {**before, **position_after(before, instrument, order.action, quantity, moment)}
        position.pop("netPrice", None)
        if lots:
            position["netPrice"] = average(lots)
        _put(edits, order, "position", position, is_new=known is None)
        return self._cash(chain, order, fill, pairs, moment)

    def forget(self, account_ids: Collection[int]) -> None:
        """Know no open fills of these accounts."""
        for key in [key for key in self.lots if key[0] in account_ids]:
            del self.lots[key]

    def _pair(self, chain: Chain, order: Order, before: Entity, fill: Entity) -> list[tuple[int, float]]:
        """Close open lots with a fill, make pairs of them, and open what is left; gives (pair id, dollars) of each."""
        lots = self._lots_of(before, order)
        sign = 1 if order.action == "Buy" else -1
        left, made = fill["qty"], []
        while left and lots and before.get("netPos", 0) * sign < 0:
            lot, pair_id = lots[0], chain.new_id()
            quantity = min(left, lot.quantity)
            pair = pair_of(
                before,
                pair_id=pair_id,
                opened=(lot.fill_id, lot.price),
                closed=(fill["id"], fill["price"]),
                action=order.action,
                quantity=quantity,
            )
            chain.create(order, "fillPair", pair)
            points = (pair["sellPrice"] - pair["buyPrice"]) * quantity
            made.append((pair_id, round(points * order.contract.product.value_per_point, 2)))
            left, lot.quantity = left - quantity, lot.quantity - quantity
            if not lot.quantity:
                lots.pop(0)
        if left:
            lots.append(Lot(fill["id"], fill["price"], left))
        return made

    def _lots_of(self, before: Entity, order: Order) -> list[Lot]:
        """The open lots of a position; one that others opened or changed is a single lot."""
        key = (order.account_id, order.contract.id)
        held = abs(before.get("netPos", 0))
        lots = self.lots.setdefault(key, [])
        if sum(lot.quantity for lot in lots) != held:
            lots[:] = [Lot(before["id"], before["netPrice"], held)] if held else []
        return lots

    def _cash(self, chain: Chain, order: Order, fill: Entity, pairs: list[tuple[int, float]], moment: Moment) -> float:
        edits, fee = chain.edits, fees_of(fill["qty"])
        known = balance_of(edits, order.account_id)
        before = known.entity if known else _no_balance(chain, order)
        realized = round(sum(dollars for _, dollars in pairs), 2)
        paid = [("ExchangeFee", fee["exchangeFee"]), ("Commission", fee["commission"])]
        delta: float = round(realized - sum(amount for _, amount in paid), 2)
        balance = balance_after(before, realized=realized, delta=delta, moment=moment)
        _put(edits, order, "cashBalance", balance, is_new=known is None)
        amount = before["amount"]
        for pair_id, dollars in pairs:
            amount = round(amount + dollars, 2)
            self._log(chain, order, balance, amount, "TradePaired", dollars, fill, fillPairId=pair_id)
        for kind, dollars in paid:
            amount = round(amount - dollars, 2)
            self._log(chain, order, balance, amount, kind, -dollars, fill)
        return delta

    def _log(
        self,
        chain: Chain,
        order: Order,
        balance: Entity,
        amount: float,
        kind: str,
        delta: float,
        fill: Entity,
        **fields: int,
    ) -> None:
        kept = ("accountId", "timestamp", "tradeDate", "currencyId", "realizedPnL", "weekRealizedPnL")
        entity = {
            "id": chain.new_id(),
            **{name: balance[name] for name in kept},
            "amount": amount,
            "cashChangeType": kind,
            "fillId": fill["id"],
            **fields,
            "delta": delta,
        }
        chain.create(order, "cashBalanceLog", entity)


def position_of(edits: Edits, account_id: int, contract_id: int) -> Record | None:
    """The account's position in a contract; of several the newest."""
    found = None
    for record in edits.book().dependents("position", account_id):
        if record.entity["contractId"] == contract_id:
            found = record
    return found


def net_position(edits: Edits, account_id: int, contract_id: int) -> int:
    """How many contracts an account holds, negative when it is short."""
    record = position_of(edits, account_id, contract_id)
    return int(record.entity["netPos"]) if record else 0


def balance_of(edits: Edits, account_id: int) -> Record | None:
    """The account's dollars."""
    for record in edits.book().dependents("cashBalance", account_id):
        if record.entity["currencyId"] == USD:
            return record
    return None


def average(lots: list[Lot]) -> float:
    """The average price of open lots."""
    return round(sum(lot.price * lot.quantity for lot in lots) / sum(lot.quantity for lot in lots), 6)


def _instrument(order: Order, price: float) -> Instrument:
    product = order.contract.product
    return Instrument(order.contract.id, product.tick_size, product.value_per_point, product.day_margin, price)


def _no_balance(chain: Chain, order: Order) -> Entity:
    return {
        "id": chain.new_id(),
        "accountId": order.account_id,
        "currencyId": USD,
        "amount": 0.0,
        "realizedPnL": 0.0,
        "weekRealizedPnL": 0.0,
        "archived": False,
        "amountSOD": 0.0,
    }


def _put(edits: Edits, order: Order, entity_type: str, entity: Entity, *, is_new: bool) -> None:
    if is_new:
        edits.create(entity_type, entity, account_id=order.account_id, user_id=order.user_id)
        return
    record = edits.book().get(entity_type, entity["id"])
    if record is not None:
        edits.replace(entity_type, record, entity)
