"""What is asked for when position limits and risk parameters are to be made, changed or deleted."""

from decimal import Decimal
from typing import Annotated, Any, ClassVar

from msgspec import UNSET, UnsetType

from vendor_admin.operations.inputs.declaration import Input, RowInput
from vendor_admin.operations.inputs.described import described, reference
from vendor_admin.operations.inputs.references import ID
from vendor_admin.tradovate.catalogue.fields import LARGEST_INT32, ProductType, TotalBy, VerificationStatus


def _only(noun: str, text: str) -> Any:
    return reference(noun, f"Only this {text}, by name or platform id.")


def _count(text: str, *, example: int | None = None, least: int = 0, name: str | None = None) -> Any:
    return described(text, example=example, platform_name=name, ge=least, le=LARGEST_INT32)


def _margin(text: str, name: str, *, decimals: int = 2) -> Any:
    return described(text, platform_name=name, decimals=decimals, at_least=0)


Id = str | int


class ScopeOfSettings(Input, frozen=True, kw_only=True):
    """What a limit or a parameter is about; all of it left out means everything. Null takes a value away."""

    contract_id: Annotated[Id, _only("contract", "contract")] | UnsetType | None = UNSET
    product_id: Annotated[Id, _only("product", "product")] | UnsetType | None = UNSET
    exchange_id: Annotated[Id, _only("exchange", "exchange")] | UnsetType | None = UNSET
    product_type: Annotated[ProductType, described("Only this kind of product.")] | UnsetType | None = UNSET
    risk_discount_contract_group_id: (
        Annotated[Id, _only("contract_group", "risk discount group")] | UnsetType | None
    ) = UNSET
    product_verification_status: (
        Annotated[VerificationStatus, described("Only products in this state of verification.")] | UnsetType | None
    ) = UNSET
    contract_group_id: Annotated[Id, _only("contract_group", "contract group")] | UnsetType | None = UNSET
    fungible_product_id: Annotated[Id, _only("product", "fungible product")] | UnsetType | None = UNSET


class LimitSettings(ScopeOfSettings, frozen=True, kw_only=True):
    """How many contracts may be held."""

    active: Annotated[bool, described("Whether the limit acts.", example=True)] | UnsetType = UNSET
    total_by: Annotated[TotalBy, described("What is counted together.", example="Overall")] | UnsetType = UNSET
    exposed_limit: Annotated[int, _count("At most so many contracts, either way.", example=5)] | UnsetType | None = (
        UNSET
    )
    long_limit: Annotated[int, _count("At most so many contracts long.")] | UnsetType | None = UNSET
    short_limit: Annotated[int, _count("At most so many contracts short.")] | UnsetType | None = UNSET
    fungible_exposed_limit: (
        Annotated[int, _count("At most so many contracts of fungible products together.")] | UnsetType | None
    ) = UNSET
    risk_time_period_id: (
        Annotated[Id, reference(ID, "Platform id of the time period it is for.")] | UnsetType | None
    ) = UNSET
    description: Annotated[str, described("A note.", max_length=64)] | UnsetType | None = UNSET


class ParameterSettings(ScopeOfSettings, frozen=True, kw_only=True):
    """Sizes of single orders, months and days to expiration, and margin."""

    max_opening_order_quantity: (
        Annotated[int, _count("Largest order that opens a position.", example=3, name="maxOpeningOrderQty")]
        | UnsetType
        | None
    ) = UNSET
    max_closing_order_quantity: (
        Annotated[int, _count("Largest order that closes a position.", name="maxClosingOrderQty")] | UnsetType | None
    ) = UNSET
    fungible_max_opening_order_quantity: (
        Annotated[int, _count("Largest opening order over fungible products.", name="fungibleMaxOpeningOrderQty")]
        | UnsetType
        | None
    ) = UNSET
    fungible_max_closing_order_quantity: (
        Annotated[int, _count("Largest closing order over fungible products.", name="fungibleMaxClosingOrderQty")]
        | UnsetType
        | None
    ) = UNSET
    max_back_month: Annotated[int, _count("At most so many months ahead.")] | UnsetType | None = UNSET
    pre_expiration_days: (
        Annotated[int, _count("So many days before the expiration trading ends.", least=-LARGEST_INT32)]
        | UnsetType
        | None
    ) = UNSET
    margin_percent: (
        Annotated[Decimal, _margin("Margin, in per cent.", "marginPercentage", decimals=4)] | UnsetType | None
    ) = UNSET
    margin_amount: Annotated[Decimal, _margin("Margin, in dollars.", "marginDollarValue")] | UnsetType | None = UNSET
    hard_limit: Annotated[bool, described("Whether orders over it are refused.")] | UnsetType | None = UNSET


class NewPositionLimit(LimitSettings, RowInput, frozen=True, kw_only=True):
    """A position limit of an account."""

    entity_type: ClassVar[str] = "userAccountPositionLimit"

    account: Annotated[
        Id, reference("account", "The account, by platform id or name.", example="EVAL00001", platform_name="accountId")
    ]
    active: Annotated[bool, described("Whether the limit acts.")] = True
    total_by: Annotated[TotalBy, described("What is counted together.", example="Overall")] = "Overall"


class PositionLimitChange(LimitSettings, RowInput, frozen=True, kw_only=True):
    """What changes of a position limit. What is not named stays."""

    entity_type: ClassVar[str] = "userAccountPositionLimit"

    position_limit: Annotated[
        Id, reference(ID, "Platform id of the position limit.", example="6600051", is_subject=True)
    ]


class PositionLimitToDelete(RowInput, frozen=True, kw_only=True):
    """A position limit that goes, with its risk parameters."""

    entity_type: ClassVar[str] = "userAccountPositionLimit"

    position_limit: Annotated[
        Id, reference(ID, "Platform id of the position limit.", example="6600051", is_subject=True)
    ]


class NewRiskParameter(ParameterSettings, RowInput, frozen=True, kw_only=True):
    """A risk parameter that makes a position limit more exact."""

    entity_type: ClassVar[str] = "userAccountRiskParameter"

    position_limit: Annotated[
        Id,
        reference(
            ID,
            "Platform id of the position limit.",
            example="6600051",
            platform_name="userAccountPositionLimitId",
        ),
    ]


class RiskParameterChange(ParameterSettings, RowInput, frozen=True, kw_only=True):
    """What changes of a risk parameter. What is not named stays."""

    entity_type: ClassVar[str] = "userAccountRiskParameter"

    risk_parameter: Annotated[
        Id, reference(ID, "Platform id of the risk parameter.", example="6700061", is_subject=True)
    ]


class RiskParameterToDelete(RowInput, frozen=True, kw_only=True):
    """A risk parameter that goes."""

    entity_type: ClassVar[str] = "userAccountRiskParameter"

    risk_parameter: Annotated[
        Id, reference(ID, "Platform id of the risk parameter.", example="6700061", is_subject=True)
    ]
