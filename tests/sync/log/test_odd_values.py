"""Values that nobody would believe: kept as they came, read where they can be, and never made into something else."""

import csv
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from tests.support.shared_material import shared_material
from tests.sync.desk import Desk, Ear, by_kind, row
from tests.sync.stored import Stored
from vendor_admin.mirrors.columns import mirror_models, platform_columns
from vendor_admin.sync.log.entity_reader import Accounts, read_entity
from vendor_admin.sync.log.rows import Row
from vendor_admin.sync.models import Kind
from vendor_admin.sync.socket.intake import MOST_NOTED

AT = "2026-11-24T15:10:00+00:00"
TIMES: dict[str, datetime | None] = {
    "now": None,
    "today": None,
    "infinity": None,
    "-infinity": None,
    "epoch": None,
    "112596-07-11T20:28:01Z": None,
    "11/2/2026 5:00 PM": None,
    "0001-01-01T00:00:00+05:00": None,
    "9999-12-31T23:59:59-05:00": None,
    "0001-01-01T00:00:00Z": datetime(1, 1, 1, tzinfo=UTC),
    "9999-12-31T23:59:59.999Z": datetime(9999, 12, 31, 23, 59, 59, 999_000, UTC),
    "2026-11-02T22:59:59.9999999Z": datetime(2026, 11, 2, 22, 59, 59, 999_999, UTC),
    "2026-11-02T23:59:60Z": datetime(2026, 11, 2, 23, 59, 59, 999_999, UTC),
    "2026-11-02T22:59Z": datetime(2026, 11, 2, 22, 59, tzinfo=UTC),
    "2026-11-02T22:59:00": datetime(2026, 11, 2, 22, 59, tzinfo=UTC),
}
NUMBERS: dict[Any, Decimal | None] = {
    "NaN": None,
    "Infinity": None,
    "1_000": None,
    "$5": None,
    True: None,
    " 50000 ": Decimal(50000),
    "1e3": Decimal(1000),
    "-0.50": Decimal("-0.5"),
    1e3: Decimal(1000),
}
COUNTS: dict[Any, int | None] = {"5": 5, 5.0: 5, "5.5": None, 2**63: None, "-2": -2, "": None}
FLAGS: dict[Any, bool | None] = {"off": None, "perhaps": None, "True": True, 0: False}
DAYS: list[tuple[Any, date | None]] = [
    ({"year": 2026, "month": 13, "day": 1}, None),
    ({"year": 0, "month": 0, "day": 0}, None),
    ({"year": 2026, "month": 2, "day": 29}, None),
    ({"year": 2028, "month": 2, "day": 29}, date(2028, 2, 29)),
    ("2026-11-24", None),
    ({"year": "2026", "month": 11, "day": "24"}, date(2026, 11, 24)),
]


def test_a_column_gets_what_a_value_means_and_nothing_else(desk: Desk, stored: Stored) -> None:
    cases: list[tuple[str, str, Any, Any]] = [("timestamp", "timestamp", *one) for one in TIMES.items()]
    cases += [("netPrice", "net_price", *one) for one in NUMBERS.items()]
    cases += [("netPos", "net_pos", *one) for one in COUNTS.items()]
    cases += [("archived", "archived", *one) for one in FLAGS.items()]
    cases += [("tradeDate", "trade_date", *one) for one in DAYS]
    cases += [("contractId", "contract_id", *one) for one in [(0, None), ("7", 7), (-1, None), ("x", None)]]
    values: list[dict[str, Any]] = [{key: value} for key, _, value, _ in cases]
    rows = [row(n, n, entity_type="position", prevPos=1, **one) for n, one in enumerate(values, 1)]
    desk.flush(rows)
    for (key, column, value, right), found in zip(cases, stored.mirror("position"), strict=True):
        assert found[column] == right, (key, value)
        assert found["prev_pos"] == 1, (key, value)
    assert [event["payload"][key] for (key, *_), event in zip(cases, stored.events(), strict=True)] == [
        value for _, _, value, _ in cases
    ]
    kept = {(one["entity_id"], one["is_in_log"]) for one in stored.quarantine()}
    nothing_meant = {"", 0, -1}  # of ids; an empty text is no value
    assert kept == {
        (n, True)
        for n, (key, _, value, right) in enumerate(cases, 1)
        if right is None and not (key in ("contractId", "netPos") and value in nothing_meant)
    }
    assert 'timestamp: "now" is no time' in stored.quarantine()[0]["reason"]


def test_a_value_that_cannot_be_read_leaves_its_column_as_it_was(desk: Desk, stored: Stored) -> None:
    desk.flush([row(1, name="a", userId=7, active=True)])
    for seq in (2, 3):
        is_difference = seq == 3
        odd = row(seq, name=f"b{seq}", userId=8, active="perhaps", timestamp="now", is_difference=is_difference)
        assert desk.flush([odd, row(seq + 10, 6, name=f"neighbour {seq}", is_difference=is_difference)]) == 2
        (account,) = stored.mirror("account", 5)
        assert (account["name"], account["user_id"]) == (f"b{seq}", 8)
        assert (account["active"], account["timestamp"]) == (True, None)
    again = row(4, name="b3", userId=8, active="perhaps", timestamp="today", is_difference=True)
    assert desk.flush([again]) == 0
    assert len(stored.mirror("account")) == 2


