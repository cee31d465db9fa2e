"""Who acts: every verb takes an Actor, the audit stores it, and what each may do in an organization right now.

Rows keep an actor's `key`: the user name of staff, in which the database allows no colon, and kind and id of everybody
else. Workers and commands of this installation may do everything; whoever is not known may do nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from allauth.mfa.models import Authenticator
from django.db.models import Exists, OuterRef

from vendor_admin.organizations import demo_sign_in
from vendor_admin.organizations.models import StaffRole, User
from vendor_admin.organizations.programs import Origin, label_of_program, origins_of_programs, rights_of_programs
from vendor_admin.organizations.roles import Right, may


class ActorKind(StrEnum):
    """What kind of actor it is."""

    STAFF = "staff"
    MEMBER = "member"
    PROGRAM = "program"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """Whoever does something. `id` stays the same and is unique within its kind; `label` is what people read.

    Staff, operators among them, are known by their user name; members by the organization's number of them at the
    platform; programs by their client id; the installation's own workers and commands by a name.
    """

    kind: ActorKind
    id: str
    label: str

    def __post_init__(self) -> None:
        if not self.id.strip() or not self.label.strip():
            raise ValueError("an actor needs an id and a label")

    @classmethod
    def staff(cls, username: str) -> Self:
        return cls(ActorKind.STAFF, username, username)

    @classmethod
    def system(cls, name: str, *, label: str = "") -> Self:
        """A worker or a command of this installation."""
        return cls(ActorKind.SYSTEM, name, label or name)

    @classmethod
    def from_key(cls, key: str) -> Self:
        """The actor whose key a row kept."""
        kind, colon, id_ = key.partition(":")
        return cls(ActorKind(kind), id_, label_of(key)) if colon else cls.staff(key)

    @property
    def key(self) -> str:
        """What rows keep of an actor, and rights are looked up by."""
        return self.id if self.kind is ActorKind.STAFF else f"{self.kind}:{self.id}"

    def __str__(self) -> str:
        return self.label


# Whoever has a shell on the installation.
COMMAND_LINE = Actor.system("command line", label="the operator's command line")
# The workers that carry out plans, and what marks operations in a restored database.
WORKER = Actor.system("worker", label="Worker")
RESTORE = Actor.system("restore", label="Restore")
_SYSTEM_KEYS, _PROGRAM_KEYS = f"{ActorKind.SYSTEM}:", f"{ActorKind.PROGRAM}:"
_SYSTEM_LABELS = {actor.id: actor.label for actor in (COMMAND_LINE, WORKER, RESTORE)}
_KIND_LABELS: dict[str, str] = {ActorKind.MEMBER: "Member", ActorKind.PROGRAM: "API client"}


def is_system(key: str) -> bool:
    """Whether a key is of a worker or a command of this installation."""
    return key.startswith(_SYSTEM_KEYS)


def label_of(key: str) -> str:
    """Return an actor's key in the words that people read: user names stay as they are.

    No query, but for the first program in a scope (programs.py): then one for each kind of programs.
    """
    kind, colon, id_ = key.partition(":")
    if not colon:
        return key
    if kind == ActorKind.SYSTEM:
        return _SYSTEM_LABELS.get(id_, id_)
    if kind == ActorKind.PROGRAM and (label := label_of_program(id_)):
        return label
    return f"{_KIND_LABELS[kind]} {id_}" if kind in _KIND_LABELS else key


def people_behind(*, organization_id: int) -> dict[str, Origin]:
    """Who made the credentials of an organization's programs, by the program's key. One query for each kind."""
    origins = origins_of_programs(organization_id=organization_id)
    return {f"{_PROGRAM_KEYS}{id_}": origin for id_, origin in origins.items()}


def is_operator(actor: Actor) -> bool:
    """Whether an actor is an operator of this installation. One query."""
    if actor.kind is not ActorKind.STAFF:
        return False
    return User.objects.filter(username=actor.id, kind=User.Kind.OPERATOR, is_active=True).exists()


def rights_of(keys: Iterable[str], *, organization_id: int) -> dict[str, frozenset[Right]]:
    """What each of these actors may do now, by key. Two queries, and one for each kind of programs among them, however
    many keys.

    A person who was disabled, whose role was taken away, or whose second factor was reset, may do nothing: they could
    not open a page either. A program may do what the scopes of its key or portal allow, until that ends.
    """
    wanted = set(keys)
    rights: dict[str, frozenset[Right]] = {key: frozenset(Right) if is_system(key) else frozenset() for key in wanted}
    second_factor = Authenticator.objects.filter(user=OuterRef("pk"), type=Authenticator.Type.TOTP)
    people = User.objects.filter(username__in=wanted).annotate(has_second_factor=Exists(second_factor))
    roles = StaffRole.objects.filter(organization_id=organization_id, user__username__in=wanted)
    role_of = {role.user_id: role for role in roles}
    for person in people:
        if person.has_second_factor or demo_sign_in.is_exempt(person):
            role = role_of.get(person.pk)
            rights[person.username] = frozenset(right for right in Right if may(user=person, role=role, right=right))
    programs = [key.removeprefix(_PROGRAM_KEYS) for key in wanted if key.startswith(_PROGRAM_KEYS)]
    of_programs = rights_of_programs(programs, organization_id=organization_id)
    return rights | {f"{_PROGRAM_KEYS}{id_}": held for id_, held in of_programs.items()}
