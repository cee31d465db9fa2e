"""The banner above every page of staff: which environments are not live, so that what is shown may be old."""

from django import template
from django.utils import timezone

from vendor_admin.organizations.models import Connection
from vendor_admin.sync.freshness import Freshness, freshness

register = template.Library()


@register.simple_tag(takes_context=True)
def not_live(context: template.Context) -> list[Freshness]:
    """The environments of the organization that have a connection, or had one, and are not live. One query."""
    organization = getattr(context.get("request"), "organization", None)
    if organization is None:
        return []
    found = freshness(organization_id=organization.pk, now=timezone.now())
    return [one for one in found if one.is_known and not one.is_live]


@register.simple_tag
def socket_state(connection: Connection) -> Freshness:
    """Whether a connection's sockets are live. One query."""
    (state,) = freshness(
        organization_id=connection.organization_id, now=timezone.now(), environments=(connection.environment,)
    )
    return state
