"""Which of the ids that a mirror held a list names: eight bytes an id and one to tick it off, for half a million."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator

_ABSENT, _LISTED = 0, 1


class KnownIds:
    """Ids in ascending order, `extend`ed page by page; `note` ticks off those that a list names."""

    def __init__(self) -> None:
        self._ids = array("q")
        self._ticks = bytearray()

    def __len__(self) -> int:
        return len(self._ids)

    def extend(self, ids: list[int]) -> None:
        """Add ids that are greater than all there are."""
        self._ids.extend(ids)
        self._ticks.extend(bytes(len(ids)))

    def note(self, ids: Iterable[int | None]) -> None:
        """Tick off ids that are listed; others are no matter."""
        for one in ids:
            if one is None:
                continue
            place = bisect_left(self._ids, one)
            if place < len(self._ids) and self._ids[place] == one:
                self._ticks[place] = _LISTED

    @property
    def absent_count(self) -> int:
        """How many are not ticked off."""
        return self._ticks.count(_ABSENT)

    def absent(self) -> Iterator[tuple[int, int]]:
        """The place and the id of each that is not ticked off. A step takes no time, however few there are."""
        place = self._ticks.find(_ABSENT)
        while place >= 0:
            yield place, self._ids[place]
            place = self._ticks.find(_ABSENT, place + 1)
