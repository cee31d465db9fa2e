"""Periodic work of the sync. Hubs do not need it to go on: it is upkeep, and a second pair of eyes."""

from vendor_admin.celery import app
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.sync import upkeep
from vendor_admin.sync.log import history, partitions


@app.task
def supervise() -> None:
    """Warn about sockets that are not live, so that somebody sees it in the logs."""
    upkeep.supervise()


@app.task
def keep_partitions() -> None:
    """Make the log's partitions ahead of time and drop those past their retention."""
    partitions.keep_partitions(now=database_clock.now())


@app.task
def forget_old_history() -> None:
    """Delete old gaps, comparisons and quarantined messages."""
    history.forget_old_history()


@app.task
def request_reconciliation() -> None:
    """Ask the holders of all sockets to compare their mirrors with the platform."""
    upkeep.request_reconciliation()
