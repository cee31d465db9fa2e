"""Which orders and strategies may still trade, by the newest status that the platform has sent of them."""

from django.db.models import QuerySet

from vendor_admin.mirrors.models import Order, OrderStrategy
from vendor_admin.tradovate.order_status import ENDED_STRATEGY, OVER


def resting_orders(rows: QuerySet[Order]) -> QuerySet[Order]:
    """Of these orders those by which something may still be traded. One without a status counts."""
    return rows.filter(deleted_at__isnull=True).exclude(ord_status__in=sorted(OVER))


def going_strategies(rows: QuerySet[OrderStrategy]) -> QuerySet[OrderStrategy]:
    """Of these strategies those that have not ended. One without a status counts."""
    return rows.filter(deleted_at__isnull=True).exclude(status__in=sorted(ENDED_STRATEGY))
