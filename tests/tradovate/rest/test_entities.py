"""Reading entities by the shared operations, ten ids a call."""

from collections.abc import Iterator

import pytest

from tests.support.scripted_server import ScriptedServer, running_server
from vendor_admin.tradovate.operations import NoSuchOperation
from vendor_admin.tradovate.outcomes import Success, Unknown
from vendor_admin.tradovate.rest.client import RestClient
from vendor_admin.tradovate.rest.entities import fetch_list, ids_by_call


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with running_server() as running:
        yield running


@pytest.fixture
def client(server: ScriptedServer) -> Iterator[RestClient]:
    client = RestClient(base_url=server.url)
    yield client
    client.close()


def test_a_list_is_read_in_one_call(server, client):
    server.will_answer(200, [{"id": 1}])
    assert fetch_list(client, "order", token="t") == Success([{"id": 1}], 200)
    assert server.seen[0].path == "/demo/v1/order/list"


def test_ids_are_asked_ten_at_a_time_each_once():
    assert ids_by_call([*range(12), 3, 4]) == [[*range(10)], [10, 11]]
    assert ids_by_call([]) == []


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b"null", b"[{},null]"])
def test_what_is_not_a_list_of_entities_is_no_empty_list(server, client, body):
    server.will_answer(200, body)
    assert isinstance(fetch_list(client, "order", token="t"), Unknown)


def test_an_operation_the_platform_lacks_is_refused_before_any_call(server, client):
    with pytest.raises(NoSuchOperation):
        fetch_list(client, "cashBalanceLog", token="t")


def test_the_number_of_calls_is_the_least_there_is():
    assert [len(group) for group in ids_by_call([*range(101), *range(50)])] == [10] * 10 + [1]
