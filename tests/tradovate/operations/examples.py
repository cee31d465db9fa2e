"""One good body for every write of the catalogue, and a time at which all of them are good."""

from datetime import UTC, datetime
from typing import Any

NOW = datetime(2026, 11, 10, 18, 0, tzinfo=UTC)  # a Tuesday, noon in Chicago

THRESHOLDS = {
    "dailyLossAutoLiq": 1000,
    "trailingMaxDrawdown": 2500,
    "trailingMaxDrawdownLimit": 50100,
    "trailingMaxDrawdownMode": "EOD",
    "flattenTimestamp": "2026-11-10T20:00:00Z",
    "doNotUnlock": True,
}
LIMIT = {"active": True, "totalBy": "Overall", "exposedLimit": 5, "description": "five at most"}
PARAMETER = {"maxOpeningOrderQty": 2, "hardLimit": True, "marginPercentage": 50.5}

USER = {
    "name": "anna.field",
    "email": "anna@example.com",
    "password": "correct horse 1",
    "firstName": "Anna",
    "lastName": "Field",
    "tradovateSubscriptionPlanId": 77,
    "entitlementIds": [12, 13],
}
ACCOUNT = {
    "userId": 100,
    "templateAccountId": 9,
    "name": "FIRMEVAL0001",
    "initialBalance": 50000,
    "preTradeRisk": [{**LIMIT, "parameters": [PARAMETER]}],
    "postTradeRisk": THRESHOLDS,
}

BRACKETS = [
    {"qty": 1, "profitTarget": -30, "stopLoss": 15, "trailingStop": False},
    {"qty": 1, "profitTarget": -60, "stopLoss": 15.25, "trailingStop": True},
]
ENTRY = {"orderQty": 2, "orderType": "Market"}
ORDER = {
    "accountId": 200,
    "accountSpec": "FIRMEVAL0001",
    "clOrdId": "mine-1",
    "action": "Buy",
    "symbol": "MESZ6",
    "orderQty": 2,
    "orderType": "Limit",
    "price": 4150.25,
    "maxShow": 1,
    "timeInForce": "GTD",
    "expireTime": "2026-11-12T20:00:00Z",
    "text": "first try",
    "activationTime": "2026-11-11T20:00:00Z",
    "customTag50": "entry",
    "isAutomated": True,
}
PROFIT = {"action": "Sell", "orderType": "Limit", "price": 4200, "clOrdId": "mine-2", "timeInForce": "GTC"}
LOSS = {"action": "Sell", "orderType": "Stop", "stopPrice": 4100}

