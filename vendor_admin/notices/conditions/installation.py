"""What is wrong with the installation itself: told to every organization in scope, since it holds up their work."""

from datetime import datetime, timedelta

from django.db.models import Count, Q
from django.urls import reverse

from vendor_admin.notices.conditions.condition import Condition, counted
from vendor_admin.notices.models import NoticeKind
from vendor_admin.operations.models import Operation
from vendor_admin.organizations import incarnations
from vendor_admin.organizations.platform_access import host_clocks
from vendor_admin.organizations.tenancy.scope import organizations_in_scope
from vendor_admin.sync import queue_workers
from vendor_admin.sync.log import partitions
from vendor_admin.tradovate.trading_calendar import clock_times

# What was lost with the newest commits has to be looked for by people; a day covers every shift.
RESTORE_IS_NEWS_FOR = timedelta(days=1)


def wrong_clocks(now: datetime) -> list[Condition]:
    """Servers of this installation whose clocks are wrong. One query."""
    return [
        Condition(
            organization_id=organization_id,
            kind=NoticeKind.WRONG_CLOCK,
            subject=host.host[:100],
            title=f"The clock of the server {host.host} is wrong",
            text=f"It is {host_clocks.words(host.ahead_seconds)}. This server sends no operations until it is right.",
            next_step="Tell who runs this installation to set its clock by NTP. Other servers go on with the work.",
            path=reverse("budgets"),
        )
        for host in host_clocks.wrong_clocks(now=now)
        for organization_id in organizations_in_scope()
    ]


def restored_database(now: datetime) -> list[Condition]:
    """That the database is not the one it was: for a day, and until nothing of before is unknown. Two queries."""
    found = incarnations.begun_after_another()
    if found is None:
        return []
    of_before = Operation.objects.filter(state=Operation.State.UNKNOWN, created_at__lt=found.began_at).order_by()
    counts = of_before.values("organization_id").annotate(
        count=Count("id"), for_persons=Count("id", filter=Q(needs_person=True))
    )
    unknown = {one["organization_id"]: (one["count"], one["for_persons"]) for one in counts}
    is_news = found.began_at > now - RESTORE_IS_NEWS_FOR
    return [
        Condition(
            organization_id=organization_id,
            kind=NoticeKind.RESTORED,
            subject=f"since {found.pk}",
            title=f"The database was restored or replaced on {clock_times(found.began_at)}",
            text=f"{found.why} Nothing that was unfinished is sent before the platform was read. "
            + _progress_of(*unknown.get(organization_id, (0, 0))),
            next_step="What was done here since the backup is no longer known here: look at the platform before you "
            "repeat, retry or revert anything. Previews have to be made anew.",
            path=reverse("admin:operations_operation_changelist") + "?state=unknown",
        )
        for organization_id in organizations_in_scope()
        if is_news or organization_id in unknown
    ]


def _progress_of(unknown: int, for_persons: int) -> str:
    if not unknown:
        return "All of it is known now."
    persons = f", {for_persons:,} of them by a person" if for_persons else ""
    return f"{counted(unknown, 'operation')} still to be settled{persons}."


def log_upkeep_fails(now: datetime) -> list[Condition]:
    """Whether months of the event log cannot be made ahead or dropped. Two queries."""
    trouble = partitions.trouble_with_partitions(now=now)
    return [
        Condition(
            organization_id=organization_id,
            kind=NoticeKind.LOG_UPKEEP,
            subject="event log",
            title="The upkeep of the event log fails",
            text=f"Its months are made ahead of time and dropped when they are old. This could not be done: {trouble}."
            " No event is lost, but pages of the log grow slow, and what is old stays.",
            next_step="Tell who runs this installation: the worker's log says more (sync.partition_not_kept).",
            path=reverse("admin:sync_entityevent_changelist"),
        )
        for organization_id in (organizations_in_scope() if trouble else ())
    ]


def queues_untaken(now: datetime) -> list[Condition]:
    """Queues of background work that no worker takes any more; of an older version, whose workers do not say what they
    take, none is told. Two queries."""
    return [
        Condition(
            organization_id=organization_id,
            kind=NoticeKind.NO_WORKER,
            subject=queue,
            title=f"No worker takes the queue {queue}",
            text=f"Until one does, {queue_workers.WORK[queue]}.",
            next_step="Tell who runs this installation to start the worker of this queue, or to look at its log.",
            path=reverse("admin:index"),
        )
        for queue in queue_workers.abandoned_queues(now=now)
        for organization_id in organizations_in_scope()
    ]
