"""Where a connection may lead."""

import asyncio
import socket

import pytest

from tests.organizations.conftest import CREDENTIALS
from vendor_admin.errors import InvalidFields
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.connections import check as connection_check
from vendor_admin.organizations.connections import verbs as connections
from vendor_admin.organizations.models import Connection, Organization
from vendor_admin.organizations.platform_access import network_policy, reachability
from vendor_admin.organizations.platform_access.network_policy import (
    AllowedPlaces,
    addresses_of,
    addresses_to_call,
    problem_of_host,
)
from vendor_admin.sync.socket import opening
from vendor_admin.tradovate.rest.transport import HostNotAllowed

PUBLIC = {"rest_url": "https://demo.tradovateapi.com/v1", "websocket_url": "wss://demo.tradovateapi.com/v1/websocket"}
SANDBOX = {
    "rest_url": "http://127.0.0.1:8090/demo/v1",
    "websocket_url": "ws://127.0.0.1:8090/demo/v1/websocket",
}
NOWHERE_ELSE = AllowedPlaces()


@pytest.fixture(autouse=True)
def strict(settings) -> None:
    settings.ALLOW_INTERNAL_PLATFORM_HOSTS = False


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What the name server answers."""
    known = {"demo.tradovateapi.com": ["93.184.216.34"]}
    monkeypatch.setattr(network_policy, "addresses_of", lambda host: known.get(host, []))
    return known


def connect(slug: str = "alpha", **values) -> Connection:
    fields = {
        "slug": slug,
        "environment": "demo",
        "actor": Actor.staff("test"),
        "credentials": CREDENTIALS,
        **PUBLIC,
        **values,
    }
    return connections.connect_organization(**fields)[0]


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "2002:7f00:1::1"])
def test_this_machine_is_for_demo_data_alone(address):
    assert "runs on" in (problem_of_host("x", [address], allowed=NOWHERE_ELSE) or "")
    assert problem_of_host("x", [address], allowed=AllowedPlaces(loopback=True)) is None


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "240.0.0.1",
        "255.255.255.255", "fe80::1%eth0", "fc00::1", "ff02::1", "::", "::ffff:10.0.0.1", "2002:a00:1::1",
        "64:ff9b::a9fe:a9fe", "64:ff9b:1::808:808", "::808:808", "::ffff:0:808:808", "fec0::1", "5f00::1",
        "2001:db8::1",
    ],
)  # fmt: skip
def test_private_and_odd_networks_need_the_setting(address):
    assert "private network" in (problem_of_host("x", [address], allowed=AllowedPlaces(loopback=True)) or "")
    assert problem_of_host("x", [address], allowed=AllowedPlaces(internal=True)) is None


def test_one_internal_address_among_public_ones_is_enough_and_is_not_told():
    text = problem_of_host("x.example", ["93.184.216.34", "10.1.2.3"], allowed=NOWHERE_ELSE)
    assert text
    assert "10.1.2.3" not in text
    for public in ("2606:2800:220:1::1", "64:ff9b::808:808"):
        assert problem_of_host("x.example", ["93.184.216.34", public], allowed=NOWHERE_ELSE) is None


@pytest.mark.parametrize("spelling", ["127.1", "2130706433", "0x7f.1", "localhost", "LOCALHOST."])
def test_other_spellings_of_this_machine_are_seen_through(spelling):
    url = f"https://{spelling}/v1"
    found = network_policy.problems_of_places(
        Organization(), {"rest_url": url, "websocket_url": url.replace("https", "wss")}
    )
    assert found.keys() == {"rest_url", "websocket_url"}
    assert problem_of_host("x", addresses_of(spelling.lower().rstrip(".")), allowed=NOWHERE_ELSE)


class TestCalling:
    def test_a_host_of_the_platform_is_called_at_its_public_addresses_alone(self, names, settings):
        assert addresses_to_call("Demo.tradovateapi.com.") == ["93.184.216.34"]
        names["demo.tradovateapi.com"] += ["10.0.0.7"]
        with pytest.raises(HostNotAllowed, match="private network"):
            addresses_to_call("demo.tradovateapi.com")
        settings.ALLOW_INTERNAL_PLATFORM_HOSTS = True
        assert addresses_to_call("demo.tradovateapi.com") == ["93.184.216.34", "10.0.0.7"]

    @pytest.mark.parametrize("address", ["127.0.0.1", "::1", "169.254.169.254"])
    def test_a_name_that_changes_its_mind_leads_nowhere_even_where_debug_is_on(self, names, settings, address):
        settings.DEBUG = True
        names["demo.tradovateapi.com"] = [address]
        with pytest.raises(HostNotAllowed):
            addresses_to_call("demo.tradovateapi.com")

    def test_other_hosts_are_not_looked_up_and_unknown_ones_are_told(self, names):
        with pytest.raises(HostNotAllowed, match="PLATFORM_HOSTS"):
            addresses_to_call("demo.example.com")
        with pytest.raises(socket.gaierror):
            addresses_to_call("live.tradovateapi.com")

    def test_a_proxy_is_given_names_of_the_platform_alone(self, monkeypatch, names):
        for name in ("http_proxy", "https_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        with pytest.raises(reachability.Failed) as failed:
            reachability.reach("https://demo.example.com/v1")
        assert "PLATFORM_HOSTS" in failed.value.finding.says
        assert reachability.reach("https://demo.tradovateapi.com/v1").ok

    def test_a_socket_goes_by_a_proxy_to_hosts_of_the_platform_alone(self, monkeypatch, names):
        for name in ("http_proxy", "https_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")

        async def open_it() -> None:
            async with opening.connecting("wss://demo.example.com/v1/websocket"):
                pass

        with pytest.raises(HostNotAllowed, match="PLATFORM_HOSTS"):
            asyncio.run(open_it())

    def test_this_machine_is_called_by_its_own_names_and_numbers(self):
        assert addresses_to_call("127.0.0.2") == ["127.0.0.2"]
        assert {*addresses_to_call("localhost")} <= {"127.0.0.1", "::1"}


def test_a_name_that_nobody_knows_has_no_addresses():
    assert addresses_of("does-not-exist.invalid") == []
    assert addresses_of("") == []
    assert addresses_of("x" * 300) == []


@pytest.mark.django_db
class TestSaving:
    def test_a_real_organization_is_not_connected_to_this_machine(self, names):
        with pytest.raises(InvalidFields, match="runs on"):
            connect(**SANDBOX)
        assert not Organization.objects.exists()

    def test_demo_data_is_and_so_is_anything_where_debug_is_on(self, names, settings):
        assert connect(is_simulated=True, **SANDBOX)
        settings.DEBUG = True
        assert connect("beta", **SANDBOX)

    def test_demo_data_may_be_connected_to_the_container_of_the_sandbox_and_nothing_else_may(self, names, settings):
        container = {name: url.replace("127.0.0.1", "sandbox") for name, url in SANDBOX.items()}
        names["sandbox"] = ["172.18.0.5"]
        with pytest.raises(InvalidFields):
            connect(is_simulated=True, **container)
        with pytest.raises(HostNotAllowed):
            addresses_to_call("sandbox")
        settings.TEST_SANDBOX_URL = "http://sandbox:8090"
        with pytest.raises(InvalidFields, match="its sandbox"):
            connect("beta", **container)
        assert connect(is_simulated=True, **container)
        assert addresses_to_call("sandbox") == ["172.18.0.5"]
        settings.TEST_SANDBOX_URL = "http://sandbox.example.com:8090"
        with pytest.raises(HostNotAllowed):
            addresses_to_call("sandbox.example.com")

    def test_the_setting_allows_both(self, names, settings):
        settings.ALLOW_INTERNAL_PLATFORM_HOSTS = True
        names["demo.tradovateapi.com"] = ["10.0.0.7"]
        assert connect()
        assert connect("beta", **SANDBOX)

    def test_a_name_of_a_private_address_is_refused_beside_its_field(self, names):
        names["demo.tradovateapi.com"] = ["10.0.0.7"]
        with pytest.raises(InvalidFields) as caught:
            connect()
        assert list(caught.value.texts) == ["rest_url", "websocket_url"]

    @pytest.mark.parametrize("host", ["demo.example.com", "tradovateapi.com.example", "xtradovateapi.com", "8.8.8.8"])
    def test_only_hosts_that_the_operator_lists_are_taken(self, names, host, settings):
        names[host] = ["93.184.216.34"]
        addresses = {"rest_url": f"https://{host}/v1", "websocket_url": f"wss://{host}/v1/websocket"}
        for settings.ALLOW_INTERNAL_PLATFORM_HOSTS in (False, True):
            with pytest.raises(InvalidFields, match="PLATFORM_HOSTS"):
                connect(**addresses)
        settings.PLATFORM_HOSTS = (host,)
        assert connect(**addresses)
        with pytest.raises(InvalidFields, match="PLATFORM_HOSTS"):
            connect("beta")

    def test_a_name_that_is_not_known_yet_may_be_saved(self, names):
        names.clear()
        assert connect()

    def test_a_connection_is_not_moved_there_either(self, names):
        connection = connect()
        with pytest.raises(InvalidFields, match="runs on"):
            connections.repoint_connection(
                connection=connection, credentials=CREDENTIALS, actor=Actor.staff("a"), **SANDBOX
            )

    def test_it_can_always_be_paused_but_not_resumed_towards_a_private_network(self, names):
        connection = connect()
        names["demo.tradovateapi.com"] = ["10.0.0.7"]
        paused = connections.pause_connection(connection=connection, actor=Actor.staff("a"))
        assert not paused.is_enabled
        with pytest.raises(InvalidFields, match="private network"):
            connections.resume_connection(connection=paused, actor=Actor.staff("a"))

    def test_the_check_looks_again_and_goes_no_further(self, names, now):
        connection = connect()
        names["demo.tradovateapi.com"] = ["169.254.169.254"]
        (finding,) = connection_check.check_connection(connection=connection, now=now)
        assert (finding.step, finding.ok) == ("addresses", False)
        assert "private network" in finding.says


@pytest.mark.parametrize("url", ["https://[::1/v1", "https://demo.tradovateapi.com:99999/v1", "https://x:y/v1"])
@pytest.mark.django_db
def test_an_address_that_cannot_be_read_is_told_so(names, url):
    with pytest.raises(InvalidFields, match="cannot be read"):
        connect(rest_url=url)
