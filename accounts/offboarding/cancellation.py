"""Ending everything of a member, on LIVE and DEMO, as one plan; and whether to revoke or to cancel.

A member takes two rows, one for each host, since each host ends its own part: see `targets_for`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from accounts.billing.renewal_warnings import warning_for_ending
from accounts.in_force import (
    DEMO,
    LIVE,
    Holdings,
    holdings_of,
    market_data_goes_on,
    membership_goes_on,
    permission_is_in_force,
    permission_stands,
    plugin_goes_on,
)
from accounts.offboarding.inputs import HOST, MemberToCancel, WhatEnds
from accounts.permissions.plans import OPEN_POSITIONS, accounts_with_positions
from vendor_admin.mirrors.models import PlatformUser
from vendor_admin.mirrors.queries.lookups import load
from vendor_admin.operations.inputs.declaration import PlanInput
from vendor_admin.operations.kinds import Json, OneWrite, PlanRequest, RowDraft, Target
from vendor_admin.operations.models import PlanRow
from vendor_admin.operations.skip_reasons import SkipReason
from vendor_admin.organizations.roles import Right
from vendor_admin.tradovate.catalogue.request import Request
from vendor_admin.tradovate.operations.cancelling import CANCEL_EVERYTHING, CancelEverything
from vendor_admin.tradovate.trading_calendar import session_date

WHAT_REVOKING_DOES = (
    "Revoking takes one account away from one trader, at once. Nothing else ends: memberships, plug-ins and market "
    "data go on, renew and are billed. Right for a trader who has other accounts."
)
WHAT_CANCELLING_DOES = (
    "Cancelling ends what a trader has: memberships, plug-ins and market data on LIVE, every trading permission on "
    "DEMO. All accounts are taken away at once, nothing renews any more, and a month that has begun stays billed in "
    "full. Right for a trader who has no other account. Do it after the end of the trading day, so that its records "
    "are finished, and before 19:00 Central on the last day of a month."
)
NOT_UNDONE = (
    "Cancelling cannot be undone: what ended can only be restored as something new, at new cost, and only while its "
    "accounts are not archived."
)
SWITCHES: Mapping[str, str] = {
    "tradovateSubscriptions": "memberships",
    "userPlugins": "plug-ins",
    "marketDataSubscriptions": "market data",
    "tradingPermissions": "trading permissions",
}
"""What cancelling may end: the platform's four switches, and their names for people. All are on unless turned off."""


class Ending(StrEnum):
    """How a trader's failed account is ended."""

    REVOKE = "revoke"
    CANCEL = "cancel"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What to do about accounts of one trader, and why in a sentence."""

    ending: Ending
    why: str


def propose_ending(*, in_force: Collection[int], to_end: Collection[int], has_subscriptions: bool) -> Proposal:
    """Revoke where the trader keeps other accounts, cancel where not.

    `in_force` are the accounts the trader may trade now, `to_end` those to be taken away.
    """
    others = set(in_force) - set(to_end)
    if others:
        count = f"{len(others)} other account{'s' if len(others) > 1 else ''}"
        return Proposal(Ending.REVOKE, f"The trader has {count}, which cancelling would end as well.")
    if not in_force and not has_subscriptions:
        return Proposal(Ending.NOTHING, "The trader has no account and no subscription that could be ended.")
    if has_subscriptions:
        return Proposal(Ending.CANCEL, "The trader has no other account, and subscriptions would go on and be billed.")
    return Proposal(Ending.CANCEL, "The trader has no other account.")


def proposals_for(
    accounts_to_end: Mapping[int, Collection[int]], *, organization_id: int, now: datetime
) -> dict[int, Proposal]:
    """What to do about each of these traders, by user id, whose accounts (by id) are to be ended. Four queries."""
    today = session_date(now)
    proposals = {}
    for user_id, held in holdings_of(accounts_to_end, organization_id=organization_id).items():
        in_force = {
            one.account_id for one in held.permissions if permission_is_in_force(one) and one.account_id is not None
        }
        subscriptions = Holdings(held.memberships, held.plugins, held.market_data)
        proposals[user_id] = propose_ending(
            in_force=in_force,
            to_end=accounts_to_end[user_id],
            has_subscriptions=subscriptions.has_anything_going_on(today=today),
        )
    return proposals


class CancelMembers(OneWrite):
    """Targets are members, once for each host: `wanted` holds the `environment` (see `targets_for`).

    The parameters may turn off any of SWITCHES. It is not urgent: sent before a permission that was granted earlier and
    still waits, it would leave that one standing. Who must stop trading at once is revoked (RevokePermissions).
    """

    name = "cancel_members"
    title = "Cancel members"
    write = CANCEL_EVERYTHING
    right = Right.CANCEL_MEMBERS
    takes = PlanInput(MemberToCancel, WhatEnds)
    is_sensitive = True
    consequence = NOT_UNDONE

    def drafts(self, request: PlanRequest) -> Sequence[RowDraft]:
        switches = _switches(request.parameters)
        user_ids = [target.entity_id for target in request.targets]
        users = load(PlatformUser, organization_id=request.organization_id, ids=user_ids)
        held = holdings_of(user_ids, organization_id=request.organization_id)
        account_ids = [one.account_id for each in held.values() for one in each.permissions if permission_stands(one)]
        with_positions = accounts_with_positions(account_ids, organization_id=request.organization_id)
        today, warning = session_date(request.now), warning_for_ending(request.now)
        drafts = []
        for target in request.targets:
            user = users.get(target.entity_id)
            draft = _draft(target, user, held.get(target.entity_id or 0, Holdings()), switches, today=today)
            if not draft.why_skipped and draft.environment == LIVE and warning:
                draft.warnings.append(warning)
            if draft.environment == DEMO and with_positions.intersection(_accounts_of(held, target)):
                draft.warnings.append(OPEN_POSITIONS)
            drafts.append(draft)
        return drafts

    def request(self, row: PlanRow, *, parameters: Mapping[str, Json], reason: str) -> Request:
        switches = _switches(parameters)
        return CancelEverything(
            user_ids=(row.target_id or 0,),
            tradovate_subscriptions=switches["tradovateSubscriptions"],
            user_plugins=switches["userPlugins"],
            market_data_subscriptions=switches["marketDataSubscriptions"],
            trading_permissions=switches["tradingPermissions"],
        )

    def revert(self, rows: Sequence[PlanRow]) -> tuple[str, Sequence[Target]] | None:
        """What ended can be restored, as new subscriptions and permissions, billed anew (restoration.py)."""
        targets = [
            Target(entity_type, entity_id, label=row.label)
            for row in rows
            for entity_type in ENDED_TYPES
            for entity_id in row.old.get(ids_field(entity_type), ())
        ]
        return (GIVE_AGAIN, targets) if targets else None


GIVE_AGAIN = "give_again"
ENDED_TYPES = ("tradovateSubscription", "userPlugin", "marketDataSubscription", "tradingPermission")


def ids_field(entity_type: str) -> str:
    """The field of a row that lists what ends of one entity type, as the platform's answer names it."""
    return f"{entity_type}Ids"


