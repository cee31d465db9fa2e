"""Why the platform refuses an order, a change of one or a strategy, in plain words.

The words are those of `failureReason` in the answers to order calls and of `rejectReason` in command reports: the union
of what partner.tradovate.com's OpenAPI file and the page of placeOSO list. The platform may add others.
"""

from collections.abc import Mapping
from typing import Final

from vendor_admin.code_words import in_words

SUCCESS: Final = "Success"

REASONS: Final[Mapping[str, str]] = {
    "AccountClosed": "The account is closed.",
    "AdvancedTrailingStopUnsupported": "This kind of trailing stop is not available for the contract.",
    "AnotherCommandPending": "Another change of the same order is still under way.",
    "BackMonthProhibited": "The account may trade nearer months only.",
    "ExecutionProviderNotConfigured": "The account has no route to the exchange.",
    "ExecutionProviderUnavailable": "The route to the exchange is down.",
    "InvalidContract": "The contract is unknown, has expired, or may not be traded here.",
    "InvalidPrice": "A price is missing, off the contract's tick, or on the wrong side of the market.",
    "KeyInformationDocumentRequired": "The trader has to accept the key information document first.",
    "LiquidationOnly": "The account may only close positions now.",
    "LiquidationOnlyBeforeExpiration": "The contract expires soon: positions in it may only be closed.",
    "MaxOrderQtyIsNotSpecified": "The account's limits do not say how large an order may be, so none may be sent.",
    "MaxOrderQtyLimitReached": "The order is larger than the account may send.",
    "MaxPosLimitMisconfigured": "A position limit of the account contradicts itself.",
    "MaxPosLimitReached": "The position would be larger than the account may hold.",
    "MaxTotalPosLimitReached": "All positions together would be larger than the account may hold.",
    "MultipleAccountPlanRequired": "The trader's plan does not allow several accounts.",
    "NoQuote": "The contract has no price now.",
    "NotEnoughLiquidity": "The market does not offer that many contracts now.",
    "OtherExecutionRelated": "The exchange refused it.",
    "ParentRejected": "The order that it belongs to was rejected.",
    "RiskCheckTimeout": "The platform's risk check took too long.",
    "SSFNFAComplianceRequired": "The trader has to fulfil the NFA's rules for single stock futures first.",
    "SSFNFAComplianceRequiredJointOnly": "Both owners have to fulfil the NFA's rules for single stock futures first.",
    "SSFRiskDisclosureAcknowledgmentRequired": "The trader has to accept the risks of single stock futures first.",
    "SessionClosed": "The market is closed.",
    SUCCESS: "Nothing stands against it.",
    "TooLate": "It came too late: the order is filled, cancelled or rejected already.",
    "TradingLocked": "Trading is locked on the account.",
    "TrailingStopNonOrderQtyModify": "Of a trailing stop only the quantity can be changed.",
    "Unauthorized": "Whoever sent it may not trade the account.",
    "UnknownReason": "The platform does not say why.",
    "Unsupported": "The platform does not offer this kind of order here.",
}


def reason_in_words(reason: str) -> str:
    """What a reason means; one that is not known here as the platform's own words."""
    return REASONS.get(reason) or f"{in_words(reason)}."
