"""What programs call the things that plans change, and the platform's entity type of each."""

from collections.abc import Mapping
from typing import Final

ENTITY_TYPES: Final[Mapping[str, str]] = {
    "member": "user",
    "account": "account",
    "trading_permission": "tradingPermission",
    "membership": "tradovateSubscription",
    "entitlement": "userPlugin",
    "market_data_subscription": "marketDataSubscription",
    "position_limit": "userAccountPositionLimit",
    "risk_parameter": "userAccountRiskParameter",
    "order": "order",
    "position": "position",
    "order_strategy": "orderStrategy",
}
_NOUNS = {entity_type: noun for noun, entity_type in ENTITY_TYPES.items()}


def noun_of(entity_type: str) -> str:
    """What programs call things of an entity type; the platform's own name where they have none."""
    return _NOUNS.get(entity_type, entity_type)
