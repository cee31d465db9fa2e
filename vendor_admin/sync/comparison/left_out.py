"""What the platform's answers about masters leave out of what the mirror held of them, until a reading has ended."""

from array import array
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from itertools import groupby

from vendor_admin.sync.socket.intake import Reserved


class LeftOut:
    """Of one reading over one socket: how many entities the mirror held of what was asked (`known`), and those left
    out, each with a number and the time from before its question. 24 bytes each.
    """

    def __init__(self, epoch: int) -> None:
        self.epoch, self.known = epoch, 0
        self.ids, self._numbers, self._times = array("q"), array("q"), array("d")

    def __len__(self) -> int:
        return len(self.ids)

    def note(self, known: Collection[int], listed: Collection[int], reserved: Reserved) -> None:
        """An answer came to a question before which the mirror held `known`, and as many numbers were reserved."""
        self.known += len(known)
        for number, one in enumerate(known, reserved.first_seq):
            if one not in listed:
                self.ids.append(one)
                self._numbers.append(number)
                self._times.append(reserved.at.timestamp())

    def by_time(self) -> Iterator[tuple[Reserved, list[tuple[int, int]]]]:
        """Place and id of each, for `Socket.put_vanished`."""
        rows = zip(self._times, self._numbers, self.ids, strict=True)
        for time, group in groupby(rows, key=lambda row: row[0]):
            reserved = Reserved(self.epoch, 0, datetime.fromtimestamp(time, UTC))
            yield reserved, [(number, one) for _, number, one in group]
