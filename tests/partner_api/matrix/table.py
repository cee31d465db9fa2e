"""The matrix: for each method of each address what it needs, and what comes of one's own and of foreign ids.

Who adds an address adds its row here, and thinks about who may do what with it. Everything else is the same for all
rows (test_matrix.py): nobody without a program's key comes in, and nothing of another organization is found or changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Row:
    """One method of one address.

    `scope` is what it needs ("": any key will do), `instead` another that will do as well, `also` what this body needs
    beside it. `id` names what the address
    is about, in `Planted.ids`. A value of `body` in braces is such an id too; each is once given a foreign one. `own`
    is the status for one's own ids, of writes as a dry run, and `foreign` that for a foreign id in the path. `plan` is
    the state that the plan of the address is in, and behind a colon that of its row; another program made it.
    """

    scope: str = ""
    also: str = ""
    instead: str = ""
    id: str = ""
    body: Mapping[str, Any] | None = None
    own: int = 200
    foreign: int = NOT_FOUND
    plan: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    has_dry_run: bool = True
    plans_something: bool = True


def _read(collection: str, scope: str, thing: str) -> dict[str, Row]:
    return {f"GET {collection}": Row(scope), f"GET {collection}/{{id}}": Row(scope, id=thing)}


def _write(scope: str, thing: str = "", **more: Any) -> Row:
    return Row(scope, id=thing, **{"body": {}, **more})


def _verb(state: str, scope: str = "balances:write", **more: Any) -> Row:
    return Row(scope, id="plan", plan=state, **{"body": {}, "has_dry_run": False, **more})


def _hook(thing: str = "", **more: Any) -> Row:
    return Row("webhooks:manage", id=thing, has_dry_run=False, **more)


REASON = {"reason": "a test"}
PASSWORDS = {"password": "7 quiet herons", "current_password": "8 quiet herons"}
NEW_MEMBER = {
    "name": "JANE_1001", "email": "jane@other.example", "password": "7 quiet herons", "first_name": "Jane",
    "last_name": "Doe", "plan": "{membership_plan}", "entitlements": ["{entitlement_kind}"],
}  # fmt: skip
NEW_ACCOUNT = {"name": "EVAL00001", "member": "{member}", "template": "1000001", "balance": "50000"}
ORDER = {
    "account": "{account}",
    "contract": "MESZ6",
    "action": "Buy",
    "quantity": 1,
    "order_type": "Limit",
    "price": "4150.25",
}
LEG = {"action": "Sell", "order_type": "Limit", "price": "4200.00"}
STRATEGY = {
    "account": "{account}", "contract": "MESZ6", "action": "Buy", "entry": {"quantity": 1, "order_type": "Market"},
    "brackets": [{"quantity": 1, "profit_target": "30", "stop_loss": "-15"}],
}  # fmt: skip
TRIED = {
    "account": "{account}",
    "orders": [{"contract": "{contract}", "action": "Buy", "quantity": 1, "order_type": "Market"}],
}
ONE_PLAN = {
    "kind": "change_balances", "reason": "a test", "rows": [{"account": "{account}", "change": "250.00"}],
}  # fmt: skip

TABLE: dict[str, Row] = {
    "GET me": Row(),
    "GET organization": Row(),
    "GET plan-kinds": Row(),
    "GET plan-kinds/{name}": Row(id="plan_kind", foreign=200),
    "GET events": Row("events:read"),
    **_read("requests", "requests:read", "request"),
    **_read("members", "members:read", "member"),
    **_read("accounts", "accounts:read", "account"),
    **_read("trading-permissions", "permissions:read", "trading_permission"),
    **_read("memberships", "subscriptions:read", "membership"),
    **_read("entitlements", "subscriptions:read", "entitlement"),
    **_read("market-data-subscriptions", "subscriptions:read", "market_data_subscription"),
    **_read("balances", "accounts:read", "balance"),
    **_read("auto-liq", "risk:read", "account"),
    **_read("position-limits", "risk:read", "position_limit"),
    **_read("risk-parameters", "risk:read", "risk_parameter"),
    **_read("positions", "accounts:read", "position"),
    **_read("orders", "accounts:read", "order"),
    **_read("fills", "accounts:read", "fill"),
    **_read("order-strategies", "accounts:read", "order_strategy"),
    **_read("contracts", "accounts:read", "contract"),
    **_read("products", "accounts:read", "product"),
    **_read("product-margins", "accounts:read", "product_margin"),
    **_read("contract-margins", "accounts:read", "contract_margin"),
    **_read("trading-sessions", "accounts:read", "trading_session"),
    **_read("contract-groups", "accounts:read", "contract_group"),
    **_read("currency-rates", "accounts:read", "currency_rate"),
    **_read("strategy-types", "accounts:read", "strategy_type"),
    **_read("category-position-limits", "risk:read", "category_position_limit"),
    **_read("category-risk-parameters", "risk:read", "category_risk_parameter"),
    **_read("risk-periods", "risk:read", "risk_period"),
    **_read("auto-liquidations", "risk:read", "auto_liquidation"),
    **_read("risk-status-history", "risk:read", "risk_status_change"),
    "POST members": _write("members:write", body=NEW_MEMBER, also="subscriptions:write"),
    "PUT members/{id}/external-id": _write("members:write", "member", body={"external_id": "a1"}, has_dry_run=False),
    "PUT accounts/{id}/external-id": _write("accounts:write", "account", body={"external_id": "a1"}, has_dry_run=False),
    "PATCH members/{id}": _write("members:write", "member", body={"first_name": "Jane"}, plans_something=False),
    "PUT members/{id}/email": _write("credentials:write", "member", body={"email": "new@other.example"}),
    "PUT members/{id}/password": _write("credentials:write", "member", body=PASSWORDS),
    "PUT members/{id}/credentials": _write("credentials:write", "member", body=PASSWORDS | {"name": "JANE_1001"}),
    "POST members/{id}/cancel": _write("members:write", "member"),
    "POST members/{id}/memberships": _write(
        "subscriptions:write",
        "bare_member",
        body={"plan": "{membership_plan}", "billing_account": "{account}"} | REASON,
    ),
    "POST members/{id}/entitlements": _write(
        "subscriptions:write",
        "bare_member",
        body={"entitlement": "{entitlement_kind}", "billing_account": "{account}"} | REASON,
    ),
    "POST members/{id}/market-data-subscriptions": _write(
        "subscriptions:write",
        "bare_member",
        body={"plans": ["{market_data_plan}"], "billing_account": "{account}"} | REASON,
    ),
    "POST memberships/{id}/cancel": _write("subscriptions:write", "membership"),
    "PATCH entitlements/{id}": _write("subscriptions:write", "entitlement", body={"approved": False}),
    "POST market-data-subscriptions/{id}/expire": _write("subscriptions:write", "market_data_subscription"),
    "POST accounts": _write("accounts:write", body=NEW_ACCOUNT),
    "POST accounts/{id}/balance-changes": _write("balances:write", "account", body={"change": "250.00"} | REASON),
    "PUT accounts/{id}/peak": _write("balances:write", "account", body={"peak": "balance"} | REASON),
    "POST accounts/{id}/reset": _write("accounts:write", "account", body={"session": "2026-11-20"} | REASON),
    "PATCH accounts/{id}/auto-liq": _write("risk:write", "account", body={"drawdown": "2500"} | REASON),
    "POST accounts/{id}/cash-snapshots": _write("snapshots:request", "account", has_dry_run=False, own=202),
    "GET cash-snapshots/{id}": Row("accounts:read", id="cash_snapshot"),
    "POST orders/dry-run": _write("snapshots:request", body=TRIED, has_dry_run=False, own=202),
    "GET order-dry-runs/{id}": Row("accounts:read", id="order_dry_run"),
    **{
        f"GET reports/{name}": Row("reports:read", query={"day": "2026-11-20"})
        for name in ("members", "transactions", "trading-activity")
    },
    "POST trading-permissions": _write("permissions:write", body={"account": "{other_account}", "member": "{member}"}),
    "DELETE trading-permissions/{id}": _write("permissions:write", "trading_permission"),
    "POST position-limits": _write(
        "risk:write", body={"account": "{account}", "total_by": "Overall", "exposed_limit": 3, "active": True} | REASON
    ),
    "PATCH position-limits/{id}": _write("risk:write", "position_limit", body={"exposed_limit": 3} | REASON),
    "DELETE position-limits/{id}": _write("risk:write", "position_limit", body=REASON),
    "POST risk-parameters": _write(
        "risk:write", body={"position_limit": "{position_limit}", "max_opening_order_quantity": 3} | REASON
    ),
    "PATCH risk-parameters/{id}": _write(
        "risk:write", "risk_parameter", body={"max_opening_order_quantity": 3} | REASON
    ),
    "DELETE risk-parameters/{id}": _write("risk:write", "risk_parameter", body=REASON),
    "POST orders/{id}/cancel": _write("risk:write", "order", instead="orders:write", plans_something=False),
    "POST order-strategies/{id}/interrupt": _write("risk:write", "order_strategy", instead="orders:write"),
    "POST positions/{id}/liquidate": _write("risk:write", "position", instead="orders:write"),
    "POST orders": _write("orders:write", body=ORDER),
    "PATCH orders/{id}": _write("orders:write", "order", body={"price": "4150.50"}, plans_something=False),
    "POST orders/oco": _write("orders:write", body=ORDER | {"other": LEG}),
    "POST orders/oso": _write("orders:write", body=ORDER | {"bracket1": LEG}),
    "POST order-strategies": _write("orders:write", body=STRATEGY),
    "PATCH order-strategies/{id}": _write("orders:write", "order_strategy", body={"command": "{}"}),
    "GET webhooks": _hook(),
    "POST webhooks": _hook(own=201, body={"url": "https://hooks.example.com/in", "event_types": ["account.*"]}),
    "GET webhooks/{id}": _hook("webhook"),
    "PATCH webhooks/{id}": _hook("webhook", body={"description": "the first"}),
    "POST webhooks/{id}/roll-secret": _hook("webhook", body={}),
    "POST webhooks/{id}/test": _hook("webhook", body={}, own=409),  # one is on its way already
    "POST webhooks/{id}/resend": _hook(
        "webhook", body={"since": "2026-11-20T15:00:00Z", "until": "2026-11-20T16:00:00Z"}, own=202
    ),
    "GET webhooks/{webhook_id}/deliveries": _hook(),
    "GET webhooks/{webhook_id}/deliveries/{id}": _hook("delivery"),
    "POST webhooks/{webhook_id}/deliveries/{id}/resend": _hook("delivery", body={}, own=409),
    "DELETE webhooks/{id}": _hook("webhook", body={}, own=204),  # the last: the others need it
    "POST test/reset": Row("members:write", body={}, own=403, has_dry_run=False),  # of test keys alone
    "GET plans": Row("operations:read"),
    "POST plans": _write("balances:write", body=ONE_PLAN),
    "GET plans/{id}": Row("operations:read", id="plan", plan="preview"),
    "GET plans/{id}/rows": Row("operations:read", id="plan", plan="preview"),
    "GET plans/{id}/results": Row("operations:read", id="plan", plan="preview"),
    "GET operations": Row("operations:read"),
    "GET operations/{id}": Row("operations:read", id="operation"),
    "POST plans/{id}/retry": _verb("finished:rejected", has_dry_run=True),
    "POST plans/{id}/revert": _verb("finished:succeeded", body=REASON, has_dry_run=True),
    "POST plans/{id}/pause": _verb("running"),
    "POST plans/{id}/cancel": _verb("running"),
    "POST plans/{id}/discard": _verb("preview"),
    # The last: once one has started, its account is taken.
    "POST plans/{id}/confirm": _verb("preview", own=202),
    "POST plans/{id}/resume": _verb("paused", own=202),
    "POST plans/{id}/approve": _verb("waiting", "plans:approve", own=202),
}
