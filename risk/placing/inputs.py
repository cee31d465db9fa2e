"""What is asked for when programs place and change orders, and start strategies.

Prices and distances are in points of the contract. What the fields mean, and the rules between them, are the
catalogue's (vendor_admin/tradovate/operations/trading): checks.py tells what it finds wrong under our names.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from msgspec import UNSET, UnsetType

from vendor_admin.operations.inputs.declaration import Found, Input, RowInput
from vendor_admin.operations.inputs.described import described, reference
from vendor_admin.operations.inputs.references import ID
from vendor_admin.operations.kinds import Json
from vendor_admin.tradovate.catalogue.write import Write
from vendor_admin.tradovate.operations.trading.order_changes import MODIFY_ORDER
from vendor_admin.tradovate.operations.trading.order_strategies import (
    MODIFY_ORDER_STRATEGY,
    MULTI_BRACKET,
    START_ORDER_STRATEGY,
)
from vendor_admin.tradovate.operations.trading.orders import PLACE_OCO, PLACE_ORDER, PLACE_OSO
from vendor_admin.tradovate.operations.trading.terms import MOST_CONTRACTS, Action, OrderType, TimeInForce

POINTS_DECIMALS = 9
MOST_BRACKETS = 50

AnAccount = Annotated[
    str | int,
    reference("account", "The account, by platform id or name.", example="EVAL00001", platform_name="accountId"),
]
AContract = Annotated[
    str | int,
    described(
        "The contract, by name or platform id. Of several with one name it is the one that expires next.",
        example="MESZ6",
        platform_name="symbol",
        must_be="a contract's name or its platform id",
    ),
]
ASide = Annotated[Action, described("Buy or Sell.", example="Buy")]
AQuantity = Annotated[
    int, described("How many contracts.", example=1, platform_name="orderQty", ge=1, le=MOST_CONTRACTS)
]
AType = Annotated[
    OrderType, described("The platform's word for the type of order.", example="Limit", platform_name="orderType")
]
APrice = Annotated[
    Decimal, described("The limit, for types that have one.", example="4150.25", decimals=POINTS_DECIMALS)
]
AStopPrice = Annotated[Decimal, described("Where a stop goes off, for types that have one.", decimals=POINTS_DECIMALS)]
ATouchedPrice = Annotated[
    Decimal, described("Where an order of type LimitIfTouched becomes a limit order.", decimals=POINTS_DECIMALS)
]
ATrail = Annotated[
    Decimal,
    described("How far a trailing stop follows the market.", platform_name="pegDifference", decimals=POINTS_DECIMALS),
]
AShown = Annotated[int, described("How many contracts others see at a time.", ge=1, le=MOST_CONTRACTS)]
ATimeInForce = Annotated[TimeInForce, described("How long it rests. Left out, the platform takes Day.", example="Day")]
AnExpiry = Annotated[
    datetime,
    described(
        "When an order with GTD ends: RFC 3339.", platform_name="expireTime", must_be="a time as RFC 3339", tz=True
    ),
]
AnActivation = Annotated[
    datetime,
    described(
        "When the platform sends it on. Left out, at once.",
        platform_name="activationTime",
        must_be="a time as RFC 3339",
        tz=True,
    ),
]
AText = Annotated[str, described("A note that the platform keeps with the order.", max_length=64)]


class TermsInput(Input, frozen=True, kw_only=True):
    """An order that belongs to another, whose account, contract and quantity it has."""

    action: ASide
    order_type: AType
    price: APrice | UnsetType = UNSET
    stop_price: AStopPrice | UnsetType = UNSET
    limit_if_touched_price: ATouchedPrice | UnsetType = UNSET
    trail_by: ATrail | UnsetType = UNSET
    max_show: AShown | UnsetType = UNSET
    time_in_force: ATimeInForce | UnsetType = UNSET
    expires_at: AnExpiry | UnsetType = UNSET
    text: AText | UnsetType = UNSET


class EntryInput(Input, frozen=True, kw_only=True):
    """The order that opens a strategy's position."""

    quantity: AQuantity
    order_type: AType
    price: APrice | UnsetType = UNSET
    stop_price: AStopPrice | UnsetType = UNSET
    limit_if_touched_price: ATouchedPrice | UnsetType = UNSET
    trail_by: ATrail | UnsetType = UNSET
    max_show: AShown | UnsetType = UNSET
    time_in_force: ATimeInForce | UnsetType = UNSET
    expires_at: AnExpiry | UnsetType = UNSET
    text: AText | UnsetType = UNSET


class BracketInput(Input, frozen=True, kw_only=True):
    """What closes a part of a position. Of a Buy a profit lies above the entry and a loss below it."""

    quantity: Annotated[
        int, described("How many contracts it closes.", example=1, platform_name="qty", ge=1, le=MOST_CONTRACTS)
    ]
    profit_target: Annotated[
        Decimal | UnsetType,
        described("Points from the entry at which the profit is taken.", example="30", decimals=POINTS_DECIMALS),
    ] = UNSET
    stop_loss: Annotated[
        Decimal | UnsetType,
        described("Points from the entry at which the loss is limited.", example="-15", decimals=POINTS_DECIMALS),
    ] = UNSET
    trailing_stop: Annotated[bool, described("Whether the stop follows the market at its distance.")] | UnsetType = (
        UNSET
    )


