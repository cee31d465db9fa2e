"""What forms suggest while somebody types the name of a contract, product, exchange or contract group (DEMO)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from vendor_admin.mirrors.models import Contract, ContractMaturity, Product
from vendor_admin.mirrors.models.base import Mirror
from vendor_admin.mirrors.queries.lookups import load_plain, with_shown_names
from vendor_admin.mirrors.rules.contract_names import month_in_words
from vendor_admin.tradovate.enums import Environment

MOST_SUGGESTED: Final = 300
NEWEST_CONTRACTS: Final = 1_000
"""Contracts are looked for among so many of the newest, by the index of platform ids; others are typed in full."""
_DEMO = Environment.DEMO.value


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A word that a form takes, and what people should know of it."""

    word: str
    text: str


def suggested_contracts(*, organization_id: int, now: datetime) -> list[Suggestion]:
    """Contracts that have not expired, by product and expiry, with their month. Three queries.

    The first to expire of each product is marked as such.
    """
    own = Contract.objects.filter(organization_id=organization_id, environment=_DEMO, deleted_at__isnull=True)
    newest: list[Any] = with_shown_names(own.order_by("-entity_id")[:NEWEST_CONTRACTS])
    live = [one for one in newest if one.name and one.expires_at is not None and one.expires_at > now]
    names = _product_names(live, organization_id=organization_id)
    live.sort(key=lambda one: (names.get(one.entity_id, one.name), one.expires_at, one.entity_id))
    suggestions, seen = [], set()
    for one in live[:MOST_SUGGESTED]:
        product = names.get(one.entity_id)
        words = [month_in_words(one.name, expires_at=one.expires_at)]
        if product is not None and product not in seen:
            words.append(f"first {product} to expire")
            seen.add(product)
        suggestions.append(Suggestion(str(one), ", ".join(words)))
    return suggestions


def suggested_names(model: type[Mirror], text: str, *, organization_id: int) -> list[Suggestion]:
    """Products, exchanges or groups by name; `text` is the field that says more of them, or empty. One query."""
    rows = model.objects.filter(organization_id=organization_id, environment=_DEMO, deleted_at__isnull=True)
    named = rows.filter(name__isnull=False).order_by("name").values_list("name", text or "name")
    return [Suggestion(name, (more or "") if text else "") for name, more in named[:MOST_SUGGESTED]]


def _product_names(contracts: Iterable[Any], *, organization_id: int) -> Mapping[int, str]:
    """The names of products by the ids of their contracts. Two queries."""
    several = list(contracts)
    maturities = load_plain(
        ContractMaturity, organization_id=organization_id, ids=[one.contract_maturity_id for one in several]
    )
    of_contract = {one.entity_id: maturities.get(one.contract_maturity_id, _DEMO) for one in several}
    products = load_plain(
        Product, organization_id=organization_id, ids=[one.product_id for one in of_contract.values() if one]
    )
    found = {id_: products.get(one.product_id, _DEMO) for id_, one in of_contract.items() if one}
    return {id_: product.name for id_, product in found.items() if product is not None and product.name}
