"""Orders that belong together: a strategy's, the two of an OCO, an entry and its brackets. As a tree. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

DEEPEST = 8
"""Levels that are shown: an order that names itself as its own parent does not go on for ever."""


@dataclass(frozen=True, slots=True)
class Node:
    """A strategy or an order of the tree. `label` says what it is in the tree; `is_this`: the page is about it."""

    row: Any
    label: str
    is_strategy: bool = False
    is_this: bool = False
    children: list["Node"] = field(default_factory=list)


def tree_of(
    orders: Sequence[Any],
    *,
    strategies: Sequence[Any] = (),
    links: Iterable[Any] = (),
    this: Any = None,
) -> list[Node]:
    """The trees of some orders: strategies, below them their orders, below each its brackets.

    `links` say which order belongs to which strategy, and as what.
    """
    links_by_order = {link.order_id: link for link in links}
    known = {strategy.entity_id for strategy in strategies}
    ids = {order.entity_id for order in orders}
    below: dict[int, list[Any]] = {}
    tops: dict[int | None, list[Any]] = {}
    for order in sorted(orders, key=lambda one: one.entity_id):
        if order.parent_id in ids - {order.entity_id}:
            below.setdefault(order.parent_id, []).append(order)
        else:
            link = links_by_order.get(order.entity_id)
            owner = link.order_strategy_id if link is not None and link.order_strategy_id in known else None
            tops.setdefault(owner, []).append(order)
    trees = []
    for strategy in strategies:
        node = Node(strategy, "Strategy", is_strategy=True, is_this=strategy is this)
        mine = tops.get(strategy.entity_id, ())
        node.children.extend(_branch(order, below, links_by_order, this=this, level=1) for order in mine)
        trees.append(node)
    return trees + [_branch(order, below, links_by_order, this=this, level=0) for order in tops.get(None, ())]


def _branch(order: Any, below: Mapping[int, Sequence[Any]], links: Mapping[int, Any], *, this: Any, level: int) -> Node:
    node = Node(order, _label(order, links.get(order.entity_id)), is_this=order is this)
    if level < DEEPEST:
        children = below.get(order.entity_id, ())
        node.children.extend(_branch(child, below, links, this=this, level=level + 1) for child in children)
    return node


def _label(order: Any, link: Any) -> str:
    if link is not None and link.label:
        return str(link.label).capitalize()
    if order.parent_id:
        return "Bracket, one cancels the other" if order.oco_id else "Bracket"
    return "One cancels the other" if order.oco_id else "Order"
