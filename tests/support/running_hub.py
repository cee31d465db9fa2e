"""A hub in a thread of the test process, on the test's database, and a way to wait for what it does."""

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Self, TypeVar

from vendor_admin.sync.hub.hub import Hub, HubSettings

T = TypeVar("T")

LEASE_TTL = 4.0


class RunningHub:
    """`with RunningHub(database_url=...) as hub:` runs a hub with short times until the end of the block."""

    def __init__(self, *, database_url: str, name: str = "hub-1", **settings: Any) -> None:
        quick = HubSettings(
            name=name, database_url=database_url, lease_ttl=LEASE_TTL, renew_every=0.2, quiet=0.3, tick=0.1
        )
        self.hub, self.name = Hub(replace(quick, **settings)), name
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self, *, seconds: float = 20.0) -> None:
        """Stop politely and wait for the end."""
        if self._thread.is_alive():
            wait_until(lambda: self.hub.is_running or not self._thread.is_alive(), what="the hub's loop")
            self.hub.stop()
        self._thread.join(seconds)
        assert not self._thread.is_alive(), "the hub did not stop"
        if self.error is not None:
            raise self.error

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            asyncio.run(self.hub.run())
        except BaseException as error:  # noqa: BLE001 - shown by stop
            self.error = error


def wait_until(condition: Callable[[], T | None], *, seconds: float = 15.0, what: str = "") -> T:
    """Poll until the condition is true, and return what it gave; fails with a word when it takes too long.

    What takes long is asked more and more seldom: to ask is work that what is waited for would have done meanwhile.
    """
    deadline, pause = time.monotonic() + seconds, 0.01
    while True:
        if found := condition():
            return found
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for {what or condition}"
        time.sleep(pause)
        pause = min(1.2 * pause, 0.1)
