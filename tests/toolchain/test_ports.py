"""Choosing a port."""

import socket

from vendor_admin.embedded import choose_port


def test_a_free_preferred_port_is_taken() -> None:
    port = choose_port()
    assert choose_port(port) == port


def test_a_port_that_was_chosen_already_is_passed_by_too() -> None:
    port = choose_port()
    assert choose_port(port, besides={port}) != port


def test_a_port_that_somebody_listens_on_is_passed_by() -> None:
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::1")):
        with socket.socket(family, socket.SOCK_STREAM) as taken:
            try:
                taken.bind((address, 0))
            except OSError:
                continue  # no IPv6 here
            taken.listen()
            port = taken.getsockname()[1]
            assert choose_port(port) != port, address
