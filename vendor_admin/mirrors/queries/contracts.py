"""Contracts by the names that people and programs give them, with what has to be known to trade them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from vendor_admin.amounts import read_id
from vendor_admin.mirrors.models import Contract, ContractMaturity, Product
from vendor_admin.mirrors.queries.lookups import load_plain
from vendor_admin.mirrors.queries.plain_rows import rows_among


@dataclass(frozen=True, slots=True)
class NamedContract:
    """A contract of the mirror. `tick_size` is in points; both it and the expiry are None where they are not known."""

    contract_id: int
    name: str
    tick_size: Decimal | None
    expires_at: datetime | None


def contracts_named(
    words: Iterable[str], *, organization_id: int, environment: str, now: datetime
) -> dict[str, NamedContract]:
    """The contracts that these words name, by name or platform id. At most four queries.

    Names come again every ten years: of several with one name it is the one that expires next, else the last one.
    """
    found = contracts_by_word(words, organization_id=organization_id, environment=environment, now=now)
    return {word: several[0] for word, several in found.items()}


def contracts_by_word(
    words: Iterable[str], *, organization_id: int, environment: str, now: datetime
) -> dict[str, list[NamedContract]]:
    """All contracts of each word that names any, in the order in which a name stands for them. At most four queries."""
    given = {word.strip() for word in words}
    ids = {word: id_ for word in given if (id_ := read_id(word)) is not None}
    names = {word.upper() for word in given}
    rows = [
        *rows_among(Contract, "entity_id", ids.values(), organization_id=organization_id),
        *Contract.objects.filter(organization_id=organization_id, name__in=names),
    ]
    known = _described([row for row in rows if row.environment == environment], organization_id=organization_id)
    by_id = {one.contract_id: [one] for one in known}
    by_name: dict[str, list[NamedContract]] = {}
    for one in sorted(by_id.values(), key=lambda several: how_near(several[0], now)):
        by_name.setdefault(one[0].name.upper(), []).extend(one)
    found = {word: by_id.get(ids[word]) if word in ids else by_name.get(word.upper()) for word in given}
    return {word: several for word, several in found.items() if several}


def how_near(one: NamedContract, now: datetime) -> tuple[bool, float]:
    """What a name stands for: what is to expire before what has expired, the nearest first."""
    if one.expires_at is None:
        return False, float("inf")
    seconds = (one.expires_at - now).total_seconds()
    return seconds <= 0, abs(seconds)


def _described(contracts: list[Any], *, organization_id: int) -> list[NamedContract]:
    maturities = load_plain(
        ContractMaturity, organization_id=organization_id, ids=[one.contract_maturity_id for one in contracts]
    )
    of_contract = [maturities.get(one.contract_maturity_id, one.environment) for one in contracts]
    products = load_plain(
        Product,
        organization_id=organization_id,
        ids=[maturity.product_id for maturity in of_contract if maturity is not None],
    )
    described = []
    for contract, maturity in zip(contracts, of_contract, strict=True):
        product = products.get(maturity.product_id, contract.environment) if maturity is not None else None
        described.append(
            NamedContract(
                contract_id=contract.entity_id,
                name=contract.name or "",
                tick_size=contract.provider_tick_size or (product.tick_size if product is not None else None),
                expires_at=maturity.expiration_date if maturity is not None else None,
            )
        )
    return described
