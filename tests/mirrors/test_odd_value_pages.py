"""Pages over values that the platform should not send: the ends of the calendar, old positions, fills taken back."""

from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from accounts.permissions.plans import accounts_with_positions
from tests.support.shared_material import shared_material
from tests.support.staff_and_rows import NOW, Writer
from tests.sync.desk import Desk, Ear, by_kind
from tests.tradovate.socket.frame_texts import frame
from vendor_admin.mirrors.columns import mirror_models, platform_columns
from vendor_admin.mirrors.models import Account, Fill, Position, TradingPermission
from vendor_admin.mirrors.queries.accounts import known_accounts, summaries_of
from vendor_admin.mirrors.rules.archiving import archiving_countdown
from vendor_admin.mirrors.rules.fills import filled_by
from vendor_admin.organizations.models import Organization, User
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.sync.pages.timeline import Subject, read_timeline

FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999_999, UTC)
VALUES: dict[str, Any] = {"bigint": 2, "numeric": 5, "boolean": True, "text": "x", "time": time(23, 59)}


def test_the_ends_of_the_calendar_are_shown_in_every_zone(alice: Client, alpha: Organization, write: Writer) -> None:
    for entity_id, moment, day in ((1, FIRST, date.min), (2, LAST, date.max)):
        times = {"timestamp with time zone": moment, "date": day}
        for entity_type, model in mirror_models().items():
            columns = platform_columns(model)
            values = {one.name: (VALUES | times)[one.sql_type] for one in columns}
            values |= {one.name: entity_id for one in columns if one.is_id}
            write.mirror(entity_type, alpha, entity_id, **values)
    pages = {
        1: [reverse("account", args=[1]), reverse("member", args=[1])],
        2: [reverse("account", args=[2]), reverse("member", args=[2])],
    }
    lists = [model._meta.model_name for model in mirror_models().values() if model in admin.site._registry]
    lists_by_end = {1: lists[::2], 2: lists[1::2]}
    for zone, entity_id, shown in (
        ("America/Los_Angeles", 1, "0001-01-01 00:00:00 UTC"),
        ("Pacific/Auckland", 2, "9999-12-31 23:59:59 UTC"),
    ):
        User.objects.filter(username="alice").update(time_zone=zone)
        for address in pages[entity_id]:
            assert shown in alice.get(address).content.decode(), address
        for name in lists_by_end[entity_id]:
            assert alice.get(reverse(f"admin:mirrors_{name}_changelist")).status_code == 200, name
    assert alice.get(reverse("admin:mirrors_order_change", args=[1])).status_code == 200
    assert b"0001-01-01T00:00:00" in _csv(alice, "order")


def _csv(client: Client, name: str) -> bytes:
    response: Any = client.get(reverse(f"admin:mirrors_{name}_export"))
    return b"".join(response.streaming_content)


def test_no_archiving_is_counted_down_from_a_time_that_cannot_be() -> None:
    for updated in (FIRST, LAST, datetime(2062, 1, 1, tzinfo=UTC)):
        countdown = archiving_countdown(
            [TradingPermission(status="Revoked", updated=updated)], is_archived=False, now=NOW
        )
        assert countdown is not None
        assert countdown.on is None


def test_a_time_ahead_of_its_arrival_is_marked_and_stays_a_time_in_csv(
    alice: Client, alpha: Organization, write: Writer
) -> None:
    write.mirror("account", alpha, 5, name="EVAL5")
    write.mirror("order", alpha, 7, account_id=5, timestamp=datetime(2062, 11, 24, 15, tzinfo=UTC))
    for address in (
        reverse("admin:mirrors_order_changelist"),
        reverse("admin:mirrors_order_change", args=[7]),
        reverse("account", args=[5]),
    ):
        assert "va-warn" in alice.get(address).content.decode().split("<main", 1)[-1], address
    assert b"2062-11-24T15:00:00+00:00" in _csv(alice, "order")


DAY, NEXT_DAY = date(2026, 11, 23), date(2026, 11, 24)
EARLY, LATE = datetime(2026, 11, 20, 14, tzinfo=UTC), datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
# Positions of one account: what each says, and which of them (from 1 on) are open.
POSITIONS: list[tuple[list[dict[str, Any]], set[int]]] = [
    ([{"trade_date": DAY, "net_pos": 2}, {"trade_date": NEXT_DAY, "net_pos": 0}], set()),
    ([{"trade_date": DAY, "net_pos": 2}, {"trade_date": NEXT_DAY, "net_pos": -1}], {2}),
    ([{"trade_date": NEXT_DAY, "net_pos": 0}, {"trade_date": DAY, "net_pos": 2, "timestamp": LATE}], set()),
    ([{"timestamp": LATE, "net_pos": 0}, {"timestamp": EARLY, "net_pos": 2}], set()),
    ([{"timestamp": datetime(2062, 1, 1, tzinfo=UTC), "net_pos": 2}, {"timestamp": EARLY, "net_pos": 0}], set()),
    ([{"net_pos": 2}, {"net_pos": 0}], set()),
    ([{"trade_date": DAY, "net_pos": 2}, {"trade_date": NEXT_DAY, "net_pos": 0, "deleted_at": NOW}], {1}),
    ([{"trade_date": DAY, "net_pos": 2}, {"trade_date": NEXT_DAY, "net_pos": 0, "contract_id": 4}], {1}),
    ([{"trade_date": DAY, "net_pos": 2}, {"trade_date": NEXT_DAY, "net_pos": 0, "environment": "live"}], {1}),
    ([{"net_pos": 2, "contract_id": None}, {"net_pos": 0, "contract_id": None}], {1}),
    ([{"net_pos": None}], set()),
]


