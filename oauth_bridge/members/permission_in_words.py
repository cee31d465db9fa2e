"""What a trading permission is called on member pages."""

from typing import NamedTuple

from vendor_admin.mirrors.models import TradingPermission
from vendor_admin.tradovate.permission_status import IN_FORCE

_NOT_IN_FORCE = {
    "Requested": ("Waits for approval", "warn"),
    "Revoked": ("Taken back", "bad"),
    "Declined": ("Declined", "bad"),
}


class ShownPermission(NamedTuple):
    """A permission with its status in words, and the colour of that."""

    row: TradingPermission
    status: str
    tone: str


def permission_in_words(row: TradingPermission) -> ShownPermission:
    """A permission as the member sees it."""
    if row.status in IN_FORCE:
        return ShownPermission(row, "Granted", "good")
    return ShownPermission(row, *_NOT_IN_FORCE.get(row.status or "", (row.status or "unknown", "bad")))
