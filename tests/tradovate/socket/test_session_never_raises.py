"""Whatever the platform sends, the session answers with events. Random bytes, and real frames with random damage."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tradovate.socket.frame_texts import frame, props, reply
from vendor_admin.tradovate.catalogue.entity_types import is_entity_type
from vendor_admin.tradovate.events import EntityReceived, Malformed, SnapshotPart
from vendor_admin.tradovate.socket.sync_session import SyncSession

FRAMES = [
    b"o",
    b"h",
    b"a[]",
    b'c[3000,"Go away!"]',
    b'{"i":1,"s":429}',
    frame(reply(1, 200)),
    frame(reply(1, 401, '"Expired Access Token"')),
    frame(reply(2, 200, {"users": [{"id": 1}], "accounts": [], "cashBalances": [{"id": 2, "amount": 1.5}]})),
    frame(reply(2, 200, {"p-ticket": "t", "p-time": 5, "p-captcha": True})),
    frame(props(), props({"id": 1, "name": "é\ud7ff"}, event_type="Updated"), props([{"id": 3}, 4])),
    frame({"e": "shutdown", "d": {"reasonCode": "Maintenance"}}, {"e": "md", "d": {"quotes": []}}),
    frame(reply(7, 404, "Not found")),
]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["e", "d", "s", "i", "entity", "props", "x"]), inner)
    ),
    max_leaves=12,
)


@st.composite
def damaged_frames(draw: st.DrawFn) -> bytes:
    """A good frame with some bytes cut out, put in or exchanged."""
    data = bytearray(draw(st.sampled_from(FRAMES)))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 6)))
        data[start:end] = draw(
            st.binary(max_size=4) | st.sampled_from([b'"', b"{", b"]", b"NaN", b"\\u0000", b"\xff", b"null"])
        )
    return bytes(data)


odd_messages = st.lists(json_values, max_size=4).map(lambda messages: b"a" + json.dumps(messages).encode())
anything = st.binary(max_size=60) | st.sampled_from(FRAMES) | damaged_frames() | odd_messages


@settings(max_examples=400)
@given(st.lists(st.tuples(anything, st.floats(0, 20)), max_size=12), st.booleans())
def test_a_session_never_raises(arrivals: list[tuple[bytes, float]], starts_properly: bool):
    session = SyncSession(access_token="t", sync_request={}, now=0.0)
    now = 0.0
    events = []
    if starts_properly:
        events += session.receive(b"o", now=now) + session.receive(frame(reply(1, 200)), now=now)
    sent = []
    for data, seconds in arrivals:
        now += seconds
        events += session.receive(data, now=now)
        events += session.tick(now=now)
        sent += session.data_to_send()
        deadline = session.next_deadline()
        assert deadline is None or deadline > now
    assert sum(text.startswith("user/syncrequest") for text in sent) <= 1
    assert sum(text.startswith("authorize") for text in sent) <= 1
    for event in events:
        if isinstance(event, EntityReceived):
            assert isinstance(json.loads(event.entity), dict)
        elif isinstance(event, SnapshotPart):
            assert all(isinstance(json.loads(entity), dict) for _, found in event.collections for entity in found)
        elif isinstance(event, Malformed):
            assert event.reason.encode()
            assert event.entity_type is None or is_entity_type(event.entity_type)


@settings(max_examples=300)
@given(st.lists(damaged_frames(), min_size=1, max_size=3))
def test_damage_never_changes_the_bytes_of_what_is_delivered(frames: list[bytes]):
    session = SyncSession(access_token="t", sync_request={}, now=0.0)
    for data in frames:
        for event in session.receive(data, now=0.0):
            if isinstance(event, EntityReceived):
                assert event.entity in data
                event.entity.decode()


@settings(max_examples=200)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=12), st.data())
def test_good_neighbours_of_one_bad_message_are_all_delivered(ids: list[int], data: st.DataObject):
    bad = data.draw(
        st.sampled_from([b"NaN", b"null", b"7", b'"\xff"', b"[]", b'{"e":"props"}', b'{"x":"\x01"}', b"{}"])
    )
    place = data.draw(st.integers(0, len(ids)))
    messages = [json.dumps(props({"id": entity_id})).encode() for entity_id in ids]
    messages.insert(place, bad)
    session = SyncSession(access_token="t", sync_request={}, now=0.0)
    events = session.receive(b"a[" + b",".join(messages) + b"]", now=0.0)
    delivered = [json.loads(event.entity)["id"] for event in events if isinstance(event, EntityReceived)]
    assert delivered == ids
    assert [event.raw for event in events if isinstance(event, Malformed)] == [bad]
