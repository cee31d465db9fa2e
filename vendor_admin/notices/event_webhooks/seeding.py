"""Has the demo's receiver told of events. May be run again at any time: what is right already is left alone."""

from datetime import datetime
from pathlib import Path
from typing import Final

from vendor_admin.notices.event_webhooks import verbs
from vendor_admin.notices.models import EventWebhook
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.private_files import read_object, write_object

NAME: Final = "The demo's receiver"
# What somebody wants to see arrive; the simulated platform's orders and fills would bury it.
EVENT_TYPES: Final = ("account.*", "member.*", "permission.*", "order.rejected", "plan.*", "operation.*")


def seed_webhook(*, organization: Organization, url: str, path: Path, actor: Actor, now: datetime) -> None:
    """Send events to `url`, and write what its receiver must know to `path`, which only we can read.

    The secret is kept there alone, so a lost file means another secret. A webhook that somebody switched off stays off.
    """
    with organization_scope(organization.pk):
        webhook = EventWebhook.objects.select_related("organization").filter(description=NAME).first()
        if webhook is None:
            values = {"url": url, "event_types": list(EVENT_TYPES), "description": NAME}
            _, secret = verbs.add_webhook(organization=organization, values=values, actor=actor, now=now)
        else:
            if webhook.url != url:
                verbs.change_webhook(webhook=webhook, values={"url": url}, actor=actor, now=now)
            secret = str(read_object(path).get("secret", ""))
            if secret != webhook.secret.get("current"):
                secret = verbs.roll_secret(webhook=webhook, actor=actor, now=now)
    write_object(path, {"url": url, "secret": secret, "organization": organization.name})
