"""What the pages of orders and strategies show beside the row itself. Each query is by an index, and bounded."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from risk.orders.families import Node, tree_of
from risk.orders.history import Refusal, Step, Told, refusal_of, steps_of
from vendor_admin.mirrors.models import (
    Command,
    CommandReport,
    ExecutionReport,
    Fill,
    Order,
    OrderStrategy,
    OrderStrategyLink,
    OrderVersion,
)
from vendor_admin.mirrors.queries.any_of import among
from vendor_admin.mirrors.queries.lookups import attach_names, attach_versions
from vendor_admin.tradovate.order_status import REJECTED

MOST_STEPS = 200
"""Rows of one kind that are read: an order that was changed more often shows its newest."""
MOST_TOGETHER = 50
"""Orders of one tree."""


@dataclass(frozen=True, slots=True)
class OrderPage:
    """The history of an order, why it was refused, and the orders that belong to it."""

    steps: list[Step]
    refusal: Refusal | None
    trees: list[Node]


def order_page(order: Order) -> OrderPage:
    """Read what happened to an order and what it belongs to. At most twelve queries."""
    told = _told(order)
    refusal = refusal_of([*told.reports, *told.executions]) if order.ord_status == REJECTED else None
    return OrderPage(steps_of(told), refusal, _trees_of_order(order))


def strategy_trees(strategy: OrderStrategy) -> list[Node]:
    """The tree of a strategy: its orders, with their brackets. Seven queries at most."""
    return _trees_of_strategies([strategy], this=strategy)


def _told(order: Order) -> Told:
    commands = _newest(_own(Command, order).filter(order_id=order.entity_id), MOST_STEPS)
    reports = _own(CommandReport, order).filter(among("command_id", [one.entity_id for one in commands]))
    return Told(
        versions=_newest(_own(OrderVersion, order).filter(order_id=order.entity_id), MOST_STEPS),
        commands=commands,
        reports=_newest(reports, MOST_STEPS),
        executions=_newest(_own(ExecutionReport, order).filter(order_id=order.entity_id), MOST_STEPS),
        fills=_newest(_own(Fill, order).filter(order_id=order.entity_id, deleted_at__isnull=True), MOST_STEPS),
    )


def _trees_of_order(order: Order) -> list[Node]:
    top = order.parent_id or order.entity_id
    links = _newest(_own(OrderStrategyLink, order).filter(among("order_id", [top, order.entity_id])), MOST_TOGETHER)
    ids = [link.order_strategy_id for link in links]
    if strategies := list(_own(OrderStrategy, order).filter(among("entity_id", ids)) if ids else ()):
        return _trees_of_strategies(strategies, this=order)
    together = Q(entity_id=top) | Q(parent_id=top)
    if order.oco_id:
        together |= Q(oco_id=order.oco_id)
    orders = _newest(_own(Order, order).filter(together), MOST_TOGETHER)
    return _tree(order, orders) if len(orders) > 1 else []


def _trees_of_strategies(strategies: Sequence[OrderStrategy], *, this: Order | OrderStrategy) -> list[Node]:
    of_these = among("order_strategy_id", [one.entity_id for one in strategies])
    links = _newest(_own(OrderStrategyLink, this).filter(of_these), MOST_TOGETHER)
    ids = [link.order_id for link in links]
    orders = _newest(_own(Order, this).filter(Q(among("entity_id", ids)) | Q(among("parent_id", ids))), MOST_TOGETHER)
    return _tree(this, orders, strategies, links)


def _tree(
    this: Order | OrderStrategy,
    orders: list[Order],
    strategies: Sequence[OrderStrategy] = (),
    links: Iterable[OrderStrategyLink] = (),
) -> list[Node]:
    attach_versions(orders, organization_id=this.organization_id)
    attach_names([*orders, *strategies], organization_id=this.organization_id)
    same = next((one for one in [*orders, *strategies] if one == this), None)
    return tree_of(orders, strategies=strategies, links=links, this=same)


def _own(model: Any, about: Any) -> QuerySet[Any]:
    """Rows of the same organization and environment."""
    rows: QuerySet[Any] = model.objects.filter(organization_id=about.organization_id, environment=about.environment)
    return rows


def _newest(rows: QuerySet[Any], most: int) -> list[Any]:
    return list(rows.order_by("-entity_id")[:most])
