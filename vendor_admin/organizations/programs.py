"""Programs that act in an organization's name: what they may do now, and what people call them.

Apps above this one keep them, each kind with ids of its own beginning: settings.PARTNER_API_CREDENTIALS names them.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from vendor_admin.organizations.roles import Right


class Programs(Protocol):
    """One kind of programs. Both questions are asked inside the organization's scope; each costs one query."""

    id_prefix: str

    def rights_of(self, ids: Iterable[str]) -> Mapping[str, frozenset[Right]]:
        """What each may do at this moment. One that has ended, or is not known, may be left out."""
        ...

    def labels(self) -> Mapping[str, str]:
        """What people call each program of the organization, ended ones among them, by id."""
        ...


def kinds_of_programs() -> tuple[Any, ...]:
    """The kinds that settings name: each is one of Programs, and reads credentials (partner_api/credentials.py)."""
    return _loaded(tuple(settings.PARTNER_API_CREDENTIALS))


@cache
def _loaded(names: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(import_string(name) for name in names)
