"""Members of the organization: creating them, as plans (LIVE). Changes of members are in members/changes.py.

A member cannot be deleted again; what was given along can be cancelled (see cancelling.py).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from accounts.billing.renewal_warnings import warning_for_adding
from accounts.external_references import EXTERNAL_ID, keep_references, set_apart_taken
from accounts.in_force import LIVE
from accounts.members.inputs import NewMember
from accounts.members.passwords import password_fault
from accounts.members.uniqueness import Taken, set_apart_twice, taken_of
from accounts.plan_input import id_in, ids_in, is_over, unknown_fields
from accounts.subscriptions.agreements import is_sim_plus
from vendor_admin.mirrors.external_ids import Kind
from vendor_admin.mirrors.models import Entitlement, TradovateSubscriptionPlan
from vendor_admin.mirrors.queries.lookups import Rows, load
from vendor_admin.mirrors.readings import Ask
from vendor_admin.operations.inputs.declaration import PlanInput
from vendor_admin.operations.kinds import Json, OneWrite, PlanRequest, RowDraft, Target
from vendor_admin.operations.models import PlanRow
from vendor_admin.operations.plans.charges import total_of
from vendor_admin.operations.skip_reasons import SkipReason
from vendor_admin.organizations.roles import Right
from vendor_admin.tradovate.catalogue.request import Request
from vendor_admin.tradovate.operations.evaluation_users import (
    CREATE_EVALUATION_USERS,
    CreateEvaluationUsers,
    EvaluationUser,
)
from vendor_admin.tradovate.trading_calendar import session_date

PLAN, ENTITLEMENTS = "tradovateSubscriptionPlanId", "entitlementIds"
FIELDS = ("name", "email", "firstName", "lastName", PLAN, ENTITLEMENTS, EXTERNAL_ID)


class CreateMembers(OneWrite):
    """Targets are members to be made: `wanted` holds FIELDS, the last two of which may be left out, and `secrets` the
    `password`.

    Nothing is reverted: the platform deletes no users. Cancel the members to end what they were given.
    """

    name = "create_members"
    title = "Create members"
    write = CREATE_EVALUATION_USERS
    right = Right.MANAGE_MEMBERS
    takes = PlanInput(NewMember)
    is_sensitive = True
    next_action = "create-accounts-for-members"
    followed_paths = (CREATE_EVALUATION_USERS.path,)

    def asks(self, request: PlanRequest) -> Sequence[Ask]:
        """What new members are given, for its price; of members without any of it nothing needs to be read."""
        wanted = [one.wanted for one in request.targets]
        entitlement_ids = [one for each in wanted for one in ids_in(each, ENTITLEMENTS) or ()]
        return [
            Ask(LIVE, TradovateSubscriptionPlan.entity_type, [id_in(one, PLAN) for one in wanted]),
            Ask(LIVE, Entitlement.entity_type, entitlement_ids),
        ]

    def drafts(self, request: PlanRequest) -> Sequence[RowDraft]:
        names, emails = ([str(one.wanted.get(name, "")) for one in request.targets] for name in ("name", "email"))
        offer = offer_of(request.targets, organization_id=request.organization_id, now=request.now)
        taken = taken_of(names=names, emails=emails, organization_id=request.organization_id)
        drafts = [_draft(target, taken, offer) for target in request.targets]
        set_apart_twice(drafts, "name", called="name", after_rows_of=request.after_rows_of)
        set_apart_twice(drafts, "email", called="e-mail address", after_rows_of=request.after_rows_of)
        set_apart_taken(drafts, kind=Kind.MEMBER, organization_id=request.organization_id)
        return drafts

    def follow_up(self, rows: Sequence[PlanRow], *, now: datetime) -> None:
        keep_references(rows, kind=Kind.MEMBER, environment="", now=now)

    def request(self, row: PlanRow, *, parameters: Mapping[str, Json], reason: str) -> Request:
        return CreateEvaluationUsers(users=(evaluation_user(row.wanted, row.secrets),))


@dataclass(frozen=True, slots=True)
class Offer:
    """The membership plans and entitlements that new members may be given, on a trade date."""

    plans: Rows
    entitlements: Rows
    today: date
    month_end: str = ""

    def why_not(self, wanted: Mapping[str, Json]) -> str:
        """Say why a new member cannot be given what is asked for; empty if nothing speaks against it."""
        plan = self.plans.get(id_in(wanted, PLAN), LIVE)
        if wanted.get(PLAN) is not None and (plan is None or plan.deleted_at is not None):
            return SkipReason.NOT_THERE_BY_ID.format("membership plan", wanted[PLAN])
        if plan is not None and is_over(plan.discontinued_date, today=self.today):
            return SkipReason.DISCONTINUED.format(plan)
        if wanted.get(ENTITLEMENTS) is not None and ids_in(wanted, ENTITLEMENTS) is None:
            return SkipReason.ENTITLEMENTS_ARE_A_LIST
        for entitlement_id in ids_in(wanted, ENTITLEMENTS) or ():
            one = self.entitlements.get(entitlement_id, LIVE)
            if one is None or one.deleted_at is not None:
                return SkipReason.NOT_THERE_BY_ID.format("entitlement", entitlement_id)
            if is_sim_plus(one):
                return SkipReason.SIM_PLUS_LATER.format(one)
            if is_over(one.discontinued_date, today=self.today):
                return SkipReason.DISCONTINUED.format(one)
        return ""

    def named(self, wanted: Mapping[str, Json]) -> dict[str, Json]:
        """What is wanted, with the names of the plan and the entitlements in place of their ids."""
        named = {name: value for name, value in wanted.items() if name not in (PLAN, ENTITLEMENTS)}
        if wanted.get(PLAN) is not None:
            named["membership plan"] = str(self.plans.get(id_in(wanted, PLAN), LIVE) or wanted[PLAN])
        if ids := ids_in(wanted, ENTITLEMENTS):
            named["entitlements"] = ", ".join(str(self.entitlements.get(one, LIVE) or one) for one in ids)
        return named

    def cost(self, wanted: Mapping[str, Json]) -> Decimal | None:
        """What a new member's plan and entitlements cost for the first period; None where a price is not known."""
        given = [self.plans.get(id_in(wanted, PLAN), LIVE)]
        given += [self.entitlements.get(one, LIVE) for one in ids_in(wanted, ENTITLEMENTS) or ()]
        return total_of([one.price for one in given if one is not None])