def test_what_the_platform_always_sends_so_does_not_flood_quarantine() -> None:
    ear = Ear()
    odd = b'a[{"e":"props","d":{"entityType":"order","entity":{"id":%d,"timestamp":"now"}}}]'
    rows = ear.rows(*(odd % number for number in range(1, MOST_NOTED + 6)))
    noted = [bool(one.oddity.reason) for one in rows if isinstance(one, Row) and one.oddity]
    assert noted == [True] * MOST_NOTED + [False] * 5
    ear.intake.start_epoch(2)
    (first,) = ear.rows(odd % 1)
    assert isinstance(first, Row)
    assert first.oddity
    assert first.oddity.reason


def test_usual_entities_of_every_type_are_taken_byte_for_byte() -> None:
    usual = {
        "bigint": 7,
        "numeric": -1.25,
        "boolean": False,
        "timestamp with time zone": "2026-11-24T15:02:11.004Z",
        "date": {"year": 2026, "month": 11, "day": 30},
        "time": {"hour": 17, "minute": 0},
        "text": "x",
    }
    for entity_type, model in mirror_models().items():
        values = {column.json_key: usual[column.sql_type] for column in platform_columns(model)}
        for entity in ({"id": 1}, {"id": 1, **values}, {"id": 1, **dict.fromkeys(values)}):
            *_, extra, oddity = read_entity(entity_type, json.dumps(entity).encode(), Accounts())
            assert (extra, oddity) == (None, None), entity_type
        *_, extra, oddity = read_entity(entity_type, json.dumps({"id": 1, **values, "more": 1.50}).encode(), Accounts())
        assert (extra, oddity) == (b'{"more":1.5}', None), entity_type


def test_times_and_amounts_of_the_field_end_as_they_should(desk: Desk, stored: Stored) -> None:
    folder = shared_material("field/05-times-that-python-cannot-hold")
    lines = [folder / name for name in ("frames.txt", "amounts.txt", "flatten.frame")]
    rows = Ear(at=AT).rows(*(line for file in lines for line in file.read_bytes().splitlines() if line))
    desk.write(rows)
    assert len(stored.events()) == len(rows)
    right = list(csv.DictReader((folder / "expected.csv").read_text().splitlines()))
    orders = stored.mirror("order")
    for case, order in zip([one for one in right if one["file"] == "frames.txt"], orders, strict=True):
        assert order["timestamp"] == TIMES[case["sent"]], case["right"]
        assert order["ord_status"] == "Working"
    assert [one["amount"] for one in stored.mirror("cashbalance")] == [None, None, 50000, 1000]
    assert stored.mirror("useraccountautoliq")[0]["flatten_timestamp"] == datetime(1, 1, 1, tzinfo=UTC)
    odd = {one["entity_id"] for one in stored.quarantine()}
    assert odd == {order["entity_id"] for order in orders if order["timestamp"] is None} | {9600001, 9600002}


def order(seq: int, at: str, status: str, *, entity_type: str = "order", **options: Any) -> Any:
    return row(seq, 7, entity_type=entity_type, timestamp=at, ordStatus=status, **options)


@pytest.mark.parametrize("entity_type", ["order", "unheardOf"])
@pytest.mark.parametrize("is_one_flush", [True, False])
def test_a_time_ahead_of_its_arrival_freezes_nothing(
    desk: Desk, stored: Stored, entity_type: str, is_one_flush: bool
) -> None:
    def status() -> str:
        (found,) = stored.mirror("order" if entity_type == "order" else "genericentity")
        return str(found["ord_status"] if entity_type == "order" else found["payload"]["ordStatus"])

    rows = [
        order(1, "2026-11-20T11:59:00.000Z", "Working", entity_type=entity_type),
        order(2, "2062-11-20T11:59:01.000Z", "Suspended", entity_type=entity_type),
        order(3, "2026-11-20T11:59:02.000Z", "Filled", entity_type=entity_type),
        order(4, "2026-11-20T11:59:01.500Z", "Late", entity_type=entity_type),
    ]
    for batch in [rows] if is_one_flush else [[one] for one in rows]:
        desk.flush(batch)
    assert status() == "Filled"
    assert len(stored.events()) == 4
    desk.flush([order(5, "2026-11-20T12:00:50.000Z", "Ahead by less than a minute", entity_type=entity_type)])
    desk.flush([order(6, "2026-11-20T12:00:49.000Z", "Older", entity_type=entity_type)])
    assert status() == "Ahead by less than a minute"
    gone = row(7, 7, entity_type=entity_type, kind=Kind.DELETED)
    desk.flush([order(6, "2062-11-20T12:00:00.000Z", "Ahead", entity_type=entity_type, epoch=2)])
    gone.epoch = 2
    desk.flush([gone])
    assert stored.mirror("order" if entity_type == "order" else "genericentity")[0]["deleted_at"]


