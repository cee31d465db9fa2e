"""Makes rows of what one socket receives: numbers them in the order of arrival and finds their ids."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from msgspec.structs import replace

from vendor_admin.sync.leases import Held
from vendor_admin.sync.log.entity_reader import Accounts, UnreadableEntityError, read_entity
from vendor_admin.sync.log.retention import MESSAGE_BYTES
from vendor_admin.sync.log.rows import BadRow, Oddity, Row, beginning_of
from vendor_admin.sync.models import Kind
from vendor_admin.tradovate.events import Malformed

# So many entities of one type and key are kept in quarantine of a connection: what the platform always sends so is
# known by then.
MOST_NOTED = 10
TOO_LONG = f"an entity of more than {MESSAGE_BYTES // 2**10} KiB, which no entity of the platform has"


@dataclass(frozen=True, slots=True)
class Reserved:
    """Arrival numbers set aside at a moment: rows under them are older than all that arrives after it.

    `ended` are the entities of `entity_type` that the socket has told to be deleted since: nothing would be known of
    one that the mirror has never held, so an older list must not bring it back.
    """

    epoch: int
    first_seq: int
    at: datetime
    entity_type: str = ""
    ended: set[int] = field(default_factory=set)


class Intake:
    """The numbering of one lease's rows. `received_at` is set once a frame; a new socket starts a new epoch."""

    def __init__(self, lease: Held) -> None:
        self.epoch = lease.epoch
        self.received_at = datetime.now(UTC)
        self._lease, self._seq = lease, 0
        self._accounts = Accounts()
        self._noted: Counter[tuple[str, str]] = Counter()
        self._reserved = Reserved(lease.epoch, 1, self.received_at)

    def start_epoch(self, epoch: int) -> None:
        self.epoch, self._seq = epoch, 0
        self._noted.clear()

    def reserve(self, count: int, *, entity_type: str = "") -> Reserved:
        """Set the next `count` numbers aside; what ends is noted for the one that was reserved last."""
        self._reserved = Reserved(self.epoch, self._seq + 1, datetime.now(UTC), entity_type)
        self._seq += count
        return self._reserved

    def row(self, entity_type: str, entity: bytes, *, kind: int, is_difference: bool = False) -> Row | BadRow:
        """The next row of an entity; a quarantine row if it has no readable id, or is longer than any is."""
        if len(entity) > MESSAGE_BYTES:
            return self.bad_row(entity_type, entity, TOO_LONG, is_difference=is_difference)
        try:
            entity_id, account_id, extra, oddity = read_entity(entity_type, entity, self._accounts)
        except UnreadableEntityError as error:
            return self.bad_row(entity_type, entity, str(error), is_difference=is_difference)
        self._seq += 1
        if kind == Kind.DELETED and entity_type == self._reserved.entity_type:
            self._reserved.ended.add(entity_id)
        return Row(
            self._lease.organization_id,
            self._lease.environment,
            self._lease.id,
            self.epoch,
            self._seq,
            _as_text(self.received_at),
            kind,
            entity_type,
            entity_id,
            account_id,
            entity,
            extra,
            is_difference,
            oddity and self._noted_a_few_times(entity_type, oddity),
        )

    def listed_row(
        self, entity_type: str, entity: bytes | Malformed, *, kind: int, reserved: Reserved, place: int
    ) -> Row | BadRow:
        """The row of an entity of a list that did not come over the socket, under the number at `place` (from 0) of
        the reserved; a quarantine row if it has no readable id.
        """
        row: Row | BadRow
        if isinstance(entity, Malformed):
            row = self.bad_row(entity_type, entity.raw, entity.reason, is_difference=True)
        else:
            row = self.row(entity_type, entity, kind=kind, is_difference=True)
        row.epoch, row.seq, row.received_at = reserved.epoch, reserved.first_seq + place, _as_text(reserved.at)
        row.is_reserved = True
        return row

    def _noted_a_few_times(self, entity_type: str, oddity: Oddity) -> Oddity:
        """An oddity that goes to quarantine only if one of its keys was not seen odd too often."""
        new = [key for key in oddity.left_out if self._noted[entity_type, key] < MOST_NOTED]
        self._noted.update((entity_type, key) for key in new)
        return oddity if new else replace(oddity, reason="")

    def vanished_row(self, entity_type: str, entity_id: int, *, reserved: Reserved, place: int) -> Row:
        """A row that says that an entity is no longer listed, under the number at `place` (from 0) of the reserved."""
        entity = b'{"id":%d}' % entity_id
        return Row(
            self._lease.organization_id,
            self._lease.environment,
            self._lease.id,
            reserved.epoch,
            reserved.first_seq + place,
            _as_text(reserved.at),
            int(Kind.VANISHED),
            entity_type,
            entity_id,
            read_entity(entity_type, entity, self._accounts)[1],
            entity,
            is_difference=True,
            is_reserved=True,
        )

    def bad_row(self, entity_type: str, raw: bytes, reason: str, *, is_difference: bool = False) -> BadRow:
        """The next row, for quarantine."""
        self._seq += 1
        beginning, full_size = beginning_of(raw)
        return BadRow(
            organization_id=self._lease.organization_id,
            environment=self._lease.environment,
            lease_id=self._lease.id,
            epoch=self.epoch,
            seq=self._seq,
            received_at=self.received_at.isoformat(),
            entity_type=entity_type,
            entity_id=None,
            reason=reason,
            raw=beginning,
            is_difference=is_difference,
            full_size=full_size,
        )


@lru_cache(maxsize=64)
def _as_text(received_at: datetime) -> str:
    """All rows of a frame carry the same text."""
    return received_at.isoformat()
