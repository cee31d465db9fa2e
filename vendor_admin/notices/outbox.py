"""Which messages follow from notices that open and close: rows of the outbox, written with the change itself.

A channel is told a state, not every change of it: at most one message about a notice in QUIET. What was not yet told
when it ended is never told, and what came back before its end was told needs no new message.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from vendor_admin.notices.messages import message_of
from vendor_admin.notices.models import Delivery, Notice, NoticeChannel
from vendor_admin.operations.store import wakeups
from vendor_admin.organizations.models import Organization

DELIVER_TASK = "vendor_admin.notices.tasks.deliver_notices"
QUIET = timedelta(minutes=5)


def tell_opened(notices: Sequence[Notice], *, now: datetime) -> int:
    """Queue what is to be told of notices that opened or came back. Returns the number of messages."""
    if not notices:
        return 0
    last, channels = _last_told(notices), _channels(notices)
    ended = [one for one in last.values() if one.event == Delivery.Event.RESOLVED]
    withdrawn = _withdraw(ended, why="It came back before this was told.")
    wanted = [
        (notice, channel, last.get((notice.pk, channel.pk)))
        for notice in notices
        for channel in channels
        if channel.organization_id == notice.organization_id and notice.kind in channel.kinds
    ]
    is_news = [
        (notice, channel, before)
        for notice, channel, before in wanted
        if before is None or (before.event == Delivery.Event.RESOLVED and before.pk not in withdrawn)
    ]
    return _queue(is_news, event=Delivery.Event.OPENED, now=now)


def tell_closed(notices: Sequence[Notice], *, now: datetime) -> int:
    """Queue the end of notices for whoever was told that they opened. Returns the number of messages."""
    if not notices:
        return 0
    last, channels = _last_told(notices), {channel.pk: channel for channel in _channels(notices)}
    opened = [one for one in last.values() if one.event == Delivery.Event.OPENED]
    withdrawn = _withdraw(opened, why="It was over before this was told.")
    by_id = {notice.pk: notice for notice in notices}
    told = [
        (by_id[notice_id], channels[channel_id], before)
        for (notice_id, channel_id), before in last.items()
        if before.event == Delivery.Event.OPENED
        and before.state != Delivery.State.FAILED
        and before.pk not in withdrawn
        and channel_id in channels
    ]
    return _queue(told, event=Delivery.Event.RESOLVED, now=now)


def deliver_soon() -> None:
    """Deliver what is due as soon as this transaction has committed."""
    transaction.on_commit(partial(wakeups.send_task, DELIVER_TASK))


def withdraw_waiting(channel: NoticeChannel, *, why: str) -> None:
    """Take back what still waits for a channel."""
    waiting = Delivery.objects.filter(channel=channel, state=Delivery.State.WAITING)
    waiting.exclude(event=Delivery.Event.TEST).update(state=Delivery.State.SUPERSEDED, outcome=why)


def _channels(notices: Iterable[Notice]) -> list[NoticeChannel]:
    organization_ids = {notice.organization_id for notice in notices}
    return list(NoticeChannel.objects.filter(organization_id__in=organization_ids, is_enabled=True).defer("secret"))


def _last_told(notices: Iterable[Notice]) -> dict[tuple[int, int], Delivery]:
    """The last message of each notice to each channel that was not withdrawn."""
    about = Delivery.objects.filter(notice_id__in=[notice.pk for notice in notices])
    rows = about.exclude(state=Delivery.State.SUPERSEDED).order_by("notice_id", "channel_id", "-id")
    return {(one.notice_id or 0, one.channel_id): one for one in rows.distinct("notice_id", "channel_id")}


def _withdraw(deliveries: Iterable[Delivery], *, why: str) -> set[int]:
    """Take back those that nobody has begun to send; returns their ids."""
    untouched = Delivery.objects.filter(
        id__in=[one.pk for one in deliveries], state=Delivery.State.WAITING, attempts=0
    ).select_for_update()
    ids = set(untouched.values_list("id", flat=True))
    Delivery.objects.filter(id__in=ids).update(state=Delivery.State.SUPERSEDED, outcome=why)
    return ids


def _queue(told: Iterable[tuple[Notice, NoticeChannel, Delivery | None]], *, event: str, now: datetime) -> int:
    rows = list(told)
    ids = {notice.organization_id for notice, _, _ in rows}
    organizations = Organization.objects.in_bulk(ids)
    Delivery.objects.bulk_create(
        Delivery(
            organization_id=notice.organization_id,
            channel=channel,
            notice=notice,
            event=event,
            message=message_of(notice, event=event, organization=organizations[notice.organization_id], now=now),
            not_before=now if before is None else max(now, (before.sent_at or now) + QUIET),
            created_at=now,
        )
        for notice, channel, before in rows
    )
    if rows:
        deliver_soon()
    return len(rows)
