"""Why orders were rejected, for a whole page of them at once."""

from collections.abc import Sequence
from typing import Any, Final

from risk.orders.history import refusal_of
from vendor_admin.mirrors.models import CommandReport, ExecutionReport
from vendor_admin.mirrors.queries.plain_rows import rows_among
from vendor_admin.tradovate.order_status import REJECTED

NO_ORDER: Final = 0
"""An id that the platform gives to nothing."""


def attach_rejections(orders: Sequence[Any], *, organization_id: int) -> None:
    """Give each order `rejection`: a Refusal, or None where it was not rejected or nothing was told of it.

    Two queries, whether or not one was rejected: pages take as many for all organizations. The command that places an
    order has the order's id, as recorded events show.
    """
    ids = [order.entity_id for order in orders if order.ord_status == REJECTED] or [NO_ORDER]
    about: dict[tuple[str, int | None], list[Any]] = {}
    for one in rows_among(CommandReport, "command_id", ids, organization_id=organization_id):
        about.setdefault((one.environment, one.command_id), []).append(one)
    for one in rows_among(ExecutionReport, "order_id", ids, organization_id=organization_id):
        about.setdefault((one.environment, one.order_id), []).append(one)
    for order in orders:
        is_rejected = order.ord_status == REJECTED
        order.rejection = refusal_of(about.get((order.environment, order.entity_id), ())) if is_rejected else None
