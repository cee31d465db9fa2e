"""Reading an unknown outcome while its patience runs out: a person is not asked because of the moment."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests.support.scene import Scene
from vendor_admin.operations.engine import look_ups, settlement
from vendor_admin.operations.models import Operation
from vendor_admin.operations.store.allowance import Caller
from vendor_admin.operations.store.queue import LaneKey
from vendor_admin.organizations.models import Connection
from vendor_admin.organizations.platform_access import tokens
from vendor_admin.tradovate.rest.client import RestClient

ADJUST = "fundTransaction/adjustcash"


class SteppingClock:
    """Every look at it is half a second later than the one before."""

    def __init__(self, start: datetime) -> None:
        self._next = start

    def now(self) -> datetime:
        now, self._next = self._next, self._next + timedelta(seconds=0.5)
        return now


def test_patience_that_ends_during_the_reading_asks_nobody(
    quiet_scene: Scene, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene, now = quiet_scene, timezone.now()
    money = {"accountId": min(scene.expected("account")), "cashChange": 5, "currencyId": 1}
    plan = scene.start("test_any_write", [scene.any_write(ADJUST, money | {"cashChangeType": "Courtesy"})])
    with scene.scope():
        connection = Connection.objects.get(environment="demo")
    token = tokens.access_token(connection_id=connection.pk, organization_id=scene.organization.pk, now=now).token
    caller, client = (
        Caller(connection.rest_url, connection.credentials["name"]),
        RestClient(base_url=connection.rest_url),
    )
    ends_at = now + timedelta(seconds=settings.OPERATION_PATIENCE_SECONDS)
    found = set()
    for steps_before in range(8):
        with scene.scope():
            Operation.objects.filter(plan=plan).update(state="unknown", sent_at=now, attempts=1, needs_person=False)
            plan.rows.update(state="unknown")
        (row,) = scene.operations(plan)
        clock = SteppingClock(ends_at - timedelta(seconds=0.5 * steps_before + 0.1))
        for module in (settlement, look_ups):
            monkeypatch.setattr(module, "database_clock", clock)
        lane = LaneKey(scene.organization.pk, "demo", "a test")
        settlement.settle(lane, row, client, caller=caller, token=token)
        (row,) = scene.operations(plan)
        assert not row.needs_person, steps_before
        found.add(row.state)
    client.close()
    assert found == {"queued", "unknown"}  # sent again, or read again later
