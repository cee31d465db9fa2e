"""Entries of the admin's sidebar: notices and their channels, and webhooks."""

from vendor_admin.listing.navigation import Entry, Group, show
from vendor_admin.organizations.roles import Right

show(
    Entry(Group.OPERATIONS, 10, "Alerts", "notifications", "admin:notices_notice_changelist"),
    Entry(
        Group.OPERATIONS,
        70,
        "Alert destinations",
        "campaign",
        "admin:notices_noticechannel_changelist",
        right=Right.MANAGE_NOTICES,
    ),
    Entry(
        Group.ORGANIZATION,
        56,
        "Webhooks",
        "webhook",
        "admin:notices_eventwebhook_changelist",
        right=Right.MANAGE_WEBHOOKS,
    ),
)
