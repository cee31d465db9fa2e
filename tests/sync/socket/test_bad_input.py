"""What a platform should never send, sent over a real socket into Postgres: neighbours are stored, the socket lives."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.support.running_hub import wait_until
from tests.support.signed_in import signed_in
from tests.sync.scripted_platform import Peer, ScriptedPlatform
from tests.sync.stored import Stored
from vendor_admin.mirrors.models import GenericEntity
from vendor_admin.organizations.models import Organization, StaffRole, User
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.sync.log.cursor import LogCursor, read_after
from vendor_admin.sync.models import EntityEvent
from vendor_admin.sync.pages.event_pages import event_url
from vendor_admin.sync.pages.timeline import Subject, read_timeline


def props(entity: str, *, entity_type: str = "account", event_type: str = "Updated") -> str:
    """One event of the stream around an entity's own text."""
    return f'{{"e":"props","d":{{"entityType":"{entity_type}","eventType":"{event_type}","entity":{entity}}}}}'


def frame(*messages: str) -> bytes:
    return f"a[{','.join(messages)}]".encode()


class Line:
    """A live socket into Postgres: what was sent has arrived when `send` returns."""

    def __init__(self, platform: ScriptedPlatform, stored: Stored) -> None:
        self.platform, self.stored = platform, stored
        self._marks = 900_000

    def wait_until_live(self) -> Peer:
        wait_until(lambda: [peer for peer in self.platform.open_peers if peer.is_synced], what="a synced socket")
        self.send()
        return self.platform.peers[0]

    def send(self, *frames: bytes) -> None:
        """Send frames and wait until an event sent behind them is stored, on the same socket as ever."""
        self._marks += 1
        mark = self._marks
        self.platform.send(*frames, frame(props(f'{{"id":{mark},"name":"mark"}}', entity_type="exchange")))
        wait_until(lambda: self.stored.events("exchange", mark), what=f"mark {mark}", seconds=30)
        assert len(self.platform.peers) == 1, "the socket did not live"
        assert self.stored.leases()[0]["epoch"] == 1

    def send_between_good(self, message: str | bytes) -> list[tuple[bytes, str]]:
        """Send a message between two good ones in a frame, see these stored, and return what was quarantined of it."""
        known = len(self.quarantined())
        left, right = (props(f'{{"id":{self._marks}{side},"name":"good"}}').encode() for side in (1, 2))
        ids = {int(f"{self._marks}{side}") for side in (1, 2)}
        self.send(b"a[" + b",".join([left, message.encode() if isinstance(message, str) else message, right]) + b"]")
        assert ids <= self.accounts().keys(), message
        return self.quarantined()[known:]

    def accounts(self) -> dict[int, Any]:
        return {row["entity_id"]: row for row in self.stored.mirror("account")}

    def quarantined(self) -> list[tuple[bytes, str]]:
        return [(bytes(row["raw"]), row["reason"]) for row in self.stored.quarantine()]


@pytest.fixture
def line(
    platform: ScriptedPlatform, connect: Callable[..., Any], start_hub: Callable[..., Any], stored: Stored
) -> Line:
    connect(platform)
    start_hub()
    line = Line(platform, stored)
    line.wait_until_live()
    return line


GOOD = [f'{{"id":{number},"name":"A{number}","active":true}}' for number in (1, 2, 3)]


def test_good_neighbours_of_every_kind_of_nonsense_are_stored(line: Line) -> None:
    bad = ["7", "null", '"text"', "[]", "true", '{"e":"props"}', '{"e":"props","d":null}', '{"x":1}', "undefined", "-"]
    for nonsense in bad:
        ((raw, reason),) = line.send_between_good(nonsense)
        assert raw.decode() == nonsense
        assert reason


def test_a_broken_frame_is_kept_as_it_came_and_the_next_is_read(line: Line) -> None:
    broken = [
        b"a[",
        b'a[{"e":"props","d":{"entityType":"account","eventType":"Updated","entity":{"id":5,',
        b"a[}",
        b"not a frame",
        b"",
        b"a",
        b"zzz[]",
        b"\x00\x01\x02",
        b"a[" + b"[" * 100_000,
        b'a[{"e":' * 3000,
    ]
    for number, data in enumerate(broken, 1):
        line.send(data, frame(props(f'{{"id":{number},"name":"next"}}')))
        assert number in line.accounts()
        raw, reason = line.quarantined()[-1]
        assert raw in data
        assert len(raw) >= len(data) - 2
        assert reason
    assert len(line.quarantined()) == len(broken)
    assert not any(row["is_in_log"] for row in line.stored.quarantine())


