"""Which entity types the platform has, and which of the shared operations each of them has.

Source: the partner OpenAPI file (partner.tradovate.com/openapi.json, August 2026, with the paths that newer pages and
the 2024 file add) for operations and masters; the SyncMessage schema for collection names. Entity types that
come only in a snapshot have no operations.
"""

from collections.abc import Mapping
from dataclasses import dataclass

LIST, ITEM, ITEMS, FIND, FINDS, SUGGEST, DEPS, LDEPS = (
    "list",
    "item",
    "items",
    "find",
    "finds",
    "suggest",
    "deps",
    "ldeps",
)

LONGEST_ENTITY_TYPE = 64

_BY_ID = frozenset({ITEM, ITEMS})
_BY_NAME = frozenset({FIND, SUGGEST})
_BY_MASTER = frozenset({DEPS, LDEPS})
_LIST = frozenset({LIST})
_FINDS = frozenset({FINDS})


@dataclass(frozen=True, slots=True)
class EntityType:
    """One kind of entity. `collection` is its name in a snapshot, `master` the type that `deps` and `ldeps` ask by."""

    name: str
    collection: str
    operations: frozenset[str]
    master: str | None = None


_TYPES = (
    EntityType("account", "accounts", _LIST | _BY_ID | _BY_NAME | _FINDS | _BY_MASTER, master="user"),
    EntityType("accountRiskStatus", "accountRiskStatuses", _LIST | _BY_ID | _BY_MASTER, master="account"),
    EntityType("accountRiskStatusLog", "accountRiskStatusLogs", _BY_ID | _BY_MASTER, master="account"),
    EntityType("adminAlert", "adminAlerts", _LIST | _BY_ID | _BY_NAME | _FINDS),
    EntityType("adminAlertSignal", "adminAlertSignals", _LIST | _BY_ID | _BY_MASTER, master="adminAlert"),
    EntityType("alert", "alerts", _LIST | _BY_ID | _BY_MASTER, master="user"),
    EntityType("alertSignal", "alertSignals", _LIST | _BY_ID | _BY_MASTER, master="alert"),
    EntityType("annualReview", "annualReviews", frozenset()),
    EntityType("autoLiqTransaction", "autoLiqTransactions", _LIST | _BY_ID | _BY_MASTER, master="account"),
    EntityType("cashBalance", "cashBalances", _LIST | _BY_ID | _BY_MASTER, master="account"),
    EntityType("cashBalanceLog", "cashBalanceLogs", _BY_ID | _BY_MASTER, master="account"),
    EntityType("categoryPositionLimit", "categoryPositionLimits", _BY_ID | _BY_MASTER, master="riskCategory"),
    EntityType("categoryRiskParameter", "categoryRiskParameters", _BY_ID | _BY_MASTER, master="categoryPositionLimit"),
    EntityType("chat", "chats", _LIST | _BY_ID | _BY_MASTER, master="user"),
    EntityType("chatMessage", "chatMessages", _BY_ID | _BY_MASTER, master="chat"),
    EntityType("clearingHouse", "clearingHouses", _LIST | _BY_ID | _BY_NAME),
    EntityType("command", "commands", _LIST | _BY_ID | _BY_MASTER, master="order"),
    EntityType("commandReport", "commandReports", _LIST | _BY_ID | _BY_MASTER, master="command"),
    EntityType("contactInfo", "contactInfos", _BY_ID | _BY_MASTER, master="user"),
    EntityType("contract", "contracts", _BY_ID | _BY_NAME | _BY_MASTER, master="contractMaturity"),
    EntityType("contractGroup", "contractGroups", _LIST | _BY_ID | _BY_NAME),
    EntityType("contractMargin", "contractMargins", _BY_ID | _BY_MASTER, master="contract"),
    EntityType("contractMaturity", "contractMaturities", _BY_ID | _BY_MASTER, master="product"),
    EntityType("currency", "currencies", _LIST | _BY_ID | _BY_NAME),
    EntityType("currencyRate", "currencyRates", _LIST | _BY_ID | _BY_MASTER, master="currency"),
    EntityType("entitlement", "entitlements", _LIST | _BY_ID),
    EntityType("exchange", "exchanges", _LIST | _BY_ID | _BY_NAME),
    EntityType("executionReport", "executionReports", _LIST | _BY_ID | _BY_NAME | _BY_MASTER, master="command"),
    EntityType("fill", "fills", _LIST | _BY_ID | _BY_MASTER, master="order"),
    EntityType("fillFee", "fillFees", _LIST | _BY_ID | _BY_MASTER, master="fill"),
    EntityType("fillPair", "fillPairs", _LIST | _BY_ID | _BY_MASTER, master="position"),
    EntityType("marginSnapshot", "marginSnapshots", _LIST | _BY_ID | _BY_MASTER, master="account"),
    EntityType("marketDataSubscription", "marketDataSubscriptions", _LIST | _BY_ID | _BY_MASTER, master="user"),
    EntityType(
        "marketDataSubscriptionExchangeScope", "marketDataSubscriptionExchangeScopes", _LIST | _BY_ID | _BY_NAME
    ),
    EntityType("marketDataSubscriptionPlan", "marketDataSubscriptionPlans", _LIST | _BY_ID | _BY_NAME),
    EntityType("order", "orders", _LIST | _BY_ID | _BY_MASTER, master="account"),
    EntityType("orderStrategy", "orderStrategies", _LIST | _BY_ID | _BY_MASTER, master="account"),
    EntityType("orderStrategyLink", "orderStrategyLinks", _LIST | _BY_ID | _BY_MASTER, master="orderStrategy"),
    EntityType("orderStrategyType", "orderStrategyTypes", _LIST | _BY_ID | _BY_NAME),
    EntityType("orderVersion", "orderVersions", _LIST | _BY_ID | _BY_MASTER, master="order"),
    EntityType("organization", "organizations", _LIST | _BY_ID | _BY_NAME),
    EntityType(
        "permissionedAccountAutoLiq", "permissionedAccountAutoLiqs", _LIST | _BY_ID | _BY_MASTER, master="account"
    ),
    EntityType("position", "positions", _LIST | _BY_ID | _BY_MASTER | frozenset({FIND}), master="account"),
    EntityType("product", "products", _LIST | _BY_ID | _BY_NAME | _BY_MASTER, master="exchange"),
    EntityType("productMargin", "productMargins", _LIST | _BY_ID | _BY_MASTER, master="product"),
    EntityType("productSession", "productSessions", _BY_ID | _BY_MASTER, master="product"),
    EntityType("property", "properties", _LIST | _BY_ID | _BY_NAME),
    EntityType("riskCategory", "riskCategories", _LIST),
    EntityType("riskTimePeriod", "riskTimePeriods", _LIST),
    EntityType(
        "secondMarketDataSubscription", "secondMarketDataSubscriptions", _LIST | _BY_ID | _BY_MASTER, master="user"
    ),
    EntityType("spreadDefinition", "spreadDefinitions", _BY_ID),
    EntityType("tradingPermission", "tradingPermissions", _LIST | _BY_ID | _BY_MASTER, master="user"),
    EntityType("tradovateSubscription", "tradovateSubscriptions", _LIST | _BY_ID | _BY_MASTER, master="user"),
    EntityType("tradovateSubscriptionPlan", "tradovateSubscriptionPlans", _LIST | _BY_ID | _BY_NAME),
    EntityType("user", "users", _LIST | _BY_ID | _BY_NAME | _FINDS),
    EntityType("userAccountAutoLiq", "userAccountAutoLiqs", _LIST | _BY_ID | _BY_MASTER, master="account"),
    EntityType("userAccountPositionLimit", "userAccountPositionLimits", _BY_ID | _BY_MASTER, master="account"),
    EntityType(
        "userAccountRiskParameter", "userAccountRiskParameters", _BY_ID | _BY_MASTER, master="userAccountPositionLimit"
    ),
    EntityType("userPlugin", "userPlugins", _LIST | _BY_ID | _BY_MASTER, master="user"),
    EntityType("userPromoCode", "userPromoCodes", frozenset()),
    EntityType("userProperty", "userProperties", _BY_ID | _BY_MASTER, master="user"),
    EntityType("userReadStatus", "userReadStatuses", frozenset()),
    EntityType("userSession", "userSessions", _BY_ID),
    EntityType("userSessionStats", "userSessionStats", _LIST | _BY_ID | _BY_MASTER, master="user"),
    EntityType("workspaceTemplate", "workspaceTemplates", _LIST | _BY_ID | _BY_NAME | _FINDS),
)

