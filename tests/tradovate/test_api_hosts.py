"""Which hosts an answer names, and which of them are believed."""

import json

import pytest

from vendor_admin.tradovate.api_hosts import (
    ApiHosts,
    HostRules,
    Purpose,
    at_host,
    check_hosts,
    host_and_port,
    host_in_location,
    platform_of_host,
    problem_of_host,
    read_api_hosts,
)

RULES = HostRules(suffixes=("platform.test",))
SANDBOX = HostRules(is_sandbox=True)
LOGIN = {
    "accessToken": "INVENTED-1",
    "apiHosts": {
        "live": "live.platform.test",
        "demo": "Demo-Alpha7.platform.test.",
        "mdLive": "md.platform.test:8443",
        "riskMonitorDemo": "risk-alpha7.platform.test",
        "userContext": "context.platform.test",
    },
}


def test_known_purposes_are_learned_and_unknown_ones_ignored():
    checked = check_hosts(read_api_hosts(LOGIN), rules=RULES)
    assert checked.hosts == {
        Purpose.LIVE: "live.platform.test",
        Purpose.DEMO: "demo-alpha7.platform.test",
        Purpose.MD_LIVE: "md.platform.test:8443",
    }
    assert checked.refused == ()


@pytest.mark.parametrize(
    "body", [None, [], "text", {}, {"accessToken": "a"}, {"apihosts": {"demo": "a.platform.test"}}]
)
def test_an_answer_without_hosts_teaches_nothing(body):
    assert read_api_hosts(body) == ApiHosts()
    assert not read_api_hosts(body)


@pytest.mark.parametrize("value", [[], "demo.platform.test", None, 7])
def test_hosts_that_are_no_object_are_refused_and_shown(value):
    (refused,) = check_hosts(read_api_hosts({"apiHosts": value}), rules=RULES).refused
    assert refused.purpose == "apiHosts"
    assert refused.said in (repr(value), value)


@pytest.mark.parametrize(
    "value",
    [
        "https://demo-alpha7.platform.test/v1",
        "user@evil.platform.test",
        "user:pw@evil.platform.test",
        "demo.platform.test/../x",
        "demo.platform.test?x",
        "",
        " demo.platform.test",
        None,
        7,
        True,
        ["demo.platform.test"],
        "127.0.0.1",
        "127.0.0.1:8443",
        "[::1]:8443",
        "localhost",
        "demo\n.platform.test",
        "demo\x00.platform.test",
        f"{'x' * 64}.platform.test",
        ".".join(["x" * 63] * 4) + ".platform.test",
        "demo..platform.test",
        "-demo.platform.test",
        "demo-.platform.test",
        "de_mo.platform.test",
        "dеmo.platform.test",  # its second letter is Cyrillic
        "demo.platform.te\u017ft",  # its upper case is a plain S
        "\u212aelvin.platform.test",  # its lower case is a plain k
        "xn--\u00fc.platform.test",
        "xn--.platform.test",
        "demo.platform.test:",
        "demo.platform.test:0",
        "demo.platform.test:65536",
        "demo.platform.test:٣",
        "demo.platform.test:80:80",
        "evilplatform.test",
        "platform.test.evil.example",
        "demo.tradovateapi.com",
    ],
)
def test_anything_but_a_host_of_the_platform_is_refused_and_the_others_are_kept(value):
    named = {"demo": value, "live": "live.platform.test"}
    checked = check_hosts(read_api_hosts({"apiHosts": named}), rules=RULES)
    assert checked.hosts == {Purpose.LIVE: "live.platform.test"}
    (refused,) = checked.refused
    assert refused.purpose == "demo"
    assert refused.why
    assert refused.said.isprintable()
    assert len(refused.said) < 100
    json.dumps([refused.said, refused.why])


@pytest.mark.parametrize("value", ["127.0.0.1:8001", "localhost:8001", "127.0.0.2"])
def test_a_sandbox_may_only_move_within_this_machine(value):
    assert problem_of_host(value, rules=SANDBOX) == ""
    assert problem_of_host("demo.tradovateapi.com", rules=SANDBOX)
    assert problem_of_host(f"{value}.evil.example", rules=SANDBOX)


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("https://demo-alpha7.platform.test/v1/account/list", "demo-alpha7.platform.test"),
        ("wss://collector.invalid/v1/websocket", "collector.invalid"),
        ("//collector.invalid/", "collector.invalid"),
        ("https://me:pw@collector.invalid:8443/", "collector.invalid:8443"),
        ("https://Collector.invalid.:0443/", "collector.invalid"),
        ("http://collector.invalid:80/", "collector.invalid"),
        ("http://127.0.0.1:08001/v1", "127.0.0.1:8001"),
        ("https://collector.invalid/v1, https://second.invalid/v1", "collector.invalid"),
        ("/v2/websocket", ""),
        ("https://[::1", ""),
        ("https://[::1]:8443/", ""),
        ("https://collector.invalid:65536/", ""),
        ("https://collec\x00tor.invalid/", ""),
        ("https://collector .invalid/", ""),
        ("https://collector_7.invalid/", ""),
        ("https://\u212aelvin.invalid/", ""),  # its lower case is a plain k
        (f"https://{'x' * 400}.invalid/", ""),
        (f"https://{'.'.join(['x' * 63] * 5)}/", ""),
        ("", ""),
    ],
)
def test_where_a_redirect_leads(location, host):
    assert host_in_location(location) == host


@pytest.mark.parametrize("host", ["demo.platform.test", "demo.platform.test:8443"])
def test_a_host_has_one_spelling_however_it_is_named(host):
    port = host.partition(":")[2] or "443"
    for spelling in (host, f"demo.platform.test:{port}", f"Demo.Platform.test.:{port}", f"demo.platform.test:0{port}"):
        named = read_api_hosts({"apiHosts": {"demo": spelling}})
        assert check_hosts(named, rules=RULES).hosts == {Purpose.DEMO: host}
        assert host_in_location(f"https://{spelling}/v1") == host
        assert host_and_port(f"wss://{spelling}/v1/websocket") == host
        assert at_host("https://shared.platform.test/v1", spelling) == f"https://{host}/v1"


def test_the_usual_port_of_a_sandbox_is_that_of_its_address():
    named = read_api_hosts({"apiHosts": {"demo": "127.0.0.1:443", "live": "127.0.0.1:080"}})
    rules = HostRules(is_sandbox=True, usual_port=80)
    assert check_hosts(named, rules=rules).hosts == {Purpose.DEMO: "127.0.0.1:443", Purpose.LIVE: "127.0.0.1"}
    assert at_host("http://127.0.0.1:8000/v1", "127.0.0.1:443") == "http://127.0.0.1:443/v1"


@pytest.mark.parametrize(
    ("host", "platform"),
    [
        ("demo.tradovateapi.com", "production"),
        ("live-api-d.tradovate.com", "production"),
        ("demo-alpha7.ninjatrader.com", "production"),
        ("demo-api.staging.ninjatrader.dev", "staging"),
        ("demo-alpha7.ninjatrader.dev", "staging"),
        ("trader.staging.tradovate.com", "staging"),
        ("nottradovate.com", ""),
        ("127.0.0.1", ""),
    ],
)
def test_every_host_belongs_to_one_platform(host, platform):
    assert platform_of_host(host) == platform
