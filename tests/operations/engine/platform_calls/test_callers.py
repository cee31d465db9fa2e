"""The last moment before a call goes out: what was drawn too long ago is not sent."""

import time
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from vendor_admin.operations.engine.platform_calls.callers import Callers
from vendor_admin.operations.engine.platform_calls.calls import Called, Permit, Session
from vendor_admin.operations.engine.platform_calls.gate import Gate
from vendor_admin.operations.models import Operation
from vendor_admin.operations.store.allowance import Caller
from vendor_admin.organizations.tenancy.database_clock import ClockReading
from vendor_admin.tradovate.operations import WRITES
from vendor_admin.tradovate.outcomes import NotSent

REVOKE = "user/revoketradingpermission"
PLACE, LIQUIDATE = "order/placeorder", "order/liquidateposition"
TRADES = {
    PLACE: {"accountId": 7, "action": "Buy", "symbol": "MESZ6", "orderQty": 1, "orderType": "Market"},
    LIQUIDATE: {"accountId": 7, "contractId": 5, "admin": True},
}
NOBODY_LISTENS = "http://127.0.0.1:9/v1"


@pytest.mark.parametrize(("good_for", "is_sent"), [(60.0, True), (-0.1, False)])
def test_a_call_goes_out_only_while_its_draw_is_good(good_for: float, is_sent: bool) -> None:
    now = timezone.now()
    called = call(Operation(name=REVOKE, request={"tradingPermissionId": 5}), now=now, good_for=good_for)
    assert isinstance(called.outcome, NotSent) if is_sent else called.outcome is None
    assert (called.sent_at is not None and called.sent_at >= now) if is_sent else called.sent_at is None


@pytest.mark.parametrize(
    ("path", "waited", "is_sent"),
    [(PLACE, timedelta(minutes=4), True), (PLACE, timedelta(minutes=6), False), (LIQUIDATE, timedelta(days=1), True)],
)
def test_an_order_that_waited_for_minutes_is_not_sent_and_a_liquidation_is(
    path: str, waited: timedelta, is_sent: bool
) -> None:
    now = timezone.now()
    called = call(Operation(name=path, request=TRADES[path], created_at=now - waited), now=now)
    assert isinstance(called.outcome, NotSent) is is_sent
    assert ("waited for more than 5 minutes" in called.refusal) is not is_sent


def call(row: Operation, *, now: datetime, good_for: float = 60.0) -> Called:
    gate = Gate()
    gate.extend(60)
    callers = Callers(connections=1, gate=gate)
    session = Session(1, False, Caller(NOBODY_LISTENS, "vendor"), "token")
    clock = ClockReading(now, timedelta(0), timedelta(0), time.monotonic())
    callers.call(row, WRITES[row.name], session, Permit(clock.now, time.monotonic() + good_for), clock=clock)
    (called,) = callers.collect(seconds=30)
    callers.close()
    return called
