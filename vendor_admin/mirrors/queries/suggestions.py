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
FRONT_MONTH: Final = "front month"
_DEMO = Environment.DEMO.value


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A word that a form takes, and what people should know of it."""

    word: str
    text: str


def suggested_contracts(*, organization_id: int, fronts: Mapping[int, str], now: datetime) -> list[Suggestion]:
    """Contracts that have not expired, by product and expiry, with their month. Three queries.

    `fronts` are the names of the contracts that the platform puts first, by product id: these are marked as the front
    month. Of other products the first to expire is marked as that.
    """
    own = Contract.objects.filter(organization_id=organization_id, environment=_DEMO, deleted_at__isnull=True)
    newest: list[Any] = with_shown_names(own.order_by("-entity_id")[:NEWEST_CONTRACTS])
    live = [one for one in newest if one.name and one.expires_at is not None and one.expires_at > now]
    products = _products(live, organization_id=organization_id)
    marks = _marks(sorted(live, key=lambda one: (one.expires_at, one.entity_id)), products, fronts)
    live.sort(key=lambda one: (_name(products.get(one.entity_id), one.name), one.expires_at, one.entity_id))
    return [
        Suggestion(
            str(one), ", ".join(filter(None, [month_in_words(one.name, expires_at=one.expires_at), marks.get(one.pk)]))
        )
        for one in live[:MOST_SUGGESTED]
    ]


def suggested_names(model: type[Mirror], text: str, *, organization_id: int) -> list[Suggestion]:
    """Products, exchanges or groups by name; `text` is the field that says more of them, or empty. One query."""
    rows = model.objects.filter(organization_id=organization_id, environment=_DEMO, deleted_at__isnull=True)
    named = rows.filter(name__isnull=False).order_by("name").values_list("name", text or "name")
    return [Suggestion(name, (more or "") if text else "") for name, more in named[:MOST_SUGGESTED]]


def _marks(by_expiry: Iterable[Any], products: Mapping[int, Any], fronts: Mapping[int, str]) -> dict[int, str]:
    """What is said of one contract of each product, by the key of its row."""
    marks: dict[int, str] = {}
    marked: set[int] = set()
    for one in by_expiry:
        product = products.get(one.entity_id)
        if product is None or product.entity_id in marked:
            continue
        front = fronts.get(product.entity_id)
        if front in (None, one.name):
            marks[one.pk] = FRONT_MONTH if front else f"first {product.name} to expire"
            marked.add(product.entity_id)
    return marks


def _name(product: Any | None, otherwise: str) -> str:
    return otherwise if product is None else product.name or otherwise


def _products(contracts: Iterable[Any], *, organization_id: int) -> Mapping[int, Any]:
    """Products that have a name, by the ids of their contracts. Two queries."""
    several = list(contracts)
    maturities = load_plain(
        ContractMaturity, organization_id=organization_id, ids=[one.contract_maturity_id for one in several]
    )
    of_contract = {one.entity_id: maturities.get(one.contract_maturity_id, _DEMO) for one in several}
    products = load_plain(
        Product, organization_id=organization_id, ids=[one.product_id for one in of_contract.values() if one]
    )
    found = {id_: products.get(one.product_id, _DEMO) for id_, one in of_contract.items() if one}
    return {id_: product for id_, product in found.items() if product is not None and product.name}
