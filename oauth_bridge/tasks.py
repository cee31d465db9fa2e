"""Background work of member sign-in: each task calls one verb, and may run twice."""

from importlib import import_module

from django.conf import settings

from oauth_bridge import attempts, member_sessions, renewal
from oauth_bridge.portals import tokens
from vendor_admin.celery import app
from vendor_admin.organizations import database_clock
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.scope import organization_scope


@app.task
def renew_due_links() -> None:
    """Ask for the renewal of every link whose access token ends soon. What waits longer is asked for anew."""
    for organization_id, link_id in renewal.due_links(now=database_clock.now()):
        renew_link.apply_async(args=[organization_id, link_id], retry=False, expires=60)


@app.task
def renew_link(organization_id: int, link_id: int) -> None:
    """Renew one link, unless another worker is at it."""
    renewal.renew_link(organization_id=organization_id, link_id=link_id, now=database_clock.now())


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
