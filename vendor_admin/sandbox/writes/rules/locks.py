"""Locks of accounts and their risk categories, set by the organization's administrator.

A lock stays until `Normal` is set. An account whose permissions are all revoked is accepted without a word.
"""

from vendor_admin.sandbox.trading.execution import Execution
from vendor_admin.sandbox.trading.surveillance.breaches import act_for_admin, look_at_limits
from vendor_admin.sandbox.world.state import Entity
from vendor_admin.sandbox.writes.checks import need_positive
from vendor_admin.sandbox.writes.desk import Desk
from vendor_admin.sandbox.writes.refusals import MissingError, RefusalError
from vendor_admin.sandbox.writes.requests import AccountId
from vendor_admin.sandbox.writes.risk_requests import SetAdminAutoLiqAction, SwitchRiskCategory
from vendor_admin.sandbox.writes.rules.risk_status import change_risk_status

MOST_ACCOUNTS = 10_000
MOST_REASON = 8_192
ACTIONS = ("Normal", "LockTradingImmediately", "LiquidateImmediately", "LiquidateOnlyModeImmediately")
REASON_CODES = (
    "CloseAMLDecision",
    "CloseComplianceDecision",
    "CloseCustomerRequest",
    "CloseDeceased",
    "CloseEscheatment",
    "CloseFraud",
    "CloseInactiveUnfundedAccount",
    "FullBalanceWithdrawal",
    "RestrictedAMLRequest",
    "RestrictedAccountsRequest",
    "RestrictedComplianceRequest",
    "RestrictedRiskRestriction",
    "RestrictedTreasuryRequest",
    "RestrictedW8Expired",
    "Other",
)


def set_admin_auto_liq_action(desk: Desk, request: SetAdminAutoLiqAction) -> Entity:
    """Lock, liquidate, restrict to closing, or unlock one account."""
    need_positive("Account Id", request.account_id)
    if request.admin_action not in ACTIONS:
        raise RefusalError("Admin Action should be between Normal and LiquidateImmediately")
    if request.admin_action_reason_code not in REASON_CODES:
        raise RefusalError("Admin Action Reason Code should be between CloseAMLDecision and Other")
    reason = request.admin_action_reason or ""
    if len(reason) > MOST_REASON:
        raise RefusalError(f"Admin Action Reason should be no longer than {MOST_REASON}")
    if request.admin_action_reason_code == "Other" and not reason:
        raise RefusalError("Admin Action Reason should be specified")
    account = desk.own("account", request.account_id)
    restricts = request.admin_action == "LiquidateOnlyModeImmediately"
    status = change_risk_status(
        desk,
        request.account_id,
        adminAction=request.admin_action,
        adminTimestamp=desk.at,
        liquidateOnly=desk.at if restricts else None,
    )
    desk.exchange.after(desk, lambda execution: act_for_admin(execution, account, request.admin_action))
    return {"accountRiskStatus": status}


def reset_auto_liq_status(desk: Desk, request: AccountId) -> Entity:
    """Clear what auto-liquidation set."""
    account = desk.own("account", request.account_id)
    status = change_risk_status(
        desk,
        request.account_id,
        adminAction="Normal",
        adminTimestamp=desk.at,
        liquidateOnly=None,
        userTriggeredLiqOnly=False,
    )
    desk.exchange.after(desk, lambda execution: act_for_admin(execution, account, "Normal"))
    return {"accountRiskStatus": status}


def switch_risk_category(desk: Desk, request: SwitchRiskCategory) -> Entity:
    """Move accounts to a category; those already there are passed over, an unknown id stops everything with a 404.

    What an account holds beyond the limits of its new category is closed.
    """
    if not request.account_ids:
        raise RefusalError("Empty accountIds")
    if len(request.account_ids) > MOST_ACCOUNTS:
        raise RefusalError(f"Only {MOST_ACCOUNTS} accounts are allowed in single operation")
    if desk.view().get("riskCategory", request.risk_category_id) is None:
        raise MissingError
    for account_id in dict.fromkeys(request.account_ids):
        account = desk.own("account", account_id)
        if account.entity["riskCategoryId"] != request.risk_category_id:
            desk.update("account", account, riskCategoryId=request.risk_category_id)
            if any(record.entity["netPos"] for record in desk.book().dependents("position", account_id)):
                _look_again(desk, account_id)
    return {"ok": True}


def _look_again(desk: Desk, account_id: int) -> None:
    def look(execution: Execution) -> None:
        account = execution.edits.book().get("account", account_id)
        if account is not None:
            look_at_limits(execution, account)

    desk.exchange.after(desk, look)
