"""Which host serves an organization on DEMO and on LIVE, and what its old hosts answer once it was moved.

An address is `host:port`. All organizations begin at the shared address, where the sandbox was started. Knows no
network: the server opens listeners and says at which address a call came in.
"""

import dataclasses
import enum
from collections.abc import Iterable
from typing import Any

from vendor_admin.sandbox.world.state import Organization, World
from vendor_admin.tradovate.enums import Environment

MOVED_STATUSES = (307, 308, 404, 421)
REDIRECTS = frozenset({301, 302, 303, 307, 308})
OF_ITS_OWN = {"live": Environment.LIVE, "demo": Environment.DEMO}
# Named as the platform names them; the sandbox serves none of these, and none follows an organization.
SHARED = ("mdLive", "mdDemo", "replay", "reportingLive", "reportingDemo", "riskMonitorDemo", "userContext")


class Saying(enum.StrEnum):
    """When answers name hosts. OWN: once the organization has a host of its own."""

    OWN = "own"
    ALWAYS = "always"
    NEVER = "never"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Said:
    """What answers say of an organization's hosts: `only` some names, or `instead` of them anything at all."""

    when: Saying = Saying.OWN
    only: Iterable[str] | None = None
    is_replaced: bool = False
    instead: Any = None  # Any: a JSON value


@dataclasses.dataclass(frozen=True, kw_only=True)
class Move:
    """Where an organization went, and what its old hosts say: a status of MOVED_STATUSES, a status at the handshake.

    `location` is named in place of the new address. Signing in and renewing go on at the old hosts, since only they
    tell a client its new ones, unless `moves_authentication`.
    """

    address: str
    status: int = 307
    handshake_status: int = 421
    location: str = ""
    moves_authentication: bool = False


@dataclasses.dataclass(kw_only=True)
class HandshakeRule:
    """The next `calls` handshakes (0: all until `clear`) get this status and Location."""

    status: int
    location: str = ""
    environment: str = ""
    calls: int = 1


class Hosts:
    """The addresses of the sandbox and who lives where."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.addresses: list[str] = []
        self._moves: dict[tuple[Environment, int], Move] = {}
        self._left: dict[tuple[Environment, str], Move] = {}
        self._said: dict[int, Said] = {}
        self.handshakes: list[HandshakeRule] = []

    @property
    def shared(self) -> str:
        """The address that the sandbox was started at."""
        return self.addresses[0] if self.addresses else ""

    def home(self, environment: Environment, organization: Organization) -> str:
        """The address that serves an organization."""
        move = self._moves.get((environment, organization.id))
        return move.address if move else self.shared

    def move(self, environment: Environment, organization: Organization, move: Move) -> None:
        """Let another address serve an organization from now on."""
        self._left[environment, self.home(environment, organization)] = move
        self._moves[environment, organization.id] = move

    def elsewhere(self, environment: Environment, organization: Organization, *, at: str) -> Move | None:
        """Where an organization lives if it is not `at` this address; None where it is at home."""
        if self.home(environment, organization) == at:
            return None
        return self._moves.get((environment, organization.id), Move(address=self.shared))

    def abandoned(self, environment: Environment, *, at: str) -> Move | None:
        """The last move away from an address that serves nobody any more: all that a handshake, which has no token,
        can be told. None where somebody lives, or nobody ever did.
        """
        organizations = self._world.organizations.values()
        if any(self.home(environment, organization) == at for organization in organizations):
            return None
        return self._left.get((environment, at))

    def take_handshake(self, environment: Environment) -> HandshakeRule | None:
        """The rule for this handshake, or None."""
        for rule in self.handshakes:
            if rule.environment in ("", environment):
                rule.calls -= 1
                if rule.calls == 0:
                    self.handshakes.remove(rule)
                return rule
        return None

    def say(self, organization: Organization, said: Said) -> None:
        """Change what answers say of an organization's hosts."""
        self._said[organization.id] = said

    def named(self, organization: Organization) -> dict[str, Any]:
        """The fields that name the hosts in an answer about this organization; empty where none are named."""
        said = self._said.get(organization.id, Said())
        if said.is_replaced:
            return {"apiHosts": said.instead}
        has_own = any(self.home(environment, organization) != self.shared for environment in Environment)
        if said.when is Saying.NEVER or (said.when is Saying.OWN and not has_own):
            return {}
        hosts = {name: self.home(environment, organization) for name, environment in OF_ITS_OWN.items()}
        hosts |= dict.fromkeys(SHARED, self.shared)
        return {"apiHosts": {name: host for name, host in hosts.items() if said.only is None or name in said.only}}
