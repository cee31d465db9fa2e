"""What portals may ask for: one table. The consent page, the forms, discovery and the checks all read it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from oauth2_provider.scopes import BaseScopes

OPENID = "openid"


@dataclass(frozen=True, slots=True)
class Scope:
    """One thing that a portal may be allowed.

    `words` tell staff what it is; `to_member` is what the consent page says, after "It learns". `claims`: what
    id_token and userinfo tell with it. `is_open` is False while no address of the API needs it: then it is known, and
    offered to nobody.
    """

    name: str
    words: str
    to_member: str = ""
    claims: tuple[str, ...] = ()
    is_open: bool = True


# Given by a member on the consent page, to a portal that signs members in.
MEMBER_SCOPES = (
    Scope(
        OPENID,
        "a member's user number at Tradovate, and that they belong to you",
        "your user number at Tradovate, and that you belong to {organization}",
        ("sub", "platform_user_id", "environment", "organization", "organization_name"),
    ),
    Scope(
        "profile",
        "a member's name and user name at Tradovate",
        "your name and your user name at Tradovate",
        ("name", "preferred_username"),
    ),
    Scope(
        "email",
        "a member's e-mail address, if Tradovate has verified it",
        "your e-mail address, if Tradovate has verified it",
        ("email", "email_verified"),
    ),
    Scope(
        "entitlements",
        "what a member subscribes to and until when",
        "what you subscribe to and until when",
        ("entitlements",),
    ),
)
# Given by an owner of the organization, to a program that uses the partner API in the organization's name.
PARTNER_SCOPES = (
    Scope("members:read", "read members", is_open=False),
    Scope("members:write", "create, change and cancel members", is_open=False),
    Scope("accounts:read", "read accounts, balances and positions", is_open=False),
    Scope("accounts:write", "create, reset and close accounts", is_open=False),
    Scope("permissions:read", "read trading permissions", is_open=False),
    Scope("permissions:write", "grant and revoke trading permissions", is_open=False),
    Scope("subscriptions:read", "read memberships, entitlements and market data", is_open=False),
    Scope("subscriptions:write", "change memberships, entitlements and market data", is_open=False),
    Scope("risk:read", "read limits, locks and risk parameters", is_open=False),
    Scope("risk:write", "change limits and risk parameters", is_open=False),
    Scope("balances:write", "change demo balances", is_open=False),
    Scope("operations:read", "read plans and operations", is_open=False),
    Scope("events:read", "read the event log", is_open=False),
)
OFFERED_SCOPES = tuple(scope for scope in (*MEMBER_SCOPES, *PARTNER_SCOPES) if scope.is_open)
ALL_SCOPES = {scope.name: scope for scope in (*MEMBER_SCOPES, *PARTNER_SCOPES)}
SCOPE_OF_CLAIM = {claim: scope.name for scope in MEMBER_SCOPES for claim in scope.claims}


def words_of(scopes: Iterable[str], organization: str) -> list[str]:
    """What scopes mean for a member."""
    return [ALL_SCOPES[name].to_member.format(organization=organization) for name in scopes if name in ALL_SCOPES]


class PortalScopes(BaseScopes):
    """The toolkit's door to this table: a portal may ask for what it was registered with, and for nothing else."""

    def get_all_scopes(self) -> dict[str, str]:
        return {name: scope.words for name, scope in ALL_SCOPES.items()}

    def get_available_scopes(
        self, application: Any = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        return list(application.scopes) if application is not None else []

    def get_default_scopes(self, application: Any = None, request: Any = None, *args: Any, **kwargs: Any) -> list[str]:
        """Without `scope` a program gets what it was registered with; a portal must name what it asks members for."""
        return list(application.scopes) if application is not None and application.is_program else []
