"""Simulated accounts made from a template, with permission, balance and risk settings.

The template carries risk category, auto-liq profile and time period; daily loss and drawdown come with the call.
"""

import re

from vendor_admin.sandbox.world.state import Entity, Record
from vendor_admin.sandbox.writes.batches import each_item
from vendor_admin.sandbox.writes.bodies import fields_of
from vendor_admin.sandbox.writes.checks import need_length, need_positive
from vendor_admin.sandbox.writes.desk import Desk
from vendor_admin.sandbox.writes.hidden import Template, templates_of
from vendor_admin.sandbox.writes.refusals import RefusalError
from vendor_admin.sandbox.writes.requests import CreateEvaluationAccounts, EvaluationAccount, OpenDemoAccount
from vendor_admin.sandbox.writes.risk_requests import PostTradeRisk, PreTradeRisk
from vendor_admin.sandbox.writes.rules.auto_liq import need_sound_settings
from vendor_admin.sandbox.writes.rules.cash import log_cash, open_balance
from vendor_admin.sandbox.writes.rules.permissions import grant
from vendor_admin.sandbox.writes.rules.position_limits import add_limit, need_sound_limit
from vendor_admin.tradovate.enums import Environment

MOST_ACCOUNTS = 100
_NAME = re.compile(r"[A-Z]+[0-9]+")
_MARGINS = (
    "initialMargin",
    "maintenanceMargin",
    "autoLiqLevel",
    "liqOnlyLevel",
    "totalUsedMargin",
    "fullInitialMargin",
    "positionMargin",
    "totalUsedFullMargin",
)


def create_evaluation_accounts(desk: Desk, request: CreateEvaluationAccounts) -> Entity:
    """Make up to a hundred accounts, each with its permission; each succeeds or fails by itself."""
    if not request.accounts:
        raise RefusalError("Empty accounts")
    if len(request.accounts) > MOST_ACCOUNTS:
        raise RefusalError(f"Only {MOST_ACCOUNTS} accounts are allowed in single operation")
    taken = _names_in_use(desk)

    def create(wanted: EvaluationAccount) -> Entity:
        user = desk.book().get("user", wanted.user_id)
        if user is None:
            raise RefusalError("User not found")
        account = _create_account(desk, wanted, user, taken)
        permission = grant(desk, account, user)
        return {"accountId": account.entity["id"], "tradingPermissionId": permission["id"]}

    return {"results": each_item(desk, request.accounts, create)}


def open_demo_account(desk: Desk, request: OpenDemoAccount) -> Entity:
    """Make one account of the caller's own, without a permission; the older way."""
    if request.template_account_id is None or request.name is None or request.initial_balance is None:
        raise RefusalError("Template Account Id, Name and Initial Balance should be specified")
    wanted = EvaluationAccount(
        user_id=desk.admin_user_id,
        template_account_id=request.template_account_id,
        name=request.name,
        initial_balance=request.initial_balance,
        pre_trade_risk=request.pre_trade_risk,
        post_trade_risk=request.default_auto_liq,
    )
    account = _create_account(desk, wanted, desk.own("user", desk.admin_user_id), _names_in_use(desk))
    return {"accountId": account.entity["id"]}


def _names_in_use(desk: Desk) -> set[str]:
    """Names of simulated accounts on the whole platform."""
    return {
        record.entity["name"]
        for organization_id in desk.world.organizations
        for record in desk.world.book(Environment.DEMO, organization_id).all("account")
    }


def _create_account(desk: Desk, wanted: EvaluationAccount, user: Record, taken: set[str]) -> Record:
    need_length("Name", wanted.name, least=1, most=64)
    if not _NAME.fullmatch(wanted.name):
        raise RefusalError("Name should be capital letters followed by digits")
    if wanted.name in taken:
        raise RefusalError("Account name is already in use")
    template = templates_of(desk.book(), desk.organization).get(wanted.template_account_id)
    if template is None:
        raise RefusalError("Template account not found")
    need_positive("Initial Balance", wanted.initial_balance)
    settings = wanted.post_trade_risk or PostTradeRisk()
    need_sound_settings(settings)
    for limit in wanted.pre_trade_risk or ():
        need_sound_limit(desk, limit)
    account = _account(desk, wanted, user, template)
    _money(desk, account, wanted.initial_balance)
    _risk(desk, account, settings, template, balance=wanted.initial_balance)
    _limits(desk, account, wanted.pre_trade_risk or [])
    taken.add(wanted.name)
    return account


def _account(desk: Desk, wanted: EvaluationAccount, user: Record, template: Template) -> Record:
    account_id, user_id = desk.new_id("account"), user.entity["id"]
    entity = {
        "id": account_id,
        "name": wanted.name,
        "userId": user_id,
        "accountType": "Customer",
        "restricted": False,
        "closed": False,
        "clearingHouseId": 2,
        "riskCategoryId": template.risk_category_id,
        "autoLiqProfileId": template.auto_liq_profile_id,
        "marginAccountType": "Speculator",
        "legalStatus": "Individual",
        "archived": False,
        "timestamp": desk.at,
        "evaluationSize": wanted.initial_balance,
        "active": True,
    }
    desk.create("account", entity, account_id=account_id, user_id=user_id)
    return desk.own("account", account_id)


def _money(desk: Desk, account: Record, amount: float) -> None:
    balance = open_balance(desk, account, amount=amount, at_session_start=amount)
    log_cash(desk, account, balance, delta=round(amount, 2), change_type="NewSession", senderId=desk.admin_user_id)


def _risk(desk: Desk, account: Record, settings: PostTradeRisk, template: Template, *, balance: float) -> None:
    account_id = account.entity["id"]
    owner = {"account_id": account_id, "user_id": account.user_id}
    desk.create("userAccountAutoLiq", {"id": account_id, **fields_of(settings)}, **owner)
    status = {
        "id": account_id,
        "adminAction": "Normal",
        "adminTimestamp": desk.at,
        "userTriggeredLiqOnly": False,
        "maxNetLiq": balance,
        "minNetLiq": balance,
    }
    desk.create("accountRiskStatus", status, **owner)
    margin: Entity = {"id": account_id, "timestamp": desk.at, **dict.fromkeys(_MARGINS, 0.0)}
    if template.risk_time_period_id is not None:
        margin["riskTimePeriodId"] = template.risk_time_period_id
    desk.create("marginSnapshot", margin, **owner)


def _limits(desk: Desk, account: Record, limits: list[PreTradeRisk]) -> None:
    for limit in limits:
        add_limit(desk, account, limit)
