"""Which entity types the simulated platform holds: where, who owns them, and which shared operations each has."""

import dataclasses

from vendor_admin.tradovate.enums import Environment

DEMO = frozenset({Environment.DEMO})
LIVE = frozenset({Environment.LIVE})
BOTH = DEMO | LIVE

ITEMS = frozenset({"item", "items"})
DEPENDENTS = ITEMS | {"deps", "ldeps"}
LISTED = DEPENDENTS | {"list"}
NAMED = ITEMS | {"find", "list", "suggest"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Kind:
    """One entity type.

    `master` is the field that `deps` and `ldeps` look at (`id` where an entity shares the id of its master).
    `in_snapshot` says whether a sync snapshot has a collection of it.
    """

    name: str
    collection: str
    operations: frozenset[str]
    environments: frozenset[Environment]
    master: str | None = None
    in_snapshot: bool = False


def _kind(
    name: str,
    operations: frozenset[str],
    environments: frozenset[Environment],
    master: str | None = None,
    *,
    snapshot: bool = False,
    collection: str | None = None,
) -> Kind:
    return Kind(
        name=name,
        collection=collection or name + "s",
        operations=operations,
        environments=environments,
        master=master,
        in_snapshot=snapshot,
    )


_KINDS = (
    _kind("user", NAMED | {"finds"}, BOTH, snapshot=True),
    _kind("contractGroup", NAMED, BOTH, snapshot=True),
    _kind("account", LISTED | NAMED | {"finds"}, BOTH, "userId", snapshot=True),
    _kind("accountRiskStatus", LISTED, DEMO, "id", snapshot=True, collection="accountRiskStatuses"),
    _kind("marginSnapshot", LISTED, DEMO, "id", snapshot=True),
    _kind("userAccountAutoLiq", LISTED, DEMO, "id", snapshot=True),
    _kind("cashBalance", LISTED, BOTH, "accountId", snapshot=True),
    _kind("currency", NAMED, BOTH, snapshot=True, collection="currencies"),
    _kind("position", LISTED | {"find"}, DEMO, "accountId", snapshot=True),
    _kind("fillPair", LISTED, DEMO, "positionId", snapshot=True),
    _kind("order", LISTED, DEMO, "accountId", snapshot=True),
    _kind("contract", DEPENDENTS | {"find", "suggest"}, BOTH, "contractMaturityId", snapshot=True),
    _kind("contractMaturity", DEPENDENTS, BOTH, "productId", snapshot=True, collection="contractMaturities"),
    _kind("product", LISTED | NAMED, BOTH, "exchangeId", snapshot=True),
    _kind("exchange", NAMED, BOTH, snapshot=True),
    _kind("spreadDefinition", ITEMS, BOTH, snapshot=True),
    _kind("command", LISTED, DEMO, "orderId", snapshot=True),
    _kind("commandReport", LISTED, DEMO, "commandId", snapshot=True),
    _kind("executionReport", LISTED | NAMED, DEMO, "commandId", snapshot=True),
    _kind("orderVersion", LISTED, DEMO, "orderId", snapshot=True),
    _kind("fill", LISTED, DEMO, "orderId", snapshot=True),
    _kind("fillFee", LISTED, DEMO, "id", snapshot=True),
    _kind("orderStrategy", LISTED, DEMO, "accountId", snapshot=True, collection="orderStrategies"),
    _kind("orderStrategyLink", LISTED, DEMO, "orderStrategyId", snapshot=True),
    _kind("orderStrategyType", NAMED, BOTH, snapshot=True),
    _kind("property", NAMED, BOTH, snapshot=True, collection="properties"),
    _kind("userProperty", DEPENDENTS, BOTH, "userId", snapshot=True, collection="userProperties"),
    _kind("userPlugin", LISTED, LIVE, "userId", snapshot=True),
    _kind("tradingPermission", LISTED, DEMO, "userId"),
    _kind("permissionedAccountAutoLiq", LISTED, DEMO, "id"),
    _kind("userAccountPositionLimit", DEPENDENTS, DEMO, "accountId"),
    _kind("userAccountRiskParameter", DEPENDENTS, DEMO, "userAccountPositionLimitId"),
    _kind("cashBalanceLog", DEPENDENTS, BOTH, "accountId"),
    _kind("accountRiskStatusLog", DEPENDENTS, DEMO, "accountId"),
    _kind("autoLiqTransaction", LISTED, DEMO, "accountId"),
    _kind("contactInfo", DEPENDENTS, LIVE, "userId"),
    _kind("tradovateSubscription", LISTED, LIVE, "userId"),
    _kind("tradovateSubscriptionPlan", NAMED, LIVE),
    _kind("marketDataSubscription", LISTED, LIVE, "userId"),
    _kind("marketDataSubscriptionPlan", NAMED, LIVE),
    _kind("marketDataSubscriptionExchangeScope", NAMED, LIVE),
    _kind("entitlement", ITEMS | {"list"}, LIVE),
    _kind("organization", NAMED, BOTH),
    _kind("clearingHouse", NAMED, BOTH),
    _kind("riskCategory", frozenset({"list"}), DEMO, collection="riskCategories"),
    _kind("riskTimePeriod", frozenset({"list"}), DEMO),
    _kind("categoryPositionLimit", DEPENDENTS, DEMO, "riskCategoryId"),
    _kind("categoryRiskParameter", DEPENDENTS, DEMO, "categoryPositionLimitId"),
    _kind("contractMargin", DEPENDENTS, DEMO, "id"),
    _kind("productMargin", LISTED, DEMO, "id"),
    _kind("productSession", DEPENDENTS, BOTH, "id"),
    _kind("currencyRate", LISTED, BOTH, "id"),
    _kind("userSession", ITEMS, BOTH),
    _kind("userSessionStats", LISTED, BOTH, "id", collection="userSessionStats"),
    _kind("adminAlert", NAMED | {"finds"}, BOTH),
    _kind("adminAlertSignal", LISTED, BOTH, "adminAlertId"),
)

KINDS: dict[str, Kind] = {kind.name: kind for kind in _KINDS}
SNAPSHOT_KINDS: tuple[Kind, ...] = tuple(kind for kind in _KINDS if kind.in_snapshot)
ALWAYS_SENT = frozenset({"user", "contractGroup"})
EXEMPT_FROM_FILTER = frozenset({"adminAlertSignal"})
