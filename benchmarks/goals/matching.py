"""G20: how fast the sandbox's exchange makes the chain of entities of its orders, encoded, in one process."""

import gc
import itertools
import time
from collections import Counter
from typing import Any

import msgspec

from benchmarks.bench import Bench
from benchmarks.measuring import Figure
from vendor_admin.sandbox.configuration import Configuration
from vendor_admin.sandbox.market.orders import Terms
from vendor_admin.sandbox.platform import Platform
from vendor_admin.sandbox.trading.orders import Ticket
from vendor_admin.sandbox.trading.placing import Placing, Wish
from vendor_admin.sandbox.trading.refusals import OrderRefusedError
from vendor_admin.sandbox.wire.frames import Message
from vendor_admin.sandbox.world.state import Record
from vendor_admin.tradovate.enums import Environment

USERS = 150
ACCOUNTS_PER_USER = 2
PRODUCTS = ("MES", "MNQ", "MYM", "M2K", "MGC")
ORDERS_A_STEP = 200
ENTITIES_A_SECOND = 20_000.0
# What a filled order is at least, and how often: with a result there are a pair and its entry in the log as well.
ONCE = (
    *("orderVersion", "command", "commandReport", "executionReport", "fill", "fillFee"),
    *("position", "cashBalance", "marginSnapshot", "accountRiskStatus"),
)
CHAIN = {"order": 3, "cashBalanceLog": 2, **dict.fromkeys(ONCE, 1)}


class Listener:
    """A socket that wants everything; it keeps the messages, which are encoded by then."""

    def __init__(self) -> None:
        self.scope = self
        self.messages: list[Message] = []

    def passes(self, *ignored: object) -> bool:
        """Whether it wants an entity."""
        return True

    def enqueue(self, message: Message) -> None:
        """Take a message."""
        self.messages.append(message)


class TradingFloor:
    """An exchange whose accounts buy one contract and sell it again, in turn."""

    def __init__(self, *, seed: int) -> None:
        configuration = Configuration(
            seed=seed, organizations=1, users=USERS, accounts_per_user=ACCOUNTS_PER_USER, always_open=True
        )
        self._platform = Platform(configuration)
        self._exchange = self._platform.exchange
        [self._organization] = self._platform.world.organizations.values()
        contracts = self._exchange.market.contracts.values()
        self._contracts = [
            contract for contract in contracts if contract.is_front and contract.product.name in PRODUCTS
        ]
        self._accounts = [
            account
            for account in self._platform.world.book(Environment.DEMO, self._organization.id).all("account")
            if self._trades(account, "Buy") and self._trades(account, "Sell")
        ]
        self.listener = Listener()
        channel: Any = self.listener
        self._platform.channels[Environment.DEMO, self._organization.id] = [channel]

    def run(self, seconds: float) -> float:
        """Trade for some seconds; gives those of the process alone, whatever else the machine does."""
        started = time.process_time()
        for number in itertools.count():
            round_, place = divmod(number, len(self._accounts))
            self._trades(self._accounts[place], "Buy" if round_ % 2 == 0 else "Sell")
            if number % ORDERS_A_STEP == 0:
                self._exchange.step()
                if time.process_time() - started >= seconds:
                    break
        return time.process_time() - started

    def _trades(self, account: Record, action: Any) -> bool:  # Any: Buy or Sell
        """Place an order and carry it out; whether the account may trade."""
        edits = self._exchange.execution(self._organization).edits
        contract = self._contracts[account.entity["id"] % len(self._contracts)]
        wish = Wish(action=action, terms=Terms("Market", 1), ticket=Ticket(sender_id=account.user_id))
        try:
            Placing(self._exchange, edits, account, contract).one(wish)
        except OrderRefusedError:
            return False
        self._exchange.later(edits.changes, edits.follow_ups)
        self._exchange.process()
        return True


def measure(bench: Bench) -> list[Figure]:
    """Entities in a second of CPU, each round with a new exchange. Raises AssertionError for a gap in a chain."""
    rates, filled = [], 0
    for seed in range(bench.rounds):
        floor = TradingFloor(seed=seed)
        gc.freeze()  # as the sandbox does with its world
        taken = floor.run(bench.seconds)
        rates.append(len(floor.listener.messages) / taken)
        filled += check_chains(floor.listener.messages)
        gc.unfreeze()
    return [
        Figure(
            goal="G20",
            what="entities of orders in a CPU second of the sandbox",
            values=rates,
            floor=ENTITIES_A_SECOND,
            aim=ENTITIES_A_SECOND,
            notes=[f"{filled:,} filled orders, none with a gap in its chain"],
        )
    ]


def check_chains(messages: list[Message]) -> int:
    """Compare what was told of each filled order with what belongs to it; gives how many there were."""
    told: dict[int, Counter[str]] = {}
    states: dict[int, str] = {}
    current = 0
    for message in messages:
        entity_type, event_type, _, text = message.items[0]
        entity = msgspec.json.decode(text)
        if (entity_type, event_type) == ("order", "Created"):
            current = entity["id"]
            told[current] = Counter()
        told[current][entity_type] += 1
        if entity_type == "order":
            states[current] = entity["ordStatus"]
    filled = [order_id for order_id, state in states.items() if state == "Filled"]
    for order_id in filled:
        missing = {name: count for name, count in CHAIN.items() if told[order_id][name] < count}
        assert not missing, f"order {order_id} lacks {missing}"
        paired = told[order_id]["fillPair"]
        assert told[order_id]["cashBalanceLog"] == 2 + paired
    return len(filled)