def test_only_the_newest_position_of_an_account_and_contract_counts(
    alice: Client, alpha: Organization, write: Writer
) -> None:
    right, every = set(), set()
    for account_id, (positions, still_open) in enumerate(POSITIONS, 1):
        write.mirror("account", alpha, account_id, name=f"EVAL{account_id}")
        for number, values in enumerate(positions, 1):
            entity_id = 100 * account_id + number
            write.mirror("position", alpha, entity_id, **{"account_id": account_id, "contract_id": 3} | values)
            every.add(entity_id)
            if number in still_open:
                right.add(entity_id)
    trading = {entity_id // 100 for entity_id in right}
    ids = range(1, len(POSITIONS) + 1)
    address = reverse("admin:mirrors_position_changelist")
    shown = {value: alice.get(address, {"net": value}).context["rows"] for value in ("open", "flat")}
    assert {row.entity_id for _, _, row in shown["open"]} == right
    assert {row.entity_id for _, _, row in shown["flat"]} == every - right
    assert {row.is_open for _, _, row in shown["open"]} == {True}
    with organization_scope(alpha.pk):
        assert accounts_with_positions(ids, organization_id=alpha.pk) == trading
        known = known_accounts(ids, organization_id=alpha.pk, now=NOW)
        assert {one for one, standing in known.items() if standing.has_open_positions} == trading
        accounts = list(Account.objects.filter(entity_id__in=trading))
        states = summaries_of(accounts, organization_id=alpha.pk, now=NOW)
        assert {position.entity_id for state in states for position in state.open_positions} == right


@pytest.fixture
def desk(alpha: Organization, database_urls: dict[str, str], admin_connection: Any) -> Desk:
    """A socket's desk whose organization is Alpha."""
    assert alpha.pk == 1
    desk = Desk(database_urls["hub"], admin_connection)
    desk.add_lease()
    return desk


def test_two_positions_of_the_field_are_flat_and_then_short_one(desk: Desk, alpha: Organization) -> None:
    folder = shared_material("field/04-two-positions-of-one-contract")
    ear = Ear(at="2026-11-24T15:10:01+00:00")
    found = []
    for name in ("snapshot-part.frame", "then-reversed.frame"):
        for batch in by_kind(ear.rows((folder / name).read_bytes())):
            desk.flush(batch)
        with organization_scope(alpha.pk):
            accounts = list(Account.objects.filter(entity_id=9200001))
            [state] = summaries_of(accounts, organization_id=alpha.pk, now=NOW)
            found.append([(one.entity_id, one.net_pos) for one in state.open_positions])
            assert (
                bool(found[-1])
                == known_accounts([9200001], organization_id=alpha.pk, now=NOW)[9200001].has_open_positions
            )
            assert Position.objects.count() == 2
    assert found == [[], [(9400002, -1)]]


FILLS = (
    ("order", "Created", {"ordStatus": "Working"}),
    ("fill", "Created", {"qty": 1, "price": 24610.25, "active": True}),
    ("fill", "Updated", {"qty": 1, "price": 24610.25, "active": False}),
    ("fill", "Created", {"id": 9, "qty": 2, "price": 24610.0, "active": True}),
    ("fill", "Created", {"id": 9, "qty": 2, "price": 24610.0, "active": True}),
    ("order", "Updated", {"ordStatus": "Filled"}),
)


def test_a_fill_taken_back_is_struck_through_and_not_counted(
    alice: Client, desk: Desk, alpha: Organization, write: Writer
) -> None:
    write.mirror("account", alpha, 5, name="EVAL5")
    messages = [
        {
            "e": "props",
            "d": {"entityType": kind, "eventType": event, "entity": {"id": 8, "accountId": 5, "orderId": 8} | one},
        }
        for kind, event, one in FILLS
    ]
    desk.write(Ear(at=NOW.isoformat()).rows(*(frame(message) for message in messages)))
    with organization_scope(alpha.pk):
        filled = filled_by(Fill.objects.all())
    assert (filled.quantity, filled.average, filled.taken_back) == (2, 24610, 1)
    assert (
        "2 at 24,610; 1 taken back, not counted"
        in alice.get(reverse("admin:mirrors_order_change", args=[8])).content.decode()
    )
    listed = alice.get(reverse("admin:mirrors_fill_changelist")).content.decode()
    assert listed.count("taken back</span>") == 1
    assert listed.count("<s>") == 2
    page = alice.get(reverse("account", args=[5]))
    assert page.content.decode().count('<tr class="va-struck">') == 1
    assert [entry.is_repeat for entry in page.context["timeline"].entries] == [False, True, False, False, False, False]


def test_fills_of_the_field_come_to_one_at_the_second_price(desk: Desk, alpha: Organization) -> None:
    lines = (shared_material("field/14-fill-taken-back") / "frames.txt").read_bytes().splitlines()
    desk.write(Ear(at="2026-11-24T15:00:01+00:00").rows(*lines))
    with organization_scope(alpha.pk):
        assert str(filled_by(Fill.objects.all())) == "1 at 24,610; 1 taken back, not counted"
        events = read_timeline(organization_id=alpha.pk, subject=Subject((9200001,))).entries
    assert [entry.is_repeat for entry in events] == [False, True, False, False, False, False]
