"""New terms of an order that rests: what they come to, and what is wrong with them.

All terms are sent anew: those that are not named are the newest version's, and a price that another type has no use for
is left behind.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from risk.placing.checks import DEMO, traded
from risk.placing.inputs import OrderToModify
from risk.placing.naming import AnyId, body_of, ours
from vendor_admin.amounts import read_id
from vendor_admin.errors import Fault
from vendor_admin.mirrors.models import Order
from vendor_admin.mirrors.queries.contracts import NamedContract, contracts_named
from vendor_admin.mirrors.queries.lookups import attach_versions, load_plain
from vendor_admin.operations.kinds import Json, plain
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.tradovate.errors import Fault as PlatformFault
from vendor_admin.tradovate.errors import InvalidRequest
from vendor_admin.tradovate.operations.trading.order_changes import MODIFY_ORDER
from vendor_admin.tradovate.operations.trading.terms import meaningless_prices
from vendor_admin.tradovate.order_checks import change_faults
from vendor_admin.tradovate.order_status import rests


def terms_of(version: Any) -> dict[str, Json]:
    """What an order's newest version says, under the platform's names, without what is not set."""
    if version is None:
        return {}
    terms = {
        "orderQty": version.order_qty,
        "orderType": version.order_type,
        "price": version.price,
        "stopPrice": version.stop_price,
        "limitIfTouchedPrice": version.limit_if_touched_price,
        "pegDifference": version.peg_difference,
        "maxShow": version.max_show,
        "timeInForce": version.time_in_force,
        "expireTime": version.expire_time,
        "text": version.text,
    }
    return {name: plain(value) for name, value in terms.items() if value is not None}


def changed(before: Mapping[str, Json], wanted: Mapping[str, Json]) -> dict[str, Json]:
    """The terms after a change; null takes a value away."""
    after = {**before, **{name: one for name, one in wanted.items() if one is not None or name in before}}
    left = before.keys() & set(meaningless_prices(str(after.get("orderType")))) - wanted.keys()
    return after | dict.fromkeys(left)


def faults_of_change(
    order: Any, terms: Mapping[str, Json], contract: NamedContract | None, *, now: datetime
) -> list[PlatformFault]:
    """What is wrong with an order's new terms: by the catalogue's rules, and by its contract where that is known."""
    try:
        change = MODIFY_ORDER.read({**body_of(terms), "orderId": order.entity_id}, now=now)
    except InvalidRequest as invalid:
        return list(invalid.faults)
    return [] if contract is None else list(change_faults(change, traded(contract), action=order.action or ""))


def contracts_of(orders: Sequence[Any], *, organization_id: int, now: datetime) -> dict[str, NamedContract]:
    """The contracts of orders by their ids as text. At most four queries."""
    words = {str(order.contract_id) for order in orders if order.contract_id}
    return contracts_named(words, organization_id=organization_id, environment=DEMO, now=now)


def against_changes(rows: Sequence[OrderToModify], organization_id: int) -> Iterator[tuple[int, Fault]]:
    """What is wrong with changes, by row; of orders that are there and rest. The preview says what the others lack. Six
    queries at most.
    """
    now = database_clock.now()
    known = load_plain(Order, organization_id=organization_id, ids=[read_id(str(row.order)) for row in rows])
    found = [known.get(read_id(str(row.order)), DEMO) for row in rows]
    orders = [order for order in found if order is not None]
    attach_versions(orders, organization_id=organization_id)
    contracts = contracts_of(orders, organization_id=organization_id, now=now)
    for position, (row, order) in enumerate(zip(rows, found, strict=True)):
        if order is None or order.version is None or not rests(order.ord_status):
            continue
        before = terms_of(order.version)
        after = changed(before, row.named(AnyId())[0])
        if after != before:
            for fault in faults_of_change(order, after, contracts.get(str(order.contract_id)), now=now):
                yield position, ours(OrderToModify, fault)
