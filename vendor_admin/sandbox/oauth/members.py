"""The users who may sign in at the platform's pages: found by name or e-mail, locked after wrong passwords."""

import dataclasses
import itertools
from collections.abc import Iterator

from vendor_admin.sandbox.oauth.settings import OAuthSettings
from vendor_admin.sandbox.world.state import Entity, Organization, World
from vendor_admin.tradovate.enums import Environment

WRONG_LOGIN = "Incorrect username or password. Please try again."
LOCKED = "This user is locked after too many wrong passwords. Please try again later."
CLOSED = "This user is closed. Please contact support."


@dataclasses.dataclass(frozen=True, kw_only=True)
class Member:
    """A user of the platform as the sign-in page knows it."""

    user_id: int
    name: str
    email: str
    status: str
    organization: Organization


@dataclasses.dataclass
class Misses:
    """Wrong passwords in a row, and until when sign-in is locked."""

    count: int = 0
    locked_until: float = 0.0


class SignInRefusedError(Exception):
    """Nobody was let in; the text is what the form shows."""


class Members:
    """Looks users up in the world, so that one who was created a moment ago can sign in."""

    def __init__(self, world: World, settings: OAuthSettings) -> None:
        self._world = world
        self._settings = settings
        self.passwords: dict[int, str] = {}
        self._misses: dict[str, Misses] = {}

    def all(self, organization: Organization | None = None) -> Iterator[Member]:
        """Every user of one organization, or of all, administrators included."""
        for owner in self._world.organizations.values():
            if organization in (None, owner):
                for record in self._world.book(Environment.LIVE, owner.id).all("user"):
                    yield _member(record.entity, owner)

    def find(self, login: str) -> Member | None:
        """The user of a name or an e-mail; None when nobody has it, or when several share the e-mail."""
        wanted = login.strip().lower()
        named = [member for member in self.all() if member.name.lower() == wanted]
        found = named or [member for member in self.all() if member.email.lower() == wanted]
        return found[0] if len(found) == 1 else None

    def quick(self, organization: Organization) -> list[Member]:
        """The first active members, whom the form lets in with one click; none unless the settings say so."""
        active = (
            member
            for member in self.all(organization)
            if member.status == "Active" and member.user_id != organization.admin_user_id
        )
        return list(itertools.islice(active, self._settings.quick_members))

    def password_of(self, member: Member) -> str:
        """What `passwords` has, or `sandbox-` and the user's name in small letters; administrators use their key's."""
        if member.user_id == member.organization.admin_user_id:
            default = member.organization.password
        else:
            default = f"sandbox-{member.name.lower()}"
        return self.passwords.get(member.user_id, default)

    def sign_in(self, login: str, password: str, *, now: float) -> Member:
        """Who signs in; raises SignInRefusedError. Unknown names are counted and locked like known ones."""
        member = self.find(login)
        key = str(member.user_id) if member else login.strip().lower()
        misses = self._misses.setdefault(key, Misses())
        if misses.locked_until > now:
            raise SignInRefusedError(LOCKED)
        if member is None or password != self.password_of(member):
            misses.count += 1
            if misses.count < self._settings.wrong_passwords:
                raise SignInRefusedError(WRONG_LOGIN)
            self._misses[key] = Misses(locked_until=now + self._settings.lock_seconds)
            raise SignInRefusedError(LOCKED)
        del self._misses[key]
        if member.status == "Closed":
            raise SignInRefusedError(CLOSED)
        return member

    def locked(self, *, now: float) -> list[str]:
        """User ids, or names that nobody has, whose sign-in is locked."""
        return [key for key, misses in self._misses.items() if misses.locked_until > now]

    def unlock(self) -> None:
        """Forget all wrong passwords and locks."""
        self._misses.clear()

    def age(self, seconds: float) -> None:
        """Let time pass."""
        for misses in self._misses.values():
            misses.locked_until -= seconds


def _member(entity: Entity, organization: Organization) -> Member:
    return Member(
        user_id=entity["id"],
        name=str(entity.get("name", "")),
        email=str(entity.get("email", "")),
        status=str(entity.get("status", "")),
        organization=organization,
    )
