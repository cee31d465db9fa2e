"""What a position may become when everything that works for it fills. Pure."""

from collections.abc import Iterable, Mapping
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


@dataclass(frozen=True, slots=True)
class Outlook:
    """An account's exposures, by contract, before an order and as if it were working already; both have the same
    contracts.
    """

    order: OrderIntent
    before: Mapping[int, Exposure]
    after: Mapping[int, Exposure]
    opening: int

    @property
    def own_before(self) -> Exposure:
        """The exposure to the order's contract without it."""
        return self.before[self.order.contract_id]

    @property
    def own_after(self) -> Exposure:
        """The exposure to the order's contract with it."""
        return self.after[self.order.contract_id]


def outlook_of(order: OrderIntent, account: AccountState) -> Outlook:
    """What an order would make of an account, and how many contracts of it would open a position or add to one."""
    contract_id, working = order.contract_id, account.working
    before = exposures_of(account)
    own = before.setdefault(contract_id, Exposure(0))
    together = [one for one in working if one.contract_id == contract_id]
    after = {**before, contract_id: _exposure(own.net, [*together, order])}
    others = own
    if order.one_of is not None:
        others = _exposure(own.net, [one for one in together if one.one_of != order.one_of])
    return Outlook(order, before, after, others.opened_by(order))


def exposures_of(account: AccountState) -> dict[int, Exposure]:
    """An account's exposures to the contracts that it holds or has orders for. Orders of which only one fills count as
    the largest of them.
    """
    working: dict[int, list[WorkingOrder]] = {contract_id: [] for contract_id, net in account.positions.items() if net}
    for order in account.working:
        working.setdefault(order.contract_id, []).append(order)
    return {
        contract_id: _exposure(account.positions.get(contract_id, 0), orders) for contract_id, orders in working.items()
    }


def _exposure(net: int, orders: Iterable[OrderIntent | WorkingOrder]) -> Exposure:
    totals = {"Buy": 0, "Sell": 0}
    largest: dict[tuple[int, str], int] = {}
    for order in orders:
        if order.one_of is None:
            totals[order.action] += order.quantity
            continue
        group = (order.one_of, order.action)
        more = max(0, order.quantity - largest.get(group, 0))
        largest[group] = largest.get(group, 0) + more
        totals[order.action] += more
    return Exposure(net, totals["Buy"], totals["Sell"])
