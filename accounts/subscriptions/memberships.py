"""Memberships (Tradovate subscriptions) of members: adding and cancelling them, as plans (LIVE).

Plug-ins are in entitlements.py, market data in market_data.py; ending everything of a member is in cancelling.py.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from accounts.billing.billing_account import Charges
from accounts.billing.renewal_warnings import warning_for_ending
from accounts.in_force import LIVE, asks_of_additions, membership_runs, rows_of_members
from accounts.plan_input import id_in, is_over, unknown_fields
from accounts.subscriptions.inputs import MembershipToAdd, MembershipToCancel
from vendor_admin.mirrors.models import PlatformUser, TradovateSubscription, TradovateSubscriptionPlan
from vendor_admin.mirrors.queries.lookups import load
from vendor_admin.mirrors.readings import Ask
from vendor_admin.operations.inputs.declaration import PlanInput
from vendor_admin.operations.kinds import Json, OneEntity, OneWrite, PlanRequest, RowDraft, Target, plain
from vendor_admin.operations.models import PlanRow
from vendor_admin.operations.plans.made import answered_id
from vendor_admin.operations.precedence import Aspect
from vendor_admin.operations.skip_reasons import SkipReason
from vendor_admin.organizations.roles import Right
from vendor_admin.tradovate.catalogue.request import Request
from vendor_admin.tradovate.operations.subscriptions import (
    ADD_TRADOVATE_SUBSCRIPTION,
    CANCEL_TRADOVATE_SUBSCRIPTION,
    AddTradovateSubscription,
    CancelTradovateSubscription,
)
from vendor_admin.tradovate.trading_calendar import session_date

PLAN = "tradovateSubscriptionPlanId"
BILLED = "A month that has begun stays billed."


class AddMemberships(OneWrite):
    """Targets are members; `wanted` names the `tradovateSubscriptionPlanId`, and may name the `accountId` that pays."""

    name = "add_memberships"
    title = "Add memberships"
    write = ADD_TRADOVATE_SUBSCRIPTION
    right = Right.MANAGE_SUBSCRIPTIONS
    takes = PlanInput(MembershipToAdd)
    is_money = True
    is_sensitive = True
    changes = Aspect.MEMBERSHIP

    def asks(self, request: PlanRequest) -> Sequence[Ask]:
        plan_ids = [id_in(one.wanted, PLAN) for one in request.targets]
        return asks_of_additions(request, held="tradovateSubscription", sold="tradovateSubscriptionPlan", ids=plan_ids)

    def drafts(self, request: PlanRequest) -> Sequence[RowDraft]:
        user_ids = [one.entity_id for one in request.targets]
        plan_ids = [id_in(one.wanted, PLAN) for one in request.targets]
        users = load(PlatformUser, organization_id=request.organization_id, ids=user_ids)
        plans = load(TradovateSubscriptionPlan, organization_id=request.organization_id, ids=plan_ids)
        today = session_date(request.now)
        held = rows_of_members(TradovateSubscription, user_ids, organization_id=request.organization_id)
        running = {
            (one.user_id, one.tradovate_subscription_plan_id): one for one in held if membership_runs(one, today=today)
        }
        charges = Charges(request, account_ids=[id_in(one.wanted, "accountId") for one in request.targets])
        drafts = []
        for target, plan_id in zip(request.targets, plan_ids, strict=True):
            plan = plans.get(plan_id, LIVE)
            draft = self._draft(target, users.get(target.entity_id), plan, today=today)
            if not draft.why_skipped:
                _skip_if_running(draft, running.get((target.entity_id, plan_id)))
            if not draft.why_skipped and plan is not None:
                charges.charge(draft, price=plan.price, account_id=id_in(target.wanted, "accountId"))
            drafts.append(draft)
        return drafts

    def request(self, row: PlanRow, *, parameters: Mapping[str, Json], reason: str) -> Request:
        return AddTradovateSubscription(
            tradovate_subscription_plan_id=row.new[PLAN],
            account_id=row.new.get("accountId"),
            user_id=row.new["userId"],
        )

    def revert(self, rows: Sequence[PlanRow]) -> tuple[str, Sequence[Target]] | None:
        """End at once what was added; the month stays billed."""
        user_ids = [row.target_id for row in rows]
        held = rows_of_members(TradovateSubscription, user_ids, organization_id=rows[0].organization_id)
        going_on = {
            (one.user_id, one.tradovate_subscription_plan_id): one.entity_id
            for one in held
            if not one.cancelled_renewal
        }
        return CancelMemberships.name, [
            Target(
                "tradovateSubscription",
                answered_id(row, self.write, "tradovateSubscription", "id")
                or going_on.get((row.target_id, row.new[PLAN])),
                {"expire": True},
                label=row.label,
            )
            for row in rows
        ]

    def _draft(
        self, target: Target, user: PlatformUser | None, plan: TradovateSubscriptionPlan | None, *, today: date
    ) -> RowDraft:
        draft = RowDraft(target, LIVE, target.label or f"member {target.entity_id}")
        if user is None or user.deleted_at is not None:
            draft.why_skipped = SkipReason.NO_MEMBER
        elif why := unknown_fields(target.wanted, (PLAN, "accountId")):
            draft.why_skipped = why
        elif plan is None or plan.deleted_at is not None:
            draft.why_skipped = SkipReason.NOT_THERE_BY_ID.format("membership plan", target.wanted.get(PLAN))
        else:
            draft.label = f"{plan} for {user}"
            draft.old = {PLAN: None}
            draft.new = {"userId": target.entity_id, PLAN: plan.entity_id}
            if is_over(plan.discontinued_date, today=today):
                draft.why_skipped = SkipReason.DISCONTINUED.format(plan)
            elif plan.trial:
                draft.warnings.append("A trial is given once: the platform refuses whoever had it before.")
        return draft


class CancelMemberships(OneEntity[TradovateSubscription]):
    """Targets are memberships, by id. `wanted` may hold `expire` (end at once, not with its period) and a
    `cancelReason`.
    """

    name = "cancel_memberships"
    title = "Cancel memberships"
    write = CANCEL_TRADOVATE_SUBSCRIPTION
    model = TradovateSubscription
    environment = LIVE
    noun = "membership"
    right = Right.MANAGE_SUBSCRIPTIONS
    takes = PlanInput(MembershipToCancel)
    changes = Aspect.MEMBERSHIP
    consequence = BILLED

    def prepare(
        self, request: PlanRequest, rows: Sequence[TradovateSubscription]
    ) -> Callable[[RowDraft, TradovateSubscription], None]:
        users = load(PlatformUser, organization_id=request.organization_id, ids=[one.user_id for one in rows])
        plans = load(
            TradovateSubscriptionPlan,
            organization_id=request.organization_id,
            ids=[one.tradovate_subscription_plan_id for one in rows],
        )
        today, warning = session_date(request.now), warning_for_ending(request.now)

        def fill(draft: RowDraft, membership: TradovateSubscription) -> None:
            plan = plans.get(membership.tradovate_subscription_plan_id, LIVE) or self.noun
            draft.label = f"{plan} of {users.get(membership.user_id) or f'member {membership.user_id}'}"
            _fill_cancelled(draft, membership, today=today)
            if warning and not draft.why_skipped:
                draft.warnings.append(warning)

        return fill

    def request(self, row: PlanRow, *, parameters: Mapping[str, Json], reason: str) -> Request:
        return CancelTradovateSubscription(
            tradovate_subscription_id=row.target_id or 0,
            cancel_reason=row.wanted.get("cancelReason") or reason or None,
            expire=True if row.wanted.get("expire") else None,
        )

    def revert(self, rows: Sequence[PlanRow]) -> tuple[str, Sequence[Target]] | None:
        """Add again what ended at once, as new memberships, billed anew. One that runs on cannot be made to renew."""
        targets = [
            Target("user", row.old["userId"], {PLAN: row.old[PLAN]}, label=row.label)
            for row in rows
            if row.wanted.get("expire") and row.old.get(PLAN) is not None
        ]
        return (AddMemberships.name, targets) if targets else None


def _skip_if_running(draft: RowDraft, one: TradovateSubscription | None) -> None:
    if one is None:
        return
    draft.old = {**draft.old, PLAN: one.tradovate_subscription_plan_id}
    if one.cancelled_renewal:
        draft.why_skipped = SkipReason.RUNS_OUT.format(plain(one.expiration_date))
    else:
        draft.why_skipped = SkipReason.HAS_IT.format("membership")


def _fill_cancelled(draft: RowDraft, one: TradovateSubscription, *, today: date) -> None:
    ends_now = bool(draft.target.wanted.get("expire"))
    draft.old = {
        "userId": one.user_id,
        PLAN: one.tradovate_subscription_plan_id,
        "cancelledRenewal": bool(one.cancelled_renewal),
        "expirationDate": plain(one.expiration_date),
    }
    draft.new = {**draft.old, "cancelledRenewal": True} | ({"expirationDate": "at once"} if ends_now else {})
    if why := unknown_fields(draft.target.wanted, ("expire", "cancelReason")):
        draft.why_skipped = why
    elif not membership_runs(one, today=today) and one.cancelled_renewal:
        draft.why_skipped = SkipReason.OVER
    elif one.cancelled_renewal and not ends_now:
        draft.why_skipped = SkipReason.ENDS_WITH_PERIOD
