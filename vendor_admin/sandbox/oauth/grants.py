"""Tokens of members: a code or a refresh token in, a new pair out. The refresh token changes at each use."""

import base64
import dataclasses
import hashlib
import re

from vendor_admin.sandbox.oauth.authorization import Code
from vendor_admin.sandbox.oauth.clients import Client
from vendor_admin.sandbox.oauth.members import Member
from vendor_admin.sandbox.oauth.secrets import Mint, hashed
from vendor_admin.sandbox.oauth.settings import OAuthSettings
from vendor_admin.sandbox.sessions import Session, Sessions, TokenState

VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


class RefusedError(Exception):
    """An exchange that failed; the platform says so with HTTP 200."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description


@dataclasses.dataclass(kw_only=True)
class Grant:
    """What one member lets one client do, with the login that carries its access tokens."""

    id: int
    client_id: str
    member: Member
    session: Session
    refresh_hash: str = ""
    refresh_expires_at: float = 0.0
    refreshes: int = 0
    is_revoked: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class Issued:
    """New tokens, and the login that was pushed out for them, if any."""

    access_token: str
    refresh_token: str | None
    id_token: str
    access_seconds: float
    announced_refresh_seconds: int
    evicted: Session | None

    def body(self) -> dict[str, object]:
        """The answer that carries them."""
        tokens: dict[str, object] = {
            "access_token": self.access_token,
            "token_type": "bearer",
            "expires_in": int(self.access_seconds),
            "id_token": self.id_token,
        }
        if self.refresh_token is not None:
            tokens["refresh_token"] = self.refresh_token
            tokens["refresh_token_expires_in"] = self.announced_refresh_seconds
        return tokens


class Grants:
    """All grants. Refresh tokens are kept by hash; access tokens belong to the platform's sessions."""

    def __init__(self, sessions: Sessions, settings: OAuthSettings, mint: Mint) -> None:
        self._sessions = sessions
        self._settings = settings
        self._mint = mint
        self.all: list[Grant] = []
        self._by_refresh: dict[str, Grant] = {}

    def exchange(self, client: Client, code: Code | None, *, redirect_uri: str, verifier: str, now: float) -> Issued:
        """Tokens for a code; raises RefusedError. The first try of its client spends a code, even a failed one."""
        if code is None or code.client_id != client.client_id:
            raise RefusedError("invalid_grant", "Incorrect code")
        if code.is_spent:
            if code.grant_id is not None and self._settings.replay_revokes_grant:
                self.revoke(self.all[code.grant_id - 1])
            raise RefusedError("invalid_grant", "The code was used already")
        code.is_spent = True
        if code.expires_at <= now:
            raise RefusedError("invalid_grant", "The code has expired")
        if redirect_uri != code.redirect_uri:
            raise RefusedError("invalid_grant", "Incorrect redirect_uri")
        if not _verifies(verifier, code.code_challenge):
            raise RefusedError("invalid_grant", "Incorrect code_verifier")
        session, token, evicted = self._open(code.member, now=now)
        grant = Grant(id=len(self.all) + 1, client_id=client.client_id, member=code.member, session=session)
        self.all.append(grant)
        code.grant_id = grant.id
        return self._issue(grant, token, evicted, now=now)

    def refresh(self, client: Client, refresh_token: str, *, now: float) -> Issued:
        """The next pair of a grant; raises RefusedError for a token that was used, has expired or never was."""
        grant = self._by_refresh.get(hashed(refresh_token))
        if grant is None or grant.client_id != client.client_id:
            raise RefusedError("invalid_token", "Incorrect refresh token")
        if grant.is_revoked:
            raise RefusedError("invalid_token", "The refresh token was revoked")
        if grant.refresh_hash != hashed(refresh_token):
            raise RefusedError("invalid_token", "The refresh token was used already")
        if grant.refresh_expires_at <= now:
            raise RefusedError("invalid_token", "The refresh token has expired")
        grant.refreshes += 1
        evicted = None
        if grant.session.ended is None:
            token, _ = self._sessions.add_token(grant.session, now=now)
        else:
            grant.session, token, evicted = self._open(grant.member, now=now)
        return self._issue(grant, token, evicted, now=now)

    def revoke(self, grant: Grant) -> None:
        """End a grant with all its tokens."""
        grant.is_revoked = True
        if grant.session.ended is None:
            grant.session.ended = TokenState.REVOKED

    def age(self, seconds: float) -> None:
        """Let time pass."""
        for grant in self.all:
            grant.refresh_expires_at -= seconds
        self._sessions.age_delegated(seconds)

    def _open(self, member: Member, *, now: float) -> tuple[Session, str, Session | None]:
        return self._sessions.open_delegated(
            member.organization, member.user_id, token_seconds=self._settings.access_seconds, now=now
        )

    def _issue(self, grant: Grant, access_token: str, evicted: Session | None, *, now: float) -> Issued:
        refresh_token = self._mint.text("refresh") if self._settings.issues_refresh_tokens else None
        if refresh_token is not None:
            grant.refresh_hash = hashed(refresh_token)
            grant.refresh_expires_at = now + self._settings.refresh_seconds
            self._by_refresh[grant.refresh_hash] = grant
        return Issued(
            access_token=access_token,
            refresh_token=refresh_token,
            id_token=f"{self._mint.text('id')}.unsigned",
            access_seconds=grant.session.token_seconds or 0.0,
            announced_refresh_seconds=self._settings.announced_refresh_seconds,
            evicted=evicted,
        )


def _verifies(verifier: str, challenge: str | None) -> bool:
    """Whether a verifier fits; one without a challenge is refused too (RFC 9700, 2.1.1: no downgrade)."""
    if challenge is None:
        return verifier == ""
    digest = hashlib.sha256(verifier.encode("utf-8", "replace")).digest()
    fits = base64.urlsafe_b64encode(digest).decode().rstrip("=") == challenge
    return fits and VERIFIER.fullmatch(verifier) is not None
