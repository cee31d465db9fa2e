"""When revoked accounts are archived: ten days, then the Friday after."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from vendor_admin.mirrors.rules.archiving import archived_on, archiving_countdown

NOW = datetime(2026, 11, 20, 18, tzinfo=UTC)  # a Friday


def permission(status: str | None, updated: datetime | None = None) -> Any:
    return SimpleNamespace(status=status, updated=updated)


def revoked(day: int) -> Any:
    return permission("Revoked", datetime(2026, 11, day, 18, tzinfo=UTC))


@pytest.mark.parametrize(
    ("revoked_on", "archived"),
    [
        (date(2026, 11, 2), date(2026, 11, 13)),  # Monday; the tenth day is a Thursday
        (date(2026, 11, 3), date(2026, 11, 20)),  # the tenth day is a Friday: the one after it
        (date(2026, 11, 4), date(2026, 11, 20)),
        (date(2026, 11, 9), date(2026, 11, 20)),
        (date(2026, 12, 28), date(2027, 1, 8)),
    ],
)
def test_the_friday_after_ten_days(revoked_on: date, archived: date) -> None:
    assert archived_on(datetime(revoked_on.year, revoked_on.month, revoked_on.day, 18, tzinfo=UTC)) == archived


def test_days_are_those_of_central_time() -> None:
    assert archived_on(datetime(2026, 11, 3, 5, tzinfo=UTC)) == date(2026, 11, 13)  # still the 2nd in Chicago


def test_the_last_of_several_revocations_counts_and_the_days_are_counted_down() -> None:
    found = archiving_countdown([revoked(9), revoked(16)], is_archived=False, now=NOW)
    assert found is not None
    assert (found.on, found.days_left, found.is_over) == (date(2026, 11, 27), 7, False)
    assert "revoked on 2026-11-16" in found.why
    assert "archives it on 2026-11-27" in found.why


def test_on_the_day_itself_and_later_it_is_over() -> None:
    found = archiving_countdown([revoked(9)], is_archived=False, now=NOW)
    assert found is not None
    assert (found.on, found.days_left, found.is_over) == (date(2026, 11, 20), 0, True)
    assert "any time" in found.why


@pytest.mark.parametrize(
    "permissions",
    [
        [],
        [permission("Accepted"), revoked(9)],
        [permission("Requested"), revoked(9)],
        [permission(None), revoked(9)],
        [permission("Declined")],
    ],
)
def test_nothing_counts_down_where_a_permission_may_still_be_in_force(permissions: Sequence[Any]) -> None:
    assert archiving_countdown(permissions, is_archived=False, now=NOW) is None


def test_an_archived_account_counts_down_to_nothing() -> None:
    assert archiving_countdown([revoked(2)], is_archived=True, now=NOW) is None


def test_an_unknown_time_of_revocation_is_said() -> None:
    found = archiving_countdown([permission("Revoked"), revoked(9)], is_archived=False, now=NOW)
    assert found is not None
    assert (found.on, found.days_left, found.is_over) == (None, None, False)
    assert "has not said" in found.why
