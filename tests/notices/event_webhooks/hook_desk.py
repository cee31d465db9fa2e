"""An organization with a log and webhooks, whose worker a test moves round by round, at a time of its own."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from tests.sync.events.log_desk import LogDesk
from vendor_admin.notices.event_webhooks import feeder, verbs
from vendor_admin.notices.event_webhooks.sending import Sender
from vendor_admin.notices.models import EventWebhook, WebhookDelivery
from vendor_admin.organizations.actors import Actor

ALICE = Actor.staff("alice")


class HookDesk(LogDesk):
    """`later` moves the worker's clock; the log has its own."""

    now: datetime

    def begin(self) -> "HookDesk":
        self.now = timezone.now()
        return self

    def later(self, **time: float) -> None:
        self.now += timedelta(**time)

    def hook(self, url: str, *types: str, **values: Any) -> EventWebhook:
        self.settle()
        with self.scope():
            webhook, self.secret = verbs.add_webhook(
                organization=self.organization,
                values={"url": url, "event_types": list(types or ("account.*", "fill.*"))} | values,
                actor=ALICE,
                now=self.now,
            )
        return webhook

    def work(self, *, meanwhile: Callable[[], None] = lambda: None) -> int:
        """Take in all news and send until nothing is due at this time. Returns how many tries were made."""
        self.settle()
        while feeder.feed_all([self.organization.pk], now=self.now):
            pass
        sender, tries = Sender(), 0
        try:
            while begun := sender.start_due([self.organization.pk], now=self.now):
                tries += begun
                meanwhile()
                while sender.is_busy:
                    sender.store_done(seconds=20, clock=lambda: self.now)
        finally:
            sender.close()
        return tries

    def deliveries(self, **wanted: Any) -> list[WebhookDelivery]:
        with self.scope():
            return list(WebhookDelivery.objects.filter(**wanted).select_related("webhook__organization").order_by("id"))

    def fresh(self, webhook: EventWebhook) -> EventWebhook:
        with self.scope():
            found: EventWebhook = EventWebhook.objects.select_related("organization").get(pk=webhook.pk)
            return found


def told(got: list[tuple[dict[str, str], bytes]]) -> list[tuple[str | None, str]]:
    """Account (or entity) and entity of what a receiver got, in order."""
    bodies = [json.loads(body)["data"] for _, body in got]
    return [(data["account_id"], data["entity_id"]) for data in bodies]
