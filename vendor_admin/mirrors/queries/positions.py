"""Which positions are open. One rule: of an account's positions in one contract the newest counts.

The platform keeps an entity for each trade date, and an older one may still show a quantity long after the account is
flat. Source: the platform's developer on tradovate/api (a position is closed when its newest entity has a net of 0).
"""

from datetime import UTC, date, datetime

from django.db.models import Case, DateField, DateTimeField, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from vendor_admin.mirrors.models import Position
from vendor_admin.tradovate.values import AHEAD

_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


_IS_NOT_FLAT = Q(deleted_at__isnull=True, net_pos__isnull=False) & ~Q(net_pos=0)


def open_positions(rows: QuerySet[Position]) -> QuerySet[Position]:
    """Of these positions those that are open: not deleted, not flat, and the newest of their account and contract."""
    return _placed(rows).filter(_IS_NOT_FLAT, ~Exists(_newer_ones()))


def other_positions(rows: QuerySet[Position]) -> QuerySet[Position]:
    """Of these positions those that are not open: flat, deleted, or followed by a newer one."""
    return _placed(rows).filter(Q(net_pos__isnull=True) | ~_IS_NOT_FLAT | Exists(_newer_ones()))


def _newer_ones() -> QuerySet[Position]:
    """What has followed a position. One without an account or a contract is followed by none."""
    same = {name: OuterRef(name) for name in ("organization_id", "environment", "account_id", "contract_id")}
    later = (
        Q(placed_on__gt=OuterRef("placed_on"))
        | Q(placed_on=OuterRef("placed_on"), placed_at__gt=OuterRef("placed_at"))
        | Q(placed_on=OuterRef("placed_on"), placed_at=OuterRef("placed_at"), entity_id__gt=OuterRef("entity_id"))
    )
    return _placed(Position.objects.filter(**same, deleted_at__isnull=True)).filter(later)


def _placed(rows: QuerySet[Position]) -> QuerySet[Position]:
    """With what they are ordered by: trade date, then own time (unless it is ahead of its arrival), then id."""
    believed = When(timestamp__lte=F("received_at") + AHEAD, then=F("timestamp"))
    return rows.alias(
        placed_on=Coalesce("trade_date", Value(date.min, output_field=DateField())),
        placed_at=Coalesce(Case(believed, output_field=DateTimeField()), Value(_LONG_AGO)),
    )
