"""Entries of the admin's sidebar: trading and limits."""

from vendor_admin.listing.navigation import Entry, Group, show

show(
    Entry(Group.RISK, 10, "Positions", "stacked_line_chart", "admin:mirrors_position_changelist"),
    Entry(Group.RISK, 20, "Orders", "list_alt", "admin:mirrors_order_changelist"),
    Entry(Group.RISK, 25, "Strategies", "account_tree", "admin:mirrors_orderstrategy_changelist"),
    Entry(Group.RISK, 30, "Fills", "done_all", "admin:mirrors_fill_changelist"),
    Entry(Group.RISK, 40, "Limits", "shield", "admin:mirrors_useraccountautoliq_changelist"),
    Entry(Group.RISK, 50, "Risk status", "lock", "admin:mirrors_accountriskstatus_changelist"),
    Entry(Group.RISK, 53, "Risk status history", "history", "admin:mirrors_accountriskstatuslog_changelist"),
    Entry(Group.RISK, 56, "Auto-liquidations", "gavel", "admin:mirrors_autoliqtransaction_changelist"),
    Entry(
        Group.RISK,
        60,
        "Position limits",
        "production_quantity_limits",
        "admin:mirrors_useraccountpositionlimit_changelist",
    ),
)
