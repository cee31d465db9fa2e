"""What is asked for in a dry run, and everything that can be said against it before the platform is asked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from msgspec import UNSET, UnsetType

from risk.dry_runs.dry_run import DEMO
from risk.dry_runs.verdicts import TriedOrder
from risk.placing.checks import traded
from risk.placing.inputs import AContract, AnAccount, APrice, AQuantity, ASide, AStopPrice, AType
from risk.placing.naming import ours
from vendor_admin.errors import Fault, InvalidFields
from vendor_admin.mirrors.queries.contracts import NamedContract, contracts_named
from vendor_admin.operations.inputs.declaration import Input
from vendor_admin.operations.inputs.described import described
from vendor_admin.operations.inputs.reading import read_input
from vendor_admin.operations.inputs.references import References
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.tradovate.errors import InvalidRequest
from vendor_admin.tradovate.operations.trading.dry_run import DRY_RUN, MOST_ORDERS
from vendor_admin.tradovate.order_checks import expiry_faults, grid_faults

_SOME_ID = 1


class OrderToTry(Input, frozen=True, kw_only=True):
    """An order that is not placed."""

    contract: AContract
    action: ASide
    quantity: AQuantity
    order_type: AType
    price: APrice | UnsetType = UNSET
    stop_price: AStopPrice | UnsetType = UNSET

    def body(self, contract_id: int) -> dict[str, Any]:
        """The order as the platform gets it."""
        fields = {
            "contractId": contract_id,
            "action": self.action,
            "orderQty": self.quantity,
            "orderType": self.order_type,
            "price": self.price,
            "stopPrice": self.stop_price,
        }
        return {name: value for name, value in fields.items() if value is not UNSET}


class OrdersToTry(Input, frozen=True, kw_only=True):
    """Up to four orders of one account, each judged as if those before it were placed."""

    orders: Annotated[
        tuple[OrderToTry, ...],
        described(
            "The orders, in the order in which they would be placed.",
            example=[{"contract": "MESZ6", "action": "Buy", "quantity": 1, "order_type": "Limit", "price": "4150.25"}],
            min_length=1,
            max_length=MOST_ORDERS,
        ),
    ]

    def faults(self) -> Sequence[Fault]:
        body = {"accountId": _SOME_ID, "orders": [order.body(_SOME_ID) for order in self.orders]}
        try:
            DRY_RUN.read(body, now=database_clock.now())
        except InvalidRequest as invalid:
            return [ours(OrdersToTry, fault) for fault in invalid.faults]
        return ()


class DryRunToAsk(OrdersToTry, frozen=True, kw_only=True):
    """Up to four orders of an account, each judged as if those before it were placed."""

    account: AnAccount


@dataclass(frozen=True, slots=True)
class AskedOrders:
    """Orders of an account that can be asked about."""

    account_id: int
    orders: Sequence[TriedOrder]


def read_dry_run(given: Mapping[str, object], *, organization_id: int, now: datetime) -> AskedOrders:
    """Read orders of one account. Raises InvalidFields, whose faults name fields by JSON pointers. Six queries at
    most.
    """
    faults: list[Fault] = []
    asked = read_input(DryRunToAsk, given, "", faults)
    found = References([(DryRunToAsk, given)], organization_id=organization_id)
    faults += found.faults(DryRunToAsk, given, "")
    orders = _named(asked.orders if asked is not None else (), faults, organization_id=organization_id, now=now)
    if asked is None or faults:
        raise InvalidFields(faults)
    return AskedOrders(found.id_of("account", asked.account), orders)


def read_orders(given: Sequence[object], *, organization_id: int, now: datetime) -> list[TriedOrder]:
    """Read orders of whatever account, likewise. Four queries at most."""
    faults: list[Fault] = []
    asked = read_input(OrdersToTry, {"orders": given}, "", faults)
    orders = _named(asked.orders if asked is not None else (), faults, organization_id=organization_id, now=now)
    if faults:
        raise InvalidFields(faults)
    return orders


def _named(
    orders: Sequence[OrderToTry], faults: list[Fault], *, organization_id: int, now: datetime
) -> list[TriedOrder]:
    """The orders with the contracts that they name. What these say against them is added to the faults."""
    words = [str(order.contract).strip() for order in orders]
    known = contracts_named(words, organization_id=organization_id, environment=DEMO, now=now)
    named = []
    for position, (order, word) in enumerate(zip(orders, words, strict=True)):
        contract = known.get(word)
        against = _against(order, contract, now=now)
        faults += [Fault(f"/orders/{position}/{one.field}", one.code, one.text) for one in against]
        if contract is not None:
            request = DRY_RUN.parse({"accountId": _SOME_ID, "orders": [order.body(contract.contract_id)]})
            named.append(TriedOrder(contract.name, request.orders[0]))
    return named


def _against(order: OrderToTry, contract: NamedContract | None, *, now: datetime) -> Iterator[Fault]:
    """What the contract says against an order. The platform is asked by its id, so it has to be known here."""
    if contract is None:
        yield Fault("contract", "not_found", "is no contract that is known here.")
        return
    faults = [*expiry_faults(traded(contract), now=now)]
    for name, price in (("price", order.price), ("stopPrice", order.stop_price)):
        if price is not UNSET:
            faults += grid_faults(name, price, contract.tick_size)
    for fault in faults:
        yield ours(OrderToTry, fault)
