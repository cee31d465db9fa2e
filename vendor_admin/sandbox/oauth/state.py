"""The OAuth side of the platform as one object: clients, members, visits, codes, grants, faults."""

from collections.abc import Mapping

from vendor_admin.sandbox.configuration import Configuration
from vendor_admin.sandbox.limits import Limits
from vendor_admin.sandbox.oauth.authorization import Authorizations
from vendor_admin.sandbox.oauth.clients import Client, Clients
from vendor_admin.sandbox.oauth.faults import OAuthFaults
from vendor_admin.sandbox.oauth.grants import Grants, Issued, RefusedError
from vendor_admin.sandbox.oauth.members import Members
from vendor_admin.sandbox.oauth.secrets import Mint, hashed
from vendor_admin.sandbox.oauth.settings import OAuthSettings
from vendor_admin.sandbox.sessions import Sessions
from vendor_admin.sandbox.world.state import World


class OAuth:
    """State and rules; times are epoch seconds passed in."""

    def __init__(self, *, world: World, sessions: Sessions, limits: Limits, configuration: Configuration) -> None:
        mint = Mint(configuration.seed)
        self.settings = OAuthSettings()
        self.clients = Clients(world, configuration)
        self.members = Members(world, self.settings)
        self.authorizations = Authorizations(self.clients, self.settings, mint)
        self.grants = Grants(sessions, self.settings, mint)
        self.faults = OAuthFaults(limits)

    def exchange(self, fields: Mapping[str, str], *, now: float) -> Issued:
        """Tokens for a code or a refresh token, as `grant_type` says; raises RefusedError."""
        grant_type = fields.get("grant_type", "")
        if not grant_type:
            raise RefusedError("invalid_request", "grant_type is missing")
        client = self._client(fields)
        if grant_type == "authorization_code":
            return self.grants.exchange(
                client,
                self.authorizations.codes.get(hashed(fields.get("code", ""))),
                redirect_uri=fields.get("redirect_uri", ""),
                verifier=fields.get("code_verifier", ""),
                now=now,
            )
        if grant_type == "refresh_token":
            return self.grants.refresh(client, fields.get("refresh_token", ""), now=now)
        raise RefusedError("unsupported_grant_type", "Incorrect grant_type")

    def age(self, seconds: float) -> None:
        """Let time pass for everything here and for the access tokens of members."""
        self.members.age(seconds)
        self.authorizations.age(seconds)
        self.grants.age(seconds)
        self.faults.age(seconds)

    def _client(self, fields: Mapping[str, str]) -> Client:
        client = self.clients.get(fields.get("client_id", ""))
        if client is None:
            raise RefusedError("invalid_client", "Incorrect client_id")
        if fields.get("client_secret") != client.client_secret:
            raise RefusedError("invalid_client", "Incorrect client_secret")
        return client
