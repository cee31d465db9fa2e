"""Frames: what is read of them, good and bad, and how requests are written."""

import json

import pytest

from tests.tradovate.socket.frame_texts import ORDER, compact, frame, props, reply
from vendor_admin.tradovate.events import EntityReceived, Malformed, PeerClosed
from vendor_admin.tradovate.socket.frames import Heartbeat, Notice, Opened, Reply, decode_frame, encode_request


def test_single_letters_open_the_socket_and_beat():
    assert decode_frame(b"o") == [Opened()]
    assert decode_frame(b"h") == [Heartbeat()]
    assert decode_frame(b"h\n") == [Heartbeat()]


def test_a_close_frame_gives_code_and_reason():
    assert decode_frame(b'c[3000,"Go away!"]') == [PeerClosed(3000, "Go away!")]


@pytest.mark.parametrize("data", [b"c", b'c["late"]', b'c[1000,"\xff"]', b"c[1000"])
def test_a_close_frame_that_cannot_be_read_still_closes(data):
    (closed,) = decode_frame(data)
    assert isinstance(closed, PeerClosed)
    assert closed.code is None


def test_the_entity_keeps_the_bytes_of_the_sender():
    entity = b'{ "id":7 ,"price":1.50000,"extra":{"b":[1, 2]},"name":"\xc3\xa9\\u00e9" }'
    data = b'a[{"e":"props","d":{"entityType":"order","eventType":"Updated","entity": ' + entity + b" }}]"
    assert decode_frame(data) == [EntityReceived("order", "Updated", entity)]


def test_the_keys_of_a_message_may_come_in_any_order():
    data = b'a[{"d":{"entity":{"id":1},"eventType":"Deleted","entityType":"fill"},"e":"props"}]'
    assert decode_frame(data) == [EntityReceived("fill", "Deleted", b'{"id":1}')]


def test_an_entity_type_nobody_knows_is_delivered():
    assert decode_frame(frame(props({"id": 1}, entity_type="newThing"))) == [
        EntityReceived("newThing", "Created", b'{"id":1}')
    ]


def test_a_list_of_entities_gives_one_event_each():
    assert decode_frame(frame(props([{"id": 1}, {"id": 2}]))) == [
        EntityReceived("order", "Created", b'{"id":1}'),
        EntityReceived("order", "Created", b'{"id":2}'),
    ]


def test_a_list_with_a_number_in_it_loses_only_the_number():
    assert decode_frame(frame(props([{"id": 1}, 5]))) == [
        EntityReceived("order", "Created", b'{"id":1}'),
        Malformed(b"5", "an entity is not a JSON object", "order"),
    ]


def test_replies_and_other_events_are_read():
    frames = decode_frame(frame(reply(3, 200, {"ok": True}), {"e": "clock", "d": '{"t":1}'}, reply(None, 429)))
    assert frames == [Reply(3, 200, b'{"ok":true}'), Notice("clock", b'"{\\"t\\":1}"'), Reply(None, 429, None)]


@pytest.mark.parametrize("text", [b'{"i":1,"s":429}', b'[{"i":1,"s":429}]', b' {"i":1,\n "s":429} '])
def test_messages_without_the_leading_letter_are_read(text):
    assert decode_frame(text) == [Reply(1, 429, None)]


@pytest.mark.parametrize(
    "bad",
    [
        5,
        None,
        "text",
        [1],
        {},
        {"i": 1},
        {"s": "yes"},
        {"e": 5},
        {"e": "props"},
        {"e": "props", "d": 1},
        {"e": "props", "d": None},
        {"e": "props", "d": {"entityType": "order", "eventType": "Created"}},
        {"e": "props", "d": {"entityType": "order", "eventType": "Created", "entity": None}},
        {"e": "props", "d": {"entityType": "order", "eventType": "Created", "entity": "x"}},
        {"e": "props", "d": {"entityType": "order", "eventType": "Changed", "entity": {}}},
        {"e": "props", "d": {"entityType": 7, "eventType": "Created", "entity": {}}},
        {"e": "props", "d": {"entityType": "a b", "eventType": "Created", "entity": {}}},
        {"e": "props", "d": {"entityType": "x" * 65, "eventType": "Created", "entity": {}}},
        {"e": "props", "d": {"eventType": "Created", "entity": {"id": 1}}},
    ],
    ids=json.dumps,
)
def test_a_bad_message_is_quarantined_and_its_neighbours_are_delivered(bad):
    before, middle, after = decode_frame(frame(props({"id": 1}), bad, props({"id": 2})))
    assert before == EntityReceived("order", "Created", b'{"id":1}')
    assert after == EntityReceived("order", "Created", b'{"id":2}')
    assert isinstance(middle, Malformed)
    assert middle.raw == compact(bad)
    assert middle.reason


