"""Background work of notices. Every task may run twice."""

from vendor_admin.celery import app
from vendor_admin.notices import delivery, outbox, retention, watcher
from vendor_admin.organizations.platform_access import host_clocks
from vendor_admin.organizations.tenancy import database_clock


@app.task
def watch_notices() -> None:
    """Open and close notices by what holds now."""
    watcher.watch(now=host_clocks.check().now)


@app.task
def deliver_notices() -> None:
    """Deliver what is due of the outbox, and come back while there is more."""
    if delivery.deliver_due(now=database_clock.now()):
        outbox.deliver_soon()


@app.task
def forget_old_notices() -> None:
    """Delete notices that are long over."""
    retention.forget_old_notices(now=database_clock.now())
