"""How many masters are asked for in one call: ten, and ever fewer around one that cannot be read.

Pure: no database, no clock.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass

from vendor_admin.tradovate.operations import MOST_IDS_IN_A_CALL


@dataclass(slots=True)
class _Trouble:
    first: int
    last: int
    most: int

    def __contains__(self, master: int) -> bool:
        return self.first <= master <= self.last


class Groups:
    """The groups in which masters are asked for, by entity type. Masters are ids in ascending order."""

    def __init__(self) -> None:
        self._troubles: dict[str, _Trouble] = {}

    def next(self, entity_type: str, masters: Sequence[int], *, alone: Container[int]) -> list[int]:
        """The first of these masters that are asked for together; those in `alone` each by itself."""
        if masters[0] in alone:
            return [masters[0]]
        trouble = self._troubles.get(entity_type)
        if trouble is not None and masters[0] not in trouble:
            trouble = None
        group: list[int] = []
        for one in masters[: trouble.most if trouble else MOST_IDS_IN_A_CALL]:
            if one in alone or (trouble is not None and one not in trouble):
                break
            group.append(one)
        return group

    def note_read(self, entity_type: str, group: Sequence[int]) -> None:
        """A group was answered."""
        trouble = self._troubles.get(entity_type)
        if trouble is not None and group[0] in trouble and group[-1] >= trouble.last:
            del self._troubles[entity_type]

    def note_failure(self, entity_type: str, group: Sequence[int]) -> bool:
        """A group was not answered. Whether that was so before: then half as many are asked for at once."""
        trouble = self._troubles.get(entity_type)
        if trouble is None or group[0] not in trouble:
            self._troubles[entity_type] = _Trouble(group[0], group[-1], len(group))
            return False
        trouble.most = max(1, len(group) // 2)
        return True
