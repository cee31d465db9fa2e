"""The last moment before a call goes out: what was drawn too long ago is not sent."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from vendor_admin.operations.engine.platform_calls.callers import Callers
from vendor_admin.operations.engine.platform_calls.calls import Permit, Session
from vendor_admin.operations.engine.platform_calls.gate import Gate
from vendor_admin.operations.models import Operation
from vendor_admin.operations.store.allowance import Caller
from vendor_admin.organizations.tenancy.database_clock import ClockReading
from vendor_admin.tradovate.operations import WRITES
from vendor_admin.tradovate.outcomes import NotSent

REVOKE = "user/revoketradingpermission"
NOBODY_LISTENS = "http://127.0.0.1:9/v1"


@pytest.mark.parametrize(("good_for", "is_sent"), [(60.0, True), (-0.1, False)])
def test_a_call_goes_out_only_while_its_draw_is_good(good_for: float, is_sent: bool) -> None:
    gate = Gate()
    gate.extend(60)
    callers = Callers(connections=1, gate=gate)
    row = Operation(name=REVOKE, request={"tradingPermissionId": 5})
    session = Session(1, False, Caller(NOBODY_LISTENS, "vendor"), "token")
    clock = ClockReading(timezone.now(), timedelta(0), timedelta(0), time.monotonic())
    callers.call(row, WRITES[REVOKE], session, Permit(clock.now, time.monotonic() + good_for), clock=clock)
    (called,) = callers.collect(seconds=30)
    callers.close()
    assert isinstance(called.outcome, NotSent) if is_sent else called.outcome is None
    assert (called.sent_at is not None and called.sent_at >= clock.now) if is_sent else called.sent_at is None
