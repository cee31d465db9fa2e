"""Two plans run beside each other on one target where they change different things of it."""

from collections.abc import Sequence

import pytest
from django.db import IntegrityError, transaction

from tests.support.engine_kinds import RevokeOneByOne
from tests.support.stored_plans import Desk
from vendor_admin.operations.kinds import PlanRequest, RowDraft, Target, all_kinds, aspect_of, register
from vendor_admin.operations.models import PlanRow
from vendor_admin.operations.precedence import Aspect


class ChangeAspect(RevokeOneByOne):
    """Changes one thing of accounts; which call it makes does not matter here."""

    def __init__(self, aspect: Aspect) -> None:
        self.name = f"test_change_{aspect}"
        self.changes = aspect

    def drafts(self, request: PlanRequest) -> Sequence[RowDraft]:
        return [RowDraft(one, "demo", f"account {one.entity_id}", new={"is": "new"}) for one in request.targets]


@pytest.fixture
def desk(db: None) -> Desk:
    for aspect in Aspect:
        register(ChangeAspect(aspect))
    return Desk()


BESIDE = [
    (Aspect.BALANCE, Aspect.PERMISSION),
    (Aspect.BALANCE, Aspect.MEMBERSHIP),
    (Aspect.RISK_SETTINGS, Aspect.BALANCE),
    (Aspect.MEMBERSHIP, Aspect.RISK_SETTINGS),
]
NOT_BESIDE = [
    *((aspect, aspect) for aspect in Aspect),
    *((Aspect.WHOLE, aspect) for aspect in Aspect),
    *((aspect, Aspect.WHOLE) for aspect in Aspect),
]


def start(desk: Desk, aspect: Aspect) -> PlanRow:
    plan = desk.confirm(desk.preview([Target("account", 7)], kind=f"test_change_{aspect}"))
    (row,) = desk.rows(plan)
    assert row.is_locking
    return row


@pytest.mark.parametrize(("first", "second"), BESIDE)
def test_an_account_of_which_a_plan_changes_something_else_is_not_set_apart(
    desk: Desk, first: Aspect, second: Aspect
) -> None:
    start(desk, first)
    assert start(desk, second).changes == second


@pytest.mark.parametrize(("first", "second"), NOT_BESIDE)
def test_an_account_of_which_a_plan_changes_the_same_or_all_is_set_apart(
    desk: Desk, first: Aspect, second: Aspect
) -> None:
    running = start(desk, first)
    (row,) = desk.rows(desk.preview([Target("account", 7)], kind=f"test_change_{second}"))
    assert row.why == f"Plan {running.plan_id} is changing it right now."


@pytest.mark.parametrize(("first", "second", "is_refused"), [
    *((*pair, False) for pair in BESIDE), *((*pair, True) for pair in NOT_BESIDE)
])  # fmt: skip
def test_the_database_refuses_two_rows_that_change_the_same_of_a_target(
    desk: Desk, first: Aspect, second: Aspect, is_refused: bool
) -> None:
    rows = []
    for aspect in (first, second):  # both previewed before one starts
        (row,) = desk.rows(desk.preview([Target("account", 7)], kind=f"test_change_{aspect}"))
        rows.append(row)
    with desk.scope():
        PlanRow.objects.filter(pk=rows[0].pk).update(is_locking=True)
        try:
            with transaction.atomic():
                PlanRow.objects.filter(pk=rows[1].pk).update(is_locking=True)
        except IntegrityError:
            assert is_refused
        else:
            assert not is_refused


def test_a_kind_that_does_not_say_what_it_changes_changes_all_of_its_targets(desk: Desk) -> None:
    assert aspect_of("of an app that is gone") is Aspect.WHOLE
    assert aspect_of("test_change_membership") is Aspect.MEMBERSHIP


def test_each_aspect_is_changed_by_some_kind_since_every_row_pays_for_the_index_of_each() -> None:
    changed = {aspect_of(kind.name) for kind in all_kinds() if not kind.name.startswith("test_")}
    assert changed == set(Aspect)
