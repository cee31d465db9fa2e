"""Sends what is due to webhooks: claimed before it is sent, sent outside any transaction, stored under the claim.

A claim runs out after CLAIM_LASTS, so what a crash left under way is sent again, under the same id; until then no look
sends it a second time. Each webhook has at most AT_ONCE on their way and is looked at by itself: a slow receiver takes
no other's turn.
"""

import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.db import transaction
from django.db.models import Exists, F, OuterRef

from vendor_admin.notices import http_post, webhooks
from vendor_admin.notices.answers import Answer
from vendor_admin.notices.event_webhooks.order import (
    DOWN_FROM,
    Receiver,
    Waiting,
    due_of,
    next_try_at,
    pause_after,
)
from vendor_admin.notices.event_webhooks.switching import switch_off_failing
from vendor_admin.notices.models import EventWebhook, WebhookDelivery
from vendor_admin.organizations.encryption import UndecryptableError
from vendor_admin.organizations.tenancy.scope import organization_scope

log = structlog.get_logger(__name__)

AT_ONCE: Final = 4
THREADS: Final = 64
CLAIM_LASTS: Final = timedelta(seconds=90)  # longer than the slowest attempt
KEPT_OF_ANSWER: Final = 2_048
LONGEST_OUTCOME: Final = 500
# How far the first look goes, and the one where that was not enough, as one account's deliveries fill it.
WINDOW, LARGEST_WINDOW = 1_000, 50_000
OFF_AFTER: Final = timedelta(days=5)
UNREADABLE: Final = "The signing secret cannot be read: none of CREDENTIAL_KEYS opens it. Make a new secret."
RESEND_HEADER: Final = "webhook-resend"


@dataclass(frozen=True, slots=True)
class _Claimed:
    """A delivery that is ours for a while, and how to send it."""

    delivery: WebhookDelivery
    send: Callable[[], Answer]


