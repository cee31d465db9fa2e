"""Registered OAuth clients: one is seeded for each organization, any number may be registered by the control door."""

import dataclasses
import random
import urllib.parse
from collections.abc import Iterable, Sequence

from vendor_admin.sandbox.configuration import Configuration
from vendor_admin.sandbox.world.state import Organization, World

FIRST_CLIENT_ID = 9_000
FIRST_REGISTERED_ID = 9_500
DEFAULT_REDIRECT_URIS = ("http://localhost:8000/oauth/callback", "http://127.0.0.1:8000/oauth/callback")


@dataclasses.dataclass(kw_only=True)
class Client:
    """An application that members may let in. The secret is a sandbox value, shown on purpose."""

    client_id: str
    client_secret: str
    name: str
    organization: Organization
    redirect_uris: list[str]


class Clients:
    """The register. Redirect addresses are compared as text, character for character."""

    def __init__(self, world: World, configuration: Configuration) -> None:
        self._clients: dict[str, Client] = {}
        self._rng = random.Random(f"{configuration.seed}/oauth clients")
        self._next_id = FIRST_REGISTERED_ID
        uris = configuration.oauth_redirect_uris or DEFAULT_REDIRECT_URIS
        for number, organization in enumerate(world.organizations.values()):
            self.register(organization, client_id=str(FIRST_CLIENT_ID + number), redirect_uris=uris)

    def all(self) -> Iterable[Client]:
        """Every client in the order of registration."""
        return self._clients.values()

    def get(self, client_id: str) -> Client | None:
        """The client of an id."""
        return self._clients.get(client_id)

    def register(
        self,
        organization: Organization,
        *,
        redirect_uris: Sequence[str],
        client_id: str = "",
        client_secret: str = "",
        name: str = "",
    ) -> Client:
        """Take in a client; what is left out is made up. Raises ValueError for a taken id or a bad address."""
        if client_id in self._clients:
            raise ValueError(f"client {client_id} is there already")
        while not client_id:
            number, self._next_id = self._next_id, self._next_id + 1
            client_id = "" if str(number) in self._clients else str(number)
        client = Client(
            client_id=client_id,
            client_secret=client_secret or f"sandbox-oauth-{self._rng.getrandbits(128):032x}",
            name=name or organization.name,
            organization=organization,
            redirect_uris=checked_redirect_uris(redirect_uris),
        )
        self._clients[client_id] = client
        return client

    def remove(self, client_id: str) -> Client | None:
        """Forget a client; its tokens live on, its next exchange or refresh is refused."""
        return self._clients.pop(client_id, None)


def checked_redirect_uris(redirect_uris: Sequence[str]) -> list[str]:
    """The addresses as they will be compared; raises ValueError unless each is absolute http(s) without fragment."""
    if isinstance(redirect_uris, str) or not redirect_uris:
        raise ValueError("redirect_uris must be a list of at least one address")
    for uri in redirect_uris:
        parts = urllib.parse.urlsplit(uri)
        if parts.scheme not in ("http", "https") or not parts.netloc or "#" in uri:
            raise ValueError(f"not an absolute http(s) address without fragment: {uri}")
    return list(redirect_uris)
