"""Asking the simulated platform what it would say to orders: nothing is placed by it."""

from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from risk.dry_runs.dry_run import request_dry_run
from risk.dry_runs.verdicts import TriedOrder
from tests.risk.dry_runs.trial import Trial
from tests.support.people import staff_user
from tests.support.scene import Scene
from vendor_admin.errors import Conflict, NotAllowed
from vendor_admin.operations.models import Operation
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.tradovate.operations.trading.dry_run import DRY_RUN, DryRunOrder

pytestmark = pytest.mark.demo_alone


@pytest.fixture
def trial(scene: Scene) -> Trial:
    return Trial(scene)


def test_an_order_that_would_be_taken_tells_margin_and_position_and_places_nothing(trial: Trial) -> None:
    before = trial.scene.expected("order").keys()
    first, second = trial.judge(trial.order(quantity=2), trial.order("Sell", 1, "Limit", price=Decimal("4100.25")))
    assert (first.state, first.would_be_taken, second.would_be_taken) == ("answered", True, True)
    assert first.details is not None
    assert second.details is not None
    now = first.details.before_net_pos
    assert now is not None
    assert (first.position_after, second.position_after) == (now + 2, now + 1)
    assert first.details.initial_margin_req is not None
    assert first.details.total_cash is not None
    assert second.details.hypo_short_pos == max(0, 1 - now)
    assert trial.scene.expected("order").keys() == before
    assert sum(trial.scene.writes(DRY_RUN.path).values()) == 2
    with trial.scene.scope():
        assert not Operation.objects.exists()


def test_a_refusal_and_what_the_platform_does_not_know_say_why(trial: Trial) -> None:
    taken, refused, behind = trial.judge(trial.order(), trial.order(quantity=9_999), trial.order())
    assert [one.would_be_taken for one in (taken, refused, behind)] == [True, False, None]
    assert (bool(refused.reason), bool(refused.words), bool(refused.comment)) == (True, True, True)
    unknown = TriedOrder("XXZ6", DryRunOrder(contract_id=5, action="Buy", order_qty=1, order_type="Market"))
    [verdict] = trial.judge(unknown)
    assert (verdict.state, verdict.would_be_taken) == ("refused", None)
    assert verdict.why


def test_who_may_not_ask_and_whose_account_is_not_here_is_refused(alpha: Organization, trading_day: Any) -> None:
    trading_day(1)
    staff_user("alice", alpha, "owner")
    order = TriedOrder("ESZ6", DryRunOrder(contract_id=2_000_001, action="Buy", order_qty=1, order_type="Market"))

    def ask(account_id: int, actor: str) -> None:
        with organization_scope(alpha.pk):
            request_dry_run(
                organization=alpha, account_id=account_id, orders=[order], actor=Actor.staff(actor), now=timezone.now()
            )

    ask(10_001, "alice")
    with pytest.raises(NotAllowed):
        ask(10_001, "nobody")
    with pytest.raises(Conflict, match="skipped"):
        ask(424_242, "alice")
