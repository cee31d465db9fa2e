"""What a member's (OAuth) token may do: read the member's own entities, and nothing about risk and permissions."""

from vendor_admin.sandbox.world.entities import KINDS

# The first two and tradingPermission were seen to answer 401 in the field; the others are of the same family.
REFUSED_TYPES = frozenset(
    {
        "accountRiskStatus",
        "userAccountPositionLimit",
        "tradingPermission",
        "accountRiskStatusLog",
        "autoLiqTransaction",
        "categoryPositionLimit",
        "categoryRiskParameter",
        "permissionedAccountAutoLiq",
        "riskCategory",
        "riskTimePeriod",
        "userAccountAutoLiq",
        "userAccountRiskParameter",
    }
)


def may_call(entity_type: str, action: str) -> bool:
    """Whether an operation is a read that members have; every other one is refused, reads of risk among them."""
    kind = KINDS.get(entity_type)
    return kind is not None and entity_type not in REFUSED_TYPES and action in kind.operations


def may_see(member_id: int, entity_type: str, *, account_id: int | None, user_id: int | None) -> bool:
    """Whether an entity is the member's own, or belongs to nobody."""
    if entity_type in REFUSED_TYPES:
        return False
    return user_id == member_id or (user_id is None and account_id is None)
