"""The values of a preview in words: what a field is called, and how what it holds is written.

A row of a plan holds values by the platform's names, as JSON: `trailingMaxDrawdown`, "2500". People read "Trailing
drawdown" and "2,500.00". Ids are written as the names of what they stand for, where those are known.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from vendor_admin.amounts import LONGEST
from vendor_admin.listing.templatetags.vendor import plain_number
from vendor_admin.mirrors.columns import mirror_models
from vendor_admin.mirrors.queries.lookups import load
from vendor_admin.mirrors.rules.limits_in_words import position_limit_in_words
from vendor_admin.operations.kinds import Json

Names = Mapping[tuple[str, int], str]
"""What entities are called: by entity type and id."""
NOTHING = "–"
_SAID_OF_MODES = {"EOD": "end of day", "RealTime": "real time"}


def _as_it_is(value: Any) -> str:
    if isinstance(value, bool):
        return _yes_or_no(value)
    if isinstance(value, list):
        return ", ".join(map(_as_it_is, value)) or NOTHING
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)


def _yes_or_no(value: Any) -> str:
    return "yes" if value else "no"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a preview. `write` says what a value of it is; with an `entity_type` it holds ids of that type."""

    title: str
    write: Callable[[Any], str] = _as_it_is
    entity_type: str = ""


def _money(value: Any) -> str:
    """Two decimals, more where there are more. What is too long for an amount is none."""
    amount = Decimal(str(value))
    return plain_number(amount, least_decimals=2) if abs(amount.adjusted()) < LONGEST else str(value)


def _percent(value: Any) -> str:
    return f"{plain_number(Decimal(str(value)))} %"


def _how_many(value: Any) -> str:
    return f"{len(value):,}" if value else "none"


def _mode(value: Any) -> str:
    return _SAID_OF_MODES.get(value, str(value))


def _position_limits(value: Any) -> str:
    names = {"long_limit": "longLimit", "short_limit": "shortLimit", "exposed_limit": "exposedLimit"}
    limits = [
        SimpleNamespace(total_by=one.get("totalBy"), **{name: one.get(key) for name, key in names.items()})
        for one in value
    ]
    return "; ".join(map(position_limit_in_words, limits)) or "none"


FIELDS: Mapping[str, Field] = {
    # Money: what was asked for first, then what follows from it.
    "amount": Field("Balance", _money),
    "maxNetLiq": Field("Max net liquidity", _money),
    "floor": Field("Drawdown floor", _money),
    "room": Field("Loss room left to the drawdown floor", _money),
    "openPositions": Field("Open positions", lambda value: "some" if value else "none"),
    # Members and accounts
    "name": Field("Name"),
    "email": Field("E-mail address"),
    "firstName": Field("First name"),
    "lastName": Field("Last name"),
    "password": Field("Password"),
    "userId": Field("Member", entity_type="user"),
    "accountId": Field("Account", entity_type="account"),
    "templateAccountId": Field("Template account"),
    "status": Field("Permission"),
    # Subscriptions
    "tradovateSubscriptionPlanId": Field("Membership plan", entity_type="tradovateSubscriptionPlan"),
    "entitlementId": Field("Entitlement", entity_type="entitlement"),
    "entitlementIds": Field("Entitlements", entity_type="entitlement"),
    "marketDataSubscriptionPlanId": Field("Market data plan", entity_type="marketDataSubscriptionPlan"),
    "marketDataSubscriptionPlanIds": Field("Market data plans", entity_type="marketDataSubscriptionPlan"),
    "pluginName": Field("Plug-in"),
    "approval": Field("Approved", _yes_or_no),
    "planPrice": Field("Price", _money),
    "cancelledRenewal": Field("Renewal cancelled", _yes_or_no),
    "expirationDate": Field("Ends"),
    "expired": Field("Expired", _yes_or_no),
    "tradovateSubscriptionIds": Field("Memberships", _how_many),
    "userPluginIds": Field("Plug-ins", _how_many),
    "marketDataSubscriptionIds": Field("Market data subscriptions", _how_many),
    "tradingPermissionIds": Field("Trading permissions", _how_many),
    # Limits on loss, profit and drawdown
    "dailyLossAutoLiq": Field("Daily loss: liquidate at", _money),
    "dailyLossLiqOnly": Field("Daily loss: closing orders only at", _money),
    "dailyLossAlert": Field("Daily loss: alert at", _money),
    "weeklyLossAutoLiq": Field("Weekly loss: liquidate at", _money),
    "dailyProfitAutoLiq": Field("Daily profit: liquidate at", _money),
    "weeklyProfitAutoLiq": Field("Weekly profit: liquidate at", _money),
    "trailingMaxDrawdown": Field("Trailing drawdown", _money),
    "trailingMaxDrawdownLimit": Field("Trailing stops at", _money),
    "trailingMaxDrawdownMode": Field("Drawdown type", _mode),
    "dailyLossPercentageAutoLiq": Field("Daily loss: liquidate at", _percent),
    "dailyLossPercentageLiqOnly": Field("Daily loss: closing orders only at", _percent),
    "dailyLossPercentageAlert": Field("Daily loss: alert at", _percent),
    "marginPercentageAutoLiq": Field("Margin: liquidate at", _percent),
    "marginPercentageLiqOnly": Field("Margin: closing orders only at", _percent),
    "marginPercentageAlert": Field("Margin: alert at", _percent),
    "flattenTimestamp": Field("Flatten once at"),
    "doNotUnlock": Field("Keep locked after a breach (manual unlock)", _yes_or_no),
    "changesLocked": Field("Lock settings for the trader", _yes_or_no),
    # Position limits and risk parameters
    "preTradeRisk": Field("Position limits", _position_limits),
    "totalBy": Field("Counted by"),
    "exposedLimit": Field("At most, either way"),
    "longLimit": Field("At most long"),
    "shortLimit": Field("At most short"),
    "active": Field("Active", _yes_or_no),
    "description": Field("Description"),
    "userAccountPositionLimitId": Field("Position limit"),
    "productId": Field("Only this product", entity_type="product"),
    "contractId": Field("Only this contract", entity_type="contract"),
    "exchangeId": Field("Only this exchange", entity_type="exchange"),
    "contractGroupId": Field("Only this contract group"),
    "productType": Field("Only this kind of product"),
    "maxOpeningOrderQty": Field("Largest opening order"),
    "maxClosingOrderQty": Field("Largest closing order"),
    "maxBackMonth": Field("Most months ahead"),
    "preExpirationDays": Field("Days before expiration"),
    "marginPercentage": Field("Margin", _percent),
    "marginDollarValue": Field("Margin in dollars", _money),
    "hardLimit": Field("Hard limit", _yes_or_no),
}
"""By the platform's names, in the order in which a row shows them."""

