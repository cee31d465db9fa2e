"""Gathers what is known of members for lifecycle.py: from the mirrors, the notices and, for times, the event log."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from accounts.in_force import Holdings, holdings_of, permission_is_in_force, plugin_runs
from accounts.members.lifecycle import UNCONFIRMED, Facts
from accounts.subscriptions.agreements import is_sim_plus, signatures_of
from vendor_admin.mirrors.models import Account, PlatformUser, TradingPermission
from vendor_admin.mirrors.queries.lookups import load
from vendor_admin.sync.models import EntityEvent
from vendor_admin.tradovate.trading_calendar import at_central_time, session_date

MOST_EVENTS = 500


def facts_of(user_ids: Iterable[int], *, organization_id: int, now: datetime) -> dict[int, Facts]:
    """The facts of each member that the mirror knows. A constant number of queries."""
    ids = sorted(set(user_ids))
    users = load(PlatformUser, organization_id=organization_id, ids=ids)
    held = holdings_of(ids, organization_id=organization_id)
    account_ids = [one.account_id for each in held.values() for one in each.permissions]
    accounts = load(Account, organization_id=organization_id, ids=account_ids)
    archived = {id_ for id_ in account_ids if (row := accounts.get(id_, "demo")) is not None and row.archived}
    signed = signatures_of(ids, organization_id=organization_id)
    today = session_date(now)
    return {
        user_id: _facts(user, held[user_id], signed=signed, archived=archived, today=today)
        for user_id in ids
        if (user := users.get(user_id)) is not None
    }


def confirmed_at(user_id: int, *, organization_id: int) -> datetime | None:
    """When the e-mail address was confirmed, by the log: when the user was last seen to change from an unconfirmed
    state. None where the log does not reach that far back. One query.
    """
    events = EntityEvent.objects.filter(
        organization_id=organization_id, entity_type="user", entity_id=user_id, environment="live"
    ).order_by("-received_at", "-id")[:MOST_EVENTS]
    later: datetime | None = None
    for received_at, payload in events.values_list("received_at", "payload"):
        if payload.get("status") in UNCONFIRMED:
            return later
        later = received_at
    return None


def _facts(
    user: PlatformUser,
    held: Holdings,
    *,
    signed: Mapping[int, datetime | None],
    archived: set[int | None],
    today: date,
) -> Facts:
    sim_plus = [one for one in held.plugins if is_sim_plus(one)]
    running = [one for one in sim_plus if plugin_runs(one, today=today)]
    in_force = {one.account_id for one in held.permissions if permission_is_in_force(one)} - archived
    ended = {one.account_id for one in held.permissions} - in_force
    subscriptions = Holdings(held.memberships, held.plugins, held.market_data)
    first = min(running, key=lambda one: one.entity_id, default=None)
    return Facts(
        status=user.status,
        invited_at=user.timestamp,
        has_signed=user.entity_id in signed or bool(sim_plus),
        signed_at=signed.get(user.entity_id),
        is_entitled=bool(running),
        was_entitled=bool(sim_plus),
        entitled_at=(first.timestamp or _start_of(first.start_date)) if first is not None else None,
        accounts_in_force=len(in_force),
        accounts_ended=len(ended),
        accounts_archived=len(ended & archived),
        active_at=_first_update(held.permissions, in_force),
        ended_at=_last_end(held.permissions) if not in_force else None,
        has_subscriptions=subscriptions.has_anything_going_on(today=today),
        had_subscriptions=bool(held.memberships or held.plugins or held.market_data),
        is_hibernated=bool(user.hibernated),
        is_deleted=user.deleted_at is not None,
    )


def _first_update(permissions: Sequence[TradingPermission], account_ids: set[Any]) -> datetime | None:
    times = [one.updated for one in permissions if one.account_id in account_ids and one.updated is not None]
    return min(times, default=None)


def _last_end(permissions: Sequence[TradingPermission]) -> datetime | None:
    times = [one.updated for one in permissions if not permission_is_in_force(one) and one.updated is not None]
    return max(times, default=None)


def _start_of(day: date | None) -> datetime | None:
    return at_central_time(day) if day is not None else None
