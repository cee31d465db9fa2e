"""Counters of a hub process, for /metrics of the worker's own port and for tests."""

from prometheus_client import Counter, Gauge, Histogram

stored_rows = Counter("vendor_admin_sync_stored_rows", "Rows appended to the event log")
refused_batches = Counter("vendor_admin_sync_refused_batches", "Flushes refused because a lease was taken over")
refused_rows = Counter("vendor_admin_sync_refused_rows", "Rows dropped because their lease was lost")
lost_rows = Counter("vendor_admin_sync_lost_rows", "Rows that nothing could take; their time is shown as a gap")
flush_seconds = Histogram("vendor_admin_sync_flush_seconds", "Duration of a flush, from first statement to commit")
waiting_rows = Gauge("vendor_admin_sync_waiting_rows", "Rows read and not yet committed")
