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
}
