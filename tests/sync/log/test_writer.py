"""What the writer makes of events: the log holds all, the mirror the last one."""

from typing import Any

import pytest

from tests.sync.desk import Desk, row
from tests.sync.log.written import NEW, OLD, names
from tests.sync.stored import Stored
from vendor_admin.sync.log.rows import Row
from vendor_admin.sync.models import Kind


def test_the_last_event_of_an_entity_is_its_state_and_all_are_in_the_log(desk: Desk, stored: Stored) -> None:
    assert desk.flush([row(1, 5, name="a"), row(2, 6, name="x"), row(3, 5, name="b"), row(4, 5, name="c")]) == 4
    assert names(stored) == {5: "c", 6: "x"}
    assert [(event["seq"], event["payload"].get("name")) for event in stored.events()] == [
        (1, "a"),
        (2, "x"),
        (3, "b"),
        (4, "c"),
    ]
    assert stored.mirror("account", 5)[0]["seq"] == 4


def test_an_event_replaces_the_whole_entity(desk: Desk, stored: Stored) -> None:
    desk.flush([row(1, name="a", userId=7, legalStatus="IRA", surprise=1)])
    desk.flush([row(2, name="b")])
    account = stored.mirror("account", 5)[0]
    assert (account["name"], account["user_id"], account["legal_status"], account["extra"]) == ("b", None, None, None)


def test_an_older_arrival_of_the_same_socket_never_wins(desk: Desk, stored: Stored) -> None:
    desk.flush([row(10, name="new")])
    desk.flush([row(9, name="old")])
    desk.flush([row(7, kind=Kind.DELETED)])
    assert names(stored) == {5: "new"}
    assert stored.mirror("account")[0]["deleted_at"] is None
    desk.flush([row(1, name="newer", epoch=2)])
    assert names(stored) == {5: "newer"}
    desk.flush([row(99, name="an earlier socket", epoch=1)])
    assert names(stored) == {5: "newer"}


def test_across_sockets_the_later_commit_wins(desk: Desk, stored: Stored) -> None:
    desk.add_lease(2)
    first = row(900, name="first", epoch=40)
    second = row(1, name="second", lease_id=2, epoch=1)
    second.organization_id = first.organization_id
    desk.flush([first])
    desk.flush([second])
    assert names(stored) == {5: "second"}


def test_across_sockets_an_older_timestamp_never_wins(desk: Desk, stored: Stored) -> None:
    desk.add_lease(2)
    late = row(1, name="old", lease_id=2, timestamp=OLD)
    late.organization_id = 1
    desk.flush([row(1, name="new", timestamp=NEW)])
    desk.flush([late])
    assert names(stored) == {5: "new"}
    desk.flush([row(2, name="old again", timestamp=OLD, epoch=2)])
    assert names(stored) == {5: "new"}
    desk.flush([row(3, name="same time", timestamp=NEW, epoch=2)])
    assert names(stored) == {5: "same time"}
    assert len(stored.events()) == 4


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        (OLD, NEW),
        ("2026-11-20T10:00:04.999Z", "2026-11-20T10:00:05Z"),
        ("2026-11-20T10:00:05Z", "2026-11-20T10:00:05.001Z"),
        ("2026-11-20T09:59:59.999999Z", "2026-11-20T10:00:00Z"),
    ],
)
def test_entities_of_unknown_types_never_go_back_to_an_older_timestamp(
    desk: Desk, stored: Stored, older: str, newer: str
) -> None:
    def state() -> str:
        return str(stored.mirror("genericentity")[0]["payload"]["name"])

    desk.add_lease(2)
    late = row(1, entity_type="unheardOf", name="old", lease_id=2, timestamp=older)
    late.organization_id = 1
    desk.flush([row(1, entity_type="unheardOf", name="new", timestamp=newer)])
    desk.flush([late])
    desk.flush([row(2, entity_type="unheardOf", name="old again", timestamp=older)])
    assert desk.flush([row(3, entity_type="unheardOf", name="old", timestamp=older, is_difference=True)]) == 0
    assert state() == "new"
    desk.flush([row(4, entity_type="unheardOf", name="same time", timestamp=newer)])
    assert state() == "same time"
    assert len(stored.events()) == 4


def test_a_timestamp_of_another_form_decides_nothing_and_breaks_nothing(desk: Desk, stored: Stored) -> None:
    stamps: list[Any] = [
        NEW,
        "yesterday",
        7,
        None,
        "2026-99-99T99:99:99Z",
        {"a": 1},
        "2026-11-20",
        "\u00e9" * 40,
        "Z",
        OLD,
    ]
    for seq, stamp in enumerate(stamps, 1):
        desk.flush([row(seq, entity_type="unheardOf", name=f"n{seq}", timestamp=stamp)])
        assert stored.mirror("genericentity")[0]["payload"]["name"] == f"n{seq}"
    assert not stored.quarantine()


def test_an_answer_never_replaces_what_another_socket_received_after_it(desk: Desk, stored: Stored) -> None:
    desk.add_lease(2)
    event, answer = row(900, name="of the event", lease_id=2), row(1, name="of the answer", is_difference=True)
    event.organization_id = 1
    event.received_at, answer.received_at = "2026-11-20T12:00:00.5+00:00", "2026-11-20T12:00:00.4+00:00"
    desk.flush([event])
    assert desk.flush([answer]) == 0
    assert names(stored) == {5: "of the event"}
    answer.seq, answer.received_at = 2, "2026-11-20T12:00:00.6+00:00"
    assert desk.flush([answer]) == 1
    assert names(stored) == {5: "of the answer"}


