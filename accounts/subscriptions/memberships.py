"""Memberships (Tradovate subscriptions) of members: adding and cancelling them, as plans (LIVE).

Plug-ins are in entitlements.py, market data in market_data.py; ending everything of a member is in cancelling.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from accounts.billing.billing_account import Charges
from accounts.billing.renewal_warnings import warning_for_ending
from accounts.in_force import LIVE, asks_of_additions, membership_runs, rows_of_members
from accounts.plan_input import id_in, is_over, unknown_fields
from vendor_admin.mirrors.models import PlatformUser, TradovateSubscription, TradovateSubscriptionPlan
from vendor_admin.mirrors.queries.lookups import load
from vendor_admin.mirrors.readings import Ask
from vendor_admin.operations.kinds import Call, Json, PlanRequest, RowDraft, Target, plain
from vendor_admin.operations.models import PlanRow
from vendor_admin.operations.precedence import Aspect
from vendor_admin.organizations.roles import Right
from vendor_admin.tradovate.operations.subscriptions import (
    ADD_TRADOVATE_SUBSCRIPTION,
    CANCEL_TRADOVATE_SUBSCRIPTION,
    AddTradovateSubscription,
    CancelTradovateSubscription,
    entity_in,
)
from vendor_admin.tradovate.trading_calendar import session_date

PLAN = "tradovateSubscriptionPlanId"
NO_MEMBER = "The organization has no such member."
NO_MEMBERSHIP = "The platform has no such membership."
BILLED = "A month that has begun stays billed."


class AddMemberships:
    """Targets are members; `wanted` names the `tradovateSubscriptionPlanId`, and may name the `accountId` that pays."""

    name = "add_memberships"
    title = "Add memberships"
    right = Right.MANAGE_SUBSCRIPTIONS
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

    def calls(self, rows: Sequence[PlanRow], *, parameters: Mapping[str, Json], reason: str) -> Iterable[Call]:
        for row in rows:
            request = AddTradovateSubscription(
                tradovate_subscription_plan_id=row.new[PLAN],
                account_id=row.new.get("accountId"),
                user_id=row.new["userId"],
            )
            yield Call(ADD_TRADOVATE_SUBSCRIPTION, LIVE, request, [row])

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
                made_id(row, ADD_TRADOVATE_SUBSCRIPTION.path, "tradovateSubscription")
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
            draft.why_skipped = NO_MEMBER
        elif why := unknown_fields(target.wanted, (PLAN, "accountId")):
            draft.why_skipped = why
        elif plan is None or plan.deleted_at is not None:
            draft.why_skipped = f"The platform has no membership plan {target.wanted.get(PLAN)}."
        else:
            draft.label = f"{plan} for {user}"
            draft.old = {PLAN: None}
            draft.new = {"userId": target.entity_id, PLAN: plan.entity_id}
            if is_over(plan.discontinued_date, today=today):
                draft.why_skipped = f"{plan} is discontinued."
            elif plan.trial:
                draft.warnings.append("A trial is given once: the platform refuses whoever had it before.")
        return draft


class CancelMemberships:
    """Targets are memberships, by id. `wanted` may hold `expire` (end at once, not with its period) and a
    `cancelReason`.
    """

    name = "cancel_memberships"
    title = "Cancel memberships"
    right = Right.MANAGE_SUBSCRIPTIONS
    is_money = False
    is_sensitive = False
    changes = Aspect.MEMBERSHIP
    consequence = BILLED

    def drafts(self, request: PlanRequest) -> Sequence[RowDraft]:
        ids = [target.entity_id for target in request.targets]
        memberships = load(TradovateSubscription, organization_id=request.organization_id, ids=ids)
        found = [one for one in (memberships.get(id_, LIVE) for id_ in ids) if one is not None]
        users = load(PlatformUser, organization_id=request.organization_id, ids=[one.user_id for one in found])
        plans = load(
            TradovateSubscriptionPlan,
            organization_id=request.organization_id,
            ids=[one.tradovate_subscription_plan_id for one in found],
        )
        drafts = []
        for target in request.targets:
            one = memberships.get(target.entity_id, LIVE)
            draft = self._draft(target, one, today=session_date(request.now))
            if one is not None:
                plan = plans.get(one.tradovate_subscription_plan_id, LIVE)
                user = users.get(one.user_id)
                draft.label = f"{plan or 'membership'} of {user or f'member {one.user_id}'}"
            if not draft.why_skipped and (warning := warning_for_ending(request.now)):
                draft.warnings.append(warning)
            drafts.append(draft)
        return drafts

    def calls(self, rows: Sequence[PlanRow], *, parameters: Mapping[str, Json], reason: str) -> Iterable[Call]:
        for row in rows:
            request = CancelTradovateSubscription(
                tradovate_subscription_id=row.target_id or 0,
                cancel_reason=row.wanted.get("cancelReason") or reason or None,
                expire=True if row.wanted.get("expire") else None,
            )
            yield Call(CANCEL_TRADOVATE_SUBSCRIPTION, LIVE, request, [row])

    def revert(self, rows: Sequence[PlanRow]) -> tuple[str, Sequence[Target]] | None:
        """Add again what ended at once, as new memberships, billed anew. One that runs on cannot be made to renew."""
        targets = [
            Target("user", row.old["userId"], {PLAN: row.old[PLAN]}, label=row.label)
            for row in rows
            if row.wanted.get("expire") and row.old.get(PLAN) is not None
        ]
        return (AddMemberships.name, targets) if targets else None

    def _draft(self, target: Target, one: TradovateSubscription | None, *, today: date) -> RowDraft:
        draft = RowDraft(target, LIVE, target.label or f"membership {target.entity_id}")
        if one is None or one.deleted_at is not None:
            draft.why_skipped = NO_MEMBERSHIP
            return draft
        ends_now = bool(target.wanted.get("expire"))
        draft.old = {
            "userId": one.user_id,
            PLAN: one.tradovate_subscription_plan_id,
            "cancelledRenewal": bool(one.cancelled_renewal),
            "expirationDate": plain(one.expiration_date),
        }
        draft.new = {**draft.old, "cancelledRenewal": True} | ({"expirationDate": "at once"} if ends_now else {})
        if why := unknown_fields(target.wanted, ("expire", "cancelReason")):
            draft.why_skipped = why
        elif not membership_runs(one, today=today) and one.cancelled_renewal:
            draft.why_skipped = "It is over already."
        elif one.cancelled_renewal and not ends_now:
            draft.why_skipped = "It is cancelled already, and ends with its period."
        return draft


def made_id(row: PlanRow, path: str, field: str) -> int | None:
    """The id of what the platform made for a row, by its answer; None where it was found by reading instead."""
    made = entity_in(row.result.get(path), field)
    return made["id"] if made is not None else None


def _skip_if_running(draft: RowDraft, one: TradovateSubscription | None) -> None:
    if one is None:
        return
    draft.old = {**draft.old, PLAN: one.tradovate_subscription_plan_id}
    if one.cancelled_renewal:
        draft.why_skipped = (
            f"The member has it until {plain(one.expiration_date)}, without renewal: end it at once, then add it again."
        )
    else:
        draft.why_skipped = "The member has this membership already."
