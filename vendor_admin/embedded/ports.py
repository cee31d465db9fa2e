"""Ports on the loopback interface."""

import socket
from collections.abc import Collection


def choose_port(preferred: int = 0, *, besides: Collection[int] = ()) -> int:
    """Return `preferred` or one of the nine after it if nothing listens there on 127.0.0.1 or ::1, else any free port.

    None of those `besides`, where something is going to listen.
    Another program can still take the port before its server listens; the server then fails to start and says so.
    """
    for port in range(preferred, preferred + 10) if preferred else ():
        if port not in besides and _is_free("127.0.0.1", port) and _is_free("::1", port):
            return port
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_free(address: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        probe = socket.socket(family, socket.SOCK_STREAM)
    except OSError:
        return True  # this machine has no IPv6, so nobody can listen there
    with probe:
        # As servers do: a connection of a server that stopped a moment ago does not make the port taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            # The address may not exist here (no ::1 in many containers): then nobody listens on it either.
            return family == socket.AF_INET6 and not _answers(address, port)
    return True


def _answers(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), timeout=0.2):
            return True
    except OSError:
        return False
