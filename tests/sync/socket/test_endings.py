"""What people read about the end of a socket."""

import pytest
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Close
from websockets.http11 import Response

from vendor_admin.sync.socket.endings import in_words, loss_of
from vendor_admin.tradovate.events import PeerClosed, PeerSilent, Penalty, Refused, Shutdown
from vendor_admin.tradovate.outcomes import Locked
from vendor_admin.tradovate.socket.reconnect import ConnectionLost, Ending, SignInFailed


@pytest.mark.parametrize(
    ("ending", "words"),
    [
        (Refused("user/syncrequest", 429, ""), "refused: 429 at user/syncrequest"),
        (Refused("authorize", 401, "Access is denied"), "refused: 401 at authorize"),
        (Refused("user/syncrequest", 0, "no answer"), "refused: no answer at user/syncrequest"),
        (Penalty("user/syncrequest", "secret-ticket", 15.0, False), "a penalty of 15 s at user/syncrequest"),
        (Penalty("authorize", "secret-ticket", 0.0, True), "a captcha was asked for at authorize"),
        (Shutdown("Maintenance", "later"), "shutdown: Maintenance"),
        (PeerSilent(9.6), "silent for 10 s"),
        (PeerClosed(3000, "Go away!"), "closed by the platform (3000 Go away!)"),
        (PeerClosed(1000, ""), "closed by the platform (1000)"),
        (PeerClosed(1000, "Moved"), "the platform closed the socket: the organization moved to another host"),
        (ConnectionLost("no close frame"), "connection lost: no close frame"),
        (SignInFailed(Locked(423, "")), "signing in failed: locked"),
    ],
)
def test_every_ending_is_told_in_words_with_its_facts(ending: Ending, words: str) -> None:
    assert in_words(ending) == words


@pytest.mark.parametrize(
    ("received", "words"),
    [
        (Close(1000, "Moved"), "the platform closed the socket: the organization moved to another host"),
        (Close(1012, "Restart"), "closed by the platform (1012 Restart)"),
        (None, "connection lost: it broke without a word"),
    ],
)
def test_a_socket_that_was_closed_is_told_without_the_words_of_a_library(received: Close | None, words: str) -> None:
    assert in_words(loss_of(ConnectionClosed(received, received, True if received else None))) == words


@pytest.mark.parametrize(
    ("status", "location", "points_to"),
    [
        (307, "wss://collector.invalid/v1/websocket", "collector.invalid"),
        (301, "/v2/websocket", ""),
        (307, f"https://{'x' * 400}.invalid/", ""),
        (421, None, ""),
    ],
)
def test_a_handshake_that_is_answered_otherwise_is_a_refusal_that_names_where_it_led(
    status: int, location: str | None, points_to: str
) -> None:
    answer = Response(status, "", Headers({"Location": location} if location else {}))
    ending = loss_of(InvalidStatus(answer))
    assert isinstance(ending, Refused)
    assert (ending.step, ending.status, ending.points_to) == ("connect", status, points_to)
    assert points_to in ending.text
    assert ending.is_of_wrong_host


def test_a_handshake_that_names_two_places_leads_to_the_first() -> None:
    headers = Headers([("Location", "wss://collector.invalid/"), ("Location", "wss://second.invalid/")])
    ending = loss_of(InvalidStatus(Response(307, "", headers)))
    assert isinstance(ending, Refused)
    assert ending.points_to == "collector.invalid"
