"""How many operations a lane claims ahead of its calls: no thread waits while results are being stored. Pure."""

import math
from dataclasses import dataclass

MOST_AHEAD = 4
"""Rounds of calls. What is claimed when a worker dies has to be read from the platform, so it is never more."""
_FORGETTING = 0.98
_WEIGHT_OF_NEWEST = 0.2


@dataclass(slots=True)
class Pace:
    """Learns how long calls last, and how long the runner takes at most between two looks at what has ended."""

    connections: int
    call_seconds: float = 0.25
    busy_seconds: float = 0.0

    def note_call(self, seconds: float) -> None:
        """A call has lasted so long."""
        self.call_seconds += (seconds - self.call_seconds) * _WEIGHT_OF_NEWEST

    def note_busy(self, seconds: float) -> None:
        """The runner was busy for so long. A long time is remembered for some moments: it comes again."""
        self.busy_seconds = max(seconds, self.busy_seconds * _FORGETTING)

    @property
    def most_in_flight(self) -> int:
        """One call for each connection, and ahead of each what it can call while the runner is busy; at least one."""
        ahead = math.ceil(self.busy_seconds / max(self.call_seconds, 0.001))
        return self.connections * (1 + min(MOST_AHEAD, max(1, ahead)))
