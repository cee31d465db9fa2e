"""The one access token of a credential, for every process of the installation.

Renewing and logging in are claimed by a conditional UPDATE, happen outside any transaction, and are stored by a second
UPDATE that checks the claim. A token is renewed, not replaced: a new login makes a new session and may close an
older one (https://partner.tradovate.com/overview/quick-setup/auth-overview). A refused login is remembered until the
connection changes.
"""

import hashlib
import hmac
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import close_old_connections, transaction
from django.db import connection as database
from django.db.models import Q

from vendor_admin.organizations.encryption import UndecryptableError
from vendor_admin.organizations.models import Connection, PlatformSession
from vendor_admin.organizations.platform_access import host_fallback, platform_hosts, refused_tokens, renewal_turns
from vendor_admin.organizations.platform_access.logins import SignedIn, SignIn, TokenUnavailable, log_in, renew
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.tradovate.api_hosts import host_and_port
from vendor_admin.tradovate.rest.authentication import AccessToken, Credentials

__all__ = [
    "AccessToken",
    "TokenUnavailable",
    "access_token",
    "credential_digest",
    "forget_token",
    "reject_token",
    "renew_if_due",
    "renew_now",
    "stored_token",
]

log = structlog.get_logger()

RENEWAL_MARGIN = timedelta(minutes=15)
# Longer than the longest call (connect and read time-outs), so that a claim outlives only a holder that died.
CLAIM_TTL = timedelta(seconds=60)
# How long a caller waits for another's login, a short penalty or a budget, before it is told to come back.
PATIENCE_SECONDS = 30.0
POLL_SECONDS = 0.2
WORTH_WAITING = {"busy", "penalty", "budget"}


@dataclass(frozen=True, slots=True)
class _Situation:
    """What the rows say: the connection's version and credentials, and the session's token if there is one."""

    organization_id: int
    connection_id: int
    session_id: int
    who: SignIn
    token: AccessToken | None
    renew_at: datetime | None
    issued_at: datetime | None
    expires_at: datetime | None
    refused_version: int | None
    refused_reason: str = field(repr=False)

    def usable_token(self, *, now: datetime) -> AccessToken | None:
        return self.token if self.token and self.token.expires_at > now else None


def access_token(
    *, connection_id: int, organization_id: int, now: datetime, patience_seconds: float | None = None
) -> AccessToken:
    """A token that is good for a while, from the shared row, by renewal, or at last by a login.

    May wait up to `patience_seconds` (PATIENCE_SECONDS) for another's login, a short penalty or a budget, and as long
    as a login of its own takes. Raises TokenUnavailable. Safe from any thread; must not be called inside a transaction.
    """
    patience = PATIENCE_SECONDS if patience_seconds is None else patience_seconds
    _drop_stale_connection()
    started = time.monotonic()
    deadline_passed = False
    while True:
        waited = time.monotonic() - started
        moment = now + timedelta(seconds=waited)
        situation = read_situation(connection_id=connection_id, organization_id=organization_id)
        if situation.token and situation.renew_at and moment < situation.renew_at:
            return situation.token
        try:
            return _claim_and_call(situation, now=moment).token
        except TokenUnavailable as unavailable:
            usable = situation.usable_token(now=moment)
            if usable:
                return usable  # the renewal can wait, or somebody else is at it
            pause = unavailable.retry_after_seconds
            if unavailable.kind not in WORTH_WAITING or pause is None or deadline_passed:
                raise
            if waited + pause > patience:
                raise
            deadline_passed = waited + max(pause, POLL_SECONDS) >= patience
            time.sleep(max(pause, POLL_SECONDS))


def stored_token(*, connection_id: int, organization_id: int, now: datetime) -> tuple[AccessToken | None, bool]:
    """The token that is there, without asking the platform: (it, or None where none is good; whether `access_token` is
    due to be asked for another). Raises TokenUnavailable where the connection cannot be used at all.
    """
    _drop_stale_connection()
    situation = read_situation(connection_id=connection_id, organization_id=organization_id)
    token = situation.usable_token(now=now)
    return token, token is None or situation.renew_at is None or now >= situation.renew_at


def renew_now(*, connection_id: int, organization_id: int, now: datetime) -> str:
    """Renew the token although that is not due, or log in where there is none, to hear which hosts the platform names.

    Returns the address that answered. Raises TokenUnavailable; waits for nobody. Must not be called inside a
    transaction.
    """
    _drop_stale_connection()
    situation = read_situation(connection_id=connection_id, organization_id=organization_id)
    return _claim_and_call(situation, now=now).rest_url


