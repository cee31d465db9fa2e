"""A worker's hold on its lane: renewed in time, and over once the lane, its database or the host's clock is lost."""

import time

import structlog

from vendor_admin.operations.engine.platform_calls.gate import Gate
from vendor_admin.operations.plans import progress
from vendor_admin.operations.store import queue
from vendor_admin.operations.store.queue import LANE_TTL, LaneKey
from vendor_admin.organizations import incarnations
from vendor_admin.organizations.models import Incarnation
from vendor_admin.organizations.platform_access import host_clocks

log = structlog.get_logger(__name__)

GATE_MARGIN_SECONDS = 2.0
RENEW_SECONDS = 3.0


class LaneHold:
    """The hold of one run. The gate closes before it runs out."""

    def __init__(self, lane: LaneKey, incarnation: Incarnation, gate: Gate) -> None:
        self._lane, self._incarnation, self._gate = lane, incarnation, gate
        self._renewed_at = 0.0
        self._has_lost_database = False
        self.was_lost = False

    def keep(self) -> bool:
        """Renew it when it is time. False once it is over."""
        if time.monotonic() - self._renewed_at <= RENEW_SECONDS:
            return True
        asked_at = time.monotonic()
        if not queue.hold_lane(self._lane):
            log.warning("operations.lane_lost", organization_id=self._lane.organization_id)
            self.was_lost = True
            return False
        clock = host_clocks.check()
        if self._has_lost_database or not clock.is_host_right:
            return False
        self._gate.extend(LANE_TTL.total_seconds() - GATE_MARGIN_SECONDS, since=asked_at)
        self._renewed_at = asked_at
        progress.finish_plans(self._lane.organization_id, now=clock.now)
        return True

    def is_of_same_database(self) -> bool:
        """Whether what waits here was read from the platform if it has to be. A pool may lead to another server by now:
        asked in the transaction that claims."""
        if not self._has_lost_database and not incarnations.is_present(self._incarnation):
            log.warning("operations.database_replaced", organization_id=self._lane.organization_id)
            self._has_lost_database, self._renewed_at = True, 0.0
            self._gate.extend(0.0)
        return not self._has_lost_database