_OTHER = Field("")
_PLACES = {name: place for place, name in enumerate(FIELDS)}


def title_of(name: str) -> str:
    """What a field is called. One that is not known here is called by its own name, in words."""
    if name in FIELDS:
        return FIELDS[name].title
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[a-z])(?=[0-9])", " ", name)
    return words[:1].upper() + words[1:].lower()


def titles_of(names: Iterable[str]) -> str:
    """What fields are called, one after the other as rows show them."""
    return ", ".join(map(title_of, in_order(names)))


def in_order(names: Iterable[str]) -> list[str]:
    """The names of fields in the order in which a row shows them."""
    return sorted(names, key=lambda name: (_PLACES.get(name, len(_PLACES)), name))


def write(name: str, value: Json, names: Names | None = None) -> str:
    """What a value says, for people; it is shown as it is where it is no such value."""
    if value is None or value == "":
        return NOTHING
    field = FIELDS.get(name, _OTHER)
    if field.entity_type:
        ids = value if isinstance(value, list) else [value]
        return ", ".join((names or {}).get((field.entity_type, one), str(one)) for one in ids) or NOTHING
    try:
        return field.write(value)
    except (ArithmeticError, TypeError, ValueError, AttributeError):
        return str(value)


def names_in(values: Sequence[tuple[str, Mapping[str, Json]]], *, organization_id: int) -> Mapping[str, Names]:
    """What the ids in these values (each with its environment) stand for, by environment: each has numbers of its own.
    One query for each entity type in them.
    """
    wanted: dict[str, set[tuple[str, int]]] = {}
    for environment, mapping in values:
        for name, value in mapping.items():
            if name in FIELDS and (entity_type := FIELDS[name].entity_type):
                ids = value if isinstance(value, list) else [value]
                wanted.setdefault(entity_type, set()).update((environment, one) for one in ids if isinstance(one, int))
    found: dict[str, dict[tuple[str, int], str]] = {environment: {} for environment, _ in values}
    for entity_type, pairs in wanted.items():
        rows = load(mirror_models()[entity_type], organization_id=organization_id, ids=[id_ for _, id_ in pairs])
        for environment, id_ in pairs:
            if (row := rows.get(id_, environment)) is not None:
                found[environment][entity_type, id_] = str(row)
    return found
