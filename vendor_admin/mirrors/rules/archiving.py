"""When the platform archives an account that nobody may trade any more. Pure.

Source: partner.tradovate.com, revoke-and-cancel-users-and-accounts: once an account has lost all its permissions, ten
days pass, and it is archived on the Friday after them. Until then a permission can be granted again; nothing is known
of a way back from the archive.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from vendor_admin.tradovate.permission_status import PermissionStatus, has_ended
from vendor_admin.tradovate.trading_calendar import central_day, friday_after, is_at_an_end
from vendor_admin.tradovate.values import is_ahead

WAITING_DAYS = 10
REVOKED = PermissionStatus.REVOKED


class HasStatus(Protocol):
    @property
    def status(self) -> str | None: ...
    @property
    def updated(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Countdown:
    """The day an account is archived (None: it is not known), the whole days left until then, and why."""

    on: date | None
    days_left: int | None
    why: str

    @property
    def is_over(self) -> bool:
        """Whether the day has come."""
        return self.days_left is not None and self.days_left <= 0


def archived_on(last_revoked_at: datetime) -> date:
    """The first Friday after the ten days that follow the loss of the last permission, in Central Time."""
    return friday_after(central_day(last_revoked_at) + timedelta(days=WAITING_DAYS))


def archiving_countdown(
    permissions: Sequence[HasStatus], *, is_archived: bool | None, now: datetime
) -> Countdown | None:
    """How long an account is kept after its last permission was revoked.

    None where none of this applies: a permission is in force or asked for, there never was one, or it is archived.
    """
    statuses = {one.status for one in permissions}
    if is_archived or REVOKED not in statuses or not all(has_ended(status) for status in statuses):
        return None
    times = [one.updated for one in permissions if one.status == REVOKED]
    known = [one for one in times if one is not None and not is_ahead(one, arrived_at=now) and not is_at_an_end(one)]
    if len(known) < len(times):
        return Countdown(None, None, "Its permissions are revoked; when the last one was, the platform has not said.")
    last = max(known)
    on = archived_on(last)
    days_left = (on - central_day(now)).days
    revoked = f"Its last permission was revoked on {central_day(last)}."
    if days_left > 0:
        return Countdown(on, days_left, f"{revoked} The platform archives it on {on}, unless one is granted before.")
    return Countdown(on, days_left, f"{revoked} The platform was to archive it on {on}; it may be archived any time.")
