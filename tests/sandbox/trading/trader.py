"""A trader at a platform in memory: calls operations, moves prices and time, and sees every event."""

import datetime as dt
import itertools
import json
from typing import Any

from tests.sandbox.platform_texts import specification, validator
from vendor_admin.sandbox.calls import Answer, Call
from vendor_admin.sandbox.configuration import Configuration
from vendor_admin.sandbox.platform import Platform
from vendor_admin.sandbox.wire.frames import Message
from vendor_admin.sandbox.writes.faults import WriteFault, WriteRule
from vendor_admin.tradovate.enums import Environment

DEMO = Environment.DEMO
# A Wednesday morning in Chicago, far from the expiry of the December contracts.
OPEN_AT = dt.datetime(2026, 11, 18, 15, tzinfo=dt.UTC)
START = 6_700.0


class Listener:
    """Stands for a socket that asked for everything."""

    scope: "Listener"

    def __init__(self) -> None:
        self.scope = self
        self.events: list[tuple[str, str, dict[str, Any]]] = []

    def passes(self, *ignored: object) -> bool:
        return True

    def enqueue(self, message: Message) -> None:
        for entity_type, event_type, _, text in message.items:
            self.events.append((entity_type, event_type, json.loads(text)))


class Trader:
    """The first organization's key and one of its accounts; the market's clock stands still until it is stepped."""

    def __init__(self, *, seed: int = 7, **configuration: Any) -> None:
        self.platform = Platform(
            Configuration(
                seed=seed, today=OPEN_AT.date(), organizations=1, users=3, limits_enabled=False, **configuration
            )
        )
        self.exchange = self.platform.exchange
        self.exchange.clock.freeze()
        self.organization = next(iter(self.platform.world.organizations.values()))
        self.book = self.platform.world.book(DEMO, self.organization.id)
        self.account_id = self._free_account()
        self.listener = Listener()
        channel: Any = self.listener
        self.platform.channels[DEMO, self.organization.id] = [channel]
        self.contract_id = self.contract("MES")
        self._numbers = itertools.count(1)
        self.price(START)

    @property
    def events(self) -> list[tuple[str, str, dict[str, Any]]]:
        return self.listener.events

    @property
    def symbol(self) -> str:
        return str(self.exchange.market.contracts[self.contract_id].name)

    def contract(self, product: str, *, is_front: bool = True) -> int:
        contracts = self.exchange.market.contracts.values()
        return next(one.id for one in contracts if one.product.name == product and one.is_front == is_front)

    def call(self, path: str, **body: Any) -> Answer:
        """One call, carried out; its answer is compared with the platform's description."""
        answer = self.ask(path, **body)
        self.exchange.process()
        return answer

    def ask(self, path: str, **body: Any) -> Answer:
        """One call whose commands wait to be carried out."""
        return self._ask(DEMO, path, body)

    def call_live(self, path: str, **body: Any) -> Answer:
        """The same call on the other host."""
        return self._ask(Environment.LIVE, path, body)

    def spoil(
        self, path: str, *, fault: WriteFault = WriteFault.SERVER_ERROR, applies: bool = False, text: str = ""
    ) -> None:
        """Let the next such call fail, done or not."""
        rule = WriteRule(fault=fault, path=path, applies=applies, text=text)
        self.platform.writes.rules.rules.append(rule)

    def _ask(self, environment: Environment, path: str, body: dict[str, Any]) -> Answer:
        answer = self.platform.perform(
            Call(
                environment=environment,
                endpoint=path,
                query={},
                body=json.dumps({name: value for name, value in body.items() if value is not None}),
                address="127.0.0.1",
                organization=self.organization,
            ),
            now=self.platform.world.built_at.timestamp() + next(self._numbers),
        )
        if answer.status == 200:
            assert complaints_of(path, answer.body) == []
        return answer

    def place(self, action: str, quantity: int, order_type: str = "Market", **fields: Any) -> int:
        """Place an order that must be taken in; gives its id."""
        answer = self.call("order/placeorder", **self.order(action, quantity, order_type, **fields))
        assert "orderId" in answer.body, answer
        return int(answer.body["orderId"])

    def order(self, action: str, quantity: int, order_type: str = "Market", **fields: Any) -> dict[str, Any]:
        """The body of an order of this account."""
        return {
            "accountId": self.account_id,
            "symbol": self.symbol,
            "action": action,
            "orderQty": quantity,
            "orderType": order_type,
            **fields,
        }

    def start_strategy(self, action: str, quantities: list[int], distance: float) -> Answer:
        """Start a strategy at the market with brackets that are this many points away."""
        sign = 1 if action == "Buy" else -1
        brackets = [
            {"qty": quantity, "profitTarget": sign * distance, "stopLoss": -sign * distance} for quantity in quantities
        ]
        entry = {"orderQty": sum(quantities), "orderType": "Market"}
        return self.call(
            "orderStrategy/startorderstrategy",
            accountId=self.account_id,
            symbol=self.symbol,
            action=action,
            orderStrategyTypeId=2,
            params=json.dumps({"entryVersion": entry, "brackets": brackets}),
        )

    def price(self, price: float, contract_id: int | None = None, **fields: Any) -> None:
        """Have the contract trade at a price."""
        self.exchange.set_price(contract_id or self.contract_id, price, **fields)

    def entity(self, entity_type: str, entity_id: int) -> dict[str, Any]:
        record = self.book.get(entity_type, entity_id)
        assert record is not None, (entity_type, entity_id)
        return record.entity

    def entities(self, entity_type: str) -> list[dict[str, Any]]:
        """The account's entities of a type, and those that hang on its orders."""
        return [record.entity for record in self.book.all(entity_type) if record.account_id == self.account_id]

    def status(self, order_id: int) -> str:
        return str(self.entity("order", order_id)["ordStatus"])

    def version(self, order_id: int) -> dict[str, Any]:
        """An order's newest version."""
        return [one for one in self.entities("orderVersion") if one["orderId"] == order_id][-1]

    def reports(self, command_id: int) -> list[dict[str, Any]]:
        return [one for one in self.entities("commandReport") if one["commandId"] == command_id]

    def position(self, contract_id: int | None = None) -> int:
        contract_id = contract_id or self.contract_id
        return sum(one["netPos"] for one in self.entities("position") if one["contractId"] == contract_id)

    @property
    def cash(self) -> float:
        return float(self.entities("cashBalance")[0]["amount"])

    def new_events(self) -> list[tuple[str, str, dict[str, Any]]]:
        """The events since the last time."""
        seen = list(self.listener.events)
        self.listener.events.clear()
        return seen

    def _free_account(self) -> int:
        """An account that may trade, without limits and with money."""
        for record in list(self.book.all("account")):
            account_id = record.entity["id"]
            permitted = any(
                one.entity["accountId"] == account_id and one.entity["status"] == "Accepted"
                for one in self.book.all("tradingPermission")
            )
            status = self.book.get("accountRiskStatus", account_id)
            if not permitted or status is None or status.entity["adminAction"] != "Normal":
                continue
            for entity_type in ("userAccountAutoLiq", "permissionedAccountAutoLiq"):
                self.book.remove(entity_type, account_id)
            for limit in list(self.book.dependents("userAccountPositionLimit", account_id)):
                self.book.remove("userAccountPositionLimit", limit.entity["id"])
            return int(account_id)
        raise AssertionError("no account may trade")


def complaints_of(path: str, body: Any) -> list[str]:
    """What the description says against an answer."""
    if isinstance(body, dict) and "violations" in body:
        return [error.message for error in validator("ViolationsResponse").iter_errors(body)]
    described = specification()["paths"][f"/{path}"]["post"]["responses"]["200"]
    name = described["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    return [f"{error.json_path}: {error.message}" for error in validator(name).iter_errors(body)]
