"""Background work of this app: each task calls one verb."""

from django.utils import timezone

from vendor_admin.celery import app
from vendor_admin.organizations import budgets, connection_check
from vendor_admin.organizations.models import Connection
from vendor_admin.organizations.scope import organization_scope


@app.task
def check_connection(connection_id: int, organization_id: int) -> None:
    """Try a connection and store what was found; a connection that is gone is no error."""
    with organization_scope(organization_id):
        connection = Connection.objects.filter(id=connection_id).first()
    if connection is not None:
        connection_check.check_connection(connection=connection, now=timezone.now())


@app.task
def forget_old_budget_uses() -> None:
    """Delete uses and locks that no window can reach any more."""
    budgets.forget_old_uses(now=timezone.now())
