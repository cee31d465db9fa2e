"""What waits to be written: one row per entity, and what could not be read."""

from collections.abc import Iterable

import msgspec

from vendor_admin.sync.log.retention import MESSAGE_BYTES


class Oddity(msgspec.Struct, gc=False, frozen=True):
    """What a mirror takes of an entity whose values are not all of the usual form (see odd_values.py).

    `mended` holds JSON members to append, each with its comma; `left_out` the keys whose columns stay as they were;
    `reason` says for quarantine what could not be read, and is empty where nothing is to be noted.
    """

    mended: bytes
    left_out: frozenset[str]
    reason: str


class Row(msgspec.Struct, gc=False):
    """One entity from one socket. `is_difference` rows (snapshot, REST) are stored only where the mirror differs.
    `is_reserved` rows carry a number, and a time, from before they came: they say nothing of how long events wait.

    `received_at` is ISO text in UTC; `entity` and `extra` are JSON as received; `kind` is models.Kind's number.
    """

    organization_id: int
    environment: str
    lease_id: int
    epoch: int
    seq: int
    received_at: str
    kind: int
    entity_type: str
    entity_id: int
    account_id: int | None
    entity: bytes
    extra: bytes | None = None
    is_difference: bool = False
    oddity: Oddity | None = None
    is_reserved: bool = False

    @property
    def size(self) -> int:
        return len(self.entity)


class BadRow(msgspec.Struct, gc=False):
    """A message, or an entity, that goes to quarantine as it came: the beginning of a long one (see `beginning_of`)."""

    organization_id: int
    environment: str
    lease_id: int
    epoch: int
    seq: int
    received_at: str
    entity_type: str
    entity_id: int | None
    reason: str
    raw: bytes
    is_difference: bool = False
    is_reserved: bool = False
    full_size: int | None = None

    @property
    def size(self) -> int:
        return len(self.raw)


def beginning_of(raw: bytes) -> tuple[bytes, int | None]:
    """What quarantine keeps of a message, and the message's size in bytes where that is not all of it."""
    return (raw, None) if len(raw) <= MESSAGE_BYTES else (raw[:MESSAGE_BYTES], len(raw))


def quarantined(row: Row, reason: str) -> BadRow:
    """The quarantine entry of a row that the database refused."""
    raw, full_size = beginning_of(row.entity)
    return BadRow(
        organization_id=row.organization_id,
        environment=row.environment,
        lease_id=row.lease_id,
        epoch=row.epoch,
        seq=row.seq,
        received_at=row.received_at,
        entity_type=row.entity_type,
        entity_id=row.entity_id,
        reason=reason,
        raw=raw,
        full_size=full_size,
    )


def by_lease(rows: Iterable[Row | BadRow]) -> dict[tuple[int, int], list[Row | BadRow]]:
    """Rows by (lease, epoch), in their order."""
    groups: dict[tuple[int, int], list[Row | BadRow]] = {}
    for row in rows:
        groups.setdefault((row.lease_id, row.epoch), []).append(row)
    return groups
