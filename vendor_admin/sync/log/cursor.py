"""Reading the log forward without ever skipping a row that commits late.

Rows get their ids before they commit, so a reader that remembers the highest id misses what a slower transaction
commits afterwards. A cursor therefore is (transaction, id), and shows only rows of transactions older than every
running one. The oldest running transaction is that of the whole cluster, so a long one in any of its databases holds
readers back; it never makes them skip a row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from vendor_admin.sync.models import EntityEvent


@dataclass(frozen=True, slots=True)
class LogCursor:
    """A place in an organization's log. `LogCursor()` is its beginning; `str()` and `parse` carry it through an
    address.
    """

    tx: int = 0
    id: int = 0

    def __str__(self) -> str:
        return f"{self.tx}.{self.id}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError on anything that is not such a text."""
        tx, _, event_id = text.partition(".")
        return cls(int(tx), int(event_id))


def read_after(*, organization_id: int, cursor: LogCursor, limit: int) -> tuple[Sequence[EntityEvent], LogCursor]:
    """The next rows of an organization in order of their commit, and the cursor behind them."""
    rows = list(
        EntityEvent.unscoped.raw(
            "SELECT *, tx::text::bigint AS tx_number FROM sync_entityevent WHERE organization_id = %s"
            " AND (tx, id) > ((SELECT %s::text::xid8), %s) AND tx < pg_snapshot_xmin(pg_current_snapshot())"
            " ORDER BY tx, id LIMIT %s",
            [organization_id, str(cursor.tx), cursor.id, limit],
        )
    )
    if not rows:
        return rows, cursor
    return rows, LogCursor(getattr(rows[-1], "tx_number"), rows[-1].id)  # noqa: B009 - a column of this query alone
