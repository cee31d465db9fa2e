"""Background work of this app: each task calls one verb."""

from contextlib import suppress

from vendor_admin.celery import app
from vendor_admin.organizations import audit_chain
from vendor_admin.organizations.connections import check as connection_check
from vendor_admin.organizations.models import Connection, User
from vendor_admin.organizations.platform_access import budgets, host_clocks, host_fallback, renewals, tokens
from vendor_admin.organizations.staff import email_addresses, personal_mails
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.organizations.turns import NoTurn
from vendor_admin.queues import RENEWALS_EVERY_SECONDS


@app.task
def check_connection(connection_id: int, organization_id: int) -> None:
    """Try a connection and store what was found; a connection that is gone is no error."""
    with organization_scope(organization_id):
        connection = Connection.objects.filter(id=connection_id).first()
    if connection is not None:
        connection_check.check_connection(connection=connection, now=database_clock.now())


@app.task
def mail_person(person_id: int, what: str, actor: str, reason: str, address: str = "") -> None:
    """Tell a person by mail, at their address or another, what was changed in their access; a user that is gone is no
    error."""
    person = User.objects.filter(pk=person_id).first()
    if person is not None:
        personal_mails.mail(person=person, what=what, actor=actor, reason=reason, address=address)


@app.task
def mail_email_link(user_id: int, site: str) -> None:
    """Mail a user the link that proves their address; a user who is gone is no error."""
    user = User.objects.filter(pk=user_id, is_active=True).exclude(email="").first()
    if user is not None:
        email_addresses.send_link(user=user, site=site)


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
    """Renew one token, unless another worker is at it. Where there is no turn it is asked for anew soon."""
    with suppress(NoTurn):
        tokens.renew_if_due(connection_id=connection_id, organization_id=organization_id, now=database_clock.now())


@app.task
def seal_audit() -> None:
    """Add what was written to the audit since the last time to the chains."""
    audit_chain.seal_new_entries()


@app.task
def forget_old_budget_uses() -> None:
    """Delete uses and locks that no window can reach any more, and notes about clocks of hosts that are gone."""
    now = database_clock.now()
    budgets.forget_old_uses(now=now)
    host_clocks.forget_old(now=now)
