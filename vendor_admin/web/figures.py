"""The figures of `/metrics` in Prometheus' text format.

Written as lines: the client library's objects for 1,800 figures, one for each and new at every scrape, take five times
as long as everything else of the answer.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from vendor_admin.sync.models import SyncState
from vendor_admin.sync.status import SocketStatus

_OF_SOCKETS = {
    "live": "1 while the socket is live",
    "enabled": "1 unless staff paused the connection",
    "events_stored": "Events appended to the log since the socket was set up",
    "lag_ms": "Receive to commit of the last flush, in milliseconds",
    "oldest_waiting_seconds": "How long the oldest event that is not stored yet has waited",
    "gaps": "Recorded gaps",
    "quarantined": "Events in quarantine",
    "left_out": "Events that were not kept, as quarantine was full",
    "silence_seconds": "Seconds since the last frame",
}
_ESCAPED = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


def text_of(statuses: Iterable[SocketStatus], *, workers_of_queues: Mapping[str, int], now: datetime) -> str:
    """Nine gauges of each socket, and how many workers take each queue. `now` is the database's."""
    sockets = [(_labels_of(status), _figures_of(status, now=now)) for status in statuses]
    queues = {_labels(queue=queue): count for queue, count in workers_of_queues.items()}
    gauges = [
        _gauge(f"vendor_admin_socket_{name}", text, {labels: figures[name] for labels, figures in sockets})
        for name, text in _OF_SOCKETS.items()
    ]
    return "".join([*gauges, _gauge("vendor_admin_queue_workers", "Workers that take the queue", queues)])


def _gauge(name: str, text: str, figures: Mapping[str, float]) -> str:
    lines = "".join([f"{name}{labels} {float(figure)!r}\n" for labels, figure in figures.items()])
    return f"# HELP {name} {text}\n# TYPE {name} gauge\n{lines}"


def _labels_of(status: SocketStatus) -> str:
    return _labels(environment=status["environment"], organization=status["organization"], shard=str(status["shard"]))


def _labels(**values: str) -> str:
    return "{" + ",".join([f'{name}="{value.translate(_ESCAPED)}"' for name, value in values.items()]) + "}"


def _figures_of(status: SocketStatus, *, now: datetime) -> dict[str, float]:
    heard_at = status["last_frame_at"]
    return {
        "live": status["state"] == SyncState.LIVE,
        "enabled": status["state"] != SyncState.PAUSED,
        "events_stored": status["events_stored"],
        "lag_ms": status["lag_ms"],
        "oldest_waiting_seconds": status["waiting_ms"] / 1000,
        "gaps": status["gaps"],
        "quarantined": status["quarantined"],
        "left_out": status["left_out"],
        "silence_seconds": -1.0 if heard_at is None else (now - heard_at).total_seconds(),
    }
