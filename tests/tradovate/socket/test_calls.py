"""Writes over a socket: the same body as over REST, and the same meaning of each answer."""

import json
from typing import Any

import pytest

from tests.tradovate.operations.examples import BODIES, NOW
from tests.tradovate.socket.frame_texts import frame, reply
from vendor_admin.tradovate.catalogue.json_bodies import encode_body
from vendor_admin.tradovate.errors import RequestNotPossible
from vendor_admin.tradovate.operations import WRITES
from vendor_admin.tradovate.outcomes import Locked, Outcome, Penalized, Rejected, Success, Unknown
from vendor_admin.tradovate.socket import calls
from vendor_admin.tradovate.socket.sync_session import Answered, SyncSession

PLACE = WRITES["order/placeorder"]
ORDER = PLACE.read(BODIES[PLACE.path], now=NOW)


def live() -> SyncSession:
    session = SyncSession(access_token="the-token", sync_request={"splitResponses": True}, now=0)
    session.receive(b"o", now=0)
    session.receive(frame(reply(1, 200)), now=0)
    session.receive(frame(reply(2, 200, {"users": []})), now=0)
    session.data_to_send()
    return session


@pytest.mark.parametrize("path", sorted(WRITES))
def test_a_write_goes_over_a_socket_with_the_body_that_it_has_over_rest(path: str) -> None:
    session, write = live(), WRITES[path]
    request = write.read(BODIES[path], now=NOW)
    number = calls.send(session, write, request)
    (text,) = session.data_to_send()
    assert text == f"{path}\n{number}\n\n{encode_body(write.body(request)).decode()}"


def test_prices_are_numbers_on_the_socket_too() -> None:
    session = live()
    calls.send(session, PLACE, ORDER)
    (text,) = session.data_to_send()
    assert json.loads(text.split("\n")[3])["price"] == 4150.25


def test_params_of_a_strategy_are_a_text_inside_the_body() -> None:
    session, write = live(), WRITES["orderStrategy/startorderstrategy"]
    calls.send(session, write, write.read(BODIES[write.path], now=NOW))
    (text,) = session.data_to_send()
    assert json.loads(json.loads(text.split("\n")[3])["params"]) == BODIES[write.path]["params"]


def answered(status: int, body: object = None) -> Outcome:
    session = live()
    number = calls.send(session, PLACE, ORDER)
    (event,) = session.receive(frame(reply(number, status, body)), now=1)
    assert isinstance(event, Answered)
    assert event.request_id == number
    return calls.outcome_of(PLACE, ORDER, event)


def test_answers_mean_what_they_mean_over_rest() -> None:
    assert answered(200, {"orderId": 5}) == Success({"orderId": 5})
    refused = answered(200, {"failureReason": "TradingLocked", "failureText": "Locked"})
    assert isinstance(refused, Rejected)
    assert (refused.error_code, refused.error_text) == ("TradingLocked", "Locked")
    assert isinstance(answered(429), Locked)
    assert isinstance(answered(500, "timed out"), Unknown)


def test_a_penalty_is_answered_by_the_same_body_with_the_ticket() -> None:
    penalty = answered(200, {"p-ticket": "ticket-5", "p-time": 3})
    assert isinstance(penalty, Penalized)
    session = live()
    calls.send(session, PLACE, ORDER, penalty_ticket=penalty.ticket)
    (text,) = session.data_to_send()
    body: dict[str, Any] = json.loads(text.split("\n")[3])
    assert body.pop("p-ticket") == "ticket-5"
    assert body == json.loads(encode_body(PLACE.body(ORDER)))


def test_nothing_is_sent_before_the_platform_knows_who_asks() -> None:
    session = SyncSession(access_token="the-token", sync_request={}, now=0)
    with pytest.raises(RequestNotPossible):
        calls.send(session, PLACE, ORDER)
