"""Asks the platform which contract of each product it puts first, and keeps its answers.

`isFront` of a contract's maturity stays until the contract before has expired; what `contract/suggest` puts first is
what is traded. Source: the platform's API documentation, on ContractMaturity. A call for each product that has
contracts, twice a day, out of the budget of readings.
"""

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import structlog

from vendor_admin.mirrors.models import ContractMaturity, Product
from vendor_admin.mirrors.queries.any_of import among
from vendor_admin.mirrors.rules.contract_names import is_of_product
from vendor_admin.operations.models import FrontMonth
from vendor_admin.operations.plan_work.platform_reader import NotRead, PlatformReader
from vendor_admin.operations.store.queue import step
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.operations.contracts import SUGGEST_CONTRACTS
from vendor_admin.tradovate.outcomes import Outcome, Success

log = structlog.get_logger(__name__)

ASKED_AGAIN_AFTER = timedelta(hours=12)
MOST_PRODUCTS = 20
"""So many products of an organization are asked about at a time."""
_DEMO = Environment.DEMO.value
_SUGGESTED = 10


def ask(organization_id: int, *, now: datetime) -> int:
    """Ask about the products of one organization that are due. Returns how many were answered.

    Where the platform cannot be asked, or does not answer, the earlier answers stay; the next time it is asked again.
    """
    with step(organization_id):
        due = _due(organization_id, now=now)
    answered = 0
    if not due:
        return answered
    try:
        with closing(PlatformReader(organization_id, _DEMO, now=now)) as platform:
            for product in due:
                name = _ask(platform, product.name)
                with step(organization_id):
                    _store(organization_id, product.entity_id, name, now=database_clock.now())
                answered += 1
    except NotRead as missing:
        log.info("operations.front_months_not_read", organization=organization_id, why=str(missing))
    return answered


def first_of(product: str, suggested: Sequence[Any]) -> str:
    """The first contract of a product among what the platform suggested for its name; empty where there is none.

    For ES it may suggest contracts of MES too.
    """
    names = (one.get("name") for one in suggested if isinstance(one, dict))
    return next((name for name in names if isinstance(name, str) and is_of_product(name, product)), "")


def _due(organization_id: int, *, now: datetime) -> list[Product]:
    """Products with contracts that have not expired, and no answer of the last hours; those never asked first."""
    own = {"organization_id": organization_id, "environment": _DEMO, "deleted_at__isnull": True}
    live = ContractMaturity.objects.filter(**own, expiration_date__gt=now).values_list("product_id", flat=True)
    known = FrontMonth.objects.filter(organization_id=organization_id).values_list("product_id", "asked_at")
    asked_at = dict(known)
    ids = {id_ for id_ in live if id_ is not None and not _is_fresh(asked_at.get(id_), now)}
    products = Product.objects.filter(among("entity_id", ids), **own, name__isnull=False) if ids else []
    never = datetime.min.replace(tzinfo=now.tzinfo)
    return sorted(products, key=lambda one: (asked_at.get(one.entity_id, never), one.entity_id))[:MOST_PRODUCTS]


def _is_fresh(asked_at: datetime | None, now: datetime) -> bool:
    return asked_at is not None and asked_at > now - ASKED_AGAIN_AFTER


def _ask(platform: PlatformReader, product: str) -> str:
    outcome: Outcome = platform.call(SUGGEST_CONTRACTS, params={"t": product, "l": _SUGGESTED})
    if isinstance(outcome, Success) and isinstance(outcome.body, list):
        return first_of(product, outcome.body)
    platform.is_token_dead(outcome)  # a dead one is given up
    raise platform.not_read(SUGGEST_CONTRACTS, outcome, "the contracts that it suggests")


def _store(organization_id: int, product_id: int, name: str, *, now: datetime) -> None:
    FrontMonth.objects.bulk_create(
        [FrontMonth(organization_id=organization_id, product_id=product_id, contract_name=name[:64], asked_at=now)],
        update_conflicts=True,
        unique_fields=["organization", "product_id"],
        update_fields=["contract_name", "asked_at"],
    )
