"""Programs that act in an organization's name: what they may do now, and what people call them.

Apps above this one keep them, each kind with ids of its own beginning: settings.PARTNER_API_CREDENTIALS names them.
"""

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from vendor_admin.organizations.roles import Right
from vendor_admin.organizations.tenancy.scope import (
    looked_up_in_scope,
    organization_scope,
    organizations_in_scope,
)

_LABELS = "labels of programs"


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose hands a program's credential went through: keys of the people who made it, and when that was last."""

    people: frozenset[str]
    since: datetime


class Programs(Protocol):
    """One kind of programs. Each question is asked inside the organization's scope, and costs one query."""

    id_prefix: str

    def rights_of(self, ids: Iterable[str]) -> Mapping[str, frozenset[Right]]:
        """What each may do at this moment. One that has ended, or is not known, may be left out."""
        ...

    def labels(self) -> Mapping[str, str]:
        """What people call each program of the organization, ended ones among them, by id."""
        ...

    def origins(self) -> Mapping[str, Origin]:
        """Who made the credential of each program of the organization, by id."""
        ...


def kinds_of_programs() -> tuple[Any, ...]:
    """The kinds that settings name. Each also reads credentials (partner_api/access/credentials.py)."""
    return _loaded(tuple(settings.PARTNER_API_CREDENTIALS))


def rights_of_programs(ids: Iterable[str], *, organization_id: int) -> dict[str, frozenset[Right]]:
    """What each of these programs of an organization may do now; of one that has ended nothing is told.

    One query for each kind among them.
    """
    wanted = set(ids)
    if not wanted:
        return {}
    rights: dict[str, frozenset[Right]] = {}
    with _inside(organization_id):
        for kind in kinds_of_programs():
            mine = [one for one in wanted if one.startswith(kind.id_prefix)]
            rights |= kind.rights_of(mine) if mine else {}
    return rights


def origins_of_programs(*, organization_id: int) -> dict[str, Origin]:
    """Who made the credentials of an organization's programs, by id. One query for each kind."""
    origins: dict[str, Origin] = {}
    with _inside(organization_id):
        for kind in kinds_of_programs():
            origins |= kind.origins()
    return origins


def label_of_program(id_: str) -> str | None:
    """What people call a program of the organizations in scope; None where nobody knows it.

    The first question in a scope costs one query for each kind of programs, all others none.
    """
    kept = looked_up_in_scope()
    if kept is None:
        return None
    if _LABELS not in kept:
        kept[_LABELS] = {one: label for kind in kinds_of_programs() for one, label in kind.labels().items()}
    label: str | None = kept[_LABELS].get(id_)
    return label


def _inside(organization_id: int) -> contextlib.AbstractContextManager[None]:
    """The scope of this organization and of no other."""
    is_open = organizations_in_scope() == (organization_id,)
    return contextlib.nullcontext() if is_open else organization_scope(organization_id)


@cache
def _loaded(names: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(import_string(name) for name in names)
