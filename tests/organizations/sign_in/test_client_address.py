"""Which network a caller is counted under."""

import pytest
from django.test import RequestFactory

from vendor_admin.organizations.sign_in.client_address import UNREADABLE, caller_address, caller_network

DIRECT = {
    "203.0.113.8": "203.0.113.8",
    "::ffff:203.0.113.8": "203.0.113.8",
    "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::",
    "2001:db8:1:2:ffff::1": "2001:db8:1:2::",
    "fe80::1%eth0": "fe80::",
    "": UNREADABLE,
    "localhost": UNREADABLE,
}
FORWARDED = DIRECT | {
    "203.0.113.8:5000": "203.0.113.8",
    "[2001:db8:1:2:3:4:5:6]:5000": "2001:db8:1:2::",
    "[2001:db8:1:2:3:4:5:6]": "2001:db8:1:2::",
    "[::ffff:203.0.113.8]:443": "203.0.113.8",
    "198.51.100.1, 203.0.113.8": "203.0.113.8",
    "203.0.113.8, unknown": UNREADABLE,
    "": "192.0.2.1",
}


@pytest.mark.parametrize("address", DIRECT)
def test_a_direct_caller(address: str) -> None:
    assert caller_network(RequestFactory().get("/", REMOTE_ADDR=address)) == DIRECT[address]


@pytest.mark.parametrize("header", FORWARDED)
def test_a_caller_behind_a_proxy(header: str, settings) -> None:
    settings.BEHIND_PROXY = True
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", headers={"X-Forwarded-For": header})

    assert caller_network(request) == FORWARDED[header]


def test_without_a_proxy_its_header_says_nothing() -> None:
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", headers={"X-Forwarded-For": "203.0.113.8"})

    assert caller_network(request) == "192.0.2.1"


def test_the_address_itself_is_told_whole() -> None:
    assert caller_address(RequestFactory().get("/", REMOTE_ADDR="2001:db8:1:2:3:4:5:6")) == "2001:db8:1:2:3:4:5:6"
    assert caller_address(RequestFactory().get("/", REMOTE_ADDR="somewhere")) == ""
