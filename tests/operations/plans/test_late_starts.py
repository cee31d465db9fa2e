"""Orders that wait for a second person: they are meant for the market of the moment in which they were asked for."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.support.engine_kinds import register_engine_kinds
from tests.support.stored_plans import Desk
from vendor_admin.errors import Conflict
from vendor_admin.operations.kinds import Target
from vendor_admin.operations.models import ApprovalRule, Plan
from vendor_admin.operations.plans.start import begin
from vendor_admin.organizations.actors import Actor

ORDER = {"accountId": 7, "action": "Buy", "symbol": "MESZ6", "orderQty": 1, "orderType": "Market", "isAutomated": True}
CANCEL = {"orderId": 60, "isAutomated": True}


@pytest.fixture
def desk(db: None) -> Desk:
    register_engine_kinds()
    desk = Desk()
    with desk.scope():
        ApprovalRule.objects.create(organization=desk.organization, accounts_over=0)
    return desk


def approve_after(desk: Desk, minutes: float, path: str, body: dict[str, object]) -> Plan:
    plan = desk.confirm(desk.preview([Target("any", None, {"path": path, "environment": "demo", "body": body})]))
    assert plan.state == Plan.State.WAITING
    now = timezone.now() + timedelta(minutes=minutes)
    with desk.scope():
        return begin(plan, actor=Actor.staff("sam"), now=now, action="plan approved", request_id="")


def test_an_order_that_is_approved_minutes_later_is_not_sent(desk: Desk) -> None:
    with pytest.raises(Conflict, match="the market is not what it was then"):
        approve_after(desk, 6, "order/placeorder", ORDER)


@pytest.mark.parametrize(
    ("minutes", "path", "body"), [(4, "order/placeorder", ORDER), (600, "order/cancelorder", CANCEL)]
)
def test_what_is_approved_in_time_or_is_never_too_late_starts(
    desk: Desk, minutes: float, path: str, body: dict[str, object]
) -> None:
    plan = approve_after(desk, minutes, path, body)

    assert plan.state == Plan.State.RUNNING
    assert [one.name for one in desk.operations(plan)] == [path]
