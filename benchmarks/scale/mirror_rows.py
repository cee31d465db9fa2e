"""Rows of every mirror for one organization: one INSERT … SELECT each, its columns told by their names.

A mirror that is new needs nothing here: what its columns are called says what stands in them, all else stays empty.
"""

from django.db import models

from benchmarks.scale.sizes import Size
from vendor_admin.mirrors.columns import mirror_models
from vendor_admin.mirrors.models.base import Mirror

USERS, ACCOUNTS, ORDERS, CONTRACTS, PRODUCTS = 2_000_000, 18_000_000, 300_000_000, 3_000_000, 700_000
OTHERS = 900_000_000
BUSY_ACCOUNT = ACCOUNTS + 1
FIRST_MEMBER = USERS + 1
# Where the entities' own ids begin. Those of accounts' things are the accounts'.
FIRST_IDS = {"user": USERS, "account": ACCOUNTS, "order": ORDERS, "contract": CONTRACTS, "product": PRODUCTS}
REFERENCE = {
    "contract": 60,
    "contractMaturity": 60,
    "product": 20,
    "exchange": 5,
    "currency": 3,
    "riskCategory": 5,
    "entitlement": 12,
    "tradovateSubscriptionPlan": 12,
    "marketDataSubscriptionPlan": 12,
}
SPAN = "interval '300 days'"

# What a column holds in every mirror that has it. `n` counts the rows from 1; sizes come as parameters.
BY_NAME = {
    "user_id": f"{USERS} + 1 + (n - 1) %% %(members)s",
    "account_id": (
        f"{ACCOUNTS} + CASE WHEN n %% %(busy_share)s = 0 THEN 1 ELSE 1 + (n * 7919::bigint) %% %(accounts)s END"
    ),
    "order_id": f"{ORDERS} + 1 + (n - 1) %% %(orders)s",
    "contract_id": f"{CONTRACTS} + 1 + n %% 60",
    "product_id": f"{PRODUCTS} + 1 + n %% 20",
    "currency_id": "1",
    "timestamp": "x.at",
    "trade_date": "x.at::date",
    "start_date": "x.at::date",
    "expiration_date": "x.at::date + 60",
    "plan_price": "25",
    "active": "n %% 20 <> 0",
    "archived": "n %% 50 = 0",
    "amount": "50000 + n %% 5000",
    "realized_pnl": "n %% 700 - 350",
    "delta": "n %% 700 - 350",
    "qty": "1 + n %% 3",
    "price": "5000 + n %% 400 * 0.25",
    "action": "CASE WHEN n %% 2 = 0 THEN 'Buy' ELSE 'Sell' END",
}
BY_TYPE: dict[str, dict[str, str]] = {
    "user": {
        "name": "CASE WHEN n = 7 THEN 'trader' ELSE 'TRADER' || lpad(n::text, 6, '0') END",
        "email": "'trader' || n || '@' || (ARRAY['gmail.com', 'mail.example', 'firm.example'])[1 + n %% 3]",
        "status": "CASE WHEN n %% 20 = 0 THEN 'Closed' ELSE 'Active' END",
        "user_type": "CASE WHEN n %% 1500 = 0 THEN 'Admin' ELSE 'Trader' END",
        "professional": "n %% 9 = 0",
    },
    "contactInfo": {
        "first_name": "(ARRAY['Maria', 'John', 'Wei', 'Amara', 'Olga'])[1 + n %% 5]",
        "last_name": "(ARRAY['Smith', 'Chen', 'García', 'Okafor', 'Novak', 'Weiß', 'Ødegård'])[1 + n %% 7]",
        "country": "'US'",
    },
    "account": {
        "name": "CASE WHEN n = 11 THEN 'EVAL' ELSE 'EVAL50K' || lpad(n::text, 8, '0') END",
        "user_id": f"{USERS} + 1 + (n - 1) %% %(members)s",
        "account_type": "'Customer'",
        "restricted": "n %% 400 = 0",
        "closed": "false",
        "evaluation_size": "50000",
        "risk_category_id": "1 + n %% 5",
    },
    "cashBalance": {"account_id": f"{ACCOUNTS} + n"},
    "accountRiskStatus": {
        "admin_action": "CASE WHEN n %% 400 = 0 THEN 'LiquidateOnlyModeImmediately' ELSE 'Normal' END"
    }
    | {"max_net_liq": "51000 + n %% 4000", "min_net_liq": "48000"},
    "userAccountAutoLiq": {
        "changes_locked": "n %% 100 = 0",
        "daily_loss_auto_liq": "1000",
        "trailing_max_drawdown": "2500",
        "trailing_max_drawdown_mode": "CASE WHEN n %% 3 = 0 THEN 'EOD' ELSE 'RealTime' END",
    },
    "tradingPermission": {
        "account_id": f"{ACCOUNTS} + n",
        "status": "CASE WHEN n %% 80 = 0 THEN 'Revoked' ELSE 'Accepted' END",
        "updated": "x.at",
        "cta_contact": "'Trader ' || n",
    },
    "userAccountPositionLimit": {"account_id": f"{ACCOUNTS} + n", "exposed_limit": "5", "active": "true"},
    "userAccountRiskParameter": {"user_account_position_limit_id": f"{OTHERS} + n", "hard_limit": "true"},
    "position": {
        "account_id": f"{ACCOUNTS} + 1 + (n - 1) %% %(accounts)s",
        "net_pos": "CASE WHEN n %% 10 = 0 THEN 1 ELSE 0 END",
        "net_price": "5000",
        "bought": "2",
        "sold": "1",
    },
    "order": {
        "ord_status": (
            "CASE WHEN n > %(orders)s - 500 THEN 'Working' WHEN n %% 100 = 0 THEN 'Expired'"
            " WHEN n %% 31 = 0 THEN 'Rejected' WHEN n %% 5 = 0 THEN 'Canceled' ELSE 'Filled' END"
        ),
    },
    "orderVersion": {"order_qty": "1 + n %% 3", "order_type": "'Limit'", "time_in_force": "'Day'"},
    "fill": {"finally_paired": "1", "active": "true"},
    "cashBalanceLog": {"cash_change_type": "CASE WHEN n %% 40 = 0 THEN 'FundTransaction' ELSE 'TradePaired' END"},
    "contract": {"name": "'ESZ' || n"},
    "product": {"name": "'ES' || n", "value_per_point": "50", "tick_size": "0.25"},
    "currency": {"name": "(ARRAY['USD', 'EUR', 'GBP'])[n]", "symbol": "(ARRAY['$', '€', '£'])[n]"},
    "tradovateSubscription": {"cancelled_renewal": "n %% 30 = 0", "paid_amount": "25"},
    "marketDataSubscription": {"expired": "n %% 4 = 0"},
    "userPlugin": {"plugin_name": "'replay'", "approval": "true", "paid_amount": "15"},
}
INSERT = """
INSERT INTO "{table}" (organization_id, environment, entity_id, lease_id, epoch, seq, received_at{names})
SELECT %(organization)s, %(environment)s, {first_id} + n, %(lease)s, 1, n, x.at{values}
  FROM generate_series(1, %(count)s) AS n
       CROSS JOIN LATERAL (SELECT now() - (%(count)s - n) * ({span} / %(count)s) AS at) AS x
"""