def test_events_before_the_break_in_a_frame_are_stored(line: Line) -> None:
    line.send(f'a[{props(GOOD[0])},{props(GOOD[1])},{{"e":"props","d":{{'.encode())
    assert line.accounts().keys() == {1, 2}
    assert len(line.quarantined()) == 1


def test_props_with_a_list_are_one_event_each(line: Line) -> None:
    line.send(frame(props(f"[{GOOD[0]},{GOOD[1]},{GOOD[2]}]")))
    assert line.accounts().keys() == {1, 2, 3}
    assert [event["entity_id"] for event in line.stored.events("account")] == [1, 2, 3]
    assert not line.quarantined()


def test_good_entities_of_a_list_are_stored_beside_bad_ones(line: Line) -> None:
    line.send(frame(props(f'[{GOOD[0]},null,{{"name":"without id"}},5,{GOOD[1]}]')))
    assert line.accounts().keys() == {1, 2}
    kept = [raw for raw, _ in line.quarantined()]
    assert b'{"name":"without id"}' in kept
    assert len(kept) == 3


def test_an_entity_without_a_usable_id_is_quarantined(line: Line) -> None:
    unusable = [
        '{"name":"no id"}',
        '{"id":null,"name":"x"}',
        '{"id":"abc","name":"x"}',
        '{"id":1.5}',
        '{"id":-4}',
        '{"id":9223372036854775808}',
        '{"id":1e400}',
        '{"id":true}',
        '{"id":{"id":1}}',
        '"text"',
        "12",
        "null",
        "{}",
    ]
    for entity in unusable:
        ((raw, reason),) = line.send_between_good(props(entity))
        assert entity.encode() in raw
        assert reason


def test_wrong_types_are_in_the_log_and_in_quarantine_and_the_mirror_takes_the_rest(line: Line) -> None:
    wrong = [
        ("account", "user_id", '{"id":1,"readonly":true,"userId":"not a number"}'),
        ("account", "timestamp", '{"id":2,"readonly":true,"timestamp":"yesterday at noon"}'),
        ("account", "active", '{"id":3,"readonly":true,"active":"perhaps"}'),
        ("account", "user_id", '{"id":4,"readonly":true,"userId":99999999999999999999}'),
        ("cashBalance", "amount", '{"id":5,"archived":true,"accountId":1,"amount":{"value":1}}'),
        ("cashBalance", "trade_date", '{"id":6,"archived":true,"tradeDate":{"year":2026,"month":13,"day":1}}'),
        ("order", "account_id", '{"id":7,"archived":true,"accountId":[1]}'),
    ]
    for number, (entity_type, column, entity) in enumerate(wrong, 1):
        assert len(line.send_between_good(props(entity, entity_type=entity_type))) == 1
        (event,) = line.stored.events(entity_type, number)
        assert event["payload"] == json.loads(entity)
        kept = line.stored.quarantine()[-1]
        assert bytes(kept["raw"]) == entity.encode()
        assert kept["is_in_log"]
        assert kept["entity_id"] == number
        assert kept["reason"]
        (row,) = line.stored.mirror(entity_type.lower(), number)
        assert row[column] is None
        assert row["readonly" if entity_type == "account" else "archived"]


def test_types_nobody_knows_land_in_the_generic_mirror(line: Line) -> None:
    strange = '{"id":4,"shape":"round","nested":{"deep":[1,2,{"x":null}]}}'
    line.send(
        frame(props(strange, entity_type="unheardOf"), props(GOOD[0])),
        frame(props('{"id":4,"shape":"square"}', entity_type="strangerStill")),
    )
    rows = {(row["type_name"], row["entity_id"]): row["payload"] for row in line.stored.mirror("genericentity")}
    assert rows == {
        ("unheardOf", 4): json.loads(strange),
        ("strangerStill", 4): {"id": 4, "shape": "square"},
    }
    assert not line.quarantined()


