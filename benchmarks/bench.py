"""What every benchmark is given: the server, the sizes of this run, and the events, made once."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from benchmarks.events import Event, make_events, store_frames
from benchmarks.server import BenchServer


@dataclass
class Bench:
    """Sizes: `rounds` of each method, their `seconds`, `events` made, `rows` of the long list, idle `sockets`, the
    `size` of the filled installation, `accounts` that are liquidated, and the length of the platform's hour meanwhile.
    """

    server: BenchServer
    rounds: int = 5
    seconds: float = 3.0
    events: int = 200_000
    rows: int = 1_000_000
    sockets: int = 500
    size: str = "small"
    burst_seconds: float = 10.0
    idle_seconds: float = 15.0
    clients_seconds: float = 60.0
    accounts: int = 1_000
    hour_seconds: float = 120.0

    @cached_property
    def streams(self) -> list[list[Event]]:
        """The events of each organization."""
        return make_events(self.events)

    @cached_property
    def frames(self) -> Path:
        """The file of frames that senders read."""
        path = self.server.folder / "frames"
        store_frames(self.streams, path)
        return path