class Sender:
    """Sends in threads that use no database; claims and stores in the one that calls. Close it when done."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="webhooks")
        self._under_way: dict[Future[Answer], _Claimed] = {}

    @property
    def is_busy(self) -> bool:
        return bool(self._under_way)

    def start_due(self, organization_ids: Sequence[int], *, now: datetime) -> int:
        """Claim what is due and begin to send it. Returns how many attempts were begun."""
        begun = 0
        for organization_id, webhook_id in _with_waiting(organization_ids):
            room = THREADS - len(self._under_way)
            if room <= 0:
                break
            for claimed in claim(organization_id, webhook_id, now=now, most=min(room, AT_ONCE)):
                self._under_way[self._pool.submit(_attempt, claimed)] = claimed
                begun += 1
        return begun

    def store_done(self, *, seconds: float, clock: Callable[[], datetime]) -> int:
        """Wait so long for the next answers and write them down. Returns how many."""
        done, _ = wait(self._under_way, timeout=seconds, return_when="FIRST_COMPLETED")
        for future in done:
            store_answer(self._under_way.pop(future).delivery, future.result(), now=clock())
        return len(done)

    def close(self) -> None:
        self._pool.shutdown(wait=True)


def claim(organization_id: int, webhook_id: int, *, now: datetime, most: int) -> list[_Claimed]:
    """Take what is due of one webhook; nothing while another worker looks at it."""
    with transaction.atomic(durable=True), organization_scope(organization_id):
        found = EventWebhook.objects.select_for_update(skip_locked=True, of=("self",))
        webhook = found.filter(pk=webhook_id, is_enabled=True).first()
        if webhook is None:
            return []
        receiver = Receiver(webhook.failing_since is not None, webhook.arrived_at, webhook.not_before)
        ids: list[int] = []
        for window in (WINDOW, LARGEST_WINDOW):
            rows = _waiting(webhook_id, window)
            ids = due_of(rows, receiver, now=now, at_once=most)
            if ids or len(rows) < window:
                break
        holder = uuid.uuid4().hex
        taken = WebhookDelivery.objects.filter(id__in=ids, state=WebhookDelivery.State.WAITING)
        taken.update(claimed_by=holder, claimed_until=now + CLAIM_LASTS, attempts=F("attempts") + 1)
        deliveries = list(WebhookDelivery.objects.filter(id__in=ids, claimed_by=holder).order_by("id"))
        return [_prepared(delivery, webhook, now=now) for delivery in deliveries]


def store_answer(delivery: WebhookDelivery, answer: Answer, *, now: datetime) -> None:
    """Write down what came of a try, unless its claim ran out and another worker has it."""
    with transaction.atomic(durable=True), organization_scope(delivery.organization_id):
        webhook = EventWebhook.objects.select_for_update(of=("self",)).filter(pk=delivery.webhook_id).first()
        mine = WebhookDelivery.objects.filter(
            pk=delivery.pk, claimed_by=delivery.claimed_by, state=WebhookDelivery.State.WAITING
        )
        if webhook is None:
            return
        written: dict[str, Any] = {"claimed_by": "", "claimed_until": None, "outcome": answer.text[:LONGEST_OUTCOME]}
        written["answers"] = [*delivery.answers, _noted(answer, now=now)][-20:]
        if answer.arrived:
            if mine.update(state=WebhookDelivery.State.SENT, ended_at=now, **written):
                _note_arrival(webhook, now=now)
            return
        again = next_try_at(attempts=delivery.attempts, created_at=delivery.created_at, now=now)
        failed_at = delivery.first_failed_at or now
        if again is None:
            stored = mine.update(state=WebhookDelivery.State.FAILED, ended_at=now, first_failed_at=failed_at, **written)
        else:
            stored = mine.update(not_before=again, first_failed_at=failed_at, **written)
        if stored:
            _note_failure(webhook, answer, now=now)


def _note_arrival(webhook: EventWebhook, *, now: datetime) -> None:
    """The receiver takes messages. What waited as it was down goes out now, in its order."""
    was_down = webhook.tries_in_vain >= DOWN_FROM
    EventWebhook.objects.filter(pk=webhook.pk).update(
        arrived_at=now, failing_since=None, problem="", tries_in_vain=0, not_before=None
    )
    if was_down:
        waiting = WebhookDelivery.objects.filter(webhook=webhook, state=WebhookDelivery.State.WAITING, attempts__gt=0)
        waiting.filter(claimed_until=None).update(not_before=now, first_failed_at=None)


def _note_failure(webhook: EventWebhook, answer: Answer, *, now: datetime) -> None:
    webhook.failing_since = webhook.failing_since or now
    webhook.tries_in_vain += 1
    webhook.not_before = now + pause_after(webhook.tries_in_vain)
    webhook.problem = answer.text[:LONGEST_OUTCOME]
    webhook.save(update_fields=["failing_since", "tries_in_vain", "not_before", "problem"])
    log.warning("webhooks.not_delivered", webhook=webhook.pk, tries=webhook.tries_in_vain, answer=answer.text)
    if answer.is_gone:
        switch_off_failing(webhook, why=answer.text, now=now)
    elif now - webhook.failing_since >= OFF_AFTER:
        switch_off_failing(webhook, why=f"Nothing arrived for {OFF_AFTER.days} days. {answer.text}", now=now)


def _with_waiting(organization_ids: Sequence[int]) -> list[tuple[int, int]]:
    """Webhooks for which something waits, those first that nothing was tried at for longest."""
    with transaction.atomic(durable=True), organization_scope(*organization_ids):
        waiting = WebhookDelivery.objects.filter(webhook=OuterRef("pk"), state=WebhookDelivery.State.WAITING)
        rows = EventWebhook.objects.filter(Exists(waiting), is_enabled=True).order_by(
            F("arrived_at").asc(nulls_first=True)
        )
        return list(rows.values_list("organization_id", "id"))


def _waiting(webhook_id: int, window: int) -> list[Waiting]:
    rows = WebhookDelivery.objects.filter(webhook_id=webhook_id, state=WebhookDelivery.State.WAITING)
    fields = ("id", "subject", "attempts", "not_before", "first_failed_at", "claimed_until")
    return [Waiting(*row) for row in rows.order_by("id").values_list(*fields)[:window]]


def _prepared(delivery: WebhookDelivery, webhook: EventWebhook, *, now: datetime) -> _Claimed:
    """What to call for it; everything is read now, since the threads that send use no database."""
    url, body = webhook.url, delivery.body
    try:
        headers = webhooks.signed_headers(webhook, message_id=delivery.header_id, body=body, now=now)
    except (UndecryptableError, KeyError):
        return _Claimed(delivery, lambda: Answer(False, UNREADABLE))
    if delivery.is_resend:
        headers[RESEND_HEADER] = "true"
    return _Claimed(delivery, lambda: http_post.post(url, headers=headers, body=body, kept_bytes=KEPT_OF_ANSWER))


def _attempt(claimed: _Claimed) -> Answer:
    try:
        return claimed.send()
    except Exception:
        log.exception("webhooks.attempt_failed", delivery=claimed.delivery.pk)
        return Answer(False, "An error of this service, which is in its log.")


def _noted(answer: Answer, *, now: datetime) -> dict[str, str | int | None]:
    return {"at": now.isoformat(), "status": answer.status, "text": answer.text, "said": answer.said}