def renew_if_due(*, connection_id: int, organization_id: int, now: datetime) -> bool:
    """Renew a token that ends soon, so that nobody finds it ended and has to log in. Says whether there is a new one.

    Waits for nobody, and logs in only where the platform has ended the session. Raises NoTurn where the organization
    or the host keeps as many threads as it may. Must not be called inside a transaction.
    """
    _drop_stale_connection()
    try:
        situation = read_situation(connection_id=connection_id, organization_id=organization_id)
        is_good = situation.usable_token(now=now) is not None
        if not is_good or situation.renew_at is None or now < situation.renew_at:
            return False
        with renewal_turns.turn(organization_id=organization_id, url=situation.who.rest_url_in_use):
            _claim_and_call(situation, now=now)
    except TokenUnavailable:
        return False  # it is tried again until the token's end; what staff should know of it is stored
    return True


def reject_token(*, connection_id: int, organization_id: int, token: str, now: datetime) -> None:
    """Note that the platform no longer accepts this token; the next caller logs in, unless a newer one is stored
    already, or this was the second fresh one in a row that was refused."""
    _drop_stale_connection()
    situation = read_situation(connection_id=connection_id, organization_id=organization_id)
    if situation.token is None or not hmac.compare_digest(situation.token.token, token):
        return
    with _step(organization_id):
        forgotten = PlatformSession.objects.filter(id=situation.session_id, expires_at=situation.expires_at).update(
            token={}, expires_at=None
        )
    if forgotten:
        log.warning("token rejected by the platform", organization_id=organization_id, host=situation.who.rest_url)
        refused_tokens.note(who=situation.who, issued_at=situation.issued_at or now, now=now)


def forget_token(*, connection_id: int, organization_id: int) -> None:
    """Drop the stored token, because it is known that the platform has forgotten it: the next caller logs in.

    Counts as no refusal.
    """
    situation = read_situation(connection_id=connection_id, organization_id=organization_id)
    with _step(organization_id):
        PlatformSession.objects.filter(id=situation.session_id).update(token={}, expires_at=None)


def credential_digest(credentials: Credentials) -> str:
    """Identifies user name and key id without revealing them (HMAC with SECRET_KEY, 64 hex digits)."""
    text = f"{credentials.name}\n{credentials.cid}".encode()
    return hmac.new(settings.SECRET_KEY.encode(), b"platform session\n" + text, hashlib.sha256).hexdigest()


def _drop_stale_connection() -> None:
    """Threads that live long keep their database connection; one that the server has closed is replaced here."""
    if not database.in_atomic_block:
        close_old_connections()


@contextmanager
def _step(organization_id: int) -> Iterator[None]:
    """One short transaction of the organization; refuses to run inside another, where nobody else could see its
    claim."""
    with transaction.atomic(durable=True), organization_scope(organization_id):
        yield


def read_situation(*, connection_id: int, organization_id: int) -> _Situation:
    """Read a connection's credentials and session, in a transaction of its own.

    Raises TokenUnavailable where the connection is gone, or its credentials are incomplete or cannot be decrypted.
    """
    with _step(organization_id):
        try:
            connection = Connection.objects.get(id=connection_id)
            given = connection.credentials
        except Connection.DoesNotExist:
            raise TokenUnavailable(
                "This connection no longer exists.",
                "Add it again with `manage.py connect_organization`.",
                kind="missing",
            ) from None
        except UndecryptableError:
            raise TokenUnavailable(
                "The stored credentials cannot be decrypted with any of CREDENTIAL_KEYS.",
                "Restore the key that was in use when they were stored, or give the credentials again.",
                kind="encryption",
            ) from None
        try:
            credentials = Credentials(**given)
        except TypeError:
            raise TokenUnavailable(
                "The connection has no complete credentials.",
                "Give name, password, app_id, app_version, cid and sec with `manage.py connect_organization`.",
                kind="credentials",
            ) from None
        digest = credential_digest(credentials)
        row = _session_of(connection, digest=digest)
        last_good = platform_hosts.last_good_url(connection)
    return _Situation(
        organization_id=organization_id,
        connection_id=connection_id,
        session_id=row.pk,
        who=SignIn(
            rest_url=connection.rest_url,
            rest_url_in_use=connection.rest_url_in_use,
            credentials=credentials,
            digest=digest,
            version=connection.version,
            is_proven=row.platform_user_id is not None,
            organization_id=organization_id,
            last_good_url=last_good,
        ),
        token=_token_of(row),
        renew_at=_renew_at(row),
        issued_at=_issued_at(row),
        expires_at=row.expires_at,
        refused_version=row.refused_version,
        refused_reason=row.refused_reason,
    )


def _session_of(connection: Connection, *, digest: str) -> PlatformSession:
    identity: dict[str, Any] = {
        "organization_id": connection.organization_id,
        "rest_url": connection.rest_url,
        "credential_digest": digest,
    }
    row = PlatformSession.objects.get_or_create(**identity)[0]
    try:
        _token_of(row)
    except UndecryptableError:
        # A token is no loss: the next login replaces it.
        PlatformSession.objects.filter(**identity).update(token={}, expires_at=None)
        return PlatformSession.objects.get(**identity)
    return row


