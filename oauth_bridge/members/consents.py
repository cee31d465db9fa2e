"""What members allowed portals: given on the consent page, remembered, ended. Inside the organization's scope."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q, QuerySet

from oauth_bridge.models import MemberLink, Portal, PortalCode, PortalConsent, PortalRefreshToken, PortalToken
from vendor_admin.organizations import audit
from vendor_admin.organizations.actors import Actor


def consents_of(link: MemberLink) -> QuerySet[PortalConsent]:
    """The portals that a member is connected with, the newest first."""
    return PortalConsent.objects.filter(link=link, ended_at=None).select_related("portal")


def remembered(*, link: MemberLink, portal: Portal, scopes: Iterable[str]) -> PortalConsent | None:
    """The consent of a member that covers all of these scopes already."""
    found = consents_of(link).filter(portal=portal).first()
    return found if found is not None and set(scopes) <= set(found.scopes) else None


def allow(
    *, link: MemberLink, portal: Portal, scopes: Iterable[str], now: datetime, request_id: str = ""
) -> PortalConsent:
    """The member allows a portal these scopes, beside what they allowed it before."""
    consent, is_new = PortalConsent.objects.get_or_create(
        organization_id=link.organization_id, link=link, portal=portal, ended_at=None, defaults={"granted_at": now}
    )
    old = list(consent.scopes)
    consent.scopes = [*old, *(scope for scope in scopes if scope not in old)]
    if consent.scopes != old:
        consent.granted_at = now
        consent.save(update_fields=["scopes", "granted_at"])
        audit.record(
            organization=portal.organization,
            actor=link.actor,
            action="portal allowed" if is_new else "portal allowed more",
            subject=f"{portal} ({portal.client_id})",
            old={} if is_new else {"scopes": " ".join(old)},
            new={"scopes": " ".join(consent.scopes), "member": link.platform_user_id},
            request_id=request_id,
        )
    return consent


def end(*, consent: PortalConsent, actor: Actor, now: datetime, request_id: str = "") -> None:
    """The portal learns nothing more of the member: all its tokens for them end."""
    ended = PortalConsent.objects.filter(pk=consent.pk, ended_at=None).update(ended_at=now)
    end_tokens(Q(consent=consent), now=now)
    if ended:
        audit.record(
            organization=consent.portal.organization,
            actor=actor,
            action="portal disconnected",
            subject=f"{consent.portal} ({consent.portal.client_id})",
            old={"scopes": " ".join(consent.scopes), "member": consent.link.platform_user_id},
            request_id=request_id,
        )


def end_all_of(link: MemberLink, *, now: datetime) -> int:
    """End everything that a member allowed; returns the number of portals."""
    end_tokens(Q(consent__link=link), now=now)
    return PortalConsent.objects.filter(link=link, ended_at=None).update(ended_at=now)


def end_tokens(which: Q, *, now: datetime) -> None:
    """End codes and tokens, chosen by their consent or their portal."""
    PortalToken.objects.filter(which).delete()
    PortalRefreshToken.objects.filter(which, ended_at=None).update(ended_at=now)
    PortalCode.objects.filter(which, used_at=None).update(used_at=now)
