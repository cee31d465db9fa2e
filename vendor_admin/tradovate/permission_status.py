"""The statuses of a trading permission, and which of them let its user trade.

A vendor's own permissions are in force at once (createEvaluationAccounts, createTradingPermission); the others were
requested of an account's holder, and may still come into force.
"""

from enum import StrEnum


class PermissionStatus(StrEnum):
    """What the platform says of a trading permission."""

    REQUESTED = "Requested"
    ACCEPTED = "Accepted"
    APPROVED = "Approved"
    DECLINED = "Declined"
    REVOKED = "Revoked"


IN_FORCE = (PermissionStatus.ACCEPTED, PermissionStatus.APPROVED)
ENDED = (PermissionStatus.REVOKED, PermissionStatus.DECLINED)


def is_in_force(status: object) -> bool:
    """Return whether a user may trade the account by a permission with this status."""
    return status in IN_FORCE


def has_ended(status: object) -> bool:
    """Return whether a permission is gone for good; one that was asked for, or is not known, is not."""
    return status in ENDED
