"""Switching webhooks off and on."""

from datetime import datetime

from vendor_admin.notices.event_webhooks.feeder import begin_at_end
from vendor_admin.notices.models import EventWebhook, WebhookDelivery, WebhookFeed
from vendor_admin.organizations import audit
from vendor_admin.organizations.actors import Actor
from vendor_admin.sync.events.cursors import present_life
from vendor_admin.sync.events.reading import ends_of_logs
from vendor_admin.sync.log.cursor import LogCursor

SENDER = Actor.system("webhooks", label="delivery of webhooks")


def switch_off(*, webhook: EventWebhook, actor: Actor, request_id: str = "") -> None:
    """Send nothing more there. What still waited is not sent later either."""
    EventWebhook.objects.filter(pk=webhook.pk).update(is_enabled=False, off_because="")
    _withdraw(webhook)
    record(webhook, "webhook switched off", actor=actor, request_id=request_id)


def switch_off_failing(webhook: EventWebhook, *, why: str, now: datetime) -> None:
    """The receiver wants nothing more, or has taken nothing for days: switched off by the service itself."""
    EventWebhook.objects.filter(pk=webhook.pk).update(is_enabled=False, off_because=why[:500])
    _withdraw(webhook)
    record(webhook, "webhook switched off", actor=SENDER, reason=why[:500])


def switch_on(*, webhook: EventWebhook, actor: Actor, now: datetime, request_id: str = "") -> None:
    """Send what happens from now on."""
    end = ends_of_logs([webhook.organization_id]).get(webhook.organization_id, LogCursor())
    EventWebhook.objects.filter(pk=webhook.pk).update(
        is_enabled=True,
        off_because="",
        problem="",
        failing_since=None,
        tries_in_vain=0,
        not_before=None,
        from_tx=end.tx,
        from_id=end.id,
    )
    start_feed(webhook.organization_id, now=now)
    record(webhook, "webhook switched on", actor=actor, request_id=request_id)


def start_feed(organization_id: int, *, now: datetime) -> None:
    """Have the organization's events made into deliveries, from now on if they were not yet."""
    place, is_new = WebhookFeed.objects.get_or_create(
        organization_id=organization_id, defaults={"life": present_life(), "at": now}
    )
    if is_new:
        begin_at_end(place, life=place.life, organization_id=organization_id, now=now)


def record(webhook: EventWebhook, action: str, *, actor: Actor, request_id: str = "", **values: object) -> None:
    """Write a change of a webhook into the audit."""
    audit.record(
        organization=webhook.organization,
        actor=actor,
        action=action,
        subject=str(webhook),
        request_id=request_id,
        **values,  # type: ignore[arg-type]
    )


def _withdraw(webhook: EventWebhook) -> None:
    waiting = WebhookDelivery.objects.filter(webhook=webhook, state=WebhookDelivery.State.WAITING)
    waiting.update(state=WebhookDelivery.State.WITHDRAWN, outcome="The webhook was switched off.")