def test_a_type_that_cannot_be_one_is_quarantined(line: Line) -> None:
    for name in ('quo\\"te; DROP TABLE x --', "", "x" * 10_000, "a b", "\\u0000", "mirrors_account;--"):
        line.send_between_good(props('{"id":5}', entity_type=name))
        assert line.stored.mirror("genericentity") or b'"id":5' in line.quarantined()[-1][0]


def test_unknown_fields_survive_in_the_log_and_in_the_mirror(line: Line) -> None:
    entity = '{"id":5,"name":"known","futureField":{"a":[1,2.50]},"another":"x"}'
    line.send(frame(props(entity)))
    row = line.accounts()[5]
    assert row["name"] == "known"
    assert row["extra"] == {"futureField": {"a": [1, 2.5]}, "another": "x"}
    assert line.stored.events("account", 5)[0]["payload"] == json.loads(entity)
    assert not line.quarantined()


def test_values_that_json_does_not_have_are_quarantined(line: Line) -> None:
    for value in ("NaN", "Infinity", "-Infinity", "1e", "01", "'x'", "undefined", "+1", ".5"):
        entity = f'{{"id":5,"accountId":1,"amount":{value}}}'
        ((raw, reason),) = line.send_between_good(props(entity, entity_type="cashBalance"))
        assert entity.encode() in raw
        assert reason
    assert not line.stored.mirror("cashbalance")


def test_characters_that_postgres_cannot_hold_are_quarantined_byte_for_byte(line: Line) -> None:
    for text in (r"\u0000", r"a\u0000b", r"\ud800", r"\udc00x", r"\ud83dx"):
        for key in ("name", "futureField", "status\\u0000"):
            entity = f'{{"id":5,"{key}":"{text}"}}'
            ((raw, reason),) = line.send_between_good(props(entity))
            assert entity.encode() in raw
            assert reason
    assert not line.stored.events("account", 5)


def test_an_escaped_backslash_before_u0000_is_a_text_like_any_other(line: Line) -> None:
    line.send(frame(props(r'{"id":5,"name":"C:\\u0000"}')))
    assert line.accounts()[5]["name"] == r"C:\u0000"
    assert not line.quarantined()


def test_numbers_beyond_a_double_lose_nothing_or_are_quarantined(line: Line) -> None:
    query = "SELECT (payload->>%s)::numeric = %s::numeric AS is_kept FROM sync_entityevent WHERE entity_id = %s"
    numbers = ("1e400", "1" + "0" * 400, "-1e400", "0." + "0" * 400 + "1", "1" + "0" * 4200, "1e200000")
    cases = [(number, place) for number in numbers for place in ("amount", "futureField", "accountId")]
    for case, (number, place) in enumerate(cases, 1):
        entity = f'{{"id":{case},"{place}":{number}}}'
        kept = line.send_between_good(props(entity, entity_type="cashBalance"))
        if line.stored.rows("SELECT FROM sync_entityevent WHERE entity_type = 'cashBalance' AND entity_id = %s", case):
            assert line.stored.rows(query + " AND entity_type = 'cashBalance'", place, number, case)[0]["is_kept"]
        else:
            assert entity.encode() in kept[0][0]


@pytest.fixture
def owner(line: Line) -> Client:
    """The browser of somebody who may see raw data of the line's organization."""
    user = User.objects.create_user("alice", kind=User.Kind.STAFF, is_staff=True)
    StaffRole.objects.create(user=user, organization=Organization.objects.get(), role="owner")
    return signed_in(user)


def _first_of_log(organization_id: int) -> EntityEvent | None:
    """Readers stay behind every open transaction of the server, another test's among them."""
    rows, _ = read_after(organization_id=organization_id, cursor=LogCursor(), limit=1)
    return rows[0] if rows else None


