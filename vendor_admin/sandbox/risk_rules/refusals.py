"""Why an order is not sent: the platform's reason words that rules give, with a text for people."""

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """The words of `failureReason` and `rejectReason` that rules of risk give.

    The platform's list has no word for a lack of margin; NOT_ENOUGH_LIQUIDITY, the nearest one, is our choice. It comes
    from risk then, not from the market.
    """

    ACCOUNT_CLOSED = "AccountClosed"
    BACK_MONTH_PROHIBITED = "BackMonthProhibited"
    INVALID_CONTRACT = "InvalidContract"
    LIQUIDATION_ONLY = "LiquidationOnly"
    LIQUIDATION_ONLY_BEFORE_EXPIRATION = "LiquidationOnlyBeforeExpiration"
    MAX_ORDER_QTY_LIMIT_REACHED = "MaxOrderQtyLimitReached"
    MAX_POS_LIMIT_MISCONFIGURED = "MaxPosLimitMisconfigured"
    MAX_POS_LIMIT_REACHED = "MaxPosLimitReached"
    MAX_TOTAL_POS_LIMIT_REACHED = "MaxTotalPosLimitReached"
    NOT_ENOUGH_LIQUIDITY = "NotEnoughLiquidity"
    SESSION_CLOSED = "SessionClosed"
    TRADING_LOCKED = "TradingLocked"
    UNAUTHORIZED = "Unauthorized"


_AT_ONCE = frozenset({Reason.ACCOUNT_CLOSED, Reason.INVALID_CONTRACT, Reason.UNAUTHORIZED})


@dataclass(frozen=True, slots=True)
class Refusal:
    """An order that is not sent. `text` is ours: the platform's texts are known for a few reasons only."""

    reason: Reason
    text: str

    @property
    def comes_at_once(self) -> bool:
        """Whether the answer to the call says it. Recorded refusals by rules of risk came later: the answer had an
        order id, then the order was Rejected by a command report RiskRejected.
        """
        return self.reason in _AT_ONCE
