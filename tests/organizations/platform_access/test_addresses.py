import pytest

from tests.organizations.conftest import SECRETS
from vendor_admin.errors import InvalidFields
from vendor_admin.organizations.platform_access.addresses import (
    complete_credentials,
    is_loopback,
    problem_of_entity_types,
    problems_of_addresses,
)

DEMO_REST = "https://demo.tradovateapi.com/v1"
DEMO_SOCKET = "wss://demo.tradovateapi.com/v1/websocket"
GIVEN = {"name": "n", "password": "p", "app_id": "a", "cid": "8", "sec": "s"}


@pytest.mark.parametrize(
    ("environment", "rest_url", "websocket_url"),
    [
        ("demo", DEMO_REST, DEMO_SOCKET),
        ("live", "https://live.tradovateapi.com/v1", "wss://live.tradovateapi.com/v1/websocket"),
        (
            "live",
            "https://live-api.staging.ninjatrader.dev/v1",
            "wss://live-api.staging.ninjatrader.dev/v1/websocket",
        ),
        ("demo", "http://127.0.0.1:8000/demo/v1", "ws://127.0.0.1:8000/demo/v1/websocket"),
        ("live", "http://localhost:8000/live/v1", "ws://localhost:8000/live/v1/websocket"),
    ],
)
def test_the_platforms_and_the_sandboxs_addresses_are_accepted(environment, rest_url, websocket_url):
    assert (
        problems_of_addresses(
            environment=environment, rest_url=rest_url, websocket_url=websocket_url, may_be_plain=is_loopback
        )
        == {}
    )


@pytest.mark.parametrize(
    ("environment", "rest_url", "websocket_url", "field", "words"),
    [
        ("demo", "demo.tradovateapi.com/v1", DEMO_SOCKET, "rest_url", "https://"),
        ("demo", "http://demo.tradovateapi.com/v1", DEMO_SOCKET, "rest_url", "in the clear"),
        ("demo", DEMO_REST, "ws://demo.tradovateapi.com/v1/websocket", "websocket_url", "in the clear"),
        ("live", DEMO_REST, DEMO_SOCKET, "rest_url", "--environment demo"),
        ("live", "http://127.0.0.1:1/demo/v1", "ws://127.0.0.1:1/live/v1/websocket", "rest_url", "DEMO"),
        ("demo", "https://me:pw@demo.tradovateapi.com/v1", DEMO_SOCKET, "rest_url", "credentials"),
        ("demo", DEMO_REST + "?token=x", DEMO_SOCKET, "rest_url", "?"),
        ("demo", DEMO_REST, "wss://md.tradovateapi.com/v1/websocket", "websocket_url", "market data"),
        ("demo", DEMO_REST, "wss://demo.tradovateapi.com/v1", "websocket_url", "/websocket"),
        ("demo", "https://demo.tradovateapi.com/v1/websocket", DEMO_SOCKET, "rest_url", "socket address"),
        (
            "demo",
            DEMO_REST,
            "wss://demo-api.staging.ninjatrader.dev/v1/websocket",
            "websocket_url",
            "one platform",
        ),
        ("demo", "https://demo.a.co.uk/v1", "wss://demo.b.co.uk/v1/websocket", "websocket_url", "one platform"),
        ("demo", "http://127.0.0.1:1/v1", "ws://127.0.0.1:2/v1/websocket", "websocket_url", "one platform"),
    ],
)
def test_a_wrong_address_is_refused_with_the_next_step(environment, rest_url, websocket_url, field, words):
    problems = problems_of_addresses(
        environment=environment, rest_url=rest_url, websocket_url=websocket_url, may_be_plain=is_loopback
    )
    assert words in problems[field]
    assert "pw" not in problems[field].split()


@pytest.mark.parametrize("url", ["http://127.0.0.2/x", "ws://[::1]:3/", "http://localhost/", "http://a.localhost/"])
def test_loopback_is_recognized(url):
    assert is_loopback(url)


@pytest.mark.parametrize(
    "url", ["https://localhost.example.com/", "https://10.0.0.1/", "https://demo.tradovateapi.com/"]
)
def test_other_hosts_are_not_loopback(url):
    assert not is_loopback(url)


def test_credentials_may_be_spelled_as_on_the_wire():
    found = complete_credentials({"name": "n", "password": "p", "appId": "a", "appVersion": "2", "cid": 8, "sec": "s"})
    assert {name: found[name] for name in ("app_id", "app_version", "cid")} == {
        "app_id": "a",
        "app_version": "2",
        "cid": "8",
    }


def test_the_device_id_is_made_once_and_kept_afterwards():
    first = complete_credentials(GIVEN)
    assert first["device_id"]
    assert complete_credentials(GIVEN, known=first)["device_id"] == first["device_id"]
    assert complete_credentials(GIVEN)["device_id"] != first["device_id"]


def test_a_key_that_another_connection_uses_logs_in_as_the_same_device():
    other, mine = complete_credentials(GIVEN), complete_credentials(GIVEN | {"cid": "9"})
    assert complete_credentials(GIVEN, others=[mine, other])["device_id"] == other["device_id"]
    assert complete_credentials(GIVEN, known=mine, others=[other])["device_id"] == other["device_id"]
    assert complete_credentials(GIVEN | {"cid": "10"}, known=mine, others=[other])["device_id"] == mine["device_id"]
    given = GIVEN | {"device_id": "approved"}
    assert complete_credentials(given, known=mine, others=[other])["device_id"] == "approved"


def test_a_device_that_is_in_use_stays_although_another_connection_of_its_key_has_its_own():
    mine, other = complete_credentials(GIVEN), complete_credentials(GIVEN)
    changed = complete_credentials({"password": "another"}, known=mine, others=[other])
    assert changed["device_id"] == mine["device_id"] != other["device_id"]


def test_missing_and_unknown_credentials_are_named_without_their_values():
    with pytest.raises(InvalidFields) as caught:
        complete_credentials({"name": "n", "passwort": SECRETS["password"]})
    text = str(caught.value)
    assert "lack password, app_id, cid, sec" in text
    assert "Not known: passwort" in text
    assert SECRETS["password"] not in text


def test_a_misspelled_entity_type_gets_a_suggestion():
    assert problem_of_entity_types(["order", "accountRiskStatus"]) is None
    assert "accountRiskStatus" in (problem_of_entity_types(["accountRiskStatuses"]) or "")
