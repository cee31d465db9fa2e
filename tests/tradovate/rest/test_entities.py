"""Reading entities by the shared operations, ten ids a call."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.scripted_server import ScriptedServer, running_server
from vendor_admin.tradovate.operations import NoSuchOperation
from vendor_admin.tradovate.outcomes import Locked, Rejected, Success, Unknown
from vendor_admin.tradovate.rest.client import RestClient
from vendor_admin.tradovate.rest.entities import fetch_items, fetch_ldeps, fetch_list, ids_by_call


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with running_server() as running:
        yield running


@pytest.fixture
def client(server: ScriptedServer) -> Iterator[RestClient]:
    client = RestClient(base_url=server.url)
    yield client
    client.close()


def asked(server: ScriptedServer, parameter: str) -> list[str]:
    return [parse_qs(urlsplit(seen.path).query)[parameter][0] for seen in server.seen]


def test_a_list_is_read_in_one_call(server, client):
    server.will_answer(200, [{"id": 1}])
    assert fetch_list(client, "order", token="t") == Success([{"id": 1}], 200)
    assert server.seen[0].path == "/demo/v1/order/list"


def test_items_are_asked_ten_at_a_time_each_once(server, client):
    server.will_answer(200, [])
    outcomes = list(fetch_items(client, "order", [*range(25), 3, 4], token="t"))
    assert len(outcomes) == 3
    assert asked(server, "ids") == ["0,1,2,3,4,5,6,7,8,9", "10,11,12,13,14,15,16,17,18,19", "20,21,22,23,24"]


def test_dependents_are_asked_by_their_masters(server, client):
    server.will_answer(200, [])
    list(fetch_ldeps(client, "userAccountPositionLimit", range(11), token="t"))
    assert asked(server, "masterids") == ["0,1,2,3,4,5,6,7,8,9", "10"]


def test_nothing_is_asked_for_no_ids(server, client):
    assert list(fetch_items(client, "order", [], token="t")) == []
    assert server.seen == []


def test_a_rejection_does_not_keep_the_other_calls_back(server, client):
    server.will_answer(404)
    server.will_answer(200, [])
    assert [type(outcome) for outcome in fetch_items(client, "order", range(20), token="t")] == [Rejected, Success]


def test_a_lock_ends_the_asking_at_once(server, client):
    server.will_answer(429)
    assert list(fetch_items(client, "order", range(100), token="t")) == [Locked(429, "")]
    assert len(server.seen) == 1


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b"null", b"[{},null]"])
def test_what_is_not_a_list_of_entities_is_no_empty_list(server, client, body):
    server.will_answer(200, body)
    assert isinstance(fetch_list(client, "order", token="t"), Unknown)


def test_an_operation_the_platform_lacks_is_refused_before_any_call(server, client):
    with pytest.raises(NoSuchOperation):
        fetch_items(client, "riskCategory", [1], token="t")
    with pytest.raises(NoSuchOperation):
        fetch_list(client, "cashBalanceLog", token="t")


def test_the_number_of_calls_is_the_least_there_is():
    assert [len(group) for group in ids_by_call([*range(101), *range(50)])] == [10] * 10 + [1]
