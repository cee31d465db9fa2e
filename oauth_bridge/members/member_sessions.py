"""Which browsers a member is signed in with. A Django session of a member is honoured while its row here is open."""

import hmac
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import login
from django.db.models import QuerySet
from django.http import HttpRequest

from oauth_bridge.members.attempts import digest
from oauth_bridge.members.browsers import browser_in_words
from oauth_bridge.models import MemberLink, MemberSession
from vendor_admin.organizations.sign_in.session_store import BEGAN_AT
from vendor_admin.organizations.tenancy.scope import organization_scope

SESSION_KEY = "member_session"
BACKEND = "oauth_bridge.sign_in.backend.MemberBackend"
SEEN_EVERY = timedelta(minutes=1)
KEPT_FOR = timedelta(days=30)


def start(*, request: HttpRequest, link: MemberLink, address: str, now: datetime) -> MemberSession:
    """Sign the browser of a request in as a member. The session gets a new key; one of somebody else is thrown away."""
    before: MemberSession | None = getattr(request, "member_session", None)
    login(request, link.user, backend=BACKEND)
    request.session.pop(BEGAN_AT, None)  # the hours of the session that is signed in now
    request.session.cycle_key()  # Django keeps the key of a user who was signed in already
    key = secrets.token_urlsafe(32)
    if before is not None:
        with organization_scope(before.organization_id):
            MemberSession.objects.filter(pk=before.pk).update(ended_at=now)
    with organization_scope(link.organization_id):
        session = MemberSession.objects.create(
            organization_id=link.organization_id,
            link=link,
            key_digest=digest(key),
            browser=browser_in_words(request.headers.get("User-Agent", "")),
            address=address or None,
            started_at=now,
            seen_at=now,
            expires_at=now + timedelta(seconds=settings.SESSION_COOKIE_AGE),
        )
    request.session[SESSION_KEY] = {"organization": link.organization_id, "id": session.pk, "key": key}
    return session


def current(*, request: HttpRequest, now: datetime) -> MemberSession | None:
    """The open session behind a request whose user is a member, with its link; None if it was ended or is too old."""
    kept = request.session.get(SESSION_KEY)
    if not isinstance(kept, dict):
        return None
    with organization_scope(kept["organization"]):
        found = MemberSession.objects.filter(pk=kept["id"]).select_related("link__organization", "link__user").first()
        if found is None or not found.is_open(now=now) or found.link.user_id != request.user.pk:
            return None
        if not hmac.compare_digest(found.key_digest, digest(kept["key"])):
            return None
        if found.seen_at < now - SEEN_EVERY:
            MemberSession.objects.filter(pk=found.pk).update(seen_at=now)
            found.seen_at = now
        return found


def open_sessions(*, link: MemberLink, now: datetime) -> QuerySet[MemberSession]:
    """The member's open sessions, the newest first. Inside the organization's scope, like the verbs below."""
    return MemberSession.objects.filter(link=link, ended_at=None, expires_at__gt=now)


def end(*, link: MemberLink, session_id: int, now: datetime) -> bool:
    """End one session of a member; False if they have no open one of this id."""
    return bool(open_sessions(link=link, now=now).filter(pk=session_id).update(ended_at=now))


def end_all(*, link: MemberLink, now: datetime) -> int:
    """End every session of a member; returns their number."""
    return open_sessions(link=link, now=now).update(ended_at=now)


def forget_old_sessions(*, organization_id: int, now: datetime) -> int:
    """Delete sessions that are over for a month; returns their number."""
    with organization_scope(organization_id):
        return MemberSession.objects.filter(expires_at__lt=now - KEPT_FOR).delete()[0]
