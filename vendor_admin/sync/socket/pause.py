"""The time between two connections of a socket: as long as was decided, or until something says that it may be less."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from vendor_admin.sync.leases import Held, Status
from vendor_admin.sync.socket.access import Access
from vendor_admin.tradovate.socket.reconnect import Reconnect

LOOK_AT_HOLD_SECONDS = 5.0
LOOK_AT_OTHERS_SECONDS = 60.0


class Pause:
    """Waits for one socket. `held` is its lease as it is now; the next try is told in its `status`."""

    def __init__(self, *, access: Access, status: Status, held: Callable[[], Held]) -> None:
        self._access, self._status, self._held = access, status, held
        self._random = random.Random()
        self._retry = asyncio.Event()

    def end(self) -> None:
        """End the wait now, or the next: a try is asked for."""
        self._retry.set()

    def forget_requests(self) -> None:
        """Forget who asked for a try before: it was made."""
        self._retry.clear()

    async def wait(self, decision: Reconnect) -> None:
        """Stay away as decided, or until somebody asks for a try, or the host that was held may be asked again.

        A decision to stop is ended by a request alone.
        """
        if decision.stops:
            await self._retry.wait()
            return
        watching: asyncio.Task[None] | None = None
        if decision.seeks_host:
            watching = asyncio.create_task(self._watch_hold())
        elif decision.shared_try_seconds:
            watching = asyncio.create_task(self._watch_others(decision.shared_try_seconds))
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(decision.delay_seconds):
                    await self._retry.wait()
        finally:
            if watching is not None:
                watching.cancel()

    async def _watch_hold(self) -> None:
        while await self._access.is_held(self._held()):
            await asyncio.sleep(LOOK_AT_HOLD_SECONDS)
        self._retry.set()

    async def _watch_others(self, pause_seconds: float) -> None:
        """Try where it is this socket's turn, or where another has found that the platform is back."""
        wait = pause_seconds
        while wait > 0:
            self._status.next_try_at = datetime.now(UTC) + timedelta(seconds=wait)
            await asyncio.sleep(LOOK_AT_OTHERS_SECONDS * self._random.uniform(0.5, 1.0))
            wait = await self._access.seconds_until_try(self._held(), pause_seconds=pause_seconds)
        self._retry.set()
