"""What is wrong with the installation itself: told to every organization in scope, since it holds up their work."""

from datetime import datetime

from django.urls import reverse

from vendor_admin.operations.notices.conditions import Condition
from vendor_admin.operations.notices.models import NoticeKind
from vendor_admin.organizations import host_clocks
from vendor_admin.organizations.scope import organizations_in_scope


def wrong_clocks(now: datetime) -> list[Condition]:
    """Servers of this installation whose clocks are wrong. One query."""
    return [
        Condition(
            organization_id=organization_id,
            kind=NoticeKind.WRONG_CLOCK,
            subject=host.host[:100],
            title=f"The clock of the server {host.host} is wrong",
            text=f"It is {host_clocks.words(host.ahead_seconds)}. This server sends no operations until it is right.",
            next_step="Tell who runs this installation to set its clock by NTP. Other servers go on with the work.",
            path=reverse("budgets"),
        )
        for host in host_clocks.wrong_clocks(now=now)
        for organization_id in organizations_in_scope()
    ]
