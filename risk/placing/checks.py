"""What is wrong with orders that are to be placed: what the catalogue's rules say against them, and by the mirrors
unknown and expired contracts and prices off the tick.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from risk.placing.inputs import OrderToPlace, StrategyToStart
from risk.placing.naming import AnyId, body_of, faults_of_request, ours
from vendor_admin.errors import Fault
from vendor_admin.mirrors.queries.contracts import NamedContract, contracts_named
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.order_checks import TradedContract, order_faults, strategy_faults

DEMO = Environment.DEMO.value


def against_orders(rows: Sequence[OrderToPlace], organization_id: int) -> Iterator[tuple[int, Fault]]:
    """What is wrong with orders, by row: the path of a fault's field begins at the row. Eight queries at most."""
    yield from _against(rows, organization_id, order_faults)


def against_strategies(rows: Sequence[StrategyToStart], organization_id: int) -> Iterator[tuple[int, Fault]]:
    """What is wrong with the start of strategies, likewise."""
    yield from _against(rows, organization_id, strategy_faults)


def traded(contract: NamedContract) -> TradedContract:
    """A contract as the client's checks want it."""
    return TradedContract(contract.name, tick_size=contract.tick_size, expires_at=contract.expires_at)


def _against(rows: Sequence[Any], organization_id: int, faults: Any) -> Iterator[tuple[int, Fault]]:
    now = database_clock.now()
    known = contracts_named(
        (str(row.contract) for row in rows), organization_id=organization_id, environment=DEMO, now=now
    )
    names = (contract.name for contract in known.values())
    by_name = contracts_named(names, organization_id=organization_id, environment=DEMO, now=now)
    for position, row in enumerate(rows):
        if wrong := faults_of_request(row.write, row, now=now):
            yield from ((position, fault) for fault in wrong)
            continue
        contract = known.get(str(row.contract).strip())
        if contract is None:
            # The mirror has contracts that the platform told of; another may exist all the same.
            if str(row.contract).strip().isdecimal():
                yield position, Fault("contract", "not_found", "is no contract that is known here.")
            continue
        if by_name.get(contract.name, contract).contract_id != contract.contract_id:
            # An order names its contract by the name alone.
            yield position, Fault("contract", "ambiguous", f"has the name {contract.name}, by which another is traded.")
            continue
        request = row.write.parse(body_of(row.named(AnyId())[0]))
        for fault in faults(request, traded(contract), now=now):
            yield position, ours(type(row), fault)
