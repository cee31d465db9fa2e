"""Which queues of background work have a worker: every worker says every fifteen seconds which queues it takes.

A worker says so only while it is connected to the broker, from a thread of its own: a worker that is busy for minutes
is no worker that is missing.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from vendor_admin.queues import QUEUES
from vendor_admin.sync.models import QueueWorker

SAID_EVERY_SECONDS = 15.0
# A restart takes less.
COUNTS_FOR = timedelta(seconds=45)
_FORGOTTEN_AFTER = timedelta(days=1)

# What does not go on without a worker.
WORK = {
    "urgent": "what people ask for does not begin, and what is due is not found",
    "tokens": "tokens are not renewed, connections not checked, and notices not delivered",
    "operations": "plans do not go on",
    "rows": "plans that wait for the platform are not checked",
    "maintenance": "mirrors are not compared, and old data is not deleted",
}


def say(*, name: str, queues: Sequence[str], now: datetime) -> None:
    """Note that a worker takes these queues now."""
    QueueWorker.objects.update_or_create(name=name[:200], defaults={"queues": list(queues), "seen_at": now})
    QueueWorker.objects.filter(seen_at__lt=now - _FORGOTTEN_AFTER).delete()


def workers_of_queues(*, now: datetime) -> dict[str, int]:
    """How many workers take each queue. One query."""
    lately = QueueWorker.objects.filter(seen_at__gt=now - COUNTS_FOR).values_list("queues", flat=True)
    found = Counter(queue for queues in lately for queue in queues)
    return {queue: found[queue] for queue in QUEUES}


def queues_without_worker(*, now: datetime) -> list[str]:
    """The queues that nobody takes. One query."""
    return [queue for queue, count in workers_of_queues(now=now).items() if not count]


def abandoned_queues(*, now: datetime) -> list[str]:
    """The same once any worker has said what it takes: those of an older version do not. Two queries."""
    return queues_without_worker(now=now) if QueueWorker.objects.exists() else []
