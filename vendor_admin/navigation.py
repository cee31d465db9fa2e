"""Entry of the admin's sidebar: the overview."""

from vendor_admin.listing.navigation import Entry, Group, show

show(Entry(Group.START, 10, "Overview", "monitoring", "admin:index", right=None))
