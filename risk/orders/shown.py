"""Orders, strategies and steps as pages show them: with titles, states and the addresses of their pages."""

from collections.abc import Sequence
from datetime import datetime

from risk.orders.families import Node
from risk.orders.history import Refusal, Step
from risk.orders.words import state_badge, terms_in_words
from vendor_admin.listing.lists import Badge
from vendor_admin.mirrors.admin.mirror_admin import object_url


class NodeShown:
    """A strategy or an order of a tree."""

    def __init__(self, node: Node) -> None:
        row = node.row
        self.label, self.is_this, self.children = node.label, node.is_this, shown(node.children)
        self.address = object_url(type(row), row.entity_id, row.environment)
        self.state: Badge | None = state_badge(row.status if node.is_strategy else row.ord_status)
        contract = row.contract or row.contract_id or ""
        terms = "" if node.is_strategy else terms_in_words(row.version)
        self.title = " ".join(str(one) for one in (row.action, contract, terms) if one) or str(row.entity_id)


class StepShown:
    """A line of an order's history."""

    def __init__(self, step: Step) -> None:
        self.at: datetime | None = step.at
        self.what, self.details, self.state = step.what, step.details, step.state
        self.refusal: Refusal | None = step.refusal
        self.address = object_url(type(step.row), step.row.entity_id, step.row.environment)


def shown(nodes: Sequence[Node]) -> list[NodeShown]:
    """Trees as pages show them."""
    return [NodeShown(node) for node in nodes]