@pytest.mark.parametrize("entity_type", ["order", "unheardOf"])
def test_what_the_platform_lists_wins_over_any_timestamp_but_that_of_news(
    desk: Desk, stored: Stored, entity_type: str
) -> None:
    def listed(seq: int, status: str, *, epoch: int = 1, after: timedelta = timedelta()) -> int:
        answer = order(
            seq, "2026-11-20T11:00:00.000Z", status, entity_type=entity_type, is_difference=True, epoch=epoch
        )
        answer.received_at = (datetime(2026, 11, 20, 12, tzinfo=UTC) + after).isoformat()
        return desk.flush([answer])

    desk.flush([order(1, "2026-11-20T11:30:00.000Z", "Filled", entity_type=entity_type)])
    assert listed(2, "of an answer that was under way") == 0
    assert listed(3, "of a later comparison", after=timedelta(minutes=11)) == 1
    desk.flush([order(4, "2026-11-20T11:30:00.000Z", "Filled", entity_type=entity_type)])
    assert listed(1, "of the next connection's snapshot", epoch=2, after=timedelta(seconds=5)) == 1


def test_an_order_of_the_field_with_a_time_ahead_is_filled_at_last(desk: Desk, stored: Stored) -> None:
    folder = shared_material("field/06-a-time-ahead-freezes-an-entity")
    ear = Ear(at="2026-11-24T15:00:03+00:00")
    frames = (folder / "frames.txt").read_bytes().splitlines()
    for one in ear.rows(*frames):
        desk.flush([one])
    assert [found["ord_status"] for found in stored.mirror("order")] == ["Filled"]
    assert len(stored.events()) == 3
    # An earlier release, or another clock, may have let the time ahead stand: the next snapshot repairs it.
    desk.admin.execute("UPDATE mirrors_order SET timestamp = now(), received_at = now(), ord_status = 'Working'")
    for part in by_kind(Ear(epoch=2, at=AT).rows((folder / "snapshot-part.frame").read_bytes())):
        desk.flush(part)
    assert [found["ord_status"] for found in stored.mirror("order")] == ["Filled"]


def test_nothing_is_found_or_joined_by_an_id_of_zero() -> None:
    accounts = Accounts()
    assert read_entity("order", b'{"id":8,"accountId":5}', accounts)[:2] == (8, 5)
    with pytest.raises(ValueError, match="id"):
        read_entity("order", b'{"id":0,"accountId":5}', accounts)
    assert read_entity("fill", b'{"id":9,"orderId":0}', accounts)[:2] == (9, None)
    assert read_entity("fill", b'{"id":9,"orderId":"8"}', accounts)[:2] == (9, 5)
    assert read_entity("fill", b'{"id":9,"orderId":8,"accountId":0}', accounts)[:2] == (9, 5)
    assert read_entity("unheardOf", b'{"id":9,"accountId":0}', accounts)[:2] == (9, None)
    assert read_entity("fill", b'{"id":9,"orderId":"\\u00b2"}', accounts)[:2] == (9, None)


def test_ids_of_zero_from_the_field_are_none(desk: Desk, stored: Stored) -> None:
    lines = (shared_material("field/17-ids-of-zero") / "frames.txt").read_bytes().splitlines()
    desk.write(Ear(at=AT).rows(*lines))
    (found,) = stored.mirror("order")
    assert (found["oco_id"], found["parent_id"], found["linked_id"], found["account_id"]) == (None, None, None, 9200001)
    assert [report["command_id"] for report in stored.mirror("commandreport")] == [None]
    assert [(fill["order_id"], fill["contract_id"], fill["account_id"]) for fill in stored.mirror("fill")] == [
        (None, None, None)
    ]
    (kept,) = stored.quarantine()
    assert b'"id":0' in bytes(kept["raw"])


def test_what_python_reads_as_usual_postgres_takes_as_the_same(admin_connection: psycopg.Connection) -> None:
    """The forms of a time that the fast way lets through unread."""
    texts = [
        "2026-11-02T22:59:59Z", "2026-11-02 22:59:59.5Z", "2026-11-02t22:59:59.123456z", "2026-11-02T22:59:59+00:00",
        "2026-11-02T22:59:59-00:00", "0002-01-01T00:00:00Z", "9998-12-31T23:59:59.999999Z", "2026-02-28T00:00:00Z",
    ]  # fmt: skip
    with psycopg.connect(admin_connection.info.dsn, password=admin_connection.info.password) as connection:
        for text in texts:
            entity = json.dumps({"id": 1, "timestamp": text}).encode()
            assert read_entity("account", entity, Accounts())[3] is None
            (read,) = connection.execute("SELECT %s::timestamptz AT TIME ZONE 'UTC'", [text]).fetchone() or (None,)
            assert read == datetime.fromisoformat(text.replace("t", "T").replace("z", "Z")).replace(tzinfo=None)