def offer_of(targets: Iterable[Target], *, organization_id: int, now: datetime) -> Offer:
    """The plans and entitlements that these targets name. Two queries."""
    wanted = [target.wanted for target in targets]
    entitlement_ids = [one for each in wanted for one in ids_in(each, ENTITLEMENTS) or ()]
    return Offer(
        load(TradovateSubscriptionPlan, organization_id=organization_id, ids=[id_in(one, PLAN) for one in wanted]),
        load(Entitlement, organization_id=organization_id, ids=entitlement_ids),
        session_date(now),
        warning_for_adding(now),
    )


def evaluation_user(wanted: Mapping[str, Json], secrets: Mapping[str, Json]) -> EvaluationUser:
    """The platform's item for a member to be made, unchecked: what is wrong with it shows when it is validated."""
    entitlement_ids = wanted.get(ENTITLEMENTS)
    return EvaluationUser(
        name=wanted.get("name", ""),
        email=wanted.get("email", ""),
        password=secrets.get("password", ""),
        first_name=wanted.get("firstName", ""),
        last_name=wanted.get("lastName", ""),
        tradovate_subscription_plan_id=wanted.get(PLAN),
        entitlement_ids=tuple(entitlement_ids) if entitlement_ids else None,
    )


def _draft(target: Target, taken: Taken, offer: Offer) -> RowDraft:
    wanted = target.wanted
    name, email = str(wanted.get("name", "")), str(wanted.get("email", ""))
    draft = RowDraft(target, LIVE, target.label or f"{name} <{email}>")
    draft.new = offer.named({name: value for name, value in wanted.items() if value is not None})
    fault = password_fault(target.secrets.get("password"), name=name, email=email)
    draft.why_skipped = (
        unknown_fields(wanted, FIELDS)
        or taken.why_not(name=name, email=email)
        or offer.why_not(wanted)
        or (SkipReason.PASSWORD.format(fault) if fault else "")
    )
    if not draft.why_skipped:
        draft.cost = offer.cost(wanted)
        if offer.month_end and (wanted.get(PLAN) or wanted.get(ENTITLEMENTS)):
            draft.warnings.append(offer.month_end)
    return draft
