"""Giving back what a cancelling plan ended: new memberships, plug-ins, market data and trading permissions.

The platform cannot take a cancellation back; what ended can only be added anew, with new ids, and is billed anew.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from accounts.in_force import DEMO, LIVE
from accounts.offboarding.cancellation import ENDED_TYPES, GIVE_AGAIN, CancelMembers, ids_field
from accounts.offboarding.inputs import EndedThing
from accounts.permissions.plans import GrantPermissions
from accounts.subscriptions.entitlements import ENTITLEMENT, AddEntitlements
from accounts.subscriptions.market_data import PLANS, AddMarketData
from accounts.subscriptions.memberships import PLAN, AddMemberships
from vendor_admin.mirrors.columns import mirror_models
from vendor_admin.mirrors.queries.lookups import Rows, load
from vendor_admin.mirrors.readings import Ask
from vendor_admin.operations.inputs.declaration import PlanInput
from vendor_admin.operations.kinds import Call, DependsOnRows, Json, PlanKind, PlanRequest, RowDraft, Target
from vendor_admin.operations.models import PlanRow
from vendor_admin.operations.skip_reasons import SkipReason
from vendor_admin.organizations.roles import Right
from vendor_admin.tradovate.operations.permissions import CREATE_TRADING_PERMISSION, CreateTradingPermission

BILLED_ANEW = "Nothing of it is restored: each is a new one with a new id, billed anew."

_ADDING: Mapping[str, PlanKind] = {
    "tradovateSubscription": AddMemberships(),
    "userPlugin": AddEntitlements(),
    "marketDataSubscription": AddMarketData(),
    "tradingPermission": GrantPermissions(),
}
_ORDER = ("marketDataSubscription", "tradovateSubscription", "tradingPermission", "userPlugin")


class GiveAgain:
    """Targets are memberships, plug-ins, market data subscriptions and trading permissions, by entity type and id,
    that a plan of CancelMembers ended. Whoever may cancel may take that back, and nothing more.
    """

    name = GIVE_AGAIN
    title = "Restore cancelled access"
    right = Right.CANCEL_MEMBERS
    takes = PlanInput(EndedThing)
    is_money = True
    is_sensitive = True
    consequence = BILLED_ANEW

    def asks(self, request: PlanRequest) -> Sequence[Ask]:
        """What adding each of them anew depends on. What ended once stays as it is."""
        asks: list[Ask] = []
        for kind, _, again in _additions(request):
            asks += kind.asks(again) if isinstance(kind, DependsOnRows) else []
        return asks

    def drafts(self, request: PlanRequest) -> Sequence[RowDraft]:
        drafts = [RowDraft(one, LIVE, str(one.entity_id), why_skipped=SkipReason.NOT_OURS) for one in request.targets]
        for kind, places, again in _additions(request):
            for place, draft in zip(places, kind.drafts(again), strict=True):
                drafts[place] = _for_ended(request.targets[place], draft)
        _set_apart_twice(drafts, after_rows_of=request.after_rows_of)
        _set_apart_not_ours(drafts, organization_id=request.organization_id)
        return drafts

    def calls(self, rows: Sequence[PlanRow], *, parameters: Mapping[str, Json], reason: str) -> Iterable[Call]:
        """One call a row. Market data goes first and Sim+, which brings a month of it by itself, last: so no month is
        refused as one that the member has already."""
        for row in sorted(rows, key=lambda row: _ORDER.index(row.target_type)):
            if row.target_type == "tradingPermission":
                request = CreateTradingPermission(account_id=row.new["accountId"], user_id=row.new["userId"])
                yield Call(CREATE_TRADING_PERMISSION, DEMO, request, [row])
            else:
                yield from _ADDING[row.target_type].calls([row], parameters=parameters, reason=reason)

    def revert(self, rows: Sequence[PlanRow]) -> tuple[str, Sequence[Target]] | None:
        """Cancel the member again instead: it may have more by now."""
        return None


def _additions(request: PlanRequest) -> Iterator[tuple[PlanKind, list[int], PlanRequest]]:
    """The kinds that add what ended, each with the places of its targets and what is asked of it."""
    for entity_type in ENDED_TYPES:
        places = [place for place, one in enumerate(request.targets) if one.entity_type == entity_type]
        if not places:
            continue
        rows = load(
            mirror_models()[entity_type],
            organization_id=request.organization_id,
            ids=[request.targets[place].entity_id for place in places],
        )
        adding = [_adding(request.targets[place], rows) for place in places]
        yield (
            _ADDING[entity_type],
            places,
            replace(request, targets=adding),
        )


def _adding(target: Target, rows: Rows) -> Target:
    """The target of the kind that adds such a thing, made of what the mirror says of the one that ended."""
    one: Any = rows.get(target.entity_id, DEMO if target.entity_type == "tradingPermission" else LIVE)
    if one is None:
        return Target("user", None, label=target.label)
    match target.entity_type:
        case "tradovateSubscription":
            return Target("user", one.user_id, {PLAN: one.tradovate_subscription_plan_id})
        case "userPlugin":
            return Target("user", one.user_id, {ENTITLEMENT: one.entitlement_id})
        case "marketDataSubscription":
            return Target("user", one.user_id, {PLANS: [one.market_data_subscription_plan_id]})
        case _:
            return Target("account", one.account_id, {"userId": one.user_id})


def _for_ended(target: Target, draft: RowDraft) -> RowDraft:
    """The draft of an addition as that of a row about the thing that ended."""
    if target.entity_type == "tradingPermission":
        draft.new = {**draft.new, "accountId": draft.target.entity_id, "userId": draft.target.wanted.get("userId")}
    draft.target = target
    return draft


def _set_apart_twice(drafts: Sequence[RowDraft], *, after_rows_of: int | None) -> None:
    """Of two things that would be added alike, as the months of one market data plan are, only the first is."""
    seen: set[tuple[str, str]] = set()
    if after_rows_of is not None:
        user_ids = list({draft.new.get("userId") for draft in drafts} - {None})
        before = PlanRow.objects.filter(plan=after_rows_of, state=PlanRow.State.PLANNED, new__userId__in=user_ids)
        seen.update(_as_added(*row) for row in before.values_list("target_type", "new"))
    for draft in drafts:
        if draft.why_skipped:
            continue
        added = _as_added(draft.target.entity_type, draft.new)
        if added in seen:
            draft.why_skipped = SkipReason.GIVEN_TWICE
        seen.add(added)


def _as_added(entity_type: str, new: Mapping[str, Json]) -> tuple[str, str]:
    return entity_type, json.dumps(new, sort_keys=True)


def _set_apart_not_ours(drafts: Sequence[RowDraft], *, organization_id: int) -> None:
    """Skip what no cancelling plan of the organization ended. One query."""
    of_members = PlanRow.objects.filter(
        organization_id=organization_id,
        plan__kind=CancelMembers.name,
        state=PlanRow.State.SUCCEEDED,
        target_type="user",
        target_id__in={draft.new.get("userId") for draft in drafts if not draft.why_skipped},
    )
    ended = {
        (entity_type, entity_id)
        for old in of_members.values_list("old", flat=True)
        for entity_type in ENDED_TYPES
        for entity_id in old.get(ids_field(entity_type), ())
    }
    for draft in drafts:
        if not draft.why_skipped and (draft.target.entity_type, draft.target.entity_id) not in ended:
            draft.why_skipped = SkipReason.NOT_OURS
