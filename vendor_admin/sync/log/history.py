"""Forgets old gaps, service events, comparisons and quarantined messages, in small transactions of the owner's
function.

Runs as the app role, which may delete none of them itself: the function knows the least ages.
"""

import structlog
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from vendor_admin.organizations.models import Organization
from vendor_admin.sync.log.retention import RETENTIONS, problem_of_retention

log = structlog.get_logger(__name__)

# A month of the log stays until all of it is old: the gaps in it stay as long.
_DAYS_OF_A_MONTH = 31
# What the function deletes at most.
_AT_ONCE = 1_000


def forget_old_history() -> dict[str, int]:
    """Delete what is past its days; returns how many of `gaps`, `service events`, `comparisons`, `quarantine`.

    A gap that is open or not repaired stays, and so does the newest comparison of each type. Gaps and service events
    stay as long as the event log. Raises ImproperlyConfigured for a retention that is too short, and deletes nothing
    then.
    """
    for name in RETENTIONS:
        if problem := problem_of_retention(name, getattr(settings, name)):
            raise ImproperlyConfigured(problem)
    days = {
        "gaps": settings.EVENT_RETENTION_DAYS + _DAYS_OF_A_MONTH,
        "service events": settings.EVENT_RETENTION_DAYS + _DAYS_OF_A_MONTH,
        "comparisons": settings.COMPARISON_RETENTION_DAYS,
        "quarantine": settings.QUARANTINE_RETENTION_DAYS,
    }
    forgotten = dict.fromkeys(days, 0)
    for organization_id in Organization.objects.values_list("id", flat=True):
        for what, kept_days in days.items():
            count = _AT_ONCE
            while count == _AT_ONCE:
                count = _forget(what, organization_id=organization_id, days=kept_days)
                forgotten[what] += count
    if any(forgotten.values()):
        log.info("sync.history_forgotten", **{what.replace(" ", "_"): count for what, count in forgotten.items()})
    return forgotten


def _forget(what: str, *, organization_id: int, days: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sync_forget_old(%s, %s, %s)", [what, organization_id, days])
        return int(cursor.fetchone()[0])
