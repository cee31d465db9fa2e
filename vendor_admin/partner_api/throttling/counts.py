"""Counts requests by minute, of each caller and of the whole organization.

One statement counts and reads. It locks two rows, so it belongs into a short transaction of its own: within that of
the request it would let the requests of one key wait for each other.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Greatest

from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import ask_in_scope
from vendor_admin.partner_api.access.last_use import MAY_BE_LOST
from vendor_admin.partner_api.models import RequestCount
from vendor_admin.partner_api.request_errors import TooManyRequests
from vendor_admin.partner_api.throttling.allowance import WINDOW, Allowance, headers_of, minute_of

# Limits look back two minutes; the pages of keys tell the requests of a day.
KEPT_FOR = timedelta(hours=25)
WHOLE_ORGANIZATION = ""

# What is refused is not counted: whoever sends too much gets their quota, and not nothing. Requests that arrive in the
# same moment may see the same counts: the limit is then passed by as many as are served at once.
_COUNT = """
WITH seen AS (
    SELECT asked.caller, asked.quota,
           coalesce(sum(kept.count) FILTER (WHERE kept.minute = %(minute)s), 0) AS current,
           coalesce(sum(kept.count) FILTER (WHERE kept.minute = %(before)s), 0) AS previous
    FROM (VALUES (%(caller)s, %(quota)s), (%(whole)s, %(whole_quota)s)) AS asked (caller, quota)
    LEFT JOIN partner_api_requestcount kept ON kept.organization_id = %(organization)s
        AND kept.caller = asked.caller AND kept.minute IN (%(minute)s, %(before)s)
    GROUP BY asked.caller, asked.quota
), counted AS (
    INSERT INTO partner_api_requestcount (organization_id, caller, minute, count)
    SELECT %(organization)s, caller, %(minute)s, 1 FROM seen
    WHERE NOT EXISTS (SELECT FROM seen WHERE current + previous * %(share)s + 1 > quota)
    ORDER BY caller DESC
    ON CONFLICT (organization_id, caller, minute) DO UPDATE SET count = partner_api_requestcount.count + 1
    RETURNING 1
)
SELECT caller, current, previous FROM seen
"""


@dataclass(frozen=True, slots=True)
class Turn:
    """Whether a request may be served, and what its answer says of limits. `caller` is who it was counted for."""

    is_allowed: bool
    retry_after_seconds: int
    headers: dict[str, str]
    caller: str
    minute: datetime


def take_turn(*, organization: Organization, caller: str, now: datetime) -> Turn:
    """Count a request of a caller, unless the caller or the organization sent too many. One trip to the server."""
    minute = minute_of(now)
    into_minute = (now - minute).total_seconds()
    limits = {
        caller: ("key", settings.PARTNER_API_REQUESTS_A_MINUTE),
        WHOLE_ORGANIZATION: ("organization", settings.PARTNER_API_ORGANIZATION_REQUESTS_A_MINUTE),
    }
    parameters = {
        "organization": organization.pk,
        "caller": caller,
        "quota": limits[caller][1],
        "whole": WHOLE_ORGANIZATION,
        "whole_quota": limits[WHOLE_ORGANIZATION][1],
        "minute": minute,
        "before": minute - WINDOW,
        "share": 1 - into_minute / WINDOW.total_seconds(),
    }
    rows = ask_in_scope(organization.pk, _COUNT, parameters, settings=MAY_BE_LOST)
    seen = {caller: (int(current), int(previous)) for caller, current, previous in rows}
    before = [Allowance(name, limit, *seen[who], into_minute) for who, (name, limit) in limits.items()]
    used_up = [one for one in before if one.is_used_up]
    counted = 0 if used_up else 1
    after = [Allowance(one.name, one.limit, one.current + counted, one.previous, one.into_minute) for one in before]
    return Turn(
        is_allowed=not used_up,
        retry_after_seconds=max((one.seconds_until_one_more for one in used_up), default=0),
        headers=headers_of(after),
        caller=caller,
        minute=minute,
    )


def too_many(turn: Turn) -> TooManyRequests:
    """The error of a request that was not allowed its turn."""
    seconds = turn.retry_after_seconds
    return TooManyRequests(f"Too many requests. The next one is answered in {seconds} s.", retry_after_seconds=seconds)


def give_back(*, organization_id: int, turn: Turn) -> None:
    """Take back the counting of a request that cost nothing, as repeats do. Inside the scope. Two queries."""
    counts = RequestCount.objects.filter(
        organization_id=organization_id, caller__in=(turn.caller, WHOLE_ORGANIZATION), minute=turn.minute
    )
    # In the order in which `take_turn` locks them.
    ids = list(counts.order_by("-caller").select_for_update().values_list("pk", flat=True))
    RequestCount.objects.filter(pk__in=ids).update(count=Greatest(F("count") - 1, 0))