def _token_of(row: PlatformSession) -> AccessToken | None:
    if not row.token or row.expires_at is None:
        return None
    return AccessToken(
        token=row.token["token"],
        expires_at=row.expires_at,
        user_id=row.platform_user_id or 0,
        name=row.token.get("name", ""),
    )


def _renew_at(row: PlatformSession) -> datetime | None:
    """Fifteen minutes before the end, as the platform advises, or a third of the lifetime if that is sooner."""
    issued_at = _issued_at(row)
    if issued_at is None or row.expires_at is None:
        return None
    return row.expires_at - min(RENEWAL_MARGIN, (row.expires_at - issued_at) / 3)


def _issued_at(row: PlatformSession) -> datetime | None:
    return datetime.fromisoformat(row.token["issued_at"]) if row.token else None


def _claim_and_call(situation: _Situation, *, now: datetime) -> SignedIn:
    """Renew or log in as the only one; raises TokenUnavailable, kind "busy" if another holds the claim."""
    usable = situation.usable_token(now=now)
    if situation.refused_version == situation.who.version and not usable:
        kind, _, text = situation.refused_reason.partition(": ")
        raise TokenUnavailable(text, "Correct the connection; no further login is tried until it changes.", kind=kind)
    holder = uuid.uuid4().hex
    if not claim_login(situation, holder=holder, now=now):
        raise TokenUnavailable("Another process is signing in.", "Nothing to do.", POLL_SECONDS, kind="busy")
    try:
        signed_in = renew(who=situation.who, token=usable, now=now) if usable else None
        signed_in = signed_in or log_in(who=situation.who, now=now)
        _store(situation, holder=holder, token=signed_in.token, now=now)
        if signed_in.away:
            _fall_back(situation, why=signed_in.away, now=now)
        return signed_in
    except TokenUnavailable as unavailable:
        if unavailable.is_final:
            _remember_refusal(situation, holder=holder, unavailable=unavailable)
        else:
            _note_failure(situation, unavailable, is_renewal=usable is not None, now=now)
        raise
    finally:
        _release(situation, holder=holder)


def claim_login(situation: _Situation, *, holder: str, now: datetime) -> bool:
    """Take the claim if nobody holds it and the row still says what we read: else somebody has just signed in or
    failed."""
    with _step(situation.organization_id):
        free = Q(renewing_until=None) | Q(renewing_until__lte=now)
        return bool(
            PlatformSession.objects.filter(
                free,
                id=situation.session_id,
                expires_at=situation.expires_at,
                refused_version=situation.refused_version,
            ).update(renewing_until=now + CLAIM_TTL, renewing_holder=holder)
        )


def _store(situation: _Situation, *, holder: str, token: AccessToken, now: datetime) -> None:
    with _step(situation.organization_id):
        platform_hosts.learn(
            connection_id=situation.connection_id, version=situation.who.version, api_hosts=token.api_hosts, now=now
        )
        stored = PlatformSession.objects.filter(id=situation.session_id, renewing_holder=holder).update(
            token={"token": token.token, "name": token.name, "issued_at": now.isoformat()},
            expires_at=token.expires_at,
            platform_user_id=token.user_id,
            refused_reason="",
            refused_version=None,
            renewal_problem="",
            renewal_failed_at=None,
        )
    if not stored:
        log.warning("token came after the claim was lost", organization_id=situation.organization_id)


def _remember_refusal(situation: _Situation, *, holder: str, unavailable: TokenUnavailable) -> None:
    with _step(situation.organization_id):
        PlatformSession.objects.filter(id=situation.session_id, renewing_holder=holder).update(
            refused_reason=f"{unavailable.kind}: {unavailable.reason}",
            refused_version=situation.who.version,
            token={},
            expires_at=None,
        )


def _fall_back(situation: _Situation, *, why: str, now: datetime) -> None:
    """The host in use could not be reached and another gave the token: calls go to the last good one as well."""
    host_fallback.fall_back(
        connection_id=situation.connection_id,
        organization_id=situation.organization_id,
        host=host_and_port(situation.who.rest_url_in_use),
        why=why,
        now=now,
    )


def _note_failure(situation: _Situation, unavailable: TokenUnavailable, *, is_renewal: bool, now: datetime) -> None:
    """Keep what staff should see of a failure: why a token is not renewed, and a host that is the wrong one."""
    with _step(situation.organization_id):
        if unavailable.wrong_host is not None:
            platform_hosts.note_wrong_host(
                connection_id=situation.connection_id,
                answer=unavailable.wrong_host,
                host=unavailable.host,
                now=now,
            )
        if is_renewal and unavailable.kind not in ("busy", "budget"):
            PlatformSession.objects.filter(id=situation.session_id).update(
                renewal_problem=unavailable.reason, renewal_failed_at=now
            )


def _release(situation: _Situation, *, holder: str) -> None:
    with _step(situation.organization_id):
        PlatformSession.objects.filter(id=situation.session_id, renewing_holder=holder).update(
            renewing_until=None, renewing_holder=""
        )