def test_what_has_vanished_is_logged_only_where_the_mirror_did_not_hear_of_it_since(desk: Desk, stored: Stored) -> None:
    desk.add_lease(2)
    elsewhere = row(1, 6, name="received by another socket since", lease_id=2)
    elsewhere.organization_id, elsewhere.received_at = 1, "2026-11-20T12:00:01+00:00"
    desk.flush([row(1, 5, name="gone"), row(20, 7, name="heard of since"), row(2, 8), row(3, 8, kind=Kind.DELETED)])
    desk.flush([elsewhere])
    vanished = [row(10 + one, one, kind=Kind.VANISHED, is_difference=True) for one in (5, 6, 7, 8, 9)]
    assert desk.flush(vanished) == 1
    assert [event["entity_id"] for event in stored.events() if event["kind"] == Kind.VANISHED] == [5]
    alive = {account["entity_id"]: account["deleted_at"] is None for account in stored.mirror("account")}
    assert alive == {5: False, 6: True, 7: True, 8: False}


def test_a_state_that_arrived_after_an_answer_keeps_its_entity_from_vanishing_in_the_same_flush(
    desk: Desk, stored: Stored
) -> None:
    desk.flush([row(1, name="a")])
    state = row(9, name="a", is_difference=True, kind=Kind.RESYNC)
    assert desk.flush([state, row(8, kind=Kind.VANISHED, is_difference=True)]) == 0
    assert stored.mirror("account")[0]["deleted_at"] is None


@pytest.mark.parametrize(
    "story",
    [
        "created 10, deleted, updated 5",
        "created 10, deleted, updated 12",
        "created 10, updated 5, deleted",
        "deleted, updated 5",
        "deleted, updated 12, updated 5",
        "updated 12, deleted, updated 5, deleted, updated 12",
        "deleted, updated 12, deleted, updated",
    ],
)
def test_one_flush_ends_like_the_same_events_one_by_one(desk: Desk, stored: Stored, story: str) -> None:
    def events(entity_id: int) -> list[Row]:
        words = [part.split() for part in story.split(", ")]
        return [
            row(
                100 * entity_id + seq,
                entity_id,
                kind=Kind[word.upper()],
                name=f"{seq}",
                timestamp=f"2026-11-20T11:00:{int(at[0]):02d}Z" if at else None,
            )
            for seq, (word, *at) in enumerate(words, 1)
        ]

    known = [row(entity_id, entity_id, name="0", timestamp="2026-11-20T11:00:08Z") for entity_id in (1, 2)]
    desk.flush(known)
    for event in events(1):
        desk.flush([event])
    desk.flush(events(2))
    one_by_one, together = stored.mirror("account")
    assert (one_by_one["deleted_at"] is None) == (together["deleted_at"] is None)
    assert one_by_one["name"] == together["name"]


def test_in_one_flush_an_older_timestamp_never_wins(desk: Desk, stored: Stored) -> None:
    desk.flush([row(1, name="new", timestamp=NEW), row(2, name="old", timestamp=OLD)])
    assert names(stored) == {5: "new"}
    desk.flush([row(3, 6, name="old", timestamp=OLD), row(4, 6, name="new", timestamp=NEW), row(5, 6, name="no time")])
    assert names(stored)[6] == "no time"


def test_equal_snapshot_rows_add_nothing_and_differing_ones_are_resync(desk: Desk, stored: Stored) -> None:
    fields: dict[str, Any] = {"name": "a", "userId": 7, "timestamp": NEW, "surprise": {"b": [1.50]}}
    desk.flush([row(1, **fields), row(2, 6, name="b"), row(3, 7, name="c", kind=Kind.DELETED)])
    assert desk.flush([row(4, is_difference=True, kind=Kind.RESYNC, **fields)]) == 0
    before = stored.mirror("account", 5)[0]
    assert before["seq"] == 1
    snapshot = [
        row(5, is_difference=True, kind=Kind.RESYNC, **fields),
        row(6, 6, is_difference=True, kind=Kind.RESYNC, name="changed meanwhile"),
        row(7, 8, is_difference=True, kind=Kind.RESYNC, name="born meanwhile"),
    ]
    assert desk.flush(snapshot) == 2
    assert [(event["entity_id"], event["kind"]) for event in stored.events()[3:]] == [
        (6, Kind.RESYNC),
        (8, Kind.RESYNC),
    ]
    assert stored.events("account", 6)[-1]["payload"] == {"id": 6, "name": "changed meanwhile"}
    assert names(stored)[8] == "born meanwhile"


@pytest.mark.parametrize("entity_type", ["unheardOf", "order", "cashBalance", "tradingPermission"])
def test_differences_are_seen_in_every_field(desk: Desk, stored: Stored, entity_type: str) -> None:
    changes: list[dict[str, Any]] = [{}, {"surprise": 1}, {"surprise": 2}, {"timestamp": NEW}, {"timestamp": None}]
    desk.flush([row(1, entity_type=entity_type, **changes[0])])
    for seq, fields in enumerate(changes[1:], 2):
        change = row(seq, entity_type=entity_type, is_difference=True, kind=Kind.RESYNC, **fields)
        assert desk.flush([change]) == 1, fields
        again = row(seq + 100, entity_type=entity_type, is_difference=True, kind=Kind.RESYNC, **fields)
        again.seq = seq
        again.epoch = seq + 100
        assert desk.flush([again]) == 0, fields
        desk.admin.execute("UPDATE sync_lease SET epoch = epoch + 1")


def test_a_snapshot_revives_what_was_deleted_and_says_so(desk: Desk, stored: Stored) -> None:
    desk.flush([row(1, name="a"), row(2, kind=Kind.DELETED)])
    assert stored.mirror("account", 5)[0]["deleted_at"] is not None
    assert desk.flush([row(3, name="a", is_difference=True, kind=Kind.RESYNC)]) == 1
    assert stored.mirror("account", 5)[0]["deleted_at"] is None
