"""What portals may ask for. The consent page, the forms, discovery and the checks all read it.

What a portal may learn of members is listed here; the scopes of programs are in vendor_admin/partner_api/scopes.py.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from oauth2_provider.scopes import BaseScopes

from vendor_admin.partner_api.scopes import PARTNER_SCOPES, Scope

OPENID = "openid"


@dataclass(frozen=True, slots=True)
class MemberScope:
    """One thing that a portal may learn of members.

    `words` tell staff what it is; `to_member` is what the consent page says, after "It learns". `claims`: what
    id_token and userinfo tell with it.
    """

    name: str
    words: str
    to_member: str
    claims: tuple[str, ...]


# Given by a member on the consent page, to a portal that signs members in.
MEMBER_SCOPES = (
    MemberScope(
        OPENID,
        "a member's user number at Tradovate, and that they belong to you",
        "your user number at Tradovate, and that you belong to {organization}",
        ("sub", "platform_user_id", "environment", "organization", "organization_name"),
    ),
    MemberScope(
        "profile",
        "a member's name and user name at Tradovate",
        "your name and your user name at Tradovate",
        ("name", "preferred_username"),
    ),
    MemberScope(
        "email",
        "a member's e-mail address, if Tradovate has verified it",
        "your e-mail address, if Tradovate has verified it",
        ("email", "email_verified"),
    ),
    MemberScope(
        "entitlements",
        "what a member subscribes to and until when",
        "what you subscribe to and until when",
        ("entitlements",),
    ),
)
OFFERED_SCOPES: tuple[MemberScope | Scope, ...] = (*MEMBER_SCOPES, *PARTNER_SCOPES)
SCOPE_OF_CLAIM = {claim: scope.name for scope in MEMBER_SCOPES for claim in scope.claims}


def words_of(scopes: Iterable[str], organization: str) -> list[str]:
    """What scopes mean for a member."""
    known = {scope.name: scope for scope in MEMBER_SCOPES}
    return [known[name].to_member.format(organization=organization) for name in scopes if name in known]


class PortalScopes(BaseScopes):
    """The toolkit's door to this table: a portal may ask for what it was registered with, and for nothing else."""

    def get_all_scopes(self) -> dict[str, str]:
        return {scope.name: scope.words for scope in (*MEMBER_SCOPES, *PARTNER_SCOPES)}

    def get_available_scopes(
        self, application: Any = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        return list(application.scopes) if application is not None else []

    def get_default_scopes(self, application: Any = None, request: Any = None, *args: Any, **kwargs: Any) -> list[str]:
        """Without `scope` a program gets what it was registered with; a portal must name what it asks members for."""
        return list(application.scopes) if application is not None and application.is_program else []