BODIES: dict[str, dict[str, Any]] = {
    "user/createevaluationusers": {"users": [USER]},
    "contactInfo/updatecontactinfo": {
        "userId": 100,
        "firstName": "Zoë",
        "lastName": "O'Brien",
        "streetAddress1": "12/3 Rue d'Été, Apt. #4",
        "city": "Liège",
        "country": "BE",
        "phone": "+32 4 123 45 67",
        "postCode": "4000",
    },
    "user/modifyemailaddress": {"userId": 100, "email": "new@example.com"},
    "user/modifypassword": {"userId": 100, "password": "battery staple", "currentPassword": "correct horse"},
    "user/modifycredentials": {
        "userId": 100,
        "name": "new.name",
        "password": "battery staple",
        "currentPassword": "correct horse",
    },
    "user/canceleverything": {
        "userIds": [100],
        "tradovateSubscriptions": True,
        "userPlugins": True,
        "marketDataSubscriptions": True,
        "tradingPermissions": False,
    },
    "user/addtradovatesubscription": {"tradovateSubscriptionPlanId": 77, "userId": 100},
    "user/canceltradovatesubscription": {"tradovateSubscriptionId": 55, "cancelReason": "left", "expire": True},
    "userPlugin/addentitlementsubscription": {"entitlementId": 12, "accountId": 900, "userId": 100},
    "userPlugin/changepluginpermission": {"userId": 100, "pluginName": "simPlus", "approval": True},
    "user/addmarketdatasubscription": {
        "marketDataSubscriptionPlanIds": [5],
        "year": 2026,
        "month": 11,
        "accountId": 900,
        "userId": 100,
    },
    "user/expiremarketdatasubscription": {"marketDataSubscriptionId": 56},
    "user/createevaluationaccounts": {"accounts": [ACCOUNT]},
    "account/resetdemoaccountstate": {
        "accountIds": [200],
        "resetTradeDate": {"year": 2026, "month": 11, "day": 10},
    },
    "user/createtradingpermission": {"accountId": 200, "userId": 100},
    "user/revoketradingpermission": {"tradingPermissionId": 300},
    "user/revoketradingpermissions": {"tradingPermissionIds": [300]},
    "user/requesttradingpermission": {"accountId": 200, "ctaContact": "Anna Field", "ctaEmail": "anna@example.com"},
    "user/accepttradingpermission": {"tradingPermissionId": 300},
    "cashBalance/changedemobalance": {"accountId": 200, "cashChange": 500.25, "comment": "top-up"},
    "fundTransaction/adjustcash": {
        "accountId": 200,
        "cashChange": -500,
        "cashChangeType": "ChallengePayout",
        "currencyId": 1,
        "comment": "payout",
    },
    "accountRiskStatus/updatemaxnetliq": {"accountId": 200, "maxNetLiq": 50000},
    "cashBalance/getcashbalancesnapshot": {"accountId": 200},
    "userAccountAutoLiq/create": {"id": 200, **THRESHOLDS},
    "userAccountAutoLiq/update": {"id": 200, **THRESHOLDS},
    "userAccountAutoLiq/updateuserautoliq": {"accountId": 200, "asOwner": True, **THRESHOLDS},
    "userAccountAutoLiq/updateuserautoliqs": {"items": [{"accountId": 200, "asOwner": True, **THRESHOLDS}]},
    "userAccountPositionLimit/create": {"accountId": 200, **LIMIT},
    "userAccountPositionLimit/update": {"id": 400, "accountId": 200, **LIMIT},
    "userAccountPositionLimit/deleteuseraccountpositionlimit": {"userAccountPositionLimitId": 400},
    "userAccountRiskParameter/create": {"userAccountPositionLimitId": 400, **PARAMETER},
    "userAccountRiskParameter/update": {"id": 500, "userAccountPositionLimitId": 400, **PARAMETER},
    "userAccountPositionLimit/deleteuseraccountriskparameter": {"userAccountRiskParameterId": 500},
    "order/placeorder": ORDER,
    "order/placeoco": {**ORDER, "action": "Sell", "price": 4200, "other": LOSS},
    "order/placeoso": {**ORDER, "bracket1": PROFIT, "bracket2": LOSS},
    "order/modifyorder": {
        "orderId": 600,
        "orderQty": 3,
        "orderType": "Stop",
        "stopPrice": 4099.75,
        "isAutomated": True,
    },
    "order/cancelorder": {"orderId": 600, "clOrdId": "mine-3", "customTag50": "off", "isAutomated": True},
    "order/liquidateposition": {"accountId": 200, "contractId": 700, "admin": True, "isAutomated": True},
    "order/liquidatepositions": {"positions": [701], "admin": True, "customTag50": "out", "isAutomated": True},
    "order/dryrun": {
        "accountId": 200,
        "orders": [{"contractId": 700, "action": "Buy", "orderQty": 1, "orderType": "Limit", "price": 4150.25}],
        "extraPreTradeRisk": {"maxExposedTotal": 5, "products": {}, "contracts": {}},
    },
    "orderStrategy/startorderstrategy": {
        "accountId": 200,
        "symbol": "MESZ6",
        "orderStrategyTypeId": 2,
        "action": "Sell",
        "params": {"entryVersion": ENTRY, "brackets": BRACKETS},
        "uuid": "5f0c",
        "customTag50": "two brackets",
        "isAutomated": True,
    },
    "orderStrategy/modifyorderstrategy": {"orderStrategyId": 800, "command": "a command", "customTag50": "tag"},
    "orderStrategy/interruptorderstrategy": {"orderStrategyId": 800},
    "contract/rollcontract": {"name": "MESZ6", "forward": True, "ifExpired": False},
    "contract/rollcontracts": {
        "rollContracts": [{"name": name, "forward": True, "ifExpired": True} for name in ("MESZ6", "ESZ6", "CLF7")]
    },
    "contract/getproductfeeparams": {"productIds": [801, 802]},
}
