"""Delivers the outbox: claimed by conditional UPDATE, sent outside any transaction, stored under the claim.

A crash between sending and storing lets the claim run out; then the message is sent again under the same id, by which
receivers drop repeats. One message at a time to a channel, so that a slow receiver delays nobody else's.
"""

import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import connection, transaction
from django.db.models import QuerySet, Value
from django.db.models.functions import Coalesce

from vendor_admin.notices import email, http_post, outbox, webhooks
from vendor_admin.notices.answers import Answer, next_attempt_in
from vendor_admin.notices.models import Delivery, NoticeChannel
from vendor_admin.organizations import audit
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.encryption import UndecryptableError
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope

log = structlog.get_logger(__name__)

ACTOR = Actor.system("delivery", label="delivery of notices")
AT_ONCE = 16
LONGEST_OUTCOME = 500
CLAIM_LASTS = timedelta(seconds=90)  # longer than the slowest attempt
UNREADABLE = "The signing secret cannot be read: none of CREDENTIAL_KEYS opens it. Make a new secret."

_CLAIM = """
WITH due AS (
    SELECT DISTINCT ON (d.channel_id) d.id, d.not_before
      FROM notices_delivery d JOIN notices_noticechannel c ON c.id = d.channel_id
     WHERE d.state = 'waiting' AND d.not_before <= %(now)s AND (d.claimed_until IS NULL OR d.claimed_until <= %(now)s)
       AND (c.is_enabled OR d.event = 'test')
       AND NOT EXISTS (
           SELECT FROM notices_delivery o
            WHERE o.channel_id = d.channel_id AND o.state = 'waiting'
              AND (o.claimed_until > %(now)s OR (o.notice_id = d.notice_id AND o.id < d.id)))
     ORDER BY d.channel_id, d.not_before, d.id)
UPDATE notices_delivery
   SET claimed_by = %(holder)s, claimed_until = %(until)s, attempts = attempts + 1
 WHERE id IN (SELECT id FROM due ORDER BY not_before, id LIMIT %(most)s)
   AND state = 'waiting' AND (claimed_until IS NULL OR claimed_until <= %(now)s)
RETURNING id
"""


@dataclass(frozen=True, slots=True)
class _Claimed:
    """A delivery that is ours for a while, and how to send it."""

    delivery: Delivery
    send: Callable[[], Answer]


def deliver_due(*, now: datetime) -> int:
    """Send what is due, at most one message to each channel. Returns how many attempts were made."""
    organization_ids = list(Organization.objects.values_list("id", flat=True))
    holder = uuid.uuid4().hex
    with _step(organization_ids):
        claimed = [_prepared(one, now=now) for one in _claim(holder, now=now)]
    if not claimed:
        return 0
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        answers = list(pool.map(_attempt, claimed))
    for one, answer in zip(claimed, answers, strict=True):
        with _step([one.delivery.organization_id]):
            store_answer(one.delivery, answer, now=now)
    return len(claimed)


@contextmanager
def _step(organization_ids: Sequence[int]) -> Iterator[None]:
    with transaction.atomic(durable=True), organization_scope(*organization_ids):
        yield


def _claim(holder: str, *, now: datetime) -> list[Delivery]:
    values: dict[str, str | int | datetime] = {
        "holder": holder,
        "now": now,
        "until": now + CLAIM_LASTS,
        "most": AT_ONCE,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, values)
        ids = [row[0] for row in cursor.fetchall()]
    rows = Delivery.objects.filter(id__in=ids).select_related("channel").defer("channel__secret")
    return list(rows.order_by("id"))


def _prepared(delivery: Delivery, *, now: datetime) -> _Claimed:
    """What to call for it; everything is read now, since the threads that send use no database."""
    channel, message_id = delivery.channel, f"msg_{delivery.message_id.hex}"
    if channel.medium == NoticeChannel.Medium.EMAIL:
        addresses, message = list(channel.addresses), delivery.message
        return _Claimed(delivery, lambda: email.send(addresses, message=message, message_id=message_id))
    url, body = channel.url, webhooks.body_of(delivery.message)
    try:
        headers = webhooks.signed_headers(channel, message_id=message_id, body=body, now=now)
    except (UndecryptableError, KeyError):
        return _Claimed(delivery, lambda: Answer(False, UNREADABLE))
    return _Claimed(delivery, lambda: http_post.post(url, headers=headers, body=body))


def _attempt(claimed: _Claimed) -> Answer:
    try:
        return claimed.send()
    except Exception:
        log.exception("notices.delivery_failed", delivery=claimed.delivery.pk)
        return Answer(False, "An error of this service, which is in its log.")


def store_answer(delivery: Delivery, answer: Answer, *, now: datetime) -> None:
    """Write down what came of it, unless the claim ran out and another has it."""
    mine = Delivery.objects.filter(id=delivery.pk, claimed_by=delivery.claimed_by)
    channel = NoticeChannel.objects.filter(id=delivery.channel_id)
    ours_no_more = {"claimed_by": "", "claimed_until": None, "outcome": answer.text[:LONGEST_OUTCOME]}
    if answer.arrived:
        if mine.update(state=Delivery.State.SENT, sent_at=now, **ours_no_more):
            channel.filter(failing_since__isnull=False).update(problem="", failing_since=None)
            _waiting_after_failures(delivery).update(not_before=now)
        return
    wait = None if delivery.event == Delivery.Event.TEST else next_attempt_in(answer, attempts=delivery.attempts)
    waiting = mine.filter(state=Delivery.State.WAITING)  # unless it was withdrawn meanwhile
    if wait is None:
        stored = waiting.update(state=Delivery.State.FAILED, **ours_no_more)
    else:
        stored = waiting.update(not_before=now + wait, **ours_no_more)
    if not stored:
        return
    channel.update(problem=answer.text[:LONGEST_OUTCOME], failing_since=Coalesce("failing_since", Value(now)))
    log.warning("notices.not_delivered", channel=delivery.channel_id, attempts=delivery.attempts, answer=answer.text)
    if answer.is_gone:
        _turn_off(delivery, answer)


def _waiting_after_failures(delivery: Delivery) -> QuerySet[Delivery]:
    """What a receiver that is back has not got yet."""
    return Delivery.objects.filter(channel_id=delivery.channel_id, state=Delivery.State.WAITING, attempts__gt=0)


def _turn_off(delivery: Delivery, answer: Answer) -> None:
    """The receiver wants no more: its channel is switched off, as the specification of webhooks asks."""
    channel = NoticeChannel.objects.select_related("organization").defer("secret").get(pk=delivery.channel_id)
    NoticeChannel.objects.filter(pk=channel.pk).update(is_enabled=False)
    outbox.withdraw_waiting(channel, why="The channel was switched off.")
    audit.record(
        organization=channel.organization,
        actor=ACTOR,
        action="notice channel switched off",
        subject=channel.label,
        reason=answer.text,
    )
