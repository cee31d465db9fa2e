"""The worker of webhooks: for a while it looks for news, sends what is due, and writes down what came of it."""

import time
from datetime import datetime
from typing import Final

import structlog
from django.db import connection, transaction

from vendor_admin.notices.event_webhooks import feeder
from vendor_admin.notices.event_webhooks.sending import Sender
from vendor_admin.notices.models import WebhookFeed
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.organizations.tenancy.scope import organization_scope

log = structlog.get_logger(__name__)

RUN_SECONDS: Final = 12.0
LOOK_SECONDS: Final = 0.3
_LOCK_NUMBER: Final = 7_204_003


def run(*, seconds: float = RUN_SECONDS) -> bool:
    """Work for so long. False where there is nothing to do: no webhooks, or another worker is at it."""
    organization_ids = _with_feeds()
    if not organization_ids or not _hold():
        return False
    sender = Sender()
    try:
        until = time.monotonic() + seconds
        while sender.is_busy or time.monotonic() < until:
            if time.monotonic() < until:
                one_round(sender, organization_ids, now=database_clock.now())
            if sender.is_busy:
                sender.store_done(seconds=LOOK_SECONDS, clock=database_clock.now)
            else:
                time.sleep(LOOK_SECONDS)
    finally:
        sender.close()
        _let_go()
    return True


def one_round(sender: Sender, organization_ids: list[int], *, now: datetime) -> int:
    """Take news in and begin to send what is due. What fails of it is left to the next round."""
    try:
        feeder.feed_all(organization_ids, now=now)
    except Exception:
        log.exception("webhooks.not_fed")
    return sender.start_due(organization_ids, now=now)


def _with_feeds() -> list[int]:
    ids = list(Organization.objects.values_list("id", flat=True))
    with transaction.atomic(durable=True), organization_scope(*ids):
        return list(WebhookFeed.objects.values_list("organization_id", flat=True))


def _hold() -> bool:
    """One worker at a time: two would do no harm, and take two threads."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK_NUMBER])
        return bool(cursor.fetchone()[0])


def _let_go() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK_NUMBER])
