"""Where a connection may lead."""

import pytest

from tests.organizations.conftest import CREDENTIALS
from vendor_admin.organizations import connection_check, connections, places
from vendor_admin.organizations.connections import InvalidConnection
from vendor_admin.organizations.models import Connection, Organization
from vendor_admin.organizations.places import AllowedPlaces, addresses_of, problem_of_host

PUBLIC = {"rest_url": "https://demo.example.com/v1", "websocket_url": "wss://demo.example.com/v1/websocket"}
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
    known = {"demo.example.com": ["93.184.216.34"]}
    monkeypatch.setattr(places, "addresses_of", lambda host: known.get(host, []))
    return known


def connect(slug: str = "alpha", **values) -> Connection:
    fields = {"slug": slug, "environment": "demo", "actor": "test", "credentials": CREDENTIALS, **PUBLIC, **values}
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
    ],
)  # fmt: skip
def test_private_and_odd_networks_need_the_setting(address):
    assert "private network" in (problem_of_host("x", [address], allowed=AllowedPlaces(loopback=True)) or "")
    assert problem_of_host("x", [address], allowed=AllowedPlaces(internal=True)) is None


def test_one_internal_address_among_public_ones_is_enough_and_is_not_told():
    text = problem_of_host("x.example", ["93.184.216.34", "10.1.2.3"], allowed=NOWHERE_ELSE)
    assert text
    assert "10.1.2.3" not in text
    assert problem_of_host("x.example", ["93.184.216.34", "2606:2800:220:1::1"], allowed=NOWHERE_ELSE) is None


@pytest.mark.parametrize("spelling", ["127.1", "2130706433", "0x7f.1", "localhost", "LOCALHOST."])
def test_other_spellings_of_this_machine_are_seen_through(spelling):
    url = f"https://{spelling}/v1"
    found = places.problems_of_places(
        organization=Organization(), rest_url=url, websocket_url=url.replace("https", "wss")
    )
    assert found.keys() == {"rest_url", "websocket_url"}


def test_a_name_that_nobody_knows_has_no_addresses():
    assert addresses_of("does-not-exist.invalid") == []
    assert addresses_of("") == []
    assert addresses_of("x" * 300) == []


@pytest.mark.django_db
class TestSaving:
    def test_a_real_organization_is_not_connected_to_this_machine(self, names):
        with pytest.raises(InvalidConnection, match="runs on"):
            connect(**SANDBOX)
        assert not Organization.objects.exists()

    def test_demo_data_is_and_so_is_anything_where_debug_is_on(self, names, settings):
        assert connect(is_simulated=True, **SANDBOX)
        settings.DEBUG = True
        assert connect("beta", **SANDBOX)

    def test_the_setting_allows_both(self, names, settings):
        settings.ALLOW_INTERNAL_PLATFORM_HOSTS = True
        names["demo.example.com"] = ["10.0.0.7"]
        assert connect()
        assert connect("beta", **SANDBOX)

    def test_a_name_of_a_private_address_is_refused_beside_its_field(self, names):
        names["demo.example.com"] = ["10.0.0.7"]
        with pytest.raises(InvalidConnection) as caught:
            connect()
        assert list(caught.value.problems) == ["rest_url", "websocket_url"]

    def test_a_name_that_is_not_known_yet_may_be_saved(self, names):
        names.clear()
        assert connect()

    def test_a_connection_is_not_moved_there_either(self, names):
        connection = connect()
        with pytest.raises(InvalidConnection, match="runs on"):
            connections.repoint_connection(connection=connection, actor="a", **SANDBOX)

    def test_it_can_always_be_paused_but_not_resumed_towards_a_private_network(self, names):
        connection = connect()
        names["demo.example.com"] = ["10.0.0.7"]
        paused = connections.pause_connection(connection=connection, actor="a")
        assert not paused.is_enabled
        with pytest.raises(InvalidConnection, match="private network"):
            connections.resume_connection(connection=paused, actor="a")

    def test_the_check_looks_again_and_goes_no_further(self, names, now):
        connection = connect()
        names["demo.example.com"] = ["169.254.169.254"]
        (finding,) = connection_check.check_connection(connection=connection, now=now)
        assert (finding.step, finding.ok) == ("addresses", False)
        assert "private network" in finding.says


@pytest.mark.parametrize("url", ["https://[::1/v1", "https://demo.example.com:99999/v1", "https://x:y/v1"])
@pytest.mark.django_db
def test_an_address_that_cannot_be_read_is_told_so(names, url):
    with pytest.raises(InvalidConnection, match="cannot be read"):
        connect(rest_url=url)
