"""Whether anything more can come of an order or a strategy, by the platform's status of it. Pure.

Source: the OpenAPI file, OrderOrdStatus and OrderStrategyStatus. A status that is not known here may still trade.
"""

from typing import Final

REJECTED: Final = "Rejected"
OVER: Final = frozenset({"Canceled", "Completed", "Expired", "Filled", REJECTED})
"""Statuses of orders by which nothing more is traded."""

ACTIVE_STRATEGY: Final = "ActiveStrategy"
ENDED_STRATEGY: Final = frozenset({
    "ExecutionFailed", "ExecutionFinished", "ExecutionInterrupted", "NotEnoughLiquidity", "StoppedByUser",
})  # fmt: skip


def rests(status: str | None) -> bool:
    """Whether an order of this status may still trade."""
    return status not in OVER


def goes_on(status: str | None) -> bool:
    """Whether a strategy of this status may still place orders."""
    return status not in ENDED_STRATEGY
