"""Tables of members who sign in (members.py) and of portals (portals.py)."""

from oauth_bridge.models.members import MemberLink, MemberSession, MemberSite, PlatformClient, SignInAttempt
from oauth_bridge.models.portals import (
    NotKept,
    Portal,
    PortalCode,
    PortalConsent,
    PortalRefreshToken,
    PortalToken,
    SigningKey,
)

__all__ = [
    "MemberLink",
    "MemberSession",
    "MemberSite",
    "NotKept",
    "PlatformClient",
    "Portal",
    "PortalCode",
    "PortalConsent",
    "PortalRefreshToken",
    "PortalToken",
    "SignInAttempt",
    "SigningKey",
]
