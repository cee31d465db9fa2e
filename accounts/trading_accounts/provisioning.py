"""Making simulated accounts from a template, as plans (DEMO). Each comes with its trading permission and its risk.

A template carries risk category, auto-liq profile and time period, but no daily loss and no trailing drawdown
(partner.ninjatrader.com, account-provisioning): those are sent with the creation or the account has none.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from accounts.external_references import keep_references, set_apart_taken
from accounts.permissions.plans import RevokePermissions
from accounts.trading_accounts.inputs import NewAccount
from vendor_admin.mirrors.external_ids import Kind
from vendor_admin.mirrors.models import Account, PlatformUser, TradingPermission
from vendor_admin.mirrors.queries.lookups import load
from vendor_admin.operations.inputs.declaration import PlanInput
from vendor_admin.operations.kinds import Json, OneWrite, PlanRequest, RowDraft, Target, plain
from vendor_admin.operations.models import Plan, PlanRow
from vendor_admin.operations.plans.made import answered_id
from vendor_admin.operations.plans.preview import faults_in_words
from vendor_admin.operations.skip_reasons import SkipReason
from vendor_admin.organizations.roles import Right
from vendor_admin.tradovate.catalogue.replaced_settings import names_of
from vendor_admin.tradovate.catalogue.request import Request, body_of
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.errors import InvalidRequest
from vendor_admin.tradovate.operations.evaluation_accounts import (
    CREATE_EVALUATION_ACCOUNTS,
    EvaluationAccount,
)

DEMO = Environment.DEMO.value
NO_DAILY_LOSS = "No daily loss limit: templates carry none, so this account will have none."
NO_DRAWDOWN = "No trailing drawdown: templates carry none, so this account will have none."
MEMBER_CLOSED = "The member is closed at the platform."
_PLANS_LOOKED_AT = 50
_FIELDS = names_of(EvaluationAccount)
_DAILY_LOSS = {"dailyLossAutoLiq", "dailyLossPercentageAutoLiq"}


class CreateAccounts(OneWrite):
    """Targets have no id yet (entity type account). `wanted` and the plan's parameters together make the account.

    Fields: `userId`, `templateAccountId`, `name` (capital letters, then digits), `initialBalance`, `preTradeRisk` (a
    list of position limits with `parameters`), `postTradeRisk` (auto-liq thresholds). The target wins.
    """

    name = "create_accounts"
    title = "Create accounts"
    write = CREATE_EVALUATION_ACCOUNTS
    followed_paths = (CREATE_EVALUATION_ACCOUNTS.path,)
    right = Right.CREATE_ACCOUNTS
    takes = PlanInput(NewAccount)
    is_sensitive = True

    def drafts(self, request: PlanRequest) -> Sequence[RowDraft]:
        all_asked = [_asked(target.wanted, request.parameters) for target in request.targets]
        names = [asked.get("name") for asked in all_asked]
        user_ids = [one if isinstance(one, int) else None for one in (asked.get("userId") for asked in all_asked)]
        users = load(PlatformUser, organization_id=request.organization_id, ids=user_ids)
        texts = [name for name in names if isinstance(name, str)]
        taken = set(
            Account.objects.filter(
                organization_id=request.organization_id,
                environment=DEMO,
                deleted_at__isnull=True,
                name__in=texts,
            ).values_list("name", flat=True)
        )
        if request.after_rows_of is not None:
            before = PlanRow.objects.filter(plan=request.after_rows_of, state=PlanRow.State.PLANNED)
            taken.update(before.filter(new__name__in=texts).values_list("new__name", flat=True))
        drafts = []
        for target, asked, user_id in zip(request.targets, all_asked, user_ids, strict=True):
            draft = _draft(target, asked, user=users.get(user_id), now=request.now)
            if not draft.why_skipped and asked["name"] in taken:
                draft.why_skipped = SkipReason.NAME_TAKEN.format(asked["name"])
            elif not draft.why_skipped:
                taken.add(asked["name"])
            drafts.append(draft)
        set_apart_taken(drafts, kind=Kind.ACCOUNT, organization_id=request.organization_id)
        return drafts

    def follow_up(self, rows: Sequence[PlanRow], *, now: datetime) -> None:
        keep_references(rows, kind=Kind.ACCOUNT, environment=DEMO, now=now)

    def request(self, row: PlanRow, *, parameters: Mapping[str, Json], reason: str) -> Request:
        return CREATE_EVALUATION_ACCOUNTS.parse({"accounts": [_asked(row.wanted, parameters)]})

    def revert(self, rows: Sequence[PlanRow]) -> tuple[str, Sequence[Target]] | None:
        """Revoke the permissions that were made with the accounts, which the platform then archives."""
        ids = _permission_ids(rows)
        targets = [Target(TradingPermission.entity_type, ids[row.pk], label=row.label) for row in rows if row.pk in ids]
        return (RevokePermissions.name, targets) if targets else None


def templates_used(*, organization_id: int) -> list[int]:
    """Ids of the templates that the last plans made accounts from, the newest first. One query."""
    plans = Plan.objects.filter(organization_id=organization_id, kind=CreateAccounts.name, started_at__isnull=False)
    used = plans.order_by("-id").values_list("parameters__templateAccountId", flat=True)[:_PLANS_LOOKED_AT]
    return list(dict.fromkeys(one for one in used if isinstance(one, int)))


def _asked(wanted: Mapping[str, Json], parameters: Mapping[str, Json]) -> dict[str, object]:
    """The account as the platform is asked for it. A threshold of zero is none."""
    given = {**parameters, **wanted}
    asked = {name: given[name] for name in _FIELDS if given.get(name) not in (None, "")}
    risk = asked.get("postTradeRisk")
    if isinstance(risk, dict):
        asked["postTradeRisk"] = {name: value for name, value in risk.items() if value not in (None, "", 0, "0")}
    return asked


def _draft(target: Target, asked: Mapping[str, object], *, user: PlatformUser | None, now: datetime) -> RowDraft:
    draft = RowDraft(target, DEMO, target.label or str(asked.get("name") or "an account without a name"))
    try:
        (account,) = CREATE_EVALUATION_ACCOUNTS.read({"accounts": [asked]}, now=now).accounts
    except InvalidRequest as invalid:
        draft.why_skipped = faults_in_words(invalid)
        return draft
    if user is None:
        draft.why_skipped = SkipReason.NO_MEMBER_BY_ID.format(account.user_id)
        return draft
    draft.label = f"{account.name} for {user}"
    draft.new = _as_made(account)
    if not draft.new.keys() & _DAILY_LOSS:
        draft.warnings.append(NO_DAILY_LOSS)
    if "trailingMaxDrawdown" not in draft.new:
        draft.warnings.append(NO_DRAWDOWN)
    if user.status == "Closed":
        draft.warnings.append(MEMBER_CLOSED)
    return draft


def _as_made(account: EvaluationAccount) -> dict[str, Json]:
    """What the new account will have; its thresholds under their own names."""
    new: dict[str, Json] = {
        "name": account.name,
        "userId": account.user_id,
        "templateAccountId": account.template_account_id,
        "amount": plain(account.initial_balance),
    }
    if account.post_trade_risk is not None:
        new |= {name: plain(value) for name, value in body_of(account.post_trade_risk).items()}
    if account.pre_trade_risk:
        new["preTradeRisk"] = msgspec.json.decode(msgspec.json.encode(account.pre_trade_risk))
    return new


def _permission_ids(rows: Sequence[PlanRow]) -> dict[int, int]:
    """The permission made with the account of each row, by the row's key: from the answer, else from the mirror."""
    made = {
        row.pk: id_
        for row in rows
        if (id_ := answered_id(row, CREATE_EVALUATION_ACCOUNTS, "tradingPermissionId")) is not None
    }
    others = [row for row in rows if row.pk not in made]
    if not others:
        return made
    own = {"organization_id": others[0].organization_id, "environment": DEMO, "deleted_at__isnull": True}
    names = [row.new["name"] for row in others]
    account_ids = dict(Account.objects.filter(**own, name__in=names).values_list("name", "entity_id"))
    permissions = TradingPermission.objects.filter(**own, account_id__in=account_ids.values()).order_by("entity_id")
    permission_ids = {(one.account_id, one.user_id): one.entity_id for one in permissions}
    for row in others:
        id_ = permission_ids.get((account_ids.get(row.new["name"]), row.new["userId"]))
        if id_ is not None:
            made[row.pk] = id_
    return made
