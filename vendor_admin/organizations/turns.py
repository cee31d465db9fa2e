"""Turns at what may take long: each keeps a thread of this process, so that no one cause gets more than a few.

Each process counts for itself. Nobody waits for a turn in a thread.
"""

import sys
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from threading import Lock

from vendor_admin.errors import Unavailable


class NoTurn(Unavailable):
    """All turns are taken, of this cause or of all together."""


class Turns:
    """Turns of several causes."""

    def __init__(self) -> None:
        self._held: dict[object, tuple[Hashable, ...]] = {}
        self._lock = Lock()

    @contextmanager
    def hold(self, most: Mapping[Hashable, int], *, of_all: int = sys.maxsize) -> Iterator[None]:
        """Hold a turn of each cause in `most`, which says how many it may have at once. Raises NoTurn."""
        turn = object()
        with self._lock:
            held = list(self._held.values())
            taken = Counter(chain.from_iterable(held))
            if len(held) >= of_all or any(taken[cause] >= count for cause, count in most.items()):
                raise NoTurn
            self._held[turn] = tuple(most)
        try:
            yield
        finally:
            # Without the lock: Python may collect what holds a turn in the very thread that has it.
            del self._held[turn]
