"""The order of a lane's work, driven by hand: no database, no clock."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendor_admin.operations.engine.schedule import (
    LOOK_EVERY,
    WAITS_FOR_TICKET,
    Action,
    Demand,
    Draw,
    Drawn,
    GiveBack,
    Hold,
    LookAgain,
    Read,
    Start,
    State,
    Wait,
    is_blocked,
    next_actions,
)
from vendor_admin.operations.precedence import Aspect, Priority, Ticket, Touch, Waiting, conflicting, kept_for_urgent

NOW = datetime(2026, 11, 27, 15, tzinfo=UTC)
LATER, BEFORE = NOW + timedelta(minutes=1), NOW - timedelta(minutes=1)
ADJUST, REVOKE = "fundTransaction/adjustcash", "user/revoketradingpermissions"
URGENT, NORMAL = Priority.URGENT, Priority.NORMAL
USED_UP = Hold(LATER, "The hour's budget of calls is used up.")


def touch(aspect: Aspect, entity_id: int = 7) -> Touch:
    return Touch("account", entity_id, aspect)


def adjusting(id_: int, *touches: Touch, due_at: datetime = BEFORE) -> Waiting:
    return Waiting(id_, ADJUST, NORMAL, due_at, frozenset(touches))


def revoking(id_: int, *touches: Touch, due_at: datetime = NOW) -> Waiting:
    return Waiting(id_, REVOKE, URGENT, due_at, frozenset(touches))


def drawn(name: str, left: int = 9, *, priority: Priority = NORMAL, good_until: datetime = LATER) -> Drawn:
    return Drawn(name, priority, left, good_until)


def looked(demand: Demand, **state: object) -> list[Action]:
    return next_actions(State(demands=[demand], **state), NOW)  # type: ignore[arg-type]


def started(*waiting: Waiting, calls: list[Drawn], room: int = 9, in_flight: tuple[Waiting, ...] = ()) -> list[int]:
    state = State(room=room, urgent_room=room + 1, drawn=calls, waiting=waiting, in_flight=in_flight)
    return [action.operation_id for action in next_actions(state, NOW) if isinstance(action, Start)]


BOTH = [drawn(ADJUST), drawn(REVOKE, priority=URGENT)]


@pytest.mark.parametrize(
    ("what", "waiting", "calls", "room", "starts"),
    [
        ("what has been due longest first", [adjusting(2), adjusting(1, due_at=NOW), adjusting(3)], BOTH, 2, [2, 3]),
        ("urgent ones before them", [adjusting(1), adjusting(2), revoking(3)], BOTH, 2, [3, 1]),
        ("an urgent one also where no room is left", [adjusting(1), revoking(2)], BOTH, 0, [2]),
        ("an urgent one with what was drawn for others", [revoking(1)], [drawn(REVOKE)], 1, [1]),
        ("no others with what was drawn for urgent ones", [adjusting(1)], [drawn(ADJUST, priority=URGENT)], 1, []),
        ("nothing without a call that was drawn", [adjusting(1)], [], 9, []),
        ("no more than was drawn", [adjusting(1), adjusting(2)], [drawn(ADJUST, 1)], 9, [1]),
        ("nothing with a draw that is too old", [adjusting(1)], [drawn(ADJUST, good_until=NOW)], 9, []),
        ("others where an urgent one cannot go out", [revoking(1), adjusting(2)], [drawn(ADJUST)], 9, [2]),
        ("of a trial only what holds the ticket", [adjusting(1), adjusting(2)],
         [Drawn(ADJUST, NORMAL, 1, LATER, is_trial=True, only=2)], 9, [2]),
        ("of a trial what holds the ticket, last of more than there is room for",
         [*(adjusting(one) for one in range(1, 31)), adjusting(31, due_at=NOW)],
         [Drawn(ADJUST, NORMAL, 1, LATER, is_trial=True, only=31)], 8, [31]),
    ],
)  # fmt: skip
def test_it_starts(what: str, waiting: list[Waiting], calls: list[Drawn], room: int, starts: list[int]) -> None:
    assert started(*waiting, calls=calls, room=room) == starts, what


@pytest.mark.parametrize(
    ("on_its_way", "waiting", "starts"),
    [
        (Aspect.BALANCE, Aspect.BALANCE, False),
        (Aspect.BALANCE, Aspect.PERMISSION, True),
        (Aspect.BALANCE, Aspect.MEMBERSHIP, True),
        (Aspect.BALANCE, Aspect.WHOLE, False),
        (Aspect.WHOLE, Aspect.PERMISSION, False),
        (Aspect.WHOLE, Aspect.WHOLE, False),
    ],
)
def test_on_one_target_only_what_changes_something_else_starts(
    on_its_way: Aspect, waiting: Aspect, starts: bool
) -> None:
    open_one = adjusting(1, touch(on_its_way))
    assert started(adjusting(2, touch(waiting)), calls=BOTH, in_flight=(open_one,)) == [2] * starts
    assert started(open_one, adjusting(2, touch(waiting)), calls=BOTH) == [1] + [2] * starts
    assert started(adjusting(2, Touch("account", 8, waiting)), calls=BOTH, in_flight=(open_one,)) == [2]


def test_calls_are_drawn_for_what_waits_urgent_ones_first_and_not_again_while_they_last() -> None:
    demand = Demand(REVOKE, {URGENT: 1, NORMAL: 30}, ahead=50)
    draws = [Draw(REVOKE, URGENT, 1), Draw(REVOKE, NORMAL, 30)]
    assert looked(demand) == [*draws, LookAgain(NOW + LOOK_EVERY)]
    enough = [drawn(REVOKE, 1, priority=URGENT), drawn(REVOKE, 30)]
    assert looked(demand, drawn=enough) == []
    assert looked(demand, drawn=[drawn(REVOKE, 1, priority=URGENT), drawn(REVOKE, 20)]) == [
        GiveBack(REVOKE, NORMAL),
        Draw(REVOKE, NORMAL, 30),
        LookAgain(NOW + LOOK_EVERY),
    ]


def test_what_nothing_waits_for_any_more_is_given_back() -> None:
    assert next_actions(State(demands=[], drawn=[drawn(ADJUST)]), NOW) == [GiveBack(ADJUST, NORMAL)]


def test_a_budget_that_is_used_up_for_others_keeps_nothing_urgent() -> None:
    demand = Demand(REVOKE, {URGENT: 1, NORMAL: 30}, ahead=50)
    actions = looked(demand, refused={(REVOKE, NORMAL): USED_UP})
    assert Wait(REVOKE, USED_UP.until, USED_UP.reason, NORMAL) in actions
    assert Draw(REVOKE, URGENT, 1) in actions
    assert not any(isinstance(action, Wait) and action.priority is not NORMAL for action in actions)


def test_a_lock_or_maintenance_keeps_everything_and_gives_back_what_was_drawn() -> None:
    demand = Demand(ADJUST, {NORMAL: 30}, ahead=50, hold=Hold(LATER, "The platform is in maintenance."))
    assert looked(demand, drawn=[drawn(ADJUST)]) == [
        GiveBack(ADJUST, NORMAL),
        Wait(ADJUST, LATER, "The platform is in maintenance."),
    ]


def test_after_a_lock_one_call_goes_alone_and_nothing_while_it_is_on_its_way() -> None:
    demand = Demand(ADJUST, {URGENT: 0, NORMAL: 30}, ahead=50, is_on_trial=True)
    assert Draw(ADJUST, NORMAL, 1, is_trial=True) in looked(demand)
    assert GiveBack(ADJUST, NORMAL) in looked(demand, drawn=[drawn(ADJUST)])
    on_its_way = looked(demand, in_flight=[adjusting(1)])
    assert on_its_way == [LookAgain(NOW + LOOK_EVERY)]
    trial = Drawn(ADJUST, NORMAL, 1, LATER, is_trial=True)
    assert looked(demand, drawn=[trial]) == []


def test_the_call_with_the_ticket_goes_first_and_all_wait_for_its_time() -> None:
    early = Demand(ADJUST, {NORMAL: 9}, ahead=50, is_on_trial=True, ticket=Ticket(5, NORMAL, LATER))
    assert looked(early) == [Wait(ADJUST, LATER, WAITS_FOR_TICKET)]
    due = Demand(ADJUST, {URGENT: 1, NORMAL: 9}, ahead=50, is_on_trial=True, ticket=Ticket(5, NORMAL, NOW))
    assert Draw(ADJUST, NORMAL, 1, is_trial=True, only=5) in looked(due)


def test_nothing_is_read_by_two_at_a_time() -> None:
    actions = next_actions(State(unread=[7, 8], being_read=frozenset([7])), NOW)
    assert actions == [Read(8), LookAgain(NOW + LOOK_EVERY)]


@pytest.mark.parametrize(
    ("state", "looks"),
    [
        (State(), []),
        (State(next_due_at=LATER), [LookAgain(LATER)]),
        (State(in_flight=[adjusting(1)], next_due_at=LATER), [LookAgain(NOW + LOOK_EVERY)]),
        (State(drawn=[drawn(ADJUST, 0)], waiting=[adjusting(1)]), [LookAgain(NOW)]),
        (State(drawn=[drawn(ADJUST, good_until=NOW)], waiting=[adjusting(1)]), [LookAgain(NOW)]),
        (State(drawn=[drawn(ADJUST)], waiting=[adjusting(1)]), [LookAgain(NOW + LOOK_EVERY)]),
    ],
)
def test_it_says_when_to_look_again(state: State, looks: list[Action]) -> None:
    assert next_actions(state, NOW) == looks


def test_five_percent_or_two_hundred_calls_of_an_hour_are_kept_and_half_of_a_small_budget() -> None:
    limits = (20, 399, 400, 1_000, 4_000, 5_000, 10_000)
    assert [kept_for_urgent(limit) for limit in limits] == [10, 199, 200, 200, 200, 250, 500]


touches = st.builds(Touch, st.just("account"), st.integers(1, 3), st.sampled_from(Aspect))
operations = st.builds(
    Waiting,
    st.integers(1, 10_000),
    st.sampled_from([ADJUST, REVOKE]),
    st.sampled_from(Priority),
    st.sampled_from([BEFORE, NOW]),
    st.frozensets(touches, max_size=2),
)
calls = st.builds(
    Drawn,
    st.sampled_from([ADJUST, REVOKE]),
    st.sampled_from(Priority),
    st.integers(0, 4),
    st.sampled_from([NOW, LATER]),
)


@given(
    waiting=st.lists(operations, max_size=12, unique_by=lambda one: one.id),
    in_flight=st.lists(operations, max_size=3),
    held=st.lists(calls, max_size=4, unique_by=lambda one: (one.name, one.priority)),
    room=st.integers(0, 6),
    more=st.integers(0, 4),
)
def test_whatever_waits_no_conflict_no_overdraft_and_urgent_ones_first(
    waiting: list[Waiting], in_flight: list[Waiting], held: list[Drawn], room: int, more: int
) -> None:
    state = State(room=room, urgent_room=room + more, drawn=held, waiting=waiting, in_flight=in_flight)
    starts = [action for action in next_actions(state, NOW) if isinstance(action, Start)]
    by_id = {one.id: one for one in waiting}
    first = [by_id[start.operation_id] for start in starts]

    assert len(first) == len({one.id for one in first}) <= room + more
    assert sum(one.priority is NORMAL for one in first) <= room
    left = {(one.name, one.priority): one.left if one.good_until > NOW else 0 for one in held}
    for start in starts:
        left[start.name, start.drawn_for] -= 1
        assert start.drawn_for >= by_id[start.operation_id].priority
    assert all(number >= 0 for number in left.values())

    open_touches = [touch for one in in_flight for touch in one.touches]
    for one in first:
        for mine in one.touches:
            for other in open_touches:
                is_same = (mine.entity_type, mine.entity_id) == (other.entity_type, other.entity_id)
                assert not (is_same and other.aspect in conflicting(mine.aspect))
        open_touches += one.touches

    assert [one.priority for one in first] == sorted(one.priority for one in first)
    for one in waiting:
        if one.priority is URGENT and one not in first:
            # It had no call, or something on its way changes the same: no other took its place.
            has_call = any(left.get((one.name, priority)) for priority in Priority)
            is_full = len(first) >= room + more
            assert not has_call or is_full or is_blocked(one, set(open_touches))
