"""Every write the sandbox has: its path, its hosts, whom it is for, its body, and what carries it out."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from vendor_admin.sandbox.calls import Answer
from vendor_admin.sandbox.world.state import Entity
from vendor_admin.sandbox.writes import order_requests, requests, risk_requests
from vendor_admin.sandbox.writes.bodies import Request
from vendor_admin.sandbox.writes.desk import Desk
from vendor_admin.sandbox.writes.rules import (
    auto_liq,
    balances,
    cancellation,
    contact,
    contracts,
    credentials,
    entitlements,
    evaluation_accounts,
    locks,
    market_data,
    memberships,
    permissions,
    position_limits,
    users,
)
from vendor_admin.sandbox.writes.rules.trading import order_commands, orders, strategies
from vendor_admin.tradovate.enums import Environment

DEMO = frozenset({Environment.DEMO})
LIVE = frozenset({Environment.LIVE})
BOTH = DEMO | LIVE
CALL_DEMO = Answer(200, {"errorText": "This endpoint should be called on demo.tradovateapi.com"})
DENIED = Answer(401, "Access is denied")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Write:
    """One operation. `path` has its action in lower case, as calls are looked up.

    `elsewhere` is the answer on the wrong host, None means the 404 of an unknown path. `refusal` are the fields that a
    refused answer must have besides `errorText`; `has_code` says that it has an `errorCode` too, `has_reason` a
    `failureReason`; `error_field` has the sentence. `makes_accounts` marks what the platform's
    maintenance windows make fail. `is_answered_first` marks what is told after its answer: orders, which nobody but the
    exchange changes. Of anything else a newer state could be told before.
    """

    path: str
    hosts: frozenset[Environment]
    request: type[Request]
    perform: Callable[[Desk, Any], Entity]  # Any: the request of this write
    elsewhere: Answer | None = None
    refusal: Mapping[str, object] = dataclasses.field(default_factory=dict)
    has_code: bool = False
    has_reason: bool = False
    error_field: str = "errorText"
    for_administrators: bool = True
    makes_accounts: bool = False
    is_answered_first: bool = False


_NOT_OK: Mapping[str, object] = {"ok": False}
_NO_RESULTS: Mapping[str, object] = {"results": []}


def _order_writes() -> Iterator[Write]:
    """Those whose refusals have a reason; what they say no with stands in a field of their own."""
    for path, error_field, request, perform in (
        ("order/placeorder", "failureText", order_requests.PlaceOrder, orders.place_order),
        ("order/placeoco", "failureText", order_requests.PlaceOCO, orders.place_oco),
        ("order/placeoso", "failureText", order_requests.PlaceOSO, orders.place_oso),
        ("order/modifyorder", "failureText", order_requests.ModifyOrder, order_commands.modify_order),
        ("order/cancelorder", "failureText", order_requests.CancelOrder, order_commands.cancel_order),
        ("order/liquidateposition", "failureText", order_requests.LiquidatePosition, order_commands.liquidate_position),
        (
            "orderStrategy/startorderstrategy",
            "errorText",
            order_requests.StartOrderStrategy,
            strategies.start_order_strategy,
        ),
        (
            "orderStrategy/modifyorderstrategy",
            "errorText",
            order_requests.ModifyOrderStrategy,
            strategies.modify_order_strategy,
        ),
        (
            "orderStrategy/interruptorderstrategy",
            "errorText",
            order_requests.InterruptOrderStrategy,
            strategies.interrupt_order_strategy,
        ),
    ):
        yield Write(
            path=path,
            hosts=DEMO,
            request=request,
            perform=perform,
            has_reason=True,
            error_field=error_field,
            for_administrators=False,
            is_answered_first=True,
        )


_WRITES = (
    Write(
        path="user/createevaluationusers",
        hosts=LIVE,
        request=requests.CreateEvaluationUsers,
        perform=users.create_evaluation_users,
        refusal=_NO_RESULTS,
        makes_accounts=True,
    ),
    Write(
        path="user/signuporganizationmember",
        hosts=LIVE,
        request=requests.SignUpOrganizationMember,
        perform=users.sign_up_organization_member,
        refusal={"emailVerified": False},
        has_code=True,
        makes_accounts=True,
    ),
    Write(
        path="contactInfo/updatecontactinfo",
        hosts=LIVE,
        request=requests.UpdateContactInfo,
        perform=contact.update_contact_info,
        for_administrators=False,
    ),
    Write(
        path="user/modifyemailaddress",
        hosts=LIVE,
        request=requests.ModifyEmailAddress,
        perform=credentials.modify_email_address,
        for_administrators=False,
    ),
    Write(
        path="user/modifypassword",
        hosts=LIVE,
        request=requests.ModifyPassword,
        perform=credentials.modify_password,
        for_administrators=False,
    ),
    Write(
        path="user/modifycredentials",
        hosts=LIVE,
        request=requests.ModifyCredentials,
        perform=credentials.modify_credentials,
        for_administrators=False,
    ),
    Write(
        path="user/canceleverything",
        hosts=BOTH,
        request=requests.CancelEverything,
        perform=cancellation.cancel_everything,
    ),
    Write(
        path="user/addtradovatesubscription",
        hosts=LIVE,
        request=requests.AddTradovateSubscription,
        perform=memberships.add_tradovate_subscription,
        has_code=True,
        for_administrators=False,
    ),
    Write(
        path="user/canceltradovatesubscription",
        hosts=LIVE,
        request=requests.CancelTradovateSubscription,
        perform=memberships.cancel_tradovate_subscription,
        has_code=True,
        for_administrators=False,
    ),
    Write(
        path="userPlugin/addentitlementsubscription",
        hosts=LIVE,
        request=requests.AddEntitlementSubscription,
        perform=entitlements.add_entitlement_subscription,
        has_code=True,
        for_administrators=False,
    ),
    Write(
        path="userPlugin/changepluginpermission",
        hosts=LIVE,
        request=requests.ChangePluginPermission,
        perform=entitlements.change_plugin_permission,
        refusal=_NOT_OK,
    ),
    Write(
        path="user/addmarketdatasubscription",
        hosts=LIVE,
        request=requests.AddMarketDataSubscription,
        perform=market_data.add_market_data_subscription,
        has_code=True,
        for_administrators=False,
    ),
    Write(
        path="user/expiremarketdatasubscription",
        hosts=LIVE,
        request=requests.ExpireMarketDataSubscription,
        perform=market_data.expire_market_data_subscription,
        has_code=True,
    ),
    Write(
        path="user/createevaluationaccounts",
        hosts=DEMO,
        request=requests.CreateEvaluationAccounts,
        perform=evaluation_accounts.create_evaluation_accounts,
        refusal=_NO_RESULTS,
        makes_accounts=True,
    ),
    Write(
        path="user/opendemoaccount",
        hosts=DEMO,
        request=requests.OpenDemoAccount,
        perform=evaluation_accounts.open_demo_account,
        makes_accounts=True,
    ),
    Write(
        path="account/resetdemoaccountstate",
        hosts=DEMO,
        request=requests.ResetDemoAccountState,
        perform=balances.reset_demo_account_state,
        refusal=_NOT_OK,
    ),
    Write(
        path="user/createtradingpermission",
        hosts=DEMO,
        request=requests.CreateTradingPermission,
        perform=permissions.create_trading_permission,
    ),
    Write(
        path="user/revoketradingpermission",
        hosts=DEMO,
        request=requests.TradingPermissionId,
        perform=permissions.revoke_trading_permission,
    ),
    Write(
        path="user/revoketradingpermissions",
        hosts=DEMO,
        request=requests.RevokeTradingPermissions,
        perform=permissions.revoke_trading_permissions,
        refusal=_NOT_OK,
    ),
    Write(
        path="user/requesttradingpermission",
        hosts=DEMO,
        request=requests.RequestTradingPermission,
        perform=permissions.request_trading_permission,
        for_administrators=False,
    ),
    Write(
        path="user/accepttradingpermission",
        hosts=DEMO,
        request=requests.TradingPermissionId,
        perform=permissions.accept_trading_permission,
        for_administrators=False,
    ),
    Write(
        path="user/getaccounttradingpermissions",
        hosts=DEMO,
        request=requests.AccountId,
        perform=permissions.account_trading_permissions,
    ),
    Write(
        path="cashBalance/changedemobalance",
        hosts=DEMO,
        request=requests.ChangeDemoBalance,
        perform=balances.change_demo_balance,
        elsewhere=CALL_DEMO,
        for_administrators=False,
    ),
    Write(
        path="fundTransaction/adjustcash",
        hosts=DEMO,
        request=requests.AdjustCash,
        perform=balances.adjust_cash,
    ),
    Write(
        path="cashBalance/getcashbalancesnapshot",
        hosts=BOTH,
        request=requests.AccountId,
        perform=balances.cash_balance_snapshot,
        for_administrators=False,
    ),
    Write(
        path="accountRiskStatus/updatemaxnetliq",
        hosts=DEMO,
        request=risk_requests.UpdateMaxNetLiq,
        perform=balances.update_max_net_liq,
    ),
    Write(
        path="accountRiskStatus/setadminautoliqaction",
        hosts=DEMO,
        request=risk_requests.SetAdminAutoLiqAction,
        perform=locks.set_admin_auto_liq_action,
        elsewhere=DENIED,
    ),
    Write(
        path="accountRiskStatus/resetautoliqstatus",
        hosts=DEMO,
        request=requests.AccountId,
        perform=locks.reset_auto_liq_status,
    ),
    Write(
        path="accountRiskStatus/switchriskcategory",
        hosts=BOTH,
        request=risk_requests.SwitchRiskCategory,
        perform=locks.switch_risk_category,
        refusal=_NOT_OK,
    ),
    Write(
        path="userAccountAutoLiq/create",
        hosts=DEMO,
        request=risk_requests.UserAccountAutoLiq,
        perform=auto_liq.create_user_account_auto_liq,
    ),
    Write(
        path="userAccountAutoLiq/update",
        hosts=DEMO,
        request=risk_requests.UserAccountAutoLiq,
        perform=auto_liq.update_user_account_auto_liq,
    ),
    Write(
        path="userAccountAutoLiq/updateuserautoliq",
        hosts=DEMO,
        request=risk_requests.UpdateUserAutoLiq,
        perform=auto_liq.update_user_auto_liq,
    ),
    Write(
        path="userAccountAutoLiq/updateuserautoliqs",
        hosts=DEMO,
        request=risk_requests.UpdateUserAutoLiqs,
        perform=auto_liq.update_user_auto_liqs,
        refusal={"userAutoLiqs": []},
    ),
    Write(
        path="userAccountPositionLimit/create",
        hosts=DEMO,
        request=risk_requests.UserAccountPositionLimit,
        perform=position_limits.create_position_limit,
    ),
    Write(
        path="userAccountPositionLimit/update",
        hosts=DEMO,
        request=risk_requests.UserAccountPositionLimit,
        perform=position_limits.update_position_limit,
    ),
    Write(
        path="userAccountPositionLimit/deleteuseraccountpositionlimit",
        hosts=DEMO,
        request=risk_requests.DeleteUserAccountPositionLimit,
        perform=position_limits.delete_position_limit,
        refusal={"success": False},
    ),
    Write(
        path="userAccountRiskParameter/create",
        hosts=DEMO,
        request=risk_requests.UserAccountRiskParameter,
        perform=position_limits.create_risk_parameter,
    ),
    Write(
        path="userAccountRiskParameter/update",
        hosts=DEMO,
        request=risk_requests.UserAccountRiskParameter,
        perform=position_limits.update_risk_parameter,
    ),
    Write(
        path="userAccountPositionLimit/deleteuseraccountriskparameter",
        hosts=DEMO,
        request=risk_requests.DeleteUserAccountRiskParameter,
        perform=position_limits.delete_risk_parameter,
        refusal={"success": False},
    ),
    *_order_writes(),
    Write(
        path="order/liquidatepositions",
        hosts=DEMO,
        request=order_requests.LiquidatePositions,
        perform=order_commands.liquidate_positions,
        refusal=_NOT_OK,
        for_administrators=False,
        is_answered_first=True,
    ),
    Write(
        path="order/dryrun",
        hosts=BOTH,
        request=order_requests.DryRun,
        perform=order_commands.run_dry,
        for_administrators=False,
    ),
    Write(
        path="contract/rollcontract",
        hosts=BOTH,
        request=order_requests.RollContract,
        perform=contracts.roll_contract,
        for_administrators=False,
    ),
    Write(
        path="contract/rollcontracts",
        hosts=BOTH,
        request=order_requests.RollContracts,
        perform=contracts.roll_contracts,
        refusal={"contracts": {}},
        for_administrators=False,
    ),
    Write(
        path="contract/getproductfeeparams",
        hosts=BOTH,
        request=order_requests.GetProductFeeParams,
        perform=contracts.product_fee_params,
        for_administrators=False,
    ),
)

WRITES: dict[str, Write] = {write.path: write for write in _WRITES}
