"""The state of a member or a permission in a word, with its tone, the same on every page."""

from accounts.member_statuses import status_in_words
from vendor_admin.listing.lists import Badge
from vendor_admin.mirrors.models import PlatformUser, TradingPermission

_MEMBER_TONES = {
    "Active": "good",
    "Initiated": "warn",
    "UnconfirmedEmail": "warn",
    "Closed": "bad",
    "TemporaryLocked": "bad",
}
_PERMISSION_TONES = {"Accepted": "good", "Approved": "good", "Requested": "warn", "Declined": "bad", "Revoked": "bad"}
_DELETED = Badge("deleted at the platform", "bad")


def member_badge(member: PlatformUser) -> Badge | None:
    """The status of a member; None where the platform has not told it."""
    if member.deleted_at:
        return _DELETED
    if not member.status:
        return None
    return Badge(status_in_words(member.status), _MEMBER_TONES.get(member.status, "calm"))


def permission_badge(permission: TradingPermission) -> Badge | None:
    """The status of a trading permission; None where the platform has not told it."""
    if permission.deleted_at:
        return _DELETED
    return Badge(permission.status, _PERMISSION_TONES.get(permission.status, "calm")) if permission.status else None