@pytest.mark.parametrize("number", ["1" + "7" * 4999, "-" + "9" * 5000, "1e5000", "12.5e4999"])
def test_numbers_of_thousands_of_digits_are_stored_and_can_be_read_again(
    line: Line, owner: Client, number: str
) -> None:
    assert not line.send_between_good(props(f'{{"id":1,"figure":{number}}}', entity_type="unheardOf"))
    assert not line.send_between_good(props(f'{{"id":2,"accountId":1,"amount":{number}}}', entity_type="cashBalance"))
    for entity_type, number_of in (("unheardOf", "figure"), ("cashBalance", "amount")):
        (stored,) = line.stored.rows(
            "SELECT payload->>%s AS digits FROM sync_entityevent WHERE entity_type = %s", number_of, entity_type
        )
        organization = Organization.objects.get()
        with organization_scope(organization.pk):
            event = EntityEvent.objects.get(entity_type=entity_type)
            read = wait_until(partial(_first_of_log, organization.pk), what="the log's readers")
            subject = Subject(entities=((entity_type, event.entity_id),))
            (entry,) = read_timeline(organization_id=organization.pk, subject=subject).entries
        assert event.payload[number_of] == stored["digits"]
        assert len(str(stored["digits"])) >= 5000
        assert read.payload
        assert entry.event == event
        page = owner.get(event_url(event))
        assert page.status_code == 200
        assert stored["digits"] in page.content.decode()
    assert owner.get(reverse("admin:sync_entityevent_changelist")).status_code == 200
    with organization_scope(Organization.objects.get().pk):
        assert GenericEntity.objects.get(type_name="unheardOf").payload["id"] == 1


@pytest.mark.parametrize("depth", [150, 199, 201, 900])
def test_what_is_nested_too_deep_to_be_shown_is_quarantined(line: Line, owner: Client, depth: int) -> None:
    deep = "[" * depth + "]" * depth
    for number, entity_type in enumerate(("unheardOf", "account"), 1):
        kept = line.send_between_good(props(f'{{"id":{number},"deep":{deep},"text":"[[["}}', entity_type=entity_type))
        assert bool(kept) == (depth >= 200)
        with organization_scope(Organization.objects.get().pk):
            events = list(EntityEvent.objects.filter(entity_type=entity_type, entity_id=number))
        assert bool(events) == (depth < 200)
        assert all(owner.get(event_url(event)).status_code == 200 for event in events)
    assert owner.get(reverse("admin:sync_entityevent_changelist")).status_code == 200


def test_invalid_utf8_is_quarantined_and_its_neighbours_stored(line: Line) -> None:
    for entity in (b'{"id":5,"name":"\xff\xfe"}', b'{"id":5,"na\xc3me":"x"}', b'{"id":5,"name":"\xed\xa0\x80"}'):
        ((raw, reason),) = line.send_between_good(props("@").encode().replace(b"@", entity))
        assert entity in raw
        assert reason


def test_text_in_any_script_is_stored_as_it_came(line: Line) -> None:
    name = "Ærø 東京 🚀 \u200f"
    line.send(frame(props(json.dumps({"id": 5, "name": name}, ensure_ascii=False))))
    assert line.accounts()[5]["name"] == name


def test_an_entity_cannot_speak_for_another_organization(
    line: Line, connect: Callable[..., Any], platform: ScriptedPlatform
) -> None:
    other = connect(platform, "bravo", is_enabled=False)
    foreign = (
        f'"_o":{other.organization_id},"_l":777,"_v":"live","_p":99,"_q":99,"_r":"2000-01-01","_x":{{"a":1}},"_a":6'
    )
    foreign += f',"organization_id":{other.organization_id},"o":{other.organization_id},"_i":8,"_t":"account","_e":{{}}'
    for entity_type in ("account", "orderVersion", "unheardOf"):
        line.send(
            frame(props(f'{{"id":5,{foreign}}}', entity_type=entity_type)),
            frame(props(f'{{{foreign},"id":5}}', entity_type=entity_type, event_type="Created")),
        )
    for table in ("account", "orderversion", "genericentity"):
        (row,) = line.stored.mirror(table)
        assert row["organization_id"] != other.organization_id
        assert (row["environment"], row["lease_id"], row["epoch"]) == ("demo", line.stored.leases()[0]["id"], 1)
        assert row["entity_id"] == 5
    line.send(frame(props(f'{{"id":5,{foreign}}}', event_type="Deleted")))
    assert line.accounts()[5]["deleted_at"].year > 2020
    assert {row["organization_id"] for row in line.stored.events()} == {line.stored.leases()[0]["organization_id"]}


