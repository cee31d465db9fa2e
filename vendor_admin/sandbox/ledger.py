"""The ledger: everything sent and received, one numbered entry an entity; the oracle of tests.

An entry is written only after its frame was handed to the socket. Fields: `n` (grows by one), `at` (epoch seconds),
`direction` (sent, received, dropped), `kind` (event, snapshot, answer, frame, rest, lifecycle), `socket`, `frame`
(number of the frame on its socket), `organization`, `environment`, `host` (the address it came in at), `endpoint`,
`entity_type`, `entity_id`, `event_type`, and `text`: the entity's own JSON text, or the frame's, cut to 4,000
characters when it is no entity's.
"""

import dataclasses
import io
import itertools
import json
import pathlib
import time
from collections import deque
from typing import Any

import msgspec

_encode = msgspec.json.Encoder().encode
TEXT_LIMIT = 4_000
FLUSH_CHARACTERS = 1 << 18


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """Who an entry belongs to: one socket or the REST side of an organization, at one address of the sandbox."""

    socket: int | None
    organization: str
    environment: str
    host: str = ""


class Entry(msgspec.Struct, gc=False, frozen=True):
    """One entry; see the module's text."""

    n: int
    at: float
    direction: str
    kind: str
    socket: int | None
    frame: int
    organization: str
    environment: str
    host: str
    endpoint: str
    entity_type: str
    entity_id: int | None
    event_type: str
    text: str


class Ledger:
    """Entries in a ring, and in a file when one is given."""

    def __init__(self, *, bound: int, path: str | None = None) -> None:
        self._ring: deque[Entry] = deque(maxlen=bound)
        self._file = pathlib.Path(path).open("ab") if path else None  # noqa: SIM115 - open as long as the ledger
        self._buffer = io.BytesIO()
        self._n = 0

    @property
    def last_n(self) -> int:
        """Number of the newest entry; 0 when there is none."""
        return self._n

    def entities(
        self,
        line: Line,
        items: tuple[tuple[str, str, int | None, str], ...],
        *,
        direction: str,
        kind: str,
        frame: int,
        endpoint: str = "",
    ) -> None:
        """One entry for each entity of a message."""
        at = time.time()
        for entity_type, event_type, entity_id, text in items:
            self._n += 1
            self._add(
                Entry(
                    self._n,
                    at,
                    direction,
                    kind,
                    line.socket,
                    frame,
                    line.organization,
                    line.environment,
                    line.host,
                    endpoint,
                    entity_type,
                    entity_id,
                    event_type,
                    text,
                )
            )

    def note(
        self, line: Line, *, direction: str, kind: str, text: str = "", frame: int = 0, endpoint: str = ""
    ) -> None:
        """One entry that is not about an entity: a frame, a call, a socket opened or closed."""
        self._n += 1
        self._add(
            Entry(
                self._n,
                time.time(),
                direction,
                kind,
                line.socket,
                frame,
                line.organization,
                line.environment,
                line.host,
                endpoint,
                "",
                None,
                "",
                text[:TEXT_LIMIT],
            )
        )

    def after(self, n: int, *, limit: int, kind: str | None = None) -> list[Entry]:
        """Entries with a greater number, oldest first."""
        if not self._ring:
            return []
        start = max(0, n - self._ring[0].n + 1)
        wanted = (entry for entry in itertools.islice(self._ring, start, None) if kind is None or entry.kind == kind)
        return list(itertools.islice(wanted, limit))

    def flush(self) -> None:
        """Hand what is buffered to the file."""
        if self._file and self._buffer.tell():
            self._file.write(self._buffer.getvalue())
            self._file.flush()
            self._buffer = io.BytesIO()

    def close(self) -> None:
        """Flush and close the file."""
        self.flush()
        if self._file:
            self._file.close()

    def _add(self, entry: Entry) -> None:
        self._ring.append(entry)
        if self._file:
            self._buffer.write(_encode(entry))
            self._buffer.write(b"\n")
            if self._buffer.tell() >= FLUSH_CHARACTERS:
                self.flush()


def as_json(value: Any) -> bytes:  # Any: any JSON value
    """JSON bytes of plain values and entries."""
    try:
        return _encode(value)
    except UnicodeEncodeError:  # half a letter, which somebody has the platform say: it goes out as an escape
        return json.dumps(value).encode()
