"""Entries of the admin's sidebar: the sync and its log."""

from vendor_admin.listing.navigation import Entry, Group, show

show(
    Entry(Group.SYNC, 10, "Event log", "receipt_long", "admin:sync_entityevent_changelist"),
    Entry(Group.SYNC, 20, "Sockets", "lan", "admin:sync_lease_changelist"),
    Entry(Group.SYNC, 30, "Gaps", "hourglass_empty", "admin:sync_gap_changelist"),
    Entry(Group.SYNC, 40, "Quarantine", "report", "admin:sync_quarantinedevent_changelist"),
    Entry(Group.SYNC, 50, "Reconciliations", "compare_arrows", "admin:sync_reconciliation_changelist"),
)
