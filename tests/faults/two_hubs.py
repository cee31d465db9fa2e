"""Starts two hubs at the same moment, each in a process of its own. A program: a line on stdin starts the next pair.

Answers with the two process ids; SIGTERM ends a hub politely. The next pair is started when both have ended.
"""

import asyncio
import os
import signal
import socket
import sys

import django
import uvloop
from django.conf import settings

django.setup()

from vendor_admin.sync.hub.hub import Hub, HubSettings  # noqa: E402 - needs Django's apps

PAIR = 2


def main() -> None:
    for _ in sys.stdin:
        ready, go = os.pipe()
        pids = _fork(ready, go)
        sys.stdout.write(" ".join(map(str, pids)) + "\n")
        sys.stdout.flush()
        os.close(ready)
        os.write(go, b"x" * PAIR)
        os.close(go)
        for pid in pids:
            os.waitpid(pid, 0)


def _fork(ready: int, go: int) -> list[int]:
    pids = []
    for _ in range(PAIR):
        pid = os.fork()
        if pid == 0:
            os.close(go)
            os.read(ready, 1)
            _run_hub()
        pids.append(pid)
    return pids


def _run_hub() -> None:
    async def run() -> None:
        hub = Hub(
            HubSettings(
                name=f"{socket.gethostname()}:{os.getpid()}:pair",
                database_url=settings.DATABASE_HUB_URL,
                lease_ttl=settings.SYNC_LEASE_TTL_SECONDS,
                renew_every=settings.SYNC_LEASE_RENEW_SECONDS,
                quiet=settings.SYNC_QUIET_SECONDS,
                lock=settings.BUDGET_WINDOW_SECONDS,
            )
        )
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, hub.stop)
        await hub.run()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())
    os._exit(0)


if __name__ == "__main__":
    main()
