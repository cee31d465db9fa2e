"""The market's clock: real time, shifted and sped up at will, or standing still until somebody steps it."""

import datetime as dt
import time
from collections.abc import Callable


class MarketClock:
    """Tells the market's time. `real` gives seconds that only grow and exists for tests; `start` is now by default."""

    def __init__(
        self, start: dt.datetime | None = None, *, is_frozen: bool = False, real: Callable[[], float] = time.monotonic
    ) -> None:
        self._real = real
        self._speed = 1.0
        self._is_frozen = is_frozen
        self._base = start or dt.datetime.now(dt.UTC)
        self._since = real()

    @property
    def speed(self) -> float:
        """Seconds of the market in a real one, while it is not frozen."""
        return self._speed

    @property
    def is_frozen(self) -> bool:
        """Whether time stands still."""
        return self._is_frozen

    def now(self) -> dt.datetime:
        """The market's time, in UTC."""
        if self._is_frozen:
            return self._base
        return self._base + dt.timedelta(seconds=(self._real() - self._since) * self._speed)

    def freeze(self) -> None:
        """Stand still."""
        self._rebase()
        self._is_frozen = True

    def resume(self) -> None:
        """Go on from the time that it shows."""
        self._rebase()
        self._is_frozen = False

    def step(self, duration: dt.timedelta) -> None:
        """Go forward at once. Raises ValueError for a step back: no market's time runs backwards."""
        if duration < dt.timedelta(0):
            raise ValueError("a clock steps forward only")
        self._rebase()
        self._base += duration

    def set_now(self, moment: dt.datetime) -> None:
        """Go forward to a moment. Raises ValueError for one that is past."""
        self.step(moment - self.now())

    def set_speed(self, speed: float) -> None:
        """Run this many times as fast as real time. Raises ValueError unless it is more than 0."""
        if speed <= 0:
            raise ValueError("a clock's speed is more than 0; freeze it to stop it")
        self._rebase()
        self._speed = speed

    def _rebase(self) -> None:
        self._base, self._since = self.now(), self._real()
