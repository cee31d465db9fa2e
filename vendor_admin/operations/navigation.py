"""Entries of the admin's sidebar: plans and what they send."""

from vendor_admin.listing.navigation import Entry, Group, show
from vendor_admin.organizations.roles import Right

show(
    Entry(Group.OPERATIONS, 20, "Plans", "checklist", "admin:operations_plan_changelist"),
    Entry(Group.OPERATIONS, 30, "Operations", "send", "admin:operations_operation_changelist"),
    Entry(Group.OPERATIONS, 40, "Changes", "difference", "admin:operations_planrow_changelist"),
    Entry(Group.OPERATIONS, 50, "API limits", "speed", "budgets"),
    Entry(Group.OPERATIONS, 60, "Approval thresholds", "rule", "thresholds", right=Right.MANAGE_NOTICES),
)
