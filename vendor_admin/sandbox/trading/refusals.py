"""How the platform says no to an order at once."""

import enum


class Reason(enum.StrEnum):
    """The platform's `failureReason` and `rejectReason`, those that the sandbox gives."""

    ACCOUNT_CLOSED = "AccountClosed"
    ADVANCED_TRAILING_STOP = "AdvancedTrailingStopUnsupported"
    COMMAND_PENDING = "AnotherCommandPending"
    INVALID_CONTRACT = "InvalidContract"
    INVALID_PRICE = "InvalidPrice"
    LIQUIDATION_ONLY = "LiquidationOnly"
    NOT_ENOUGH_LIQUIDITY = "NotEnoughLiquidity"
    OTHER = "OtherExecutionRelated"
    PARENT_REJECTED = "ParentRejected"
    SESSION_CLOSED = "SessionClosed"
    TOO_LATE = "TooLate"
    TRADING_LOCKED = "TradingLocked"
    TRAILING_STOP = "TrailingStopNonOrderQtyModify"
    UNKNOWN = "UnknownReason"
    UNSUPPORTED = "Unsupported"


class OrderRefusedError(Exception):
    """Nothing was done. `reason` is a word of the platform, `text` its sentence; the call is answered with both."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(f"{reason}: {text}")
        self.reason = reason
        self.text = text


def denied() -> OrderRefusedError:
    """The refusal of an account that is not there or not the caller's, as seen in the field."""
    return OrderRefusedError(Reason.UNKNOWN, "Access is denied")
