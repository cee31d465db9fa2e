"""Background work of this app: each task calls one verb."""

from vendor_admin.celery import app
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.partner_api import retention


@app.task
def forget_old_api_rows() -> None:
    """Delete saved answers, counts and log entries of the partner API that are over."""
    retention.forget_old(now=database_clock.now())
