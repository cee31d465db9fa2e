"""The admin's sidebar. Each app declares its entries in a module `navigation`, by `show`."""

import functools
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from vendor_admin.listing.admin_base import has_right, is_operator, organization_of
from vendor_admin.organizations.roles import Right


class Group(Enum):
    """The sidebar's groups, in their order."""

    START = ""
    PEOPLE = "People and accounts"
    RISK = "Risk and trading"
    OPERATIONS = "Operations"
    SYNC = "Sync"
    ORGANIZATION = "Organization"
    INSTALLATION = "Installation"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the sidebar. `icon` is a name of Material Symbols, `page` the name of a URL without arguments.

    `position` orders the entries of a group. `right` is what it takes to see the entry; without one everybody sees it.
    """

    group: Group
    position: int
    title: str
    icon: str
    page: str
    right: Right | None = Right.VIEW


_entries: list[Entry] = []


def show(*entries: Entry) -> None:
    """Add entries to the sidebar."""
    _entries.extend(entries)


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The sidebar of the signed-in person, as Unfold takes it: what they may open, in groups."""
    rights = {right for right in Right if has_right(request, right)} if organization_of(request) else set()
    groups = []
    for group in Group:
        entries = [entry for entry in _entries if entry.group is group and _may_see(request, rights, entry)]
        if entries:
            entries.sort(key=lambda entry: entry.position)
            groups.append({"title": group.value, "separator": bool(group.value), "items": [_item(e) for e in entries]})
    return groups


def _may_see(request: HttpRequest, rights: set[Right], entry: Entry) -> bool:
    if entry.group is Group.INSTALLATION:
        return is_operator(request)
    return entry.right is None or {Right.VIEW, entry.right} <= rights


def _item(entry: Entry) -> dict[str, Any]:
    return {"title": entry.title, "icon": entry.icon, "link": _address(entry.page)}


@functools.cache
def _address(page: str) -> str:
    return reverse(page)
