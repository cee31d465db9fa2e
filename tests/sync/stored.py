"""What is in the database, read as its administrator, whom no policy binds."""

from typing import Any

import psycopg
from psycopg.rows import dict_row


class Stored:
    """Rows of the sync's tables as dicts."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        with self._connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query.encode(), values).fetchall()

    def events(self, entity_type: str | None = None, entity_id: int | None = None) -> list[dict[str, Any]]:
        """The log in its order, of one type or one entity."""
        return self.rows(
            "SELECT * FROM sync_entityevent WHERE (%s::text IS NULL OR entity_type = %s)"
            " AND (%s::bigint IS NULL OR entity_id = %s) ORDER BY lease_id, epoch, seq, id",
            entity_type,
            entity_type,
            entity_id,
            entity_id,
        )

    def mirror(self, table: str, entity_id: int | None = None) -> list[dict[str, Any]]:
        """Rows of `mirrors_<table>`."""
        where = "" if entity_id is None else f" WHERE entity_id = {entity_id:d}"
        query = f'SELECT * FROM "mirrors_{table}"{where} ORDER BY organization_id, environment, entity_id'  # noqa: S608
        return self.rows(query)

    def quarantine(self) -> list[dict[str, Any]]:
        return self.rows("SELECT * FROM sync_quarantinedevent ORDER BY id")

    def leases(self) -> list[dict[str, Any]]:
        return self.rows("SELECT *, expires_at > now() AS is_valid FROM sync_lease ORDER BY id")

    def lease(self) -> dict[str, Any]:
        """The only lease."""
        (lease,) = self.leases()
        return lease

    def gaps(self) -> list[dict[str, Any]]:
        return self.rows("SELECT * FROM sync_gap ORDER BY id")

    def batches(self) -> list[dict[str, Any]]:
        return self.rows("SELECT * FROM sync_batch ORDER BY lease_id, epoch, first_seq")

    def reconciliations(self) -> list[dict[str, Any]]:
        return self.rows("SELECT * FROM sync_reconciliation ORDER BY id")
