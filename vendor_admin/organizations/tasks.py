"""Background work of this app: each task calls one verb."""

from vendor_admin.celery import app
from vendor_admin.organizations import (
    budgets,
    connection_check,
    database_clock,
    host_clocks,
    host_fallback,
    renewals,
    tokens,
)
from vendor_admin.organizations.models import Connection
from vendor_admin.organizations.scope import organization_scope
from vendor_admin.queues import RENEWALS_EVERY_SECONDS


@app.task
def check_connection(connection_id: int, organization_id: int) -> None:
    """Try a connection and store what was found; a connection that is gone is no error."""
    with organization_scope(organization_id):
        connection = Connection.objects.filter(id=connection_id).first()
    if connection is not None:
        connection_check.check_connection(connection=connection, now=database_clock.now())


@app.task
def try_hosts_again() -> None:
    """Reach for hosts that the platform named and that could not be reached, where it is time."""
    host_fallback.try_again(now=database_clock.now())


@app.task
def renew_due_tokens() -> None:
    """Ask for the renewal of every token that ends soon. What waits longer is asked for anew."""
    for organization_id, connection_id in renewals.due_renewals(now=database_clock.now()):
        renew_token.apply_async(args=[organization_id, connection_id], retry=False, expires=RENEWALS_EVERY_SECONDS)


@app.task
def renew_token(organization_id: int, connection_id: int) -> None:
    """Renew one token, unless another worker is at it."""
    tokens.renew_if_due(connection_id=connection_id, organization_id=organization_id, now=database_clock.now())


@app.task
def forget_old_budget_uses() -> None:
    """Delete uses and locks that no window can reach any more, and notes about clocks of hosts that are gone."""
    now = database_clock.now()
    budgets.forget_old_uses(now=now)
    host_clocks.forget_old(now=now)
