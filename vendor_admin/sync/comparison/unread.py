"""Which entity types are still to be read, and when each is tried again.

Pure: `now` comes in, in seconds of any one clock.
"""

FIRST_PAUSE_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 300.0


class Unread:
    """Types whose last read failed. Each waits twice as long after each failure, up to five minutes."""

    def __init__(self) -> None:
        self._failures: dict[str, int] = {}
        self._due_at: dict[str, float] = {}

    def __bool__(self) -> bool:
        return bool(self._due_at)

    def __contains__(self, entity_type: str) -> bool:
        return entity_type in self._due_at

    def note_failure(self, entity_type: str, *, now: float, at_least_seconds: float = 0.0) -> None:
        """The type could not be read. It keeps its place among those that are due together."""
        failures = self._failures[entity_type] = self._failures.get(entity_type, 0) + 1
        pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(failures - 1, 16))
        self._due_at[entity_type] = now + max(pause, at_least_seconds)

    def note_read(self, entity_type: str) -> None:
        """The type was read: nothing is left to do for it."""
        self._failures.pop(entity_type, None)
        self._due_at.pop(entity_type, None)

    def due(self, *, now: float) -> list[str]:
        """Types to try again by now, in the order in which they failed first."""
        return [entity_type for entity_type, due_at in self._due_at.items() if due_at <= now]

    def seconds_left(self, *, now: float) -> float | None:
        """How long until the next type is due; None when all are read."""
        return max(0.0, min(self._due_at.values()) - now) if self._due_at else None

    def clear(self) -> None:
        """Forget all: another socket has begun."""
        self._failures.clear()
        self._due_at.clear()
