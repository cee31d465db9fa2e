"""Members who signed in: matched by platform user id and environment, never by e-mail; linked, disconnected."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import IntegrityError, transaction

from oauth_bridge.members import consents, member_sessions
from oauth_bridge.models import MemberLink
from oauth_bridge.platform_oauth import Identity, Tokens
from oauth_bridge.problems import Problem, SignInFailed
from vendor_admin.mirrors.models import PlatformUser
from vendor_admin.organizations import audit
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization, User
from vendor_admin.organizations.tenancy.scope import organization_scope

log = structlog.get_logger()

RENEWAL_MARGIN = timedelta(minutes=10)
CLOSED = "Closed"


def link_member(
    *, organization: Organization, environment: str, identity: Identity, tokens: Tokens, now: datetime
) -> MemberLink:
    """Store the tokens with the member they belong to, who is made here at their first sign-in.

    Raises SignInFailed for a user whom the organization's mirrors do not know, or know as closed or removed.
    """
    with organization_scope(organization.pk):
        _refuse_strangers(organization, environment=environment, identity=identity)
        link = _link_of(organization, environment=environment, identity=identity, now=now)
        if not link.user.is_active:
            raise SignInFailed(Problem.BLOCKED, who=identity.name)
        # Ends any claim: the result of a refresh that is on its way belongs to the tokens replaced here.
        MemberLink.objects.filter(pk=link.pk).update(
            state=MemberLink.State.LINKED,
            signed_in_at=now,
            problem="",
            **token_fields(tokens, now=now),
            **identity_fields(identity, now=now),
        )
        link.refresh_from_db()
        return link


def disconnect(*, link: MemberLink, actor: Actor, now: datetime, reason: str = "", request_id: str = "") -> None:
    """Delete a member's tokens, end all their sessions and what portals hold for them. They may sign in again at any
    time.

    Must run inside the organization's scope.
    """
    MemberLink.objects.filter(pk=link.pk).update(state=MemberLink.State.DISCONNECTED, problem="", **NO_TOKENS)
    ended = member_sessions.end_all(link=link, now=now)
    portals = consents.end_all_of(link, now=now)
    audit.record(
        organization=link.organization,
        actor=actor,
        action="member disconnected",
        subject=f"{link} ({link.platform_user_id})",
        old={"state": link.state},
        new={"state": MemberLink.State.DISCONNECTED, "sessions ended": ended, "portals ended": portals},
        reason=reason,
        request_id=request_id,
    )
    log.info("member_disconnected", platform_user_id=link.platform_user_id, actor=actor.key)


def let_all_sign_in_again(*, environment: str, reason: str) -> int:
    """Delete the tokens of all who are linked, as when they were of another client. Returns their number.

    Sessions here stay. Must run inside the organization's scope.
    """
    linked = MemberLink.objects.filter(environment=environment, state=MemberLink.State.LINKED)
    return linked.update(state=MemberLink.State.NEEDS_SIGN_IN, problem=reason, **NO_TOKENS)


NO_CLAIM: dict[str, Any] = {"renewing_until": None, "renewing_holder": ""}
NO_TOKENS: dict[str, Any] = {
    "tokens": {},
    "tokens_origin": "",
    "access_expires_at": None,
    "refresh_expires_at": None,
    "renew_at": None,
    "refusals": 0,
    **NO_CLAIM,
}


def token_fields(tokens: Tokens, *, now: datetime) -> dict[str, Any]:
    """New tokens as columns of a link: to be renewed ten minutes before the end, or a third of a shorter life."""
    lifetime = tokens.access_expires_at - now
    return {
        "tokens": {"access_token": tokens.access_token, "refresh_token": tokens.refresh_token},
        "tokens_origin": tokens.origin,
        "access_expires_at": tokens.access_expires_at,
        "refresh_expires_at": tokens.refresh_expires_at,
        "renew_at": tokens.access_expires_at - min(RENEWAL_MARGIN, lifetime / 3),
        "refusals": 0,
        **NO_CLAIM,
    }


def identity_fields(identity: Identity, *, now: datetime) -> dict[str, Any]:
    """What the platform said about the person, as columns of a link."""
    return {
        "name": identity.name[:200],
        "full_name": identity.full_name[:200],
        "email": identity.email[:254],
        "email_verified": identity.email_verified,
        "identity_at": now,
    }


def platform_user_of(link: MemberLink) -> PlatformUser | None:
    """The member's row in the mirrors while they are a member: not deleted, not closed. Inside the scope."""
    return _platform_user(link.organization_id, link.environment, link.platform_user_id)


def _platform_user(organization_id: int, environment: str, user_id: int) -> PlatformUser | None:
    found = PlatformUser.objects.filter(organization_id=organization_id, environment=environment, entity_id=user_id)
    user = found.first()
    return user if user is not None and user.deleted_at is None and user.status != CLOSED else None


def _refuse_strangers(organization: Organization, *, environment: str, identity: Identity) -> None:
    known = PlatformUser.objects.filter(
        organization_id=organization.pk, environment=environment, entity_id=identity.user_id
    )
    who = f"{identity.name} (user {identity.user_id})" if identity.name else f"user {identity.user_id}"
    if not known.exists():
        elsewhere = identity.organization_name.strip()
        if elsewhere and elsewhere.casefold() != organization.name.casefold():
            raise SignInFailed(Problem.OTHER_ORGANIZATION, who=who, belongs_to=elsewhere)
        raise SignInFailed(Problem.UNKNOWN_USER, who=who)
    if _platform_user(organization.pk, environment, identity.user_id) is None:
        raise SignInFailed(Problem.CLOSED, who=who)


def _link_of(organization: Organization, *, environment: str, identity: Identity, now: datetime) -> MemberLink:
    """The member's link, made together with their user at the first sign-in. Two first sign-ins at once make one."""
    mine = MemberLink.objects.filter(environment=environment, platform_user_id=identity.user_id)
    if (link := mine.select_related("user").first()) is not None:
        return link
    try:
        with transaction.atomic():
            return _made(organization, environment=environment, identity=identity, now=now)
    except IntegrityError:
        return mine.select_related("user").get()


def _made(organization: Organization, *, environment: str, identity: Identity, now: datetime) -> MemberLink:
    # The user name says nothing and cannot be taken beforehand by a person who may make users.
    user = User(username=f"member-{uuid.uuid4().hex}", kind=User.Kind.MEMBER, is_simulated=organization.is_simulated)
    user.set_unusable_password()
    user.save()
    link = MemberLink.objects.create(
        organization=organization,
        environment=environment,
        platform_user_id=identity.user_id,
        user=user,
        name=identity.name[:200],
        linked_at=now,
        signed_in_at=now,
    )
    audit.record(
        organization=organization,
        actor=link.actor,
        action="member linked",
        subject=f"{link} ({link.platform_user_id})",
        new={"environment": environment},
    )
    return link
