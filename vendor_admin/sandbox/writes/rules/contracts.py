"""Questions about contracts and products that are asked as writes are: neighbours of a contract, fees, margins."""

import datetime as dt

from vendor_admin.sandbox.world.accounting import fees_of
from vendor_admin.sandbox.world.state import Entity
from vendor_admin.sandbox.writes.desk import Desk
from vendor_admin.sandbox.writes.order_requests import (
    GetProductFeeParams,
    RollContract,
    RollContractBase,
    RollContracts,
)
from vendor_admin.sandbox.writes.refusals import RefusalError


def roll_contract(desk: Desk, request: RollContract) -> Entity:
    """The next or the previous contract of the same product; with `ifExpired` the contract itself unless it expired."""
    return {"contract": _rolled(desk, request)}


def roll_contracts(desk: Desk, request: RollContracts) -> Entity:
    """The same for several, by the names that were asked for: no document describes the values of the answer."""
    if not request.roll_contracts:
        raise RefusalError("Empty rollContracts")
    return {"contracts": {asked.name: _rolled(desk, asked) for asked in request.roll_contracts}}


def product_fee_params(desk: Desk, request: GetProductFeeParams) -> Entity:
    """Fees and margins of one contract of each product; unknown products are left out."""
    found = []
    for product_id in dict.fromkeys(request.product_ids):
        product = desk.view().get("product", product_id)
        if product is None:
            continue
        margin = desk.view().get("productMargin", product_id)
        margins = {} if margin is None else {"dayMargin": margin.entity["initialMargin"], "fullMargin": margin.entity}
        found.append({**fees_of(1), "productId": product_id, **margins})
    return {"params": found}


def _rolled(desk: Desk, asked: RollContractBase) -> Entity:
    view, now = desk.view(), desk.rule_moment
    record = next((one for one in view.all("contract") if one.entity["name"] == asked.name), None)
    maturity = view.get("contractMaturity", record.entity["contractMaturityId"]) if record else None
    if record is None or maturity is None:
        raise RefusalError("Contract not found")
    if asked.if_expired and dt.datetime.fromisoformat(maturity.entity["expirationDate"]) > now:
        return record.entity
    months = sorted(
        (one.entity for one in view.dependents("contractMaturity", maturity.entity["productId"])),
        key=lambda entity: entity["expirationMonth"],
    )
    place = months.index(maturity.entity) + (1 if asked.forward else -1)
    if not 0 <= place < len(months):
        raise RefusalError("There is no other contract")
    return next(iter(view.dependents("contract", months[place]["id"]))).entity
