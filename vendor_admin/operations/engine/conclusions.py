"""What calls came to, written down so that one odd row is a matter of that row alone."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

import structlog
from django.db import InterfaceError, OperationalError

from vendor_admin.operations.engine.platform_calls.calls import Called
from vendor_admin.operations.store import outcome_store
from vendor_admin.operations.store import verdicts as results
from vendor_admin.operations.store.queue import LaneKey, step
from vendor_admin.operations.store.verdicts import Conclusion, Waiting

log = structlog.get_logger(__name__)

DATABASE_AWAY = (OperationalError, InterfaceError)
"""The same may work in a moment; every other error is about what was to be stored."""

Claimed = TypeVar("Claimed")


def verdict_on(called: Called, *, is_alive: bool, now: datetime) -> Conclusion | Waiting:
    """What a call means for its operation. An answer that we fail to make sense of leaves it unknown.

    `is_alive` says that the token of the call was proven alive since.
    """
    row = called.row
    if called.refusal:
        return results.refused_by_us(row, called.refusal)
    if called.outcome is None:
        return Waiting(row, now, row.wait_reason, row.penalty_ticket, attempts=row.attempts - 1)
    try:
        return results.verdict_of(called.write, row, called.outcome, is_alive=is_alive, now=now)
    except Exception:
        log.exception("operations.answer_not_understood", operation=row.pk, name=row.name)
        return results.not_understood(row)


def store_and(
    claim: Callable[[], list[Claimed]], lane: LaneKey, verdicts: Sequence[Conclusion | Waiting], *, now: datetime
) -> list[Claimed]:
    """Store verdicts and claim what is sent next, in one transaction. Returns what was claimed.

    Where they cannot be stored together, each is stored by itself and nothing is claimed; one that still cannot stays
    "being sent", and the next holder of the lane finds out what came of it. Raises DATABASE_AWAY.
    """
    try:
        with step(lane.organization_id):
            outcome_store.store(lane, verdicts, now=now)
            return claim()
    except DATABASE_AWAY:
        raise
    except Exception:
        log.exception("operations.not_stored_together", operations=[one.row.pk for one in verdicts])
    for verdict in verdicts:
        try:
            with step(lane.organization_id):
                outcome_store.store(lane, [verdict], now=now)
        except DATABASE_AWAY:
            raise
        except Exception:
            log.exception("operations.not_stored", operation=verdict.row.pk)
    return []
