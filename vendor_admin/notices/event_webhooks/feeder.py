"""Makes deliveries of the event log: each event once for each webhook that wants it.

The place in the log moves in the transaction that makes the deliveries, so that neither a crash nor two workers make
one twice or leave one out. What was there when a connection was first read is no news and is left out.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import structlog
from django.db import transaction

from vendor_admin.notices.event_webhooks.bodies import body_of, subject_of
from vendor_admin.notices.models import EventWebhook, WebhookDelivery, WebhookFeed
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.sync.events.cursors import EventCursor, present_life
from vendor_admin.sync.events.event_types import Chosen
from vendor_admin.sync.events.query import EventQuery
from vendor_admin.sync.events.reading import Event, ends_of_logs, read_events
from vendor_admin.sync.log.cursor import LogCursor
from vendor_admin.sync.models import Kind

log = structlog.get_logger(__name__)

PAGE: Final = 500


def feed_all(organization_ids: Sequence[int], *, now: datetime) -> int:
    """Take one page of each organization's news. Returns how many deliveries were made."""
    with transaction.atomic(durable=True), organization_scope(*organization_ids):
        places = {feed.organization_id: (feed.tx, feed.row_id) for feed in WebhookFeed.objects.all()}
        ends = ends_of_logs(list(places)) if places else {}
    news = [
        organization_id
        for organization_id, place in places.items()
        if organization_id in ends and (ends[organization_id].tx, ends[organization_id].id) > place
    ]
    return sum(feed(organization_id, now=now) for organization_id in news)


def feed(organization_id: int, *, now: datetime) -> int:
    """Make the deliveries of the next page of an organization's events. Returns how many."""
    with transaction.atomic(durable=True), organization_scope(organization_id):
        place = WebhookFeed.objects.select_for_update(skip_locked=True, of=("self",)).first()
        if place is None:
            return 0
        webhooks = list(EventWebhook.objects.filter(is_enabled=True).defer("secret"))
        life = present_life()
        if place.life != life:
            log.warning("webhooks.another_life", organization=organization_id)
            begin_at_end(place, life=life, organization_id=organization_id, now=now)
            return 0
        cursor = EventCursor(life, LogCursor(place.tx, place.row_id), place.at)
        page = read_events(EventQuery(limit=PAGE), organization_id=organization_id, cursor=cursor)
        made = _deliveries(page.events, webhooks, place, now=now)
        WebhookDelivery.objects.bulk_create(made)
        behind = page.next_cursor
        place.tx, place.row_id, place.at = behind.place.tx, behind.place.id, behind.at
        place.save(update_fields=["tx", "row_id", "at", "version"])
    return len(made)


def begin_at_end(place: WebhookFeed, *, life: str, organization_id: int, now: datetime) -> None:
    """Go on with what happens from now on. Must run inside the organization's scope."""
    end = ends_of_logs([organization_id]).get(organization_id, LogCursor())
    place.life, place.tx, place.row_id, place.at = life, end.tx, end.id, now
    place.save()


def _deliveries(
    events: Sequence[Event], webhooks: Sequence[EventWebhook], place: WebhookFeed, *, now: datetime
) -> list[WebhookDelivery]:
    chosen = {webhook.pk: Chosen(webhook.event_types) for webhook in webhooks}
    made = []
    for event in events:
        place.version += 1
        if event.kind == Kind.SNAPSHOT:
            continue
        for webhook in webhooks:
            is_news = (event.tx, event.id) > (webhook.from_tx, webhook.from_id)
            if is_news and chosen[webhook.pk].has(event.type):
                body = body_of(event, version=place.version, is_with_object=webhook.is_with_object)
                made.append(
                    WebhookDelivery(
                        organization_id=place.organization_id,
                        webhook=webhook,
                        event_id=event.id,
                        event_type=event.type[:80],
                        subject=subject_of(event),
                        version=place.version,
                        body=body,
                        not_before=now,
                        created_at=now,
                    )
                )
    return made
