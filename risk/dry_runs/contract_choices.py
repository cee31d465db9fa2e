"""The contracts that are offered for an order as it is typed."""

from datetime import datetime

from risk.dry_runs.dry_run import DEMO
from vendor_admin.mirrors.models import Contract, Order, Position
from vendor_admin.mirrors.queries.contracts import NamedContract, contracts_named

MOST_LOOKED_AT = 200
MOST_OFFERED = 200


def contracts_to_offer(account_id: int | None, *, organization_id: int, now: datetime) -> list[NamedContract]:
    """Contracts that have not expired: those that the account traded last come first, then others by name.

    Without an account only the others. Seven queries at most.
    """
    traded = _traded(account_id, organization_id=organization_id) if account_id is not None else []
    own = Contract.objects.filter(organization_id=organization_id, environment=DEMO, deleted_at__isnull=True)
    newest = own.order_by("-entity_id").values_list("entity_id", flat=True)[:MOST_OFFERED]
    words = [str(id_) for id_ in dict.fromkeys([*traded, *newest])]
    known = contracts_named(words, organization_id=organization_id, environment=DEMO, now=now)
    alive = [known[word] for word in words if word in known and not _has_expired(known[word], now)]
    first = [one for one in alive if one.contract_id in traded]
    others = sorted((one for one in alive if one.contract_id not in traded), key=lambda one: one.name)
    return [*first, *others][:MOST_OFFERED]


def _traded(account_id: int, *, organization_id: int) -> list[int]:
    """Contracts of the account's newest positions and orders, the newest first."""
    own = {"organization_id": organization_id, "environment": DEMO, "account_id": account_id}
    found: list[int | None] = []
    for model in (Position, Order):
        rows = model.objects.filter(**own).order_by("-entity_id")
        found += rows.values_list("contract_id", flat=True)[:MOST_LOOKED_AT]
    return [id_ for id_ in dict.fromkeys(found) if id_ is not None]


def _has_expired(contract: NamedContract, now: datetime) -> bool:
    return contract.expires_at is not None and contract.expires_at <= now