def test_equal_keys_in_one_entity_do_not_crash(line: Line) -> None:
    line.send(frame(props('{"id":5,"name":"one","name":"two","id":6}')))
    assert line.accounts().keys() <= {5, 6}
    (event,) = line.stored.events("account")
    assert event["entity_id"] in line.accounts()


def test_deep_nesting_neither_crashes_nor_takes_neighbours_along(line: Line) -> None:
    for number, depth in enumerate((50, 500, 900, 5_000, 20_000, 100_000), 1):
        deep = "[" * depth + "]" * depth
        kept = line.send_between_good(props(f'{{"id":{number},"name":"x","deep":{deep}}}'))
        if number not in line.accounts():
            assert deep.encode() in kept[0][0]
    assert 1 in line.accounts()


def test_a_frame_sent_twice_is_two_log_rows_and_one_change(line: Line) -> None:
    event = frame(props('{"id":5,"name":"one"}'))
    line.send(event)
    line.send(event)
    line.send(event, event)
    assert len(line.stored.events("account", 5)) == 4
    assert line.accounts()[5]["name"] == "one"
    assert not line.quarantined()


def test_reordered_events_leave_the_latest_state(line: Line) -> None:
    old, new = '"timestamp":"2026-11-20T10:00:00.000Z"', '"timestamp":"2026-11-20T10:00:05.000Z"'
    line.send(frame(props(f'{{"id":5,"name":"new",{new}}}'), props(f'{{"id":5,"name":"old",{old}}}')))
    line.send(frame(props(f'{{"id":6,"name":"new",{new}}}')))
    line.send(frame(props(f'{{"id":6,"name":"old",{old}}}')))
    assert len(line.stored.events("account")) == 4
    assert line.accounts()[6]["name"] == "new"
    assert line.accounts()[5]["name"] == "new"


def test_deleting_what_was_never_there_is_only_logged(line: Line) -> None:
    line.send(
        frame(props('{"id":404}', event_type="Deleted"), props('{"id":1}', entity_type="odd", event_type="Deleted"))
    )
    assert [event["kind"] for event in line.stored.events("account", 404)] == [3]
    assert 404 not in line.accounts()
    assert not line.stored.mirror("genericentity")
    assert not line.quarantined()


def test_delete_then_create_is_alive_and_create_then_delete_is_not(line: Line) -> None:
    for number, is_in_one_flush in ((5, True), (6, False)):
        first, second = (f'{{"id":{number},"name":"{name}"}}' for name in ("first", "second"))
        created, deleted = props(first, event_type="Created"), props(first, event_type="Deleted")
        again = props(second, event_type="Created")

        def send(*messages: str, together: bool = is_in_one_flush) -> dict[str, Any]:
            for part in [messages] if together else [(message,) for message in messages]:
                line.send(frame(*part))
            return line.accounts()[int(json.loads(messages[0])["d"]["entity"]["id"])]

        row = send(created, deleted)
        assert row["deleted_at"] is not None
        assert row["name"] == "first"
        assert send(again)["deleted_at"] is None
        row = send(deleted, again)
        assert (row["deleted_at"], row["name"]) == (None, "second")
        row = send(created, deleted, again, deleted)
        assert row["deleted_at"] is not None
        assert len(line.stored.events("account", number)) == 9


def test_an_event_type_nobody_knows_is_not_lost(line: Line) -> None:
    line.send(frame(props(GOOD[0], event_type="Upserted"), props(GOOD[1])))
    assert 2 in line.accounts()
    assert line.stored.events("account", 1) or b"Upserted" in line.quarantined()[0][0]


def test_a_snapshot_part_with_bad_entities_keeps_the_good_ones(line: Line) -> None:
    part = '{"s":200,"i":2,"d":{"accounts":[%s,null,{"name":"x"},%s],"users":7,"odd":{"a":1},"orders":[]}}'
    line.send(frame(part % (GOOD[0], GOOD[1])))
    assert {1, 2} <= line.accounts().keys()
    assert line.quarantined()
    assert all(reason for _, reason in line.quarantined())
