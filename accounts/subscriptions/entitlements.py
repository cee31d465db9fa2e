"""Entitlements of members and the plug-ins they become: adding, approving and withdrawing them, as plans (LIVE).

Sim+ (T-Prop) is given only after the member signed the market data agreement (see agreements.py).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date

from accounts.billing.billing_account import Charges
from accounts.in_force import LIVE, asks_of_additions, plugin_runs, rows_of_members
from accounts.plan_input import id_in, is_over, unknown_fields
from accounts.subscriptions.agreements import is_sim_plus, signatures_of
from accounts.subscriptions.inputs import Agreement, EntitlementChange, EntitlementToAdd
from vendor_admin.mirrors.models import Entitlement, PlatformUser, UserPlugin
from vendor_admin.mirrors.queries.lookups import load
from vendor_admin.mirrors.readings import Ask
from vendor_admin.operations.inputs.declaration import PlanInput
from vendor_admin.operations.kinds import Json, OneEntity, OneWrite, PlanRequest, RowDraft, Target
from vendor_admin.operations.models import PlanRow
from vendor_admin.operations.plans.made import answered_id
from vendor_admin.operations.skip_reasons import SkipReason
from vendor_admin.organizations.roles import Right
from vendor_admin.tradovate.catalogue.request import Request
from vendor_admin.tradovate.operations.subscriptions import (
    ADD_ENTITLEMENT_SUBSCRIPTION,
    CHANGE_PLUGIN_PERMISSION,
    AddEntitlementSubscription,
    ChangePluginPermission,
)
from vendor_admin.tradovate.trading_calendar import session_date

ENTITLEMENT = "entitlementId"
SIGNED_BY_WORD = "Nothing here shows the signature: you say that the member signed. Otherwise the platform refuses."
AGREEMENT_KNOWN = "agreementKnown"


class AddEntitlements(OneWrite):
    """Targets are members; `wanted` names the `entitlementId`, and may name the `accountId` that pays.

    With the parameter `agreementKnown` the person vouches for signatures of which no notice was received.
    """

    name = "add_entitlements"
    title = "Add entitlements"
    write = ADD_ENTITLEMENT_SUBSCRIPTION
    right = Right.MANAGE_SUBSCRIPTIONS
    takes = PlanInput(EntitlementToAdd, Agreement)
    is_money = True
    is_sensitive = True

    def asks(self, request: PlanRequest) -> Sequence[Ask]:
        entitlement_ids = [id_in(one.wanted, ENTITLEMENT) for one in request.targets]
        return asks_of_additions(request, held="userPlugin", sold="entitlement", ids=entitlement_ids)

    def drafts(self, request: PlanRequest) -> Sequence[RowDraft]:
        user_ids = [one.entity_id for one in request.targets]
        entitlement_ids = [id_in(one.wanted, ENTITLEMENT) for one in request.targets]
        users = load(PlatformUser, organization_id=request.organization_id, ids=user_ids)
        entitlements = load(Entitlement, organization_id=request.organization_id, ids=entitlement_ids)
        plugins = rows_of_members(UserPlugin, user_ids, organization_id=request.organization_id)
        today = session_date(request.now)
        running = {(one.user_id, one.entitlement_id) for one in plugins if plugin_runs(one, today=today)}
        signed = signers(user_ids, plugins=plugins, organization_id=request.organization_id)
        charges = Charges(request, account_ids=[id_in(one.wanted, "accountId") for one in request.targets])
        is_vouched_for = request.parameters.get(AGREEMENT_KNOWN) is True
        drafts = []
        for target, entitlement_id in zip(request.targets, entitlement_ids, strict=True):
            entitlement = entitlements.get(entitlement_id, LIVE)
            draft = _added(target, users.get(target.entity_id), entitlement, today=today)
            if not draft.why_skipped and (target.entity_id, entitlement_id) in running:
                draft.why_skipped = SkipReason.HAS_IT.format("entitlement")
            needs_signature = entitlement is not None and is_sim_plus(entitlement) and target.entity_id not in signed
            if needs_signature and not draft.why_skipped:
                _without_signature(draft, is_vouched_for=is_vouched_for)
            if entitlement is not None and not draft.why_skipped:
                charges.charge(draft, price=entitlement.price, account_id=id_in(target.wanted, "accountId"))
            drafts.append(draft)
        return drafts

    def request(self, row: PlanRow, *, parameters: Mapping[str, Json], reason: str) -> Request:
        return AddEntitlementSubscription(
            entitlement_id=row.new[ENTITLEMENT],
            account_id=row.new.get("accountId"),
            user_id=row.new["userId"],
        )

    def revert(self, rows: Sequence[PlanRow]) -> tuple[str, Sequence[Target]] | None:
        """Withdraw what was added; the month stays billed."""
        user_ids = [row.target_id for row in rows]
        held = rows_of_members(UserPlugin, user_ids, organization_id=rows[0].organization_id)
        approved = {(one.user_id, one.entitlement_id): one.entity_id for one in held if one.approval}
        return ChangePlugins.name, [
            Target(
                "userPlugin",
                answered_id(row, self.write, "entitlementSubscription", "id")
                or approved.get((row.target_id, row.new[ENTITLEMENT])),
                {"approval": False},
                expected={"approval": True},
                label=row.label,
            )
            for row in rows
        ]


class ChangePlugins(OneEntity[UserPlugin]):
    """Targets are plug-ins, by id; `wanted` says whether the `approval` is given. It is free of charge."""

    name = "change_plugin_permissions"
    title = "Approve or withdraw plug-ins"
    write = CHANGE_PLUGIN_PERMISSION
    model = UserPlugin
    environment = LIVE
    noun = "plug-in"
    right = Right.MANAGE_SUBSCRIPTIONS
    takes = PlanInput(EntitlementChange)

    def prepare(self, request: PlanRequest, rows: Sequence[UserPlugin]) -> Callable[[RowDraft, UserPlugin], None]:
        user_ids = [plugin.user_id for plugin in rows]
        users = load(PlatformUser, organization_id=request.organization_id, ids=user_ids)
        held = rows_of_members(UserPlugin, user_ids, organization_id=request.organization_id)
        newest = {(one.user_id, one.plugin_name): one.entity_id for one in held}

        def fill(draft: RowDraft, plugin: UserPlugin) -> None:
            draft.label = f"{plugin.plugin_name} of {users.get(plugin.user_id) or f'member {plugin.user_id}'}"
            if not plugin.plugin_name:
                draft.why_skipped = SkipReason.NOT_THERE.format(self.noun)
                return
            _fill_plugin(draft, plugin)
            is_newest = newest.get((plugin.user_id, plugin.plugin_name), plugin.entity_id) == plugin.entity_id
            if not draft.why_skipped and not is_newest:
                draft.why_skipped = SkipReason.NEWER_PLUGIN

        return fill

    def request(self, row: PlanRow, *, parameters: Mapping[str, Json], reason: str) -> Request:
        return ChangePluginPermission(
            user_id=row.new["userId"], plugin_name=row.new["pluginName"], approval=row.new["approval"]
        )

    def revert(self, rows: Sequence[PlanRow]) -> tuple[str, Sequence[Target]] | None:
        return ChangePlugins.name, [
            Target(
                "userPlugin",
                row.target_id,
                {"approval": row.old["approval"]},
                expected={"approval": row.new["approval"]},
                label=row.label,
            )
            for row in rows
        ]


def signers(user_ids: Iterable[int | None], *, plugins: Iterable[UserPlugin], organization_id: int) -> set[int]:
    """Those of these members who signed the agreement: by a notice, or since they hold or held Sim+. One query."""
    held = {one.user_id for one in plugins if is_sim_plus(one) and one.user_id is not None}
    return held | set(signatures_of(user_ids, organization_id=organization_id))


def _added(target: Target, user: PlatformUser | None, entitlement: Entitlement | None, *, today: date) -> RowDraft:
    draft = RowDraft(target, LIVE, target.label or f"member {target.entity_id}")
    if user is None or user.deleted_at is not None:
        draft.why_skipped = SkipReason.NO_MEMBER
    elif why := unknown_fields(target.wanted, (ENTITLEMENT, "accountId")):
        draft.why_skipped = why
    elif entitlement is None or entitlement.deleted_at is not None:
        draft.why_skipped = SkipReason.NOT_THERE_BY_ID.format("entitlement", target.wanted.get(ENTITLEMENT))
    else:
        draft.label = f"{entitlement} for {user}"
        draft.old = {ENTITLEMENT: None}
        draft.new = {"userId": target.entity_id, ENTITLEMENT: entitlement.entity_id, "approval": True}
        if is_over(entitlement.discontinued_date, today=today):
            draft.why_skipped = SkipReason.DISCONTINUED.format(entitlement)
    return draft


def _without_signature(draft: RowDraft, *, is_vouched_for: bool) -> None:
    if is_vouched_for:
        draft.warnings.append(SIGNED_BY_WORD)
    else:
        draft.why_skipped = SkipReason.NO_AGREEMENT


def _fill_plugin(draft: RowDraft, plugin: UserPlugin) -> None:
    wanted = draft.target.wanted.get("approval")
    draft.old = {
        "userId": plugin.user_id,
        "pluginName": plugin.plugin_name,
        "approval": plugin.approval is not False,
    }
    draft.new = {**draft.old, "approval": wanted}
    if not isinstance(wanted, bool) or len(draft.target.wanted) > 1:
        draft.why_skipped = SkipReason.NO_APPROVAL
    elif draft.old["approval"] is wanted:
        draft.why_skipped = SkipReason.ALREADY.format("approved" if wanted else "withdrawn")
