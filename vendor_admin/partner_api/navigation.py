"""Entries of the admin's sidebar: the keys of the partner API."""

from vendor_admin.listing.navigation import Entry, Group, show
from vendor_admin.organizations.roles import Right

show(
    Entry(
        Group.ORGANIZATION, 52, "API keys", "key", "admin:partner_api_apikey_changelist", right=Right.MANAGE_API_KEYS
    ),
)