# Members are in LIVE as well, but for a few.
LIVE_MEMBERS = """
INSERT INTO mirrors_platformuser (organization_id, environment, entity_id, lease_id, epoch, seq, received_at, name,
                                  email, status, user_type)
SELECT organization_id, 'live', entity_id, lease_id, epoch, seq, received_at, name, email, status, user_type
  FROM mirrors_platformuser WHERE organization_id = %(organization)s AND environment = %(environment)s
   AND entity_id %% 100 <> 0
"""


def mirror_counts(size: Size) -> dict[str, int]:
    """How many rows each mirror gets: as the accounts, the members or the orders whose they are."""
    counts = {}
    for entity_type, model in mirror_models().items():
        columns = {field.attname for field in model._meta.concrete_fields}
        if entity_type in REFERENCE:
            counts[entity_type] = REFERENCE[entity_type]
        elif entity_type == "order" or "order_id" in columns:
            counts[entity_type] = size.orders
        elif entity_type == "cashBalanceLog":
            counts[entity_type] = size.orders // 5
        elif entity_type == "account" or model.id_is_account_id or "account_id" in columns:
            counts[entity_type] = size.accounts
        elif entity_type == "user" or "user_id" in columns:
            counts[entity_type] = size.members
        else:
            counts[entity_type] = min(size.accounts, 1_000)
    fewer = dict.fromkeys(("command", "executionReport", "orderStrategyLink"), size.orders // 5)
    of_members = ("tradovateSubscription", "marketDataSubscription", "userPlugin")
    return counts | fewer | dict.fromkeys(of_members, size.members) | {"position": size.accounts // 2}


def insert_sql(entity_type: str) -> str:
    """The statement that fills a mirror; raises ValueError for a column told here that the mirror has not."""
    model = mirror_models()[entity_type]
    own = BY_TYPE.get(entity_type, {})
    columns = {field.attname for field in _platform_columns(model)}
    if unknown := own.keys() - columns:
        raise ValueError(f"{entity_type} has no column {', '.join(sorted(unknown))}")
    filled = {name: value for name, value in (BY_NAME | own).items() if name in columns}
    names = "".join(f', "{name}"' for name in filled)
    values = "".join(f", {value}" for value in filled.values())
    first_id = ACCOUNTS if model.id_is_account_id else FIRST_IDS.get(entity_type, OTHERS)
    return INSERT.format(table=model._meta.db_table, names=names, values=values, first_id=first_id, span=SPAN)


def _platform_columns(model: type[Mirror]) -> list[models.Field]:
    own = {field.name for field in Mirror._meta.get_fields()}
    return [field for field in model._meta.concrete_fields if field.name not in own]
