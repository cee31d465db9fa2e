"""Looking contracts up: by name, as somebody types, the next or previous one, and what trading a product costs.

`contract/find` and `contract/suggest` are shared operations of entities. The others are asked with a body, and change
nothing. Source: the OpenAPI file.
"""

from typing import Annotated, Final

from msgspec import Meta

from vendor_admin.tradovate.catalogue.entity_operations import entity_operation
from vendor_admin.tradovate.catalogue.fields import Ids, Name
from vendor_admin.tradovate.catalogue.operation import Operation
from vendor_admin.tradovate.catalogue.order_answers import (
    ProductFeeParamsAnswer,
    RollContractAnswer,
    RollContractsAnswer,
)
from vendor_admin.tradovate.catalogue.request import Request
from vendor_admin.tradovate.catalogue.write import Write

FIND_CONTRACT: Final = entity_operation("contract", "find")
"""The contract of a name: `name=ESZ6`."""

SUGGEST_CONTRACTS: Final = entity_operation("contract", "suggest")
"""Contracts for what somebody types: `t=ES&l=5`. The platform puts the front month first; `isFront` of a contract's
maturity was seen to be out of date."""

_CHANGES_NOTHING = "It changes nothing."


class RollContract(Request, frozen=True, kw_only=True):
    """From a contract to the next (`forward`) or the previous one; with `if_expired` only where it has expired."""

    name: Name
    forward: bool
    if_expired: bool | None = None


class RollContracts(Request, frozen=True, kw_only=True):
    roll_contracts: Annotated[tuple[RollContract, ...], Meta(min_length=1, description="at least one contract")]


class GetProductFeeParams(Request, frozen=True, kw_only=True):
    product_ids: Ids


def _question(path: str) -> Operation:
    return Operation(path=path, method="POST", harmless_to_repeat=True)


ROLL_CONTRACT = Write(
    operation=_question("contract/rollcontract"),
    request=RollContract,
    answer=RollContractAnswer,
    settling=None,
    cautions=(_CHANGES_NOTHING,),
)

ROLL_CONTRACTS = Write(
    operation=_question("contract/rollcontracts"),
    request=RollContracts,
    answer=RollContractsAnswer,
    settling=None,
    cautions=(_CHANGES_NOTHING,),
)

GET_PRODUCT_FEE_PARAMS = Write(
    operation=_question("contract/getproductfeeparams"),
    request=GetProductFeeParams,
    answer=ProductFeeParamsAnswer,
    settling=None,
    cautions=(_CHANGES_NOTHING,),
)
