"""Logins and their tokens: lifetimes, renewal, the limit of sessions a user may have, revocation."""

import dataclasses
import enum
import random

from vendor_admin.sandbox.configuration import Configuration
from vendor_admin.sandbox.world.state import Organization, World


class TokenState(enum.Enum):
    """What a token is worth."""

    GOOD = "good"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    REVOKED = "revoked"
    EVICTED = "evicted"


@dataclasses.dataclass(kw_only=True)
class Session:
    """One login; renewing adds a token to the same session.

    `member_id` is the user of a delegated (OAuth) login, None for the administrator's; `token_seconds` is how long its
    tokens live when that is not the configured time.
    """

    id: int
    organization: Organization
    device_id: str
    started_at: float
    member_id: int | None = None
    token_seconds: float | None = None
    tokens: dict[str, float] = dataclasses.field(default_factory=dict)
    ended: TokenState | None = None


class Sessions:
    """All logins. Times are epoch seconds passed in."""

    def __init__(self, *, world: World, configuration: Configuration) -> None:
        self._world = world
        self._configuration = configuration
        self._rng = random.Random(f"{configuration.seed}/sessions")
        self._sessions: list[Session] = []
        self._by_token: dict[str, Session] = {}

    def organization_of_key(self, *, app_id: str, cid: str, sec: str) -> Organization | None:
        """The vendor whose key this is, or None."""
        for organization in self._world.organizations.values():
            if (app_id, cid, sec) == (organization.key_name, organization.cid, organization.sec):
                return organization
        return None

    def open(self, organization: Organization, *, device_id: str, now: float) -> tuple[str, float, Session | None]:
        """A new login: token, when it expires, and the oldest session if this one pushed it out."""
        session, evicted = self._begin(organization, device_id=device_id, member_id=None, token_seconds=None, now=now)
        token, expires_at = self.add_token(session, now=now)
        return token, expires_at, evicted

    def open_delegated(
        self, organization: Organization, member_id: int, *, token_seconds: float, now: float
    ) -> tuple[Session, str, Session | None]:
        """A new login of a member: session, token, and the member's oldest session if this one pushed it out."""
        session, evicted = self._begin(
            organization, device_id="", member_id=member_id, token_seconds=token_seconds, now=now
        )
        return session, self.add_token(session, now=now)[0], evicted

    def renew(self, token: str, *, now: float) -> tuple[str, float]:
        """Another token of the same session."""
        return self.add_token(self._by_token[token], now=now)

    def look_up(self, token: str, *, now: float) -> tuple[TokenState, Session | None]:
        """What a token is worth now and whose session it is."""
        session = self._by_token.get(token)
        if session is None:
            return TokenState.UNKNOWN, None
        if session.ended is not None:
            return session.ended, session
        return (TokenState.GOOD if session.tokens[token] > now else TokenState.EXPIRED), session

    def member_of(self, token: str) -> int | None:
        """The member of a delegated token, None for the administrator's and for unknown ones."""
        session = self._by_token.get(token)
        return session.member_id if session else None

    def revoke(self, token: str, *, as_state: TokenState = TokenState.REVOKED) -> Session | None:
        """End the session of a token; sockets that are open stay open."""
        session = self._by_token.get(token)
        if session is not None:
            session.ended = as_state
        return session

    def revoke_all(self, organization: Organization | None) -> int:
        """End every session, or every session of one vendor; returns how many."""
        ended = 0
        for session in self._sessions:
            if session.ended is None and organization in (None, session.organization):
                session.ended = TokenState.REVOKED
                ended += 1
        return ended

    def expire_all(self, organization: Organization | None) -> int:
        """Let every token, or every token of one vendor, expire now; returns how many."""
        expired = 0
        for session in self._sessions:
            if organization in (None, session.organization):
                expired += len(session.tokens)
                session.tokens = dict.fromkeys(session.tokens, 0.0)
        return expired

    def add_token(self, session: Session, *, now: float) -> tuple[str, float]:
        """Another token of a session that has not ended, and when it expires."""
        token = f"sandbox-{session.id}-{self._rng.getrandbits(160):040x}"
        expires_at = now + (session.token_seconds or self._configuration.token_seconds)
        session.tokens[token] = expires_at
        self._by_token[token] = session
        return token, expires_at

    def age_delegated(self, seconds: float) -> None:
        """Let time pass for the tokens of members."""
        for session in self._sessions:
            if session.member_id is not None:
                session.tokens = {token: expires_at - seconds for token, expires_at in session.tokens.items()}

    def _begin(
        self,
        organization: Organization,
        *,
        device_id: str,
        member_id: int | None,
        token_seconds: float | None,
        now: float,
    ) -> tuple[Session, Session | None]:
        """A session, and the oldest one of the same user if it was one too many."""
        active = [
            session
            for session in self._sessions
            if (session.organization.id, session.member_id) == (organization.id, member_id) and _is_active(session, now)
        ]
        evicted = None
        if len(active) >= self._configuration.logins_per_user:
            evicted = active[0]
            evicted.ended = TokenState.EVICTED
        session = Session(
            id=len(self._sessions) + 1,
            organization=organization,
            device_id=device_id,
            started_at=now,
            member_id=member_id,
            token_seconds=token_seconds,
        )
        self._sessions.append(session)
        return session, evicted


def _is_active(session: Session, now: float) -> bool:
    return session.ended is None and max(session.tokens.values()) > now
