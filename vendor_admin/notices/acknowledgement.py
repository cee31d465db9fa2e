"""A person has seen a notice and takes care of it."""

from datetime import datetime

from vendor_admin.notices import outbox
from vendor_admin.notices.models import Notice, NoticeKind
from vendor_admin.notices.watcher import close
from vendor_admin.organizations import audit
from vendor_admin.organizations.actors import Actor

# Nothing follows that would end these by itself.
ENDS_WHEN_SEEN = {NoticeKind.PLAN_FAILED, NoticeKind.NOT_SENT, NoticeKind.KEY_LEAKED}


def acknowledge(*, notice: Notice, actor: Actor, now: datetime, request_id: str = "") -> bool:
    """Take it off everybody's count; it stays open until it is over, save that of a plan that failed or was not sent
    and of a key that leaked, which ends. False if it was seen before.

    Must run inside the organization's scope.
    """
    open_ones = Notice.objects.filter(pk=notice.pk, standing=Notice.OPEN)
    if not open_ones.update(acknowledged_at=now, acknowledged_by=actor.key[:200]):
        return False
    if notice.kind in ENDS_WHEN_SEEN:
        outbox.tell_closed(close([notice], resolution=f"Seen by {actor}."[:300], now=now), now=now)
    audit.record(
        organization=notice.organization,
        actor=actor,
        action="notice acknowledged",
        subject=f"notice {notice.pk}: {notice.title}",
        request_id=request_id,
    )
    return True
