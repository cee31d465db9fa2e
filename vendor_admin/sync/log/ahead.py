"""The statements of the next batch, made while the server works on the one before."""

import operator
from collections.abc import Sequence

import structlog

from vendor_admin.sync.log.flush import Statement, statements_of
from vendor_admin.sync.log.inbox import Inbox
from vendor_admin.sync.log.rows import BadRow, Row

log = structlog.get_logger(__name__)

BACKLOG_ROWS = 1_000


class Ahead:
    """What was made ahead, if anything."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._rows: Sequence[Row | BadRow] = []
        self._statements: Sequence[Statement] | None = None

    def look(self) -> None:
        """Make the statements of the next batch, if its rows are there already."""
        self._statements = None
        if self._inbox.ready < BACKLOG_ROWS:
            return
        rows = self._inbox.ahead(BACKLOG_ROWS)
        try:
            self._rows, self._statements = rows, list(statements_of(rows))
        except Exception:
            log.exception("sync.not_made_ahead")  # when its turn has come, the batch is split

    def statements_for(self, rows: Sequence[Row | BadRow]) -> Sequence[Statement] | None:
        """The statements, if they are for just these rows."""
        is_same = len(rows) == len(self._rows) and all(map(operator.is_, rows, self._rows))
        return self._statements if is_same else None
