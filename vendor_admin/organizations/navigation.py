"""Entries of the admin's sidebar: the organization and the installation."""

from vendor_admin.listing.navigation import Entry, Group, show
from vendor_admin.organizations.roles import Right

show(
    Entry(Group.ORGANIZATION, 10, "Connections", "cable", "admin:organizations_connection_changelist"),
    Entry(
        Group.ORGANIZATION, 20, "Staff", "badge", "admin:organizations_staffrole_changelist", right=Right.MANAGE_STAFF
    ),
    Entry(
        Group.ORGANIZATION,
        60,
        "Audit",
        "history_edu",
        "admin:organizations_auditentry_changelist",
        right=Right.VIEW_AUDIT,
    ),
    Entry(Group.INSTALLATION, 10, "Organizations", "domain", "admin:organizations_organization_changelist"),
    Entry(Group.INSTALLATION, 20, "Users", "manage_accounts", "admin:organizations_user_changelist"),
    Entry(Group.INSTALLATION, 30, "Changes of access", "history_edu", "admin:organizations_accessentry_changelist"),
    Entry(Group.ORGANIZATION, 70, "All tables", "table_chart", "all_tables"),
)
