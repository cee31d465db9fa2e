"""What is read next of what the platform lists by masters alone, how fast, and how many calls an hour that takes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from vendor_admin.mirrors.columns import mirror_models
from vendor_admin.mirrors.models.base import Source
from vendor_admin.organizations.platform_access import budgets
from vendor_admin.sync.rolling import (
    MOST_MOVED,
    ORDER,
    SMALL_CALLS,
    Place,
    calls_for,
    is_lapped,
    next_place,
    pause_seconds,
    seconds_left,
)

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
LIMITS, PARAMETERS, LOG, CONTACTS = ORDER
WHOLE = Place(LOG, 1, 0, 0, 1_000, AT, None, None, None, AT)


def test_every_type_that_is_listed_by_masters_alone_has_its_turn_behind_its_masters() -> None:
    by_masters = {name: model for name, model in mirror_models().items() if model.source is Source.LDEPS}
    assert set(ORDER) == by_masters.keys()
    for name, model in by_masters.items():
        assert model.master not in ORDER or ORDER.index(model.master) < ORDER.index(name)


def test_a_goal_is_reached_when_the_reading_is_back_where_it_was() -> None:
    assert is_lapped(1, 0, None, None)
    assert not is_lapped(3, 500, 3, 400)
    assert not is_lapped(4, 399, 3, 400)
    assert is_lapped(4, 400, 3, 400)
    assert is_lapped(5, 0, 3, 400)


def test_what_is_left_is_counted_to_the_goal_across_the_end_of_a_round() -> None:
    behind = replace(WHOLE, round=3, next_master=600, asked=500, goal_round=3, goal_master=400, goal_asked=300)
    assert (behind.is_behind, behind.masters_left) == (True, 800)
    later = replace(behind, round=4, next_master=100, asked=100)
    assert (later.is_behind, later.masters_left) == (True, 200)
    assert replace(behind, round=4, next_master=400, asked=300).is_behind is False
    assert replace(WHOLE, asked=400).masters_left == 600


def test_what_is_behind_goes_first_then_what_was_read_longest_ago() -> None:
    old = replace(WHOLE, entity_type=CONTACTS, last_ended_at=AT - timedelta(hours=20))
    limits = replace(WHOLE, entity_type=LIMITS)
    behind = replace(WHOLE, goal_round=1, goal_master=0, goal_asked=0)
    assert next_place([limits, old, behind], without=()) == behind
    assert next_place([limits, old, behind], without={LOG}) == old
    assert next_place([], without=()) is None


@pytest.mark.parametrize(
    ("accounts", "at_once", "an_hour"),
    [(1_000, 335, 350), (5_000, 768, 843), (15_000, 800, 1_027), (50_000, 800, 1_557)],
)
def test_an_hours_calls_fit_into_the_share_of_the_background(accounts: int, at_once: int, an_hour: int) -> None:
    masters = [accounts, accounts, accounts, accounts // 3 + 10]
    out_of_turn = calls_for(masters)
    if out_of_turn > SMALL_CALLS:
        out_of_turn = calls_for(min(one, MOST_MOVED) for one in masters)
    of_the_round = budgets.one_window().total_seconds() / pause_seconds(calls=1, round_calls=calls_for(masters))
    assert out_of_turn == at_once
    assert int(out_of_turn + of_the_round) == an_hour
    categories, limits_of_categories, contracts, products = 20, 200, 60, 50
    chosen = calls_for([min(accounts, MOST_MOVED), categories, limits_of_categories, contracts, products])
    assert an_hour + chosen <= budgets.BACKGROUND_CALLS.limit


def test_six_hundred_thousand_accounts_take_what_the_share_allows_and_it_is_said_how_long() -> None:
    masters = [600_000, 600_000, 600_000, 200_000]
    places = [replace(WHOLE, entity_type=name, masters=one, goal_round=1, goal_master=0, goal_asked=0)
              for name, one in zip(ORDER, masters, strict=True)]  # fmt: skip
    assert pause_seconds(calls=1, round_calls=calls_for(masters)) < budgets.BACKGROUND_CALLS.spacing_seconds
    assert seconds_left(places) == pytest.approx(100 * 3600)
    assert seconds_left([replace(one, round=0, goal_round=None) for one in places]) == pytest.approx(50 * 3600)
