"""Entries of the admin's sidebar: what members are and hold."""

from vendor_admin.listing.navigation import Entry, Group, show

show(
    Entry(Group.PEOPLE, 10, "Members", "group", "admin:mirrors_platformuser_changelist"),
    Entry(Group.PEOPLE, 30, "Accounts", "account_balance_wallet", "admin:mirrors_account_changelist"),
    Entry(Group.PEOPLE, 40, "Permissions", "key", "admin:mirrors_tradingpermission_changelist"),
    Entry(Group.PEOPLE, 50, "Memberships", "card_membership", "admin:mirrors_tradovatesubscription_changelist"),
    Entry(Group.PEOPLE, 60, "Entitlements", "extension", "admin:mirrors_userplugin_changelist"),
    Entry(Group.PEOPLE, 70, "Market data", "candlestick_chart", "admin:mirrors_marketdatasubscription_changelist"),
    Entry(Group.PEOPLE, 80, "Balances", "payments", "admin:mirrors_cashbalance_changelist"),
    Entry(Group.PEOPLE, 90, "Billing account", "receipt", "billing"),
)
