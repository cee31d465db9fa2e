"""Orders of accounts as the exchange remembers them while something can still become of them."""

import dataclasses
import datetime as dt
import enum
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Literal

from vendor_admin.sandbox.market.orders import Action, Terms
from vendor_admin.sandbox.world.products import Contract
from vendor_admin.sandbox.world.state import Organization

# Far from the ids of the load stream, however many organizations there are.
ORDER_IDS = 5_000_000_000_000
ORDER_STEP = 10_000_000_000
FIRST_ORGANIZATION = 20


class Stage(enum.Enum):
    """Where an order is. WAITING is not sent yet: its command, its time or its parent is waited for."""

    WAITING = "waiting"
    WORKING = "working"
    FILLED = "filled"
    ENDED = "ended"
    REJECTED = "rejected"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """What comes with a command: who sent it, and how the sender marked it."""

    sender_id: int | None = None
    client_order_id: str | None = None
    text: str | None = None
    custom_tag: str | None = None
    is_automated: bool | None = None
    activation_time: dt.datetime | None = None
    is_admin: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LegPlan:
    """A leg that may have to be made: prices, or with `is_relative` points away from the entry's average price."""

    action: Action
    terms: Terms
    is_relative: bool = False


@dataclasses.dataclass(slots=True, kw_only=True)
class Bracket:
    """Orders that close what an entry opened, of which one cancels the other; `legs` are all that there ever were.

    `quantity` is how much of the entry it closes, None for all of it. `plan` says how legs are made, where they are
    made by the exchange. `is_abandoned` says that nobody shall make any again: some were cancelled or rejected.
    """

    quantity: int | None = None
    plan: Sequence[LegPlan] = ()
    legs: "list[Order]" = dataclasses.field(default_factory=list)
    is_abandoned: bool = False

    @property
    def filled(self) -> int:
        """Contracts that its legs filled."""
        return sum(leg.filled for leg in self.legs)


@dataclasses.dataclass(slots=True, kw_only=True)
class Group:
    """Orders that belong together: an entry with its brackets (OSO, strategy), or one bracket alone (OCO).

    `strategy_id` is the entity that shows the group, and `links` those that tie its orders to it.
    """

    entry: "Order | None"
    brackets: list[Bracket]
    strategy_id: int | None = None
    links: list[int] = dataclasses.field(default_factory=list)
    is_over: bool = False

    @property
    def orders(self) -> "list[Order]":
        """Entry and legs."""
        entry = [self.entry] if self.entry else []
        return [*entry, *(leg for bracket in self.brackets for leg in bracket.legs)]


@dataclasses.dataclass(slots=True, kw_only=True)
class Order:
    """One order of one account. `value` is the sum of price times quantity of its fills.

    `version_id` and `command_id` are the newest that were accepted. `is_commanded` says that a modification or a
    cancellation waits to be carried out. `allotted` is the quantity its bracket gave it last. `is_liquidation` orders
    close a position by a call or by a rule. `ended_for` is the market's reason for ending it. `history` has type and id
    of each entity that was made for it.
    """

    id: int
    organization: Organization
    account_id: int
    user_id: int | None
    contract: Contract
    action: Action
    terms: Terms
    ticket: Ticket
    version_id: int
    command_id: int
    stage: Stage = Stage.WAITING
    filled: int = 0
    value: float = 0.0
    is_commanded: bool = False
    allotted: int = 0
    is_liquidation: bool = False
    ended_for: str = ""
    group: Group | None = None
    bracket: Bracket | None = None
    history: list[tuple[str, int]] = dataclasses.field(default_factory=list)

    @property
    def is_live(self) -> bool:
        """Whether something can still become of it."""
        return self.stage in (Stage.WAITING, Stage.WORKING)

    @property
    def remaining(self) -> int:
        """Contracts that are not filled."""
        return self.terms.quantity - self.filled

    @property
    def average_price(self) -> float:
        """The average price of its fills; 0 without any."""
        return round(self.value / self.filled, 6) if self.filled else 0.0

    def sized(self, quantity: int) -> Terms:
        """Its terms with another quantity."""
        return dataclasses.replace(self.terms, quantity=quantity)


class Orders:
    """The orders that are live, by id and by account, and the ids for new ones.

    `strategies` are those that run. Of orders that are over each organization keeps as many as `keep` says, with their
    entities.
    """

    def __init__(self, *, keep: int) -> None:
        self.strategies: dict[int, Group] = {}
        self._keep = keep
        self._over: dict[int, deque[Order]] = {}
        self.by_id: dict[int, Order] = {}
        self._by_account: dict[int, dict[int, Order]] = {}
        self._last_ids: dict[int, int] = {}

    def next_id(self, organization: Organization) -> int:
        """An id that no other entity of trading has; a chain's ids follow each other."""
        first = ORDER_IDS + (organization.id - FIRST_ORGANIZATION) * ORDER_STEP
        self._last_ids[organization.id] = self._last_ids.get(organization.id, first) + 1
        return self._last_ids[organization.id]

    def add(self, order: Order) -> None:
        """Take an order in."""
        self.by_id[order.id] = order
        self._by_account.setdefault(order.account_id, {})[order.id] = order

    def remove(self, order: Order) -> None:
        """Forget an order that is over, or was never told."""
        self.by_id.pop(order.id, None)
        mine = self._by_account.get(order.account_id, {})
        mine.pop(order.id, None)
        if not mine:
            self._by_account.pop(order.account_id, None)

    def put_away(self, order: Order) -> Order | None:
        """Remember an order that is over; gives the one whose entities are to be forgotten for it.

        None is forgotten while something can become of an order that belongs to it.
        """
        over = self._over.setdefault(order.organization.id, deque())
        over.append(order)
        oldest = over[0]
        if len(over) <= self._keep or (oldest.group is not None and not oldest.group.is_over):
            return None
        return over.popleft()

    def forget(self, organization: Organization) -> None:
        """Know nothing of an organization's orders but the ids that were used."""
        for order in [order for order in self.by_id.values() if order.organization is organization]:
            order.stage = Stage.ENDED
            self.remove(order)
        for strategy_id, group in list(self.strategies.items()):
            if group.entry is not None and group.entry.organization is organization:
                group.is_over = True
                del self.strategies[strategy_id]
        self._over.pop(organization.id, None)

    def of_account(self, account_id: int, contract_id: int | None = None) -> Iterator[Order]:
        """The live orders of an account, of one contract where it is given."""
        for order in list(self._by_account.get(account_id, {}).values()):
            if order.is_live and contract_id in (None, order.contract.id):
                yield order


def opposite(action: Action) -> Action:
    """The action that closes what this one opens."""
    closing: dict[Action, Literal["Buy", "Sell"]] = {"Buy": "Sell", "Sell": "Buy"}
    return closing[action]