def _switches(parameters: Mapping[str, Json]) -> dict[str, bool]:
    return {name: parameters.get(name) is not False for name in SWITCHES}


def _accounts_of(held: Mapping[int, Holdings], target: Target) -> set[int]:
    mine = held.get(target.entity_id or 0, Holdings()).permissions
    return {one.account_id for one in mine if permission_stands(one) and one.account_id is not None}


def _draft(
    target: Target, user: PlatformUser | None, held: Holdings, switches: Mapping[str, bool], *, today: date
) -> RowDraft:
    host = target.wanted.get(HOST)
    draft = RowDraft(target, LIVE if host == LIVE else DEMO, target.label or f"member {target.entity_id}")
    if user is None or user.deleted_at is not None:
        draft.why_skipped = SkipReason.NO_MEMBER
        return draft
    if host not in (LIVE, DEMO):
        draft.why_skipped = SkipReason.NO_HOST
        return draft
    ends = _what_ends(held, host, today=today)
    chosen = {name: ids for (switch, name), ids in ends.items() if switches[switch]}
    draft.label = f"{user} on {host.upper()}: {_in_words(ends, switches) or 'nothing'}"
    draft.old, draft.new = chosen, {name: [] for name in chosen}
    if not any(chosen.values()):
        draft.why_skipped = SkipReason.NOTHING_GOES_ON.format(host.upper())
    return draft


def _what_ends(held: Holdings, host: str, *, today: date) -> dict[tuple[str, str], list[int]]:
    """(switch, field of the row) -> ids of what still goes on."""
    if host == DEMO:
        standing = [one.entity_id for one in held.permissions if permission_stands(one)]
        return {("tradingPermissions", "tradingPermissionIds"): standing}
    return {
        ("tradovateSubscriptions", "tradovateSubscriptionIds"): [
            one.entity_id for one in held.memberships if membership_goes_on(one, today=today)
        ],
        ("userPlugins", "userPluginIds"): [one.entity_id for one in held.plugins if plugin_goes_on(one, today=today)],
        ("marketDataSubscriptions", "marketDataSubscriptionIds"): [
            one.entity_id for one in held.market_data if market_data_goes_on(one, today=today)
        ],
    }


def _in_words(ends: Mapping[tuple[str, str], Sequence[int]], switches: Mapping[str, bool]) -> str:
    return ", ".join(
        f"{SWITCHES[switch]} ({len(ids)})" for (switch, _), ids in ends.items() if ids and switches[switch]
    )
