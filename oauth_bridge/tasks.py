"""Background work of member sign-in: each task calls one verb, and may run twice."""

from datetime import datetime
from importlib import import_module

from celery import Task
from django.conf import settings

from oauth_bridge.members import attempts, member_sessions
from oauth_bridge.portals import tokens
from oauth_bridge.sign_in import renewal
from vendor_admin.celery import app
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.organizations.turns import NoTurn

AGAIN_SECONDS, AGAIN_SPREAD_SECONDS = 2, 20


@app.task
def renew_due_links() -> None:
    """Ask for the renewal of every link whose access token ends soon. What waits longer is asked for anew."""
    for organization_id, link_id in renewal.due_links(now=database_clock.now()):
        renew_link.apply_async(args=[organization_id, link_id], retry=False, expires=60)


@app.task(bind=True)
def renew_link(self: Task, organization_id: int, link_id: int) -> None:
    """Renew one link, unless another worker is at it. Where there is no turn it comes again, as long as it was asked
    for: by then others have gone, and what is sent anew stays no more than what is due.
    """
    try:
        renewal.renew_link(organization_id=organization_id, link_id=link_id, now=database_clock.now())
    except NoTurn:
        if self.request.expires:
            until = datetime.fromisoformat(self.request.expires)
            again = AGAIN_SECONDS + link_id % AGAIN_SPREAD_SECONDS
            self.apply_async(args=[organization_id, link_id], retry=False, countdown=again, expires=until)


@app.task
def forget_old_sign_ins() -> None:
    """Delete attempts, members' sessions, portals' tokens and Django sessions that are long over."""
    now = database_clock.now()
    for organization_id in Organization.objects.values_list("id", flat=True):
        attempts.forget_old_attempts(organization_id=organization_id, now=now)
        member_sessions.forget_old_sessions(organization_id=organization_id, now=now)
        with organization_scope(organization_id):
            tokens.forget_old(now=now)
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