def test_quarantine_names_the_entity_type_where_it_is_known():
    (malformed,) = decode_frame(frame(props(None, entity_type="fill")))
    assert isinstance(malformed, Malformed)
    assert malformed.entity_type == "fill"


GOOD = compact(props())


@pytest.mark.parametrize(
    "bad",
    [
        b'{"e":"props","d":{"entityType":"order","eventType":"Created","entity":{"id":NaN}}}',
        b'{"e":"props","d":{"entityType":"order","eventType":"Created","entity":{"id":-Infinity}}}',
        b'{"e":"props","d":{"entityType":"order","eventType":"Created","entity":{"id":1,"name":"\xff\xfe"}}}',
        b'{"e":"props","d":{"entityType":"order","eventType":"Created","entity":{"id":1,"name":"\x00"}}}',
        b'{"e":"props","d":{"entityType":"order","eventType":"Created","entity":{"id":1,"name":"\\u0000"}}}',
        b'{"e":"props","d":{"entityType":"order","eventType":"Created","entity":{"id":1,"name":"\\ud800"}}}',
        b'{"e":"props","d":{"entityType":"order","eventType":"Created","entity":{"id":1,"text":"a\nb"}}}',
    ],
)
def test_json_that_is_bad_in_one_place_is_cut_out_alone(bad):
    before, middle, after = decode_frame(b"a[" + GOOD + b" , " + bad + b"," + GOOD + b"]")
    assert before == after == EntityReceived("order", "Created", compact(ORDER))
    assert isinstance(middle, Malformed)
    assert middle.raw == bad


def test_an_escaped_backslash_before_u0000_is_no_nul():
    entity = b'{"id":1,"path":"c:\\\\u0000"}'
    data = b'a[{"e":"props","d":{"entityType":"order","eventType":"Created","entity":' + entity + b"}}]"
    assert decode_frame(data) == [EntityReceived("order", "Created", entity)]


@pytest.mark.parametrize("rest", [b"{broken,5]", b'{"e":"props","d":{', b"", b"nope]", b"]"])
def test_broken_json_keeps_what_came_before_it(rest):
    good, *bad = decode_frame(b"a[" + GOOD + b"," + rest)
    assert good == EntityReceived("order", "Created", compact(ORDER))
    assert [frame.raw for frame in bad if isinstance(frame, Malformed)] == [rest]


def test_text_after_the_array_is_quarantined():
    good, bad = decode_frame(b"a[" + GOOD + b"] and more")
    assert good == EntityReceived("order", "Created", compact(ORDER))
    assert bad == Malformed(b"and more", "text after the end of the messages")


def test_an_array_cut_between_two_messages_says_so():
    good, bad = decode_frame(b"a[" + GOOD)
    assert isinstance(good, EntityReceived)
    assert isinstance(bad, Malformed)


@pytest.mark.parametrize("deep", [b"a" + b"[" * 100_000, b"a[" + b"[" * 50_000 + b"]" * 50_001, b'{"d":' * 50_000])
def test_deep_nesting_is_quarantined(deep):
    assert all(isinstance(frame, Malformed) for frame in decode_frame(deep))


def test_an_integer_of_ten_thousand_digits_is_just_json():
    entity = b'{"id":' + b"9" * 10_000 + b"}"
    data = b'a[{"e":"props","d":{"entityType":"order","eventType":"Created","entity":' + entity + b"}},NaN]"
    first, second = decode_frame(data)
    assert first == EntityReceived("order", "Created", entity)
    assert isinstance(second, Malformed)


@pytest.mark.parametrize("data", [b"", b"  ", b"x", b"open", b"heart", b"close", b"\xff\xfe", b"5", b'"a"'])
def test_text_that_is_no_frame_is_quarantined_whole(data):
    (malformed,) = decode_frame(data)
    assert isinstance(malformed, Malformed)
    assert malformed.raw == data


@pytest.mark.parametrize("data", [b"[]", b"a[]", b"a[ ]"])
def test_an_empty_array_says_nothing(data):
    assert decode_frame(data) == []


def test_a_request_has_four_lines():
    assert encode_request("order/items", 5, query="ids=1,2") == "order/items\n5\nids=1,2\n"
    assert encode_request("user/syncrequest", 2, body="{}") == "user/syncrequest\n2\n\n{}"


@pytest.mark.parametrize("line", [{"endpoint": "a\nb"}, {"endpoint": "a", "query": "x\ny"}])
def test_a_line_break_cannot_slip_into_a_request(line):
    with pytest.raises(ValueError, match="line break"):
        encode_request(request_id=1, **line)
