"""Orders over an open socket: sent by the session, answered by the sandbox, and followed by what became of them."""

import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from websockets.sync.client import ClientConnection, connect

from tests.sandbox.plain_client import call, log_in
from vendor_admin.sandbox.running import RunningSandbox
from vendor_admin.tradovate.operations import WRITES
from vendor_admin.tradovate.outcomes import Outcome, Rejected, Success
from vendor_admin.tradovate.socket import calls
from vendor_admin.tradovate.socket.sync_session import Answered, EntityReceived, SessionEvent, SyncAccepted, SyncSession

REQUEST = {"splitResponses": True, "entityTypes": ["order", "fill", "orderStrategy", "commandReport"]}
SECONDS = 10.0


class Line:
    """A sync session on a real socket."""

    def __init__(self, connection: ClientConnection, token: str) -> None:
        self._connection = connection
        self.session = SyncSession(access_token=token, sync_request=REQUEST, now=time.monotonic())
        self.events: list[SessionEvent] = []

    def first(self, kind: type[Any], **fields: Any) -> Any:
        """The first event of a kind with these values, once it has come."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            for event in self.events:
                if isinstance(event, kind) and all(getattr(event, name) == value for name, value in fields.items()):
                    return event
            self._listen()
        raise AssertionError(f"no {kind.__name__} {fields} came")

    def asks(self, path: str, **body: Any) -> Outcome:
        """What a write comes to, over the socket."""
        write = WRITES[path]
        request = write.read(body, now=datetime.now(UTC))
        number = calls.send(self.session, write, request)
        return calls.outcome_of(write, request, self.first(Answered, request_id=number))

    def _listen(self) -> None:
        for text in self.session.data_to_send():
            self._connection.send(text)
        with suppress(TimeoutError):
            frame = self._connection.recv(timeout=0.1)
            data = frame.encode() if isinstance(frame, str) else frame
            self.events += self.session.receive(data, now=time.monotonic())
        self.events += self.session.tick(now=time.monotonic())


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with RunningSandbox("--seed", "7", "--users", "3", "--no-limits", "--always-open", "--rate", "0") as running:
        yield running


@pytest.fixture
def token(sandbox: RunningSandbox) -> str:
    return log_in(sandbox)


@pytest.fixture
def line(sandbox: RunningSandbox, token: str) -> Iterator[Line]:
    address = sandbox.websocket_url("demo")
    with connect(address, max_size=None, ping_interval=None, close_timeout=2) as connection:
        line = Line(connection, token)
        line.first(SyncAccepted)
        yield line


@pytest.fixture
def traded(sandbox: RunningSandbox, token: str) -> dict[str, Any]:
    """An account and a contract that it may trade."""
    accounts, contracts = (
        call(sandbox, "demo", path, token, None, **query)[1]
        for path, query in (("account/list", {}), ("contract/suggest", {"t": "MES", "l": 1}))
    )
    return {"accountId": accounts[0]["id"], "symbol": contracts[0]["name"], "action": "Buy"}


def entity_of(event: EntityReceived) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(event.entity)
    return found


def test_an_order_is_placed_over_the_socket_and_its_fill_comes_by_it(line: Line, traded: dict[str, Any]) -> None:
    placed = line.asks("order/placeorder", **traded, orderQty=1, orderType="Market")
    assert isinstance(placed, Success)
    fill = entity_of(line.first(EntityReceived, entity_type="fill"))
    assert fill["orderId"] == placed.body["orderId"]


def test_a_strategy_is_started_and_interrupted_over_the_socket(line: Line, traded: dict[str, Any]) -> None:
    params = {
        "entryVersion": {"orderQty": 1, "orderType": "Limit", "price": 100.25},
        "brackets": [{"qty": 1, "stopLoss": -15}],
    }
    started = line.asks("orderStrategy/startorderstrategy", **traded, orderStrategyTypeId=2, params=params)
    assert isinstance(started, Success)
    strategy = started.body["orderStrategy"]
    ended = line.asks("orderStrategy/interruptorderstrategy", orderStrategyId=strategy["id"])
    assert isinstance(ended, Success)


def test_a_refusal_over_the_socket_has_its_reason(line: Line, traded: dict[str, Any]) -> None:
    refused = line.asks("order/placeorder", **{**traded, "symbol": "NOPE"}, orderQty=1, orderType="Market")
    assert isinstance(refused, Rejected)
    assert refused.error_code == "InvalidContract"
