"""What restarting every sync worker would cost now: how many sockets open at once, and how long others stay down.

Each socket needs a sync request, of which the platform takes 300 an hour from one address, for all organizations.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TypedDict

from django.db.models import F

from vendor_admin.organizations.models import Organization, RateLock
from vendor_admin.organizations.platform_access import budgets
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.sync.models import Lease
from vendor_admin.sync.socket.access import sync_key

AT_ONCE_WITHIN = timedelta(seconds=1)
LATE_AFTER = timedelta(minutes=10)


class RestartCost(TypedDict):
    """What a restart now would do to the sockets of one address of the platform.

    `at_once` open within a second, `one_by_one` within ten minutes; `stay_down` is how many wait longer, for what
    earlier tries have used up, the first of them until `down_until`. All are open at `all_open_at`.
    """

    address: str
    sockets: int
    requests_left: int
    at_once: int
    one_by_one: int
    stay_down: int
    down_until: datetime | None
    all_open_at: datetime | None


def restart_costs(*, now: datetime) -> list[RestartCost]:
    """One for each address that sockets are open at, most sockets first. `now` is the database's. Four queries."""
    sockets: dict[str, int] = defaultdict(int)
    with organization_scope(*Organization.objects.values_list("pk", flat=True)):
        wanted = Lease.objects.filter(connection__is_enabled=True, shard__lt=F("connection__shard_count"))
        for rest_url in wanted.values_list("connection__rest_url", flat=True):
            sockets[rest_url] += 1
    of_address: dict[tuple[str, str], int] = defaultdict(int)
    for rest_url, count in sockets.items():
        of_address[budgets.address_subject(rest_url), sync_key(rest_url)] += count
    keys = [key for _, key in of_address]
    uses = budgets.uses_in_window(keys, now=now)
    subjects = [subject for subject, _ in of_address]
    locks = dict(RateLock.objects.filter(key__in=[*keys, *subjects], until__gt=now).values_list("key", "until"))
    costs = [
        _cost(subject, count, uses[key], opens_from=max(locks.get(key, now), locks.get(subject, now)), now=now)
        for (subject, key), count in of_address.items()
    ]
    return sorted(costs, key=lambda cost: (-cost["sockets"], cost["address"]))


def opening_times(uses: Iterable[datetime], count: int, *, now: datetime) -> list[datetime]:
    """When so many sockets may open, one after the other, by the hour's budget and what has been used of it."""
    budget, window = budgets.SOCKET_SYNC, budgets.one_window() * budgets.WINDOW_MARGIN
    drawn, first, moment = sorted(uses), 0, now
    times = []
    for _ in range(count):
        while True:
            while first < len(drawn) and drawn[first] <= moment - window:
                first += 1
            if len(drawn) - first >= budget.limit:
                free_at = drawn[-budget.limit] + window
            elif len(drawn) - first >= budget.spaced_from:
                free_at = drawn[-1] + budgets.scaled(budget.spacing_seconds)
            else:
                free_at = moment
            if free_at <= moment:
                break
            moment = free_at
        drawn.append(moment)
        times.append(moment)
    return times


def in_words(cost: RestartCost) -> str:
    """One sentence about what a restart would do, for people."""
    text = f"A restart of the sync workers now: {cost['at_once']:,} of {cost['sockets']:,} sockets open at once"
    if cost["one_by_one"]:
        text += f", {cost['one_by_one']:,} one by one within minutes"
    if cost["stay_down"] and cost["down_until"] and cost["all_open_at"]:
        text += (
            f", {cost['stay_down']:,} stay down until {cost['down_until']:%H:%M} UTC or later,"
            f" the last until {cost['all_open_at']:%H:%M} UTC"
        )
    return f"{text} ({cost['address']}: {cost['requests_left']:,} of {budgets.SOCKET_SYNC.limit} sync requests left)."


def _cost(address: str, count: int, uses: Sequence[datetime], *, opens_from: datetime, now: datetime) -> RestartCost:
    times = opening_times(uses, count, now=opens_from)
    late = [one for one in times if one > now + LATE_AFTER]
    at_once = sum(one <= now + AT_ONCE_WITHIN for one in times)
    return RestartCost(
        address=address,
        sockets=count,
        requests_left=max(0, budgets.SOCKET_SYNC.limit - len(uses)),
        at_once=at_once,
        one_by_one=count - at_once - len(late),
        stay_down=len(late),
        down_until=late[0] if late else None,
        all_open_at=times[-1] if times else None,
    )