class InContract(RowInput, frozen=True, kw_only=True):
    """What names a contract, by name or id: a text either way."""

    def named(self, found: Found) -> tuple[dict[str, Json], dict[str, Json]]:
        wanted, secrets = super().named(found)
        return wanted | {"symbol": str(wanted["symbol"]).strip()}, secrets


class OrderToPlace(InContract, frozen=True, kw_only=True):
    """An order. The platform may still reject it after it has taken it: the event order.rejected tells of that."""

    entity_type: ClassVar[str] = "order"
    write: ClassVar[Write[Any]] = PLACE_ORDER

    account: AnAccount
    contract: AContract
    action: ASide
    quantity: AQuantity
    order_type: AType
    price: APrice | UnsetType = UNSET
    stop_price: AStopPrice | UnsetType = UNSET
    limit_if_touched_price: ATouchedPrice | UnsetType = UNSET
    trail_by: ATrail | UnsetType = UNSET
    max_show: AShown | UnsetType = UNSET
    time_in_force: ATimeInForce | UnsetType = UNSET
    expires_at: AnExpiry | UnsetType = UNSET
    activates_at: AnActivation | UnsetType = UNSET
    text: AText | UnsetType = UNSET


class OcoToPlace(OrderToPlace, frozen=True, kw_only=True):
    """Two orders of one account and contract, of which one cancels the other: what is filled of one is taken off the
    other.
    """

    write: ClassVar[Write[Any]] = PLACE_OCO

    other: Annotated[
        TermsInput,
        described("The other order.", example={"action": "Buy", "order_type": "Stop", "stop_price": "4180.00"}),
    ]


class OsoToPlace(OrderToPlace, frozen=True, kw_only=True):
    """An entry, and one or two brackets that are sent once it is filled. Two brackets cancel each other."""

    write: ClassVar[Write[Any]] = PLACE_OSO

    bracket1: Annotated[
        TermsInput,
        described(
            "What is sent once the entry is filled.",
            example={"action": "Sell", "order_type": "Limit", "price": "4200.00"},
        ),
    ]
    bracket2: Annotated[
        TermsInput | UnsetType, described("A second one, which cancels the first and is cancelled by it.")
    ] = UNSET


class OrderToModify(RowInput, frozen=True, kw_only=True):
    """New terms for an order that rests. What is left out stays; null takes a value away."""

    entity_type: ClassVar[str] = "order"
    write: ClassVar[Write[Any]] = MODIFY_ORDER

    order: Annotated[str | int, reference(ID, "Platform id of the order.", example="7700011", is_subject=True)]
    quantity: AQuantity | UnsetType = UNSET
    order_type: AType | UnsetType = UNSET
    price: APrice | UnsetType | None = UNSET
    stop_price: AStopPrice | UnsetType | None = UNSET
    limit_if_touched_price: ATouchedPrice | UnsetType | None = UNSET
    trail_by: ATrail | UnsetType | None = UNSET
    max_show: AShown | UnsetType | None = UNSET
    time_in_force: ATimeInForce | UnsetType = UNSET
    expires_at: AnExpiry | UnsetType | None = UNSET


class StrategyToStart(InContract, frozen=True, kw_only=True):
    """A multi-bracket strategy: an entry, and brackets that the platform places and manages once it is filled."""

    entity_type: ClassVar[str] = "orderStrategy"
    write: ClassVar[Write[Any]] = START_ORDER_STRATEGY

    account: AnAccount
    contract: AContract
    action: ASide
    entry: Annotated[
        EntryInput,
        described(
            "The order that opens the position.",
            example={"quantity": 1, "order_type": "Market"},
            platform_name="entryVersion",
        ),
    ]
    brackets: Annotated[
        tuple[BracketInput, ...],
        described(
            "What closes it, together at most the entry's quantity.",
            example=[{"quantity": 1, "profit_target": "30", "stop_loss": "-15"}],
            min_length=1,
            max_length=MOST_BRACKETS,
        ),
    ]

    def named(self, found: Found) -> tuple[dict[str, Json], dict[str, Json]]:
        wanted, secrets = super().named(found)
        parts = {name: wanted.pop(name) for name in ("entryVersion", "brackets") if name in wanted}
        return {**wanted, "orderStrategyTypeId": MULTI_BRACKET, "params": parts}, secrets


class StrategyToModify(RowInput, frozen=True, kw_only=True):
    """A change of a running strategy, as a command of the platform's own, whose grammar is not published."""

    entity_type: ClassVar[str] = "orderStrategy"
    write: ClassVar[Write[Any]] = MODIFY_ORDER_STRATEGY

    order_strategy: Annotated[
        str | int, reference(ID, "Platform id of the order strategy.", example="7800021", is_subject=True)
    ]
    command: Annotated[
        str, described("The command.", example="{}", min_length=1, max_length=1024, must_be="1 to 1,024 characters")
    ]
