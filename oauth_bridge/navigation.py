"""Entries of the admin's sidebar: members' sign-in and portals."""

from vendor_admin.listing.navigation import Entry, Group, show
from vendor_admin.organizations.roles import Right

show(
    Entry(Group.PEOPLE, 20, "Linked members", "how_to_reg", "admin:oauth_bridge_memberlink_changelist"),
    Entry(
        Group.ORGANIZATION,
        30,
        "Member sign-in",
        "login",
        "admin:oauth_bridge_platformclient_changelist",
        right=Right.MANAGE_MEMBER_SIGN_IN,
    ),
    Entry(
        Group.ORGANIZATION,
        40,
        "Member pages",
        "palette",
        "admin:oauth_bridge_membersite_changelist",
        right=Right.MANAGE_MEMBER_SIGN_IN,
    ),
    Entry(Group.ORGANIZATION, 50, "Portals", "hub", "admin:oauth_bridge_portal_changelist", right=Right.MANAGE_PORTALS),
)
