"""Looking at an account's cash at the platform."""

from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.trading_accounts.cash_snapshot import look_at_cash, snapshot_of
from tests.support.scene import Scene
from vendor_admin.errors import Conflict
from vendor_admin.operations.models import Plan

SNAPSHOT = "cashBalance/getcashbalancesnapshot"


def look(scene: Scene, account_id: int) -> Plan:
    with scene.scope():
        return look_at_cash(
            organization=scene.organization, account_id=account_id, actor=scene.actor, now=timezone.now()
        )


def test_a_look_brings_the_platforms_own_figures_and_is_not_repeated_within_seconds(scene: Scene) -> None:
    first, second = scene.account_ids(2)
    plan = look(scene, first)
    with scene.scope():
        assert snapshot_of(plan) is None
    assert look(scene, first).pk == plan.pk
    assert look(scene, second).pk != plan.pk
    scene.work()
    with scene.scope():
        found = snapshot_of(plan)
    assert found is not None
    assert found.total_cash_value == found.net_liq == scene.balance(first)
    assert found.open_pnl == Decimal(0)
    assert look(scene, first).pk == plan.pk
    assert sum(scene.writes(SNAPSHOT).values()) == 2


def test_a_look_that_got_no_answer_is_asked_again_and_no_person_is_bothered(scene: Scene) -> None:
    (id_,) = scene.account_ids(1)
    scene.sandbox.control("write", fault="no-answer", path=SNAPSHOT)
    plan = look(scene, id_)
    scene.work()
    scene.work()
    with scene.scope():
        found = snapshot_of(plan)
    assert found is not None
    assert found.total_cash_value == scene.balance(id_)
    assert not any(one.needs_person for one in scene.operations(plan))


def test_a_look_at_an_account_of_nobody_here_is_refused(scene: Scene) -> None:
    with pytest.raises(Conflict, match="skipped"):
        look(scene, 424242)
