"""Scripted life cycles of orders: what one organization's traders do, step by step, the same under the same seed.

A filled market order is thirteen changes of eleven entity types; other scripts cancel or reject the order. An order's
New command and its version share the order's id, and a report is the next number, as recorded events show it.
"""

import dataclasses
import random
from collections import deque
from collections.abc import Iterator, Set
from typing import Any

from vendor_admin.sandbox.world.accounting import (
    Moment,
    balance_after,
    closed_by,
    fees_of,
    log_of,
    pair_of,
    position_after,
    realized_dollars,
)
from vendor_admin.sandbox.world.instruments import Instrument, front_contracts, next_price
from vendor_admin.sandbox.world.state import Change, Entity, World
from vendor_admin.tradovate.enums import Environment

ORDER_IDS = 600_000_000_000
ORDER_STEP = 10_000_000_000


@dataclasses.dataclass(slots=True)
class Trader:
    """One account with the ids its events need."""

    account_id: int
    user_id: int
    balance_id: int


class OrderScript:
    """Makes the DEMO changes of one organization, one life cycle after another, a few of them interleaved."""

    def __init__(
        self,
        world: World,
        organization_id: int,
        *,
        number: int,
        rng: random.Random,
        moment: Moment,
        keep_orders: int,
        left_alone: Set[int] = frozenset(),
    ) -> None:
        self._world = world
        self._organization_id = organization_id
        self._book = world.book(Environment.DEMO, organization_id)
        self._rng = rng
        self._moment = moment
        self._next_id = ORDER_IDS + number * ORDER_STEP
        self._keep_orders = keep_orders
        self._opened_by: dict[int, int] = {}
        self._kept: deque[list[tuple[str, int]]] = deque()
        self._instruments = front_contracts(world)
        self._traders = self._active_traders(left_alone)

    def changes(self) -> Iterator[Change]:
        """Every change from now on, without end; applied to the world when it is taken from here."""
        running: list[Iterator[Change]] = []
        while self._traders:
            while len(running) < 3:
                running.append(self._life())
            chosen = self._rng.randrange(len(running))
            change = next(running[chosen], None)
            if change is None:
                del running[chosen]
                self._forget_oldest()
            else:
                yield change

    def _active_traders(self, left_alone: Set[int]) -> list[Trader]:
        return [
            Trader(record.entity["accountId"], record.user_id or 0, record.entity["id"])
            for record in self._book.all("cashBalance")
            if record.entity["accountId"] not in left_alone
        ]

    def _life(self) -> Iterator[Change]:
        draw = self._rng.random()
        trader = self._rng.choice(self._traders)
        instrument = self._rng.choice(self._instruments)
        if draw < 0.06:
            return self._rejected(trader, instrument)
        if draw < 0.12:
            return self._cancelled(trader, instrument)
        if draw < 0.15:
            return self._strategy(trader, instrument)
        return self._filled(trader, instrument, self._rng.choice(("Buy", "Sell")))

    def _new_id(self) -> int:
        self._next_id += 1
        return self._next_id

    def _apply(self, trader: Trader, entity_type: str, event_type: str, entity: Entity) -> Change:
        return self._world.apply(
            Environment.DEMO,
            self._organization_id,
            entity_type,
            event_type,
            entity,
            account_id=trader.account_id,
            user_id=trader.user_id,
        )

    def _create(self, trader: Trader, history: list[tuple[str, int]], entity_type: str, **fields: Any) -> Change:
        history.append((entity_type, fields["id"]))
        return self._apply(trader, entity_type, "Created", fields)

    def _update(self, trader: Trader, entity_type: str, entity_id: int, **fields: Any) -> Change:
        known = self._book.get(entity_type, entity_id)
        entity = {**(known.entity if known else {"id": entity_id}), **fields}
        return self._apply(trader, entity_type, "Updated", entity)

    def _opening(
        self, trader: Trader, instrument: Instrument, action: str, *, order_type: str, history: list[tuple[str, int]]
    ) -> Iterator[Change]:
        """Order, version and command as they appear when an order comes in; all three carry the order's id."""
        order_id, at = self._new_id(), self._moment.text
        yield self._create(
            trader,
            history,
            "order",
            id=order_id,
            accountId=trader.account_id,
            contractId=instrument.contract_id,
            timestamp=at,
            action=action,
            ordStatus="PendingNew",
            archived=False,
            external=False,
            admin=False,
        )
        price = {} if order_type == "Market" else {"price": instrument.price}
        yield self._create(
            trader,
            history,
            "orderVersion",
            id=order_id,
            orderId=order_id,
            orderQty=self._rng.choice((1, 1, 1, 2)),
            orderType=order_type,
            timeInForce="Day",
            **price,
        )
        yield self._create(
            trader,
            history,
            "command",
            id=order_id,
            orderId=order_id,
            timestamp=at,
            clOrdId=str(order_id),
            commandType="New",
            commandStatus="Pending",
            senderId=trader.user_id,
            isAutomated=False,
        )

    def _report(
        self, trader: Trader, history: list[tuple[str, int]], *, command_id: int, status: str, **fields: Any
    ) -> Change:
        return self._create(
            trader,
            history,
            "commandReport",
            id=self._new_id(),
            commandId=command_id,
            timestamp=self._moment.text,
            commandStatus=status,
            **fields,
        )

    def _rejected(self, trader: Trader, instrument: Instrument) -> Iterator[Change]:
        history: list[tuple[str, int]] = []
        yield from self._opening(trader, instrument, "Buy", order_type="Market", history=history)
        order_id = history[0][1]
        yield self._report(
            trader,
            history,
            command_id=order_id,
            status="RiskRejected",
            rejectReason="MaxOrderQtyLimitReached",
            text="The order is larger than this account may send.",
        )
        yield self._update(trader, "order", order_id, timestamp=self._moment.text, ordStatus="Rejected")
        self._kept.append(history)

    def _cancelled(self, trader: Trader, instrument: Instrument) -> Iterator[Change]:
        history: list[tuple[str, int]] = []
        yield from self._opening(trader, instrument, "Sell", order_type="Limit", history=history)
        order_id = history[0][1]
        yield self._update(
            trader, "order", order_id, timestamp=self._moment.text, ordStatus="Working", executionProviderId=1
        )
        cancel_id = self._new_id()
        yield self._create(
            trader,
            history,
            "command",
            id=cancel_id,
            orderId=order_id,
            timestamp=self._moment.text,
            commandType="Cancel",
            commandStatus="Pending",
            senderId=trader.user_id,
        )
        yield self._report(trader, history, command_id=cancel_id, status="AtExecution", ordStatus="PendingCancel")
        yield self._update(trader, "order", order_id, timestamp=self._moment.text, ordStatus="Canceled")
        self._kept.append(history)

    def _strategy(self, trader: Trader, instrument: Instrument) -> Iterator[Change]:
        """A bracket round a filled order; the link is deleted at the end, as strategies do when they finish."""
        history: list[tuple[str, int]] = []
        strategy_id = self._new_id()
        yield self._create(
            trader,
            history,
            "orderStrategy",
            id=strategy_id,
            accountId=trader.account_id,
            timestamp=self._moment.text,
            contractId=instrument.contract_id,
            orderStrategyTypeId=2,
            initiatorId=trader.user_id,
            action="Buy",
            status="ActiveStrategy",
            senderId=trader.user_id,
        )
        entry = self._filled(trader, instrument, "Buy")
        first = next(entry)
        yield first
        link: Entity = {
            "id": self._new_id(),
            "orderStrategyId": strategy_id,
            "orderId": first.entity["id"],
            "label": "entry",
        }
        yield self._apply(trader, "orderStrategyLink", "Created", link)
        yield from entry
        yield self._apply(trader, "orderStrategyLink", "Deleted", link)
        yield self._update(trader, "orderStrategy", strategy_id, status="ExecutionFinished")
        self._kept.append(history)

    def _filled(self, trader: Trader, instrument: Instrument, action: str) -> Iterator[Change]:
        history: list[tuple[str, int]] = []
        yield from self._opening(trader, instrument, action, order_type="Market", history=history)
        order_id = history[0][1]
        version = self._book.get("orderVersion", order_id)
        quantity = version.entity["orderQty"] if version else 1
        instrument.price = next_price(instrument, self._rng)
        instrument = dataclasses.replace(instrument)  # others may move the price before this order is done
        yield self._report(trader, history, command_id=order_id, status="RiskPassed")
        yield self._update(
            trader, "order", order_id, timestamp=self._moment.text, ordStatus="Working", executionProviderId=1
        )
        trade = {"orderId": order_id, "contractId": instrument.contract_id, "action": action}
        yield self._execution(trader, history, trade, quantity=quantity, price=instrument.price)
        fill_id = self._new_id()
        yield self._create(
            trader,
            history,
            "fill",
            id=fill_id,
            timestamp=self._moment.text,
            tradeDate=self._moment.trade_date,
            qty=quantity,
            price=instrument.price,
            active=True,
            finallyPaired=0,
            external=False,
            **trade,
        )
        fee = fees_of(quantity)
        yield self._create(trader, history, "fillFee", id=fill_id, **fee)
        yield self._update(trader, "order", order_id, timestamp=self._moment.text, ordStatus="Filled")
        yield from self._account_effects(trader, instrument, trade, quantity, history, fill_id=fill_id, fee=fee)
        self._kept.append(history)

    def _execution(
        self, trader: Trader, history: list[tuple[str, int]], trade: dict[str, Any], *, quantity: int, price: float
    ) -> Change:
        report_id = self._new_id()
        return self._create(
            trader,
            history,
            "executionReport",
            id=report_id,
            commandId=trade["orderId"],
            name=f"{report_id}",
            accountId=trader.account_id,
            contractId=trade["contractId"],
            timestamp=self._moment.text,
            tradeDate=self._moment.trade_date,
            orderId=trade["orderId"],
            execType="Trade",
            ordStatus="Filled",
            action=trade["action"],
            cumQty=quantity,
            avgPx=price,
            lastQty=quantity,
            lastPx=price,
            exchangeOrderId=str(report_id % 10_000_000),
        )

    def _account_effects(
        self,
        trader: Trader,
        instrument: Instrument,
        trade: dict[str, Any],
        quantity: int,
        history: list[tuple[str, int]],
        *,
        fill_id: int,
        fee: dict[str, Any],
    ) -> Iterator[Change]:
        action, price = trade["action"], instrument.price
        before, exists = self._position(trader, instrument)
        realized = realized_dollars(before, instrument, action, quantity)
        closed = closed_by(before, action, quantity)
        position = position_after(before, instrument, action, quantity, self._moment)
        opened_by = self._opened_by.get(position["id"], fill_id)
        if closed < quantity:
            self._opened_by[position["id"]] = fill_id
        yield self._apply(trader, "position", "Updated" if exists else "Created", position)
        delta = round(realized - fee["exchangeFee"] - fee["commission"], 2)
        if closed:
            opened = (opened_by, before["netPrice"])
            pair = pair_of(
                position,
                pair_id=self._new_id(),
                opened=opened,
                closed=(fill_id, price),
                action=action,
                quantity=closed,
            )
            yield self._create(trader, history, "fillPair", **pair)
        balance = balance_after(self._balance(trader), realized=realized, delta=delta, moment=self._moment)
        yield self._apply(trader, "cashBalance", "Updated", balance)
        if closed:
            entry = log_of(balance, log_id=self._new_id(), fill_id=fill_id, delta=delta)
            yield self._create(trader, history, "cashBalanceLog", **entry)
        yield from self._risk_effects(trader, instrument, position, balance)

    def _risk_effects(
        self, trader: Trader, instrument: Instrument, position: Entity, balance: Entity
    ) -> Iterator[Change]:
        risk = self._book.get("accountRiskStatus", trader.account_id)
        peak = max(balance["amount"], risk.entity.get("maxNetLiq", 0.0) if risk else 0.0)
        low = min(balance["amount"], risk.entity.get("minNetLiq", balance["amount"]) if risk else balance["amount"])
        yield self._update(trader, "accountRiskStatus", trader.account_id, maxNetLiq=peak, minNetLiq=low)
        margin = round(abs(position["netPos"]) * instrument.margin, 2)
        yield self._update(
            trader,
            "marginSnapshot",
            trader.account_id,
            timestamp=self._moment.text,
            initialMargin=margin,
            maintenanceMargin=round(margin * 0.9, 2),
            totalUsedMargin=margin,
            positionMargin=margin,
            fullInitialMargin=margin,
            totalUsedFullMargin=margin,
        )

    def _position(self, trader: Trader, instrument: Instrument) -> tuple[Entity, bool]:
        """The account's position in a contract, and whether there is one yet."""
        for record in self._book.dependents("position", trader.account_id):
            if record.entity["contractId"] == instrument.contract_id:
                return record.entity, True
        return {"id": self._new_id(), "accountId": trader.account_id}, False

    def _balance(self, trader: Trader) -> Entity:
        known = self._book.get("cashBalance", trader.balance_id)
        if known is not None:
            return known.entity
        return {
            "id": trader.balance_id,
            "accountId": trader.account_id,
            "currencyId": 1,
            "amount": 0.0,
            "realizedPnL": 0.0,
            "weekRealizedPnL": 0.0,
        }

    def _forget_oldest(self) -> None:
        """Drop the oldest orders and all that hangs on them, without an event, as after a session's end."""
        while len(self._kept) > self._keep_orders:
            for entity_type, entity_id in self._kept.popleft():
                self._book.remove(entity_type, entity_id)
