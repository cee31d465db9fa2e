"""Background work of notices. Every task may run twice."""

from vendor_admin.celery import app
from vendor_admin.notices import delivery, outbox, retention, watcher
from vendor_admin.notices.event_webhooks import running
from vendor_admin.notices.event_webhooks.retention import forget_old_deliveries
from vendor_admin.operations.store import wakeups
from vendor_admin.organizations.platform_access import host_clocks
from vendor_admin.organizations.tenancy import database_clock

TELL_WEBHOOKS_TASK = "vendor_admin.notices.tasks.tell_webhooks"


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
def tell_webhooks() -> None:
    """Send events to webhooks for a while, and come back while there are webhooks."""
    if running.run():
        wakeups.send_task(TELL_WEBHOOKS_TASK)


@app.task
def forget_old_notices() -> None:
    """Delete notices that are long over."""
    retention.forget_old_notices(now=database_clock.now())
    forget_old_deliveries(now=database_clock.now())