ENTITIES: Mapping[str, EntityType] = {entity_type.name: entity_type for entity_type in _TYPES}
"""Every entity type we know of, by its name on the wire."""

# In any case: `CashBalance` is the cash balance, and kept under another name it would never reach its mirror.
_BY_NAME_IN_ANY_CASE = {entity_type.name.lower(): entity_type.name for entity_type in _TYPES}
_BY_COLLECTION = {entity_type.collection.lower(): entity_type.name for entity_type in _TYPES}


def known_entity_type(name: str) -> str:
    """Spell an entity type as the platform's documents do; a name that is not in them stays as it is."""
    return _BY_NAME_IN_ANY_CASE.get(name.lower(), name)


def entity_type_of(collection: str) -> str:
    """Name the entity type of a snapshot collection: the table first, then the plain English plural."""
    known = _BY_COLLECTION.get(collection.lower())
    if known is not None:
        return known
    if collection.endswith("ies"):
        return collection[:-3] + "y"
    if collection.endswith(("ses", "xes", "ches", "shes")):
        return collection[:-2]
    return collection.removesuffix("s")


def is_entity_type(name: str) -> bool:
    """Say whether a name can be an entity type: a short ASCII word. Anything else would only do harm further on."""
    return name.isascii() and name.isalnum() and len(name) <= LONGEST_ENTITY_TYPE
