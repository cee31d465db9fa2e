"""Why orders were rejected, for a whole page of them at once."""

from collections.abc import Sequence
from typing import Any

from risk.orders.history import refusal_of
from vendor_admin.mirrors.models import Command, CommandReport, ExecutionReport
from vendor_admin.mirrors.queries.plain_rows import rows_among

REJECTED = "Rejected"


def attach_rejections(orders: Sequence[Any], *, organization_id: int) -> None:
    """Give each order `rejection`: a Refusal, or None where it was not rejected or nothing was told of it.

    Three queries, none where no order was rejected.
    """
    rejected = [order for order in orders if order.ord_status == REJECTED]
    ids = [order.entity_id for order in rejected]
    commands = rows_among(Command, "order_id", ids, organization_id=organization_id)
    order_of = {(one.environment, one.entity_id): one.order_id for one in commands}
    command_ids = [one.entity_id for one in commands]
    told = rows_among(CommandReport, "command_id", command_ids, organization_id=organization_id)
    about: dict[tuple[str, int | None], list[Any]] = {}
    for one in told:
        about.setdefault((one.environment, order_of.get((one.environment, one.command_id))), []).append(one)
    for one in rows_among(ExecutionReport, "order_id", ids, organization_id=organization_id):
        about.setdefault((one.environment, one.order_id), []).append(one)
    for order in orders:
        is_rejected = order.ord_status == REJECTED
        order.rejection = refusal_of(about.get((order.environment, order.entity_id), ())) if is_rejected else None
