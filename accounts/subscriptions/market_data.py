"""Market data of members, month by month: adding and expiring it, as plans (LIVE).

From 19:00 Central on a month's last day only the next month may be added (see tradovate's trading_calendar): a
preview takes the month of its moment, and a plan that comes to be sent after the cut-over is not sent as it was.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from accounts.billing.billing_account import Charges
from accounts.billing.renewal_warnings import warning_for_ending
from accounts.in_force import LIVE, asks_of_additions, market_data_goes_on, rows_of_members
from accounts.plan_input import id_in, ids_in, is_over, unknown_fields
from accounts.subscriptions.inputs import MarketDataToAdd, MarketDataToExpire
from vendor_admin.mirrors.models import MarketDataSubscription, MarketDataSubscriptionPlan, PlatformUser
from vendor_admin.mirrors.queries.lookups import load
from vendor_admin.mirrors.readings import Ask
from vendor_admin.operations.inputs.declaration import PlanInput
from vendor_admin.operations.kinds import Json, OneEntity, OneWrite, PlanRequest, RowDraft, Target
from vendor_admin.operations.models import PlanRow
from vendor_admin.operations.plans.charges import total_of
from vendor_admin.operations.plans.made import answered_id
from vendor_admin.operations.skip_reasons import SkipReason
from vendor_admin.organizations.roles import Right
from vendor_admin.tradovate.catalogue.request import Request
from vendor_admin.tradovate.operations.market_data import (
    ADD_MARKET_DATA_SUBSCRIPTION,
    EXPIRE_MARKET_DATA_SUBSCRIPTION,
    AddMarketDataSubscription,
    ExpireMarketDataSubscription,
)
from vendor_admin.tradovate.trading_calendar import CalendarMonth, month_to_add, session_date

PLANS = "marketDataSubscriptionPlanIds"
FOR_OTHERS = "{} is for {} users, which this member is not: the platform may refuse it."
UNDOCUMENTED = "No public document of the platform describes this call."


class AddMarketData(OneWrite):
    """Targets are members; `wanted` names the `marketDataSubscriptionPlanIds`, all added by one call or none.

    It may name `year` and `month` (else it is the month that may be added now) and the `accountId` that pays.
    """

    name = "add_market_data"
    title = "Add market data"
    write = ADD_MARKET_DATA_SUBSCRIPTION
    right = Right.MANAGE_SUBSCRIPTIONS
    takes = PlanInput(MarketDataToAdd)
    is_money = True
    is_sensitive = True

    def asks(self, request: PlanRequest) -> Sequence[Ask]:
        plan_ids = [plan_id for one in request.targets for plan_id in ids_in(one.wanted, PLANS) or ()]
        return asks_of_additions(
            request, held="marketDataSubscription", sold="marketDataSubscriptionPlan", ids=plan_ids
        )

    def drafts(self, request: PlanRequest) -> Sequence[RowDraft]:
        user_ids = [one.entity_id for one in request.targets]
        plan_ids = {plan_id for one in request.targets for plan_id in ids_in(one.wanted, PLANS) or ()}
        users = load(PlatformUser, organization_id=request.organization_id, ids=user_ids)
        plans = load(MarketDataSubscriptionPlan, organization_id=request.organization_id, ids=plan_ids)
        held = defaultdict(set)
        for one in rows_of_members(MarketDataSubscription, user_ids, organization_id=request.organization_id):
            if not one.expired:
                held[one.user_id, one.year, one.month].add(one.market_data_subscription_plan_id)
        charges = Charges(request, account_ids=[id_in(one.wanted, "accountId") for one in request.targets])
        drafts = []
        for target in request.targets:
            month = _month_of(target, month_to_add(request.now))
            chosen: list[Any] = [plans.get(plan_id, LIVE) for plan_id in ids_in(target.wanted, PLANS) or ()]
            draft = _added(target, users.get(target.entity_id), chosen, month)
            if not draft.why_skipped:
                mine = held.get((target.entity_id, *month), set())
                _look_closer(draft, chosen, held=mine, month=month, today=session_date(request.now))
            if not draft.why_skipped:
                charges.charge(
                    draft, price=total_of([one.price for one in chosen]), account_id=id_in(target.wanted, "accountId")
                )
            drafts.append(draft)
        return drafts

    def request(self, row: PlanRow, *, parameters: Mapping[str, Json], reason: str) -> Request:
        return AddMarketDataSubscription(
            market_data_subscription_plan_ids=tuple(row.new[PLANS]),
            year=row.new["year"],
            month=row.new["month"],
            account_id=row.new.get("accountId"),
            user_id=row.new["userId"],
        )

    def revert(self, rows: Sequence[PlanRow]) -> tuple[str, Sequence[Target]] | None:
        """Expire what was added; the month stays billed. The answer names only one of several: the mirror the rest."""
        user_ids = [row.target_id for row in rows]
        held = rows_of_members(MarketDataSubscription, user_ids, organization_id=rows[0].organization_id)
        of_month = defaultdict(list)
        for one in held:
            if not one.expired:
                of_month[one.user_id, one.year, one.month].append(one)
        targets = []
        for row in rows:
            mine = of_month[row.target_id, row.new["year"], row.new["month"]]
            ids = {one.entity_id for one in mine if one.market_data_subscription_plan_id in row.new[PLANS]}
            ids |= {answered_id(row, self.write, "marketDataSubscription", "id")} - {None}
            targets += [
                Target("marketDataSubscription", id_, expected={"expired": False}, label=row.label)
                for id_ in sorted(ids) or [None]
            ]
        return ExpireMarketData.name, targets


class ExpireMarketData(OneEntity[MarketDataSubscription]):
    """Targets are market data subscriptions, by id: they no longer renew, and their month stays billed."""

    name = "expire_market_data"
    title = "Expire market data"
    write = EXPIRE_MARKET_DATA_SUBSCRIPTION
    model = MarketDataSubscription
    environment = LIVE
    noun = "market data subscription"
    right = Right.MANAGE_SUBSCRIPTIONS
    takes = PlanInput(MarketDataToExpire)
    consequence = UNDOCUMENTED
    together = ("userId", "year", "month")

    def prepare(
        self, request: PlanRequest, rows: Sequence[MarketDataSubscription]
    ) -> Callable[[RowDraft, MarketDataSubscription], None]:
        users = load(PlatformUser, organization_id=request.organization_id, ids=[one.user_id for one in rows])
        plans = load(
            MarketDataSubscriptionPlan,
            organization_id=request.organization_id,
            ids=[one.market_data_subscription_plan_id for one in rows],
        )
        today, warning = session_date(request.now), warning_for_ending(request.now)

        def fill(draft: RowDraft, one: MarketDataSubscription) -> None:
            plan = plans.get(one.market_data_subscription_plan_id, LIVE) or "market data"
            draft.label = f"{plan} {one.year}-{one.month} of {users.get(one.user_id) or f'member {one.user_id}'}"
            _fill_expired(draft, one, today=today)
            if warning and not draft.why_skipped:
                draft.warnings.append(warning)

        return fill

    def request(self, row: PlanRow, *, parameters: Mapping[str, Json], reason: str) -> Request:
        return ExpireMarketDataSubscription(market_data_subscription_id=row.target_id or 0)

    def revert(self, rows: Sequence[PlanRow]) -> tuple[str, Sequence[Target]] | None:
        """Add it again for the same month, as new subscriptions, billed anew."""
        wanted = defaultdict(list)
        for row in rows:
            wanted[tuple(row.old[name] for name in self.together)].append(row)
        targets = [
            Target(
                "user",
                user_id,
                {PLANS: [row.old["marketDataSubscriptionPlanId"] for row in group], "year": year, "month": month},
                label=group[0].label,
            )
            for (user_id, year, month), group in wanted.items()
        ]
        return AddMarketData.name, targets


def _month_of(target: Target, right: CalendarMonth) -> CalendarMonth:
    year, month = target.wanted.get("year"), target.wanted.get("month")
    return CalendarMonth(year, month) if isinstance(year, int) and isinstance(month, int) else right


def _added(target: Target, user: PlatformUser | None, chosen: Sequence[Any], month: CalendarMonth) -> RowDraft:
    draft = RowDraft(target, LIVE, target.label or f"member {target.entity_id}")
    if user is None or user.deleted_at is not None:
        draft.why_skipped = SkipReason.NO_MEMBER
    elif why := unknown_fields(target.wanted, (PLANS, "year", "month", "accountId")):
        draft.why_skipped = why
    elif not chosen or any(one is None or one.deleted_at is not None for one in chosen):
        draft.why_skipped = SkipReason.NOT_THERE_BY_ID.format("market data plan", target.wanted.get(PLANS))
    else:
        draft.label = f"{', '.join(map(str, chosen))} {month} for {user}"
        plan_ids = [one.entity_id for one in chosen]
        draft.new = {"userId": target.entity_id, PLANS: plan_ids, "year": month.year, "month": month.month}
        own_kind = "Professional" if user.professional else "NonProfessional"
        for plan in chosen:
            if plan.professional not in (None, "", "Either", own_kind):
                draft.warnings.append(FOR_OTHERS.format(plan, plan.professional))
    return draft


def _look_closer(
    draft: RowDraft,
    chosen: Sequence[MarketDataSubscriptionPlan],
    *,
    held: set[int | None],
    month: CalendarMonth,
    today: date,
) -> None:
    """Set apart what the member has already, and what is no longer sold."""
    draft.old = {PLANS: sorted(one for one in held if one is not None)}
    both = [str(one) for one in chosen if one.entity_id in held]
    over = [str(one) for one in chosen if is_over(one.discontinued_date, today=today)]
    if both:
        draft.why_skipped = SkipReason.HAS_FOR_MONTH.format(", ".join(both), month)
    elif over:
        draft.why_skipped = SkipReason.DISCONTINUED.format(", ".join(over))


def _fill_expired(draft: RowDraft, one: MarketDataSubscription, *, today: date) -> None:
    draft.old = {
        "userId": one.user_id,
        "marketDataSubscriptionPlanId": one.market_data_subscription_plan_id,
        "year": one.year,
        "month": one.month,
        "expired": bool(one.expired),
    }
    draft.new = {**draft.old, "expired": True}
    if one.expired:
        draft.why_skipped = SkipReason.EXPIRED
    elif not market_data_goes_on(one, today=today):
        draft.warnings.append("Its month is over: whether it has renewed shows in a subscription of a later month.")
