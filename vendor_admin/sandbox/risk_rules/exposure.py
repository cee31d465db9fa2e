"""What a position may become when everything that works for it fills. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from vendor_admin.sandbox.risk_rules.account_state import AccountState, OrderIntent, WorkingOrder


@dataclass(frozen=True, slots=True)
class Exposure:
    """A net position with the quantities that may still be bought and sold. `long` and `short` are the largest
    positions that can come of it, the platform's `hypoLongPos` and `hypoShortPos`.
    """

    net: int
    buys: int = 0
    sells: int = 0

    @property
    def long(self) -> int:
        """The largest long position, if every buy fills and no sell does."""
        return max(0, self.net + self.buys)

    @property
    def short(self) -> int:
        """The largest short position, as a positive number."""
        return max(0, self.sells - self.net)

    @property
    def largest(self) -> int:
        """The largest position on either side."""
        return max(self.long, self.short)

    def opened_by(self, order: OrderIntent) -> int:
        """How many contracts of an order would open: what it does not close before the orders on its side have."""
        open_against = -self.net - self.buys if order.action == "Buy" else self.net - self.sells
        return order.quantity - min(order.quantity, max(0, open_against))


def exposure_to(contract_id: int, account: AccountState, *, order: OrderIntent | None = None) -> Exposure:
    """An account's exposure to a contract, as if an order were working already. Orders of which only one fills count
    as the largest of them.
    """
    orders: list[OrderIntent | WorkingOrder] = [one for one in account.working if one.contract_id == contract_id]
    if order is not None and order.contract_id == contract_id:
        orders.append(order)
    buys = _total(one for one in orders if one.action == "Buy")
    sells = _total(one for one in orders if one.action == "Sell")
    return Exposure(account.positions.get(contract_id, 0), buys, sells)


def opening_quantity(order: OrderIntent, account: AccountState) -> int:
    """How many contracts of an order would open a position or add to one."""
    others = [one for one in account.working if order.one_of is None or one.one_of != order.one_of]
    if len(others) == len(account.working):
        return exposure_to(order.contract_id, account).opened_by(order)
    return _exposure_without(order, account, others).opened_by(order)


def contracts_of(account: AccountState) -> set[int]:
    """The contracts that an account holds or has orders for."""
    return {contract_id for contract_id, net in account.positions.items() if net} | {
        order.contract_id for order in account.working
    }


def _exposure_without(order: OrderIntent, account: AccountState, others: list[WorkingOrder]) -> Exposure:
    same = [one for one in others if one.contract_id == order.contract_id]
    return Exposure(
        account.positions.get(order.contract_id, 0),
        _total(one for one in same if one.action == "Buy"),
        _total(one for one in same if one.action == "Sell"),
    )


def _total(orders: Iterable[OrderIntent | WorkingOrder]) -> int:
    total = 0
    largest: dict[int, int] = {}
    for order in orders:
        if order.one_of is None:
            total += order.quantity
        else:
            largest[order.one_of] = max(largest.get(order.one_of, 0), order.quantity)
    return total + sum(largest.values())
