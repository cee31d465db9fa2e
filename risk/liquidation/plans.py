"""Closing positions at the market, as plans (DEMO): urgent, and never taken back.

A call for each position, by account and contract: the platform then cancels what rests in the contract too, and answers
with the closing order. Source: the OpenAPI file, liquidatePosition.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from risk.liquidation.inputs import PositionToLiquidate
from vendor_admin.mirrors.models import Order, Position
from vendor_admin.mirrors.queries.any_of import among
from vendor_admin.mirrors.queries.lookups import attach_names
from vendor_admin.mirrors.queries.positions import open_positions
from vendor_admin.mirrors.queries.resting_orders import resting_orders
from vendor_admin.operations.inputs.declaration import PlanInput
from vendor_admin.operations.kinds import Json, OneEntity, PlanRequest, RowDraft
from vendor_admin.operations.models import PlanRow
from vendor_admin.operations.skip_reasons import SkipReason
from vendor_admin.organizations.roles import Right
from vendor_admin.tradovate.catalogue.request import Request
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.operations.trading.liquidation import LIQUIDATE_POSITION, LiquidatePosition

DEMO = Environment.DEMO.value
CANCELS_TOO = "{} in this contract; the platform cancels them too."


class LiquidatePositions(OneEntity[Position]):
    """Targets are positions, by id. Whatever their size is when they are closed, they are flat then."""

    name = "liquidate_positions"
    title = "Liquidate positions"
    write = LIQUIDATE_POSITION
    model = Position
    environment = DEMO
    noun = "position"
    right = Right.CLOSE_POSITIONS
    takes = PlanInput(PositionToLiquidate)
    urgent_paths = (LIQUIDATE_POSITION.path,)
    as_things_stand = True
    consequence = (
        "Positions are closed at the market's price as it is then, and the account's orders in the contract are "
        "cancelled. It cannot be taken back, and does not keep the trader from opening another."
    )

    def prepare(self, request: PlanRequest, rows: Sequence[Position]) -> Callable[[RowDraft, Position], None]:
        positions = list(rows)
        attach_names(positions, organization_id=request.organization_id)
        of_plan = Position.objects.filter(
            among("entity_id", (one.entity_id for one in positions)), organization_id=request.organization_id
        )
        still_open = set(open_positions(of_plan).values_list("pk", flat=True))
        resting = resting_in_contracts(positions, organization_id=request.organization_id)

        def fill(draft: RowDraft, position: Position) -> None:
            draft.label = _label(position)
            draft.old = {"accountId": position.account_id, "contractId": position.contract_id, "state": "open"}
            draft.new = {**draft.old, "state": "flat"}
            if position.pk not in still_open:
                draft.why_skipped = SkipReason.ALREADY.format("flat, or followed by a newer one")
            elif count := resting[position.account_id, position.contract_id]:
                draft.warnings.append(CANCELS_TOO.format("1 order rests" if count == 1 else f"{count:,} orders rest"))

        return fill

    def request(self, row: PlanRow, *, parameters: Mapping[str, Json], reason: str) -> Request:
        return LiquidatePosition(account_id=row.old["accountId"], contract_id=row.old["contractId"], admin=True)


def resting_in_contracts(
    positions: Iterable[Position], *, organization_id: int
) -> Counter[tuple[int | None, int | None]]:
    """How many orders rest, by account and contract, in the accounts of these positions. One query."""
    of_accounts = Order.objects.filter(
        among("account_id", (one.account_id for one in positions)),
        organization_id=organization_id,
        environment=DEMO,
    )
    return Counter(resting_orders(of_accounts).values_list("account_id", "contract_id"))


def _label(position: Position) -> str:
    """What a position is called: "FIRM01: 2 MESZ6 long (position 5)"."""
    account = position.account or f"account {position.account_id}"  # type: ignore[attr-defined]
    contract = str(position.contract) if position.contract else f"contract {position.contract_id}"  # type: ignore[attr-defined]
    quantity = position.net_pos or 0
    held = f"{abs(quantity):,} {contract} {'long' if quantity > 0 else 'short'}" if quantity else f"{contract} flat"
    return f"{account}: {held} (position {position.entity_id})"
