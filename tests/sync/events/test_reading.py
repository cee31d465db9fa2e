"""Pages of events: complete, in order, of one organization, with members and earlier states looked up."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from tests.sync.events.log_desk import LogDesk
from vendor_admin.operations.models import Plan
from vendor_admin.organizations.models import Incarnation
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.partner_api.request_errors import InvalidParameters
from vendor_admin.sync.events import reading
from vendor_admin.sync.events.cursors import EventCursor, Expired
from vendor_admin.sync.log.cursor import LogCursor
from vendor_admin.sync.models import Kind

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


def test_pages_give_every_event_once_and_in_order_whatever_their_size(alpha: LogDesk) -> None:
    for number in range(1, 26):
        alpha.add("account", number)
    cursor, found = "", []
    while True:
        page = alpha.page(after=cursor, limit=7)
        found += [event.entity_id for event in page.events]
        cursor = str(page.next_cursor)
        if not page.has_more:
            break
    assert found == list(range(1, 26))
    assert alpha.events(after=cursor) == []
    alpha.add("account", 26)
    assert [event.entity_id for event in alpha.events(after=cursor)] == [26]


def test_a_row_that_commits_late_comes_after_those_before_it_and_the_lag_tells_of_it(
    alpha: LogDesk, database_urls: dict[str, str]
) -> None:
    with psycopg.connect(database_urls["hub"]) as slow:
        alpha.add("account", 1, over=slow, at=NOW)
        alpha.add("account", 2, at=NOW)
        page = alpha.page(settled=False)
        assert page.events == []
        assert page.lag is not None
        assert page.lag.rows == 1
        assert page.lag.seconds > 0
        slow.commit()
    assert sorted(event.entity_id for event in alpha.events(after=str(page.next_cursor))) == [1, 2]
    settled = alpha.page()
    assert settled.lag is not None
    assert (settled.lag.rows, settled.lag.seconds) == (0, 0.0)


def test_another_organizations_events_are_never_seen(alpha: LogDesk, bravo: LogDesk) -> None:
    alpha.add("account", 1)
    bravo.add("account", 2)
    theirs = bravo.page(after="latest")
    assert [event.entity_id for event in bravo.events()] == [2]
    assert [event.entity_id for event in alpha.events(after=str(theirs.next_cursor))] == []
    with organization_scope(alpha.organization.pk):
        ends = reading.ends_of_logs([alpha.organization.pk, bravo.organization.pk])
    assert list(ends) == [alpha.organization.pk]


def test_the_end_is_behind_everything_and_waits_for_what_comes(alpha: LogDesk) -> None:
    alpha.add("account", 1)
    for word in ("now", "latest"):
        end = alpha.page(after=word)
        assert end.events == ()
        alpha.add("fill", 7, account=1)
        assert alpha.types(after=str(end.next_cursor))[-1] == "fill.created"


def test_a_lock_is_told_by_what_was_before(alpha: LogDesk) -> None:
    alpha.add("accountRiskStatus", 5, Kind.CREATED, adminAction="Normal", at=NOW)
    alpha.add("accountRiskStatus", 5, Kind.UPDATED, adminAction="Normal", maxNetLiq=1, at=NOW)
    alpha.add("accountRiskStatus", 5, Kind.UPDATED, adminAction="LockTradingImmediately", at=NOW)
    alpha.add("accountRiskStatus", 5, Kind.UPDATED, adminAction="LockTradingImmediately", at=NOW, environment="live")
    alpha.add("accountRiskStatus", 5, Kind.RESYNC, adminAction="Normal", at=NOW + timedelta(seconds=9))
    events = alpha.events()
    assert [event.type for event in events] == [
        "account_risk_status.created",
        "account_risk_status.updated",
        "account.locked",
        "account_risk_status.updated",  # of the other environment nothing earlier is known
        "account.unlocked",
    ]
    assert [event.is_resync for event in events] == [False, False, False, False, True]


def test_members_are_known_by_the_object_or_by_the_account(alpha: LogDesk, hub_connection: psycopg.Connection) -> None:
    hub_connection.execute(
        "INSERT INTO mirrors_account (organization_id, environment, entity_id, lease_id, epoch, seq, received_at,"
        " user_id) VALUES (%s, 'demo', 9, 1, 1, 1, now(), 77)",
        [alpha.organization.pk],
    )
    alpha.add("user", 77)
    alpha.add("tradingPermission", 3, userId=77, accountId=9, account=9)
    alpha.add("fill", 4, account=9)
    alpha.add("fill", 5, account=10)
    alpha.add("fill", 6, account=9, environment="live")
    assert [event.member_id for event in alpha.events()] == [77, 77, 77, None, None]
    assert [event.entity_id for event in alpha.events(member_id=77)] == [77, 3, 4, 6]
    assert [event.entity_id for event in alpha.events(account_id=10)] == [5]


def test_filters_by_type_look_at_a_bounded_part_of_the_log_and_go_on(
    alpha: LogDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "LOOKED_AT", 5)
    for number in range(1, 13):
        alpha.add("account" if number % 6 == 0 else "fill", number)
    asked: dict[str, Any] = {"types": ("account.created",)}
    sizes, found, cursor = [], [], ""
    while True:
        page = alpha.page(after=cursor, **asked)
        sizes.append(len(page.events))
        found += [event.entity_id for event in page.events]
        cursor = str(page.next_cursor)
        if not page.has_more:
            break
    assert found == [6, 12]
    assert sizes[0] == 0, "nothing was found in the first part, and the reader is told to go on"
    first = alpha.page(types=("fill.*",), limit=2)
    assert [event.entity_id for event in first.events] == [1, 2]
    assert first.has_more
    assert [event.entity_id for event in alpha.events(after=str(first.next_cursor), types=("fill.*",))] == [3, 4, 5, 7]


def test_a_page_ends_early_where_its_objects_are_large(alpha: LogDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PAGE_BYTES", 5_000)
    for number in range(1, 6):
        alpha.add("account", number, name="x" * 2_000)
    both: list[dict[str, Any]] = [{}, {"types": ("account.*",)}]
    for filters in both:
        first = alpha.page(**filters)
        assert [event.entity_id for event in first.events] == [1, 2]
        assert first.has_more
        rest = alpha.page(after=str(first.next_cursor), **filters)
        assert [event.entity_id for event in rest.events] == [3, 4]


def test_what_the_service_itself_does_stands_in_the_same_order(alpha: LogDesk) -> None:
    alpha.add("account", 1)
    with alpha.scope():
        plan = Plan.objects.create(
            organization=alpha.organization,
            kind="test",
            title="Lock one",
            state="preview",
            actor="riley",
            created_at=NOW,
        )
        Plan.objects.filter(pk=plan.pk).update(state="running")
        Plan.objects.filter(pk=plan.pk).update(title="Lock two")
    alpha.hub.execute(
        "INSERT INTO sync_gap (organization_id, lease_id, environment, shard, started_at, reason, differences,"
        " repair_note) VALUES (%s, 1, 'demo', 0, now(), 'lost', 0, '')",
        [alpha.organization.pk],
    )
    alpha.hub.execute("UPDATE sync_gap SET ended_at = now()")
    alpha.hub.execute("UPDATE sync_gap SET repaired_at = now()")
    alpha.add("account", 2)
    events = alpha.events()
    assert [event.type for event in events] == [
        "account.created",
        "plan.created",
        "plan.started",
        "sync.gap",
        "sync.gap_ended",
        "sync.gap_repaired",
        "account.created",
    ]
    assert events[1].entity_id == plan.pk
    assert alpha.types(types=("plan.*", "sync.gap")) == ["plan.created", "plan.started", "sync.gap"]


def test_a_cursor_of_another_life_of_the_database_is_told_where_to_go_on(alpha: LogDesk) -> None:
    alpha.add("account", 1)
    cursor = str(alpha.page().next_cursor)
    Incarnation.objects.create(is_first=False, why="restored", began_at=NOW, beat_at=NOW)
    with pytest.raises(Expired) as refused:
        alpha.page(after=cursor)
    assert [event.entity_id for event in alpha.events(after=refused.value.oldest_cursor)] == [1]


def test_a_cursor_behind_retention_is_told_where_to_go_on(alpha: LogDesk) -> None:
    alpha.add("account", 1)
    known = alpha.page().next_cursor
    old = EventCursor(known.life, LogCursor(1, 1), datetime.now(UTC) - timedelta(days=500))
    with pytest.raises(Expired) as refused:
        alpha.page(after=str(old))
    assert [event.entity_id for event in alpha.events(after=refused.value.oldest_cursor)] == [1]


def test_the_cursor_of_a_quiet_log_does_not_grow_old(alpha: LogDesk) -> None:
    alpha.add("account", 1, at=datetime.now(UTC) - timedelta(days=20))
    cursor = alpha.page().next_cursor
    refreshed = alpha.page(after=str(cursor)).next_cursor
    assert refreshed.place == cursor.place
    assert datetime.now(UTC) - refreshed.at < timedelta(minutes=5)


@pytest.mark.parametrize("text", ["x", "1.2", "é", "MS4w", "MS4wLjEuMg", "A" * 200, "'; --", "MS4wLngueS56"])
def test_a_text_that_is_no_cursor_is_refused(alpha: LogDesk, text: str) -> None:
    with pytest.raises(InvalidParameters) as refused:
        alpha.page(after=text)
    assert refused.value.code == "invalid_cursor"
