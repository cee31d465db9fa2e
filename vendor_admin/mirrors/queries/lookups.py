"""What lists show beside an id: rows of other mirrors, loaded for a whole page at once.

The platform's two environments number their entities independently, so a row is looked up in its own environment first.
Users and what they subscribe to are administered at LIVE, everything else at DEMO.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Now

from vendor_admin.mirrors.models import (
    Account,
    Contract,
    ContractMaturity,
    Currency,
    Order,
    OrderVersion,
    PlatformUser,
    Product,
)
from vendor_admin.mirrors.models.base import Mirror
from vendor_admin.mirrors.queries.any_of import among
from vendor_admin.mirrors.queries.plain_rows import rows_among
from vendor_admin.mirrors.rules.contract_names import shown_name

LIVE_FIRST = {
    "user", "contactInfo", "userPlugin", "entitlement", "marketDataSubscription", "marketDataSubscriptionPlan",
    "tradovateSubscription", "tradovateSubscriptionPlan",
}  # fmt: skip


def preferred_environment(entity_type: str) -> str:
    """The environment whose copy of an entity wins where both have one."""
    return "live" if entity_type in LIVE_FIRST else "demo"


def one_row_each(users: QuerySet[PlatformUser]) -> QuerySet[PlatformUser]:
    """Members without their second row: a user that both environments know counts once, as LIVE has it."""
    # "between" and not "=": with an equality PostgreSQL first hashes every LIVE user of the organization.
    live = PlatformUser.unscoped.filter(
        organization_id=OuterRef("organization_id"),
        entity_id__gte=OuterRef("entity_id"),
        entity_id__lte=OuterRef("entity_id"),
        environment="live",
    )
    return users.filter(Q(environment="live") | ~Exists(live))


class Rows:
    """Rows of one mirror by platform id, asked for by environment."""

    def __init__(self, rows: Iterable[Any], *, preferred: str) -> None:
        self._rows = {(row.environment, row.entity_id): row for row in rows}
        self._preferred = preferred

    def get(self, entity_id: int | None, environment: str = "") -> Any | None:
        """The row of an id: that of the environment named, else the one that wins."""
        for wanted in (environment, self._preferred, "demo", "live"):
            if (row := self._rows.get((wanted, entity_id))) is not None:
                return row
        return None


def load(model: type[Mirror], *, organization_id: int, ids: Iterable[int | None]) -> Rows:
    """Rows of a mirror by platform ids, in one query (none for no ids)."""
    wanted = {one for one in ids if one is not None}
    rows = model.objects.filter(among("entity_id", wanted), organization_id=organization_id) if wanted else ()
    return Rows(rows, preferred=preferred_environment(model.entity_type))


def load_plain(model: type[Mirror], *, organization_id: int, ids: Iterable[int | None]) -> Rows:
    """The same as `load` without models, and several times as fast: for programs, not for pages."""
    rows = rows_among(model, "entity_id", ids, organization_id=organization_id)
    return Rows(rows, preferred=preferred_environment(model.entity_type))


def load_contracts(*, organization_id: int, ids: Iterable[int | None]) -> Rows:
    """Contracts with the names that people see as `shown_name`, in one query (none for no ids)."""
    wanted = {one for one in ids if one is not None}
    found = Contract.objects.filter(among("entity_id", wanted), organization_id=organization_id)
    return Rows(with_shown_names(found) if wanted else (), preferred=preferred_environment(Contract.entity_type))


def with_shown_names(contracts: QuerySet[Contract]) -> list[Contract]:
    """These contracts with the names that people see as `shown_name`, and when they expire as `expires_at`. One query.

    Each costs a look into two unique indexes: by the maturity, and by the name.
    """
    own = {name: OuterRef(name) for name in ("organization_id", "environment")}
    maturity = ContractMaturity.unscoped.filter(**own, entity_id=OuterRef("contract_maturity_id"))
    namesakes = Contract.unscoped.filter(~Q(entity_id=OuterRef("entity_id")), **own, name=OuterRef("name"))
    rows: list[Any] = list(
        contracts.annotate(
            expires_at=Subquery(maturity.values("expiration_date")[:1]), has_namesake=Exists(namesakes), read_at=Now()
        )
    )
    for row in rows:
        row.shown_name = shown_name(
            row.name or "", expires_at=row.expires_at, has_namesake=row.has_namesake, now=row.read_at
        )
    return rows


@dataclass(frozen=True)
class _Named:
    model: type[Mirror]
    id_field: str
    attribute: str


_NAMED = (
    _Named(Account, "account_id", "account"),
    _Named(PlatformUser, "user_id", "member"),
    _Named(Contract, "contract_id", "contract"),
    _Named(Product, "product_id", "product"),
    _Named(Currency, "currency_id", "currency"),
)


def attach_names(rows: list[Any], *, organization_id: int) -> None:
    """Give each row `account`, `member`, `contract`, `product`, `currency` (or None) for its ids. One query each."""
    for named in _NAMED:
        concerned = [row for row in rows if hasattr(row, named.id_field)]
        if not concerned:
            continue
        ids = [getattr(row, named.id_field) for row in concerned]
        if named.model is Contract:
            found = load_contracts(organization_id=organization_id, ids=ids)
        else:
            found = load(named.model, organization_id=organization_id, ids=ids)
        for row in concerned:
            setattr(row, named.attribute, found.get(getattr(row, named.id_field), row.environment))


def attach_versions(orders: list[Order], *, organization_id: int) -> None:
    """Give each order its newest version (or None) as `version`. One query."""
    newest: dict[tuple[str, int | None], OrderVersion] = {}
    ids = [order.entity_id for order in orders]
    rows = rows_among(OrderVersion, "order_id", ids, organization_id=organization_id)
    for version in sorted(rows, key=lambda row: row.entity_id):
        newest[version.environment, version.order_id] = version
    for order in orders:
        order.version = newest.get((order.environment, order.entity_id))  # type: ignore[attr-defined]
