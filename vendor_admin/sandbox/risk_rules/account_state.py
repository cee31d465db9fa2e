"""What the rules are told: an order, the contracts, and an account as it stands. Plain values.

Amounts are dollars. Times are aware.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

Action = Literal["Buy", "Sell"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractTerms:
    """A contract with what limits total by. `fungible_units`: how many of the smallest contract that it can be set
    against (one ES is ten MES); margins are for one contract.
    """

    contract_id: int
    product_id: int
    exchange_id: int
    expires_at: dt.datetime
    initial_margin: float
    maintenance_margin: float
    contract_group_id: int | None = None
    discount_group_id: int | None = None
    fungible_product_id: int | None = None
    fungible_units: int = 1
    product_type: str = "Futures"
    verification_status: str = "Verified"


@dataclass(frozen=True, slots=True)
class WorkingOrder:
    """What rests at the market and may still fill; `quantity` is what is left of it. Of the orders with the same
    `one_of` only one fills (OCO).
    """

    contract_id: int
    action: Action
    quantity: int
    one_of: int | None = None


@dataclass(frozen=True, slots=True)
class OrderIntent:
    """An order that somebody wants to send. `is_liquidation`: it comes of a call or a rule that closes positions."""

    contract_id: int
    action: Action
    quantity: int
    one_of: int | None = None
    is_liquidation: bool = False


class AdminAction(StrEnum):
    """`adminAction` of an account's risk status."""

    NORMAL = "Normal"
    LOCK = "LockTradingImmediately"
    LIQUIDATE = "LiquidateImmediately"
    LIQUIDATE_ONLY = "LiquidateOnlyModeImmediately"
    LIQUIDATED_BY_AUTO_LIQ = "AgreedOnLiquidationByAutoLiq"
    LIQUIDATE_ONLY_BY_AUTO_LIQ = "AgreedOnLiqOnlyModeByAutoLiq"
    AUTO_LIQ_ON_HOLD = "PlaceAutoLiqOnHold"
    AUTO_LIQ_OFF = "DisableAutoLiq"


class LockEnd(StrEnum):
    """When a lock of auto-liquidation opens by itself."""

    NEXT_SESSION = "next session"
    NEXT_WEEK = "next week"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Lock:
    """What auto-liquidation locked an account by; `cause` in a few words."""

    cause: str
    ends: LockEnd


@dataclass(slots=True, kw_only=True)
class AccountState:
    """An account as the rules see it. Whoever keeps it changes it; no rule does.

    `day_start` and `week_start` are net liquidation values at the start of session and week, moved along by money that
    is paid in or out. `max_net_liq` is the peak that a trailing drawdown is measured from. `working` has what rests at
    the market, not the brackets that wait for their entry, and not the order that a modification replaces.
    `looked_at` is when auto-liquidation last looked.
    """

    account_id: int
    cash: float
    day_start: float
    week_start: float
    max_net_liq: float
    min_net_liq: float
    start_balance: float | None = None
    open_pnl: float = 0.0
    positions: Mapping[int, int] = field(default_factory=dict)
    working: Sequence[WorkingOrder] = ()
    admin_action: str = AdminAction.NORMAL
    liquidate_only_at: dt.datetime | None = None
    locked_out_until: dt.datetime | None = None
    lock: Lock | None = None
    is_closed: bool = False
    is_restricted: bool = False
    is_readonly: bool = False
    has_permission: bool = True
    looked_at: dt.datetime | None = None

    @property
    def net_liq(self) -> float:
        """Cash and what the open positions are worth."""
        return round(self.cash + self.open_pnl, 2)

    @property
    def is_flat(self) -> bool:
        """Whether nothing is open."""
        return not any(self.positions.values())
