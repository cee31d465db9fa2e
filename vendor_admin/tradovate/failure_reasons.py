"""Why the platform refuses an order: its words, and what they mean.

Sources: the OpenAPI file (31 reasons) and the newer page of placeOSO (33). Further ones may come: a word that is not
listed here is shown as it is.
"""

from collections.abc import Mapping
from typing import Final

SUCCESS: Final = "Success"

FAILURE_REASONS: Final[Mapping[str, str]] = {
    "AccountClosed": "The account is closed.",
    "AdvancedTrailingStopUnsupported": "This contract does not take this kind of trailing stop.",
    "AnotherCommandPending": "An earlier change of the order is still under way.",
    "BackMonthProhibited": "The account may only trade nearer months of this product.",
    "ExecutionProviderNotConfigured": "No exchange connection is set up for the account.",
    "ExecutionProviderUnavailable": "The connection to the exchange is down.",
    "InvalidContract": "The contract does not exist, or cannot be traded.",
    "InvalidPrice": "A price is missing, off the tick grid, or on the wrong side of the market.",
    "KeyInformationDocumentRequired": "The trader has not confirmed the key information document.",
    "LiquidationOnly": "The account may only close positions.",
    "LiquidationOnlyBeforeExpiration": "The contract expires soon: positions in it may only be closed.",
    "MaxOrderQtyIsNotSpecified": "No largest order is set for this contract, so none is allowed.",
    "MaxOrderQtyLimitReached": "The order is larger than the account's limit for one order.",
    "MaxPosLimitMisconfigured": "A position limit of the account contradicts itself.",
    "MaxPosLimitReached": "The order could lead beyond a position limit.",
    "MaxTotalPosLimitReached": "The order could lead beyond the limit of all positions together.",
    "MultipleAccountPlanRequired": "The trader's plan does not cover several accounts.",
    "NoQuote": "There is no price for the contract at present.",
    "NotEnoughLiquidity": "Too little is offered in the market.",
    "OtherExecutionRelated": "The exchange or its connection refused it.",
    "ParentRejected": "The order that it belongs to was rejected.",
    "RiskCheckTimeout": "The risk check did not end in time.",
    "SSFNFAComplianceRequired": "The trader has not confirmed the rules for single stock futures.",
    "SSFNFAComplianceRequiredJointOnly": "Not all holders have confirmed the rules for single stock futures.",
    "SSFRiskDisclosureAcknowledgmentRequired": "The trader has not confirmed the risks of single stock futures.",
    SUCCESS: "It was not refused.",
    "TooLate": "The order was filled or cancelled before.",
    "TradingLocked": "Trading is locked for the account.",
    "TrailingStopNonOrderQtyModify": "Of a trailing stop only the quantity may be changed.",
    "Unauthorized": "Whoever asked may not trade the account.",
    "UnknownReason": "The platform gives no reason.",
    "Unsupported": "The platform does not support this kind of order here.",
    "SessionClosed": "The market is closed.",
}
"""Each word of `failureReason`, `rejectReason` and the like, in words for people."""


def reason_in_words(reason: str) -> str:
    """What a reason means; one that is not known is given as it is."""
    return FAILURE_REASONS.get(reason, reason)
