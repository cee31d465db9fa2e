"""Entries of the admin's sidebar: the keys of the partner API, and its requests."""

from vendor_admin.listing.navigation import Entry, Group, show
from vendor_admin.organizations.roles import Right

show(
    Entry(
        Group.ORGANIZATION, 52, "API keys", "key", "admin:partner_api_apikey_changelist", right=Right.MANAGE_API_KEYS
    ),
    Entry(
        Group.ORGANIZATION,
        54,
        "API requests",
        "receipt_long",
        "admin:partner_api_requestlogentry_changelist",
        right=Right.VIEW_RAW,
    ),
)
