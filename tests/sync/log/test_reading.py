"""What the log and the mirrors need to know of an entity, read from its own bytes."""

import pytest

from vendor_admin.sync.log import entity_reader as reading
from vendor_admin.sync.log.entity_reader import Accounts, UnreadableEntityError, read_entity


def test_a_notice_of_the_other_environment_has_the_id_of_what_it_wraps() -> None:
    wrapped = b'{"adminAlertSignal":{"id":7,"adminAlertId":1,"relatedToUserId":5,"text":"signed"}}'
    assert read_entity("OtherEnvAdminAlertSignal", wrapped, Accounts()) == (7, None, None, None)


@pytest.mark.parametrize(
    "entity", [b"{}", b'{"adminAlertSignal":7}', b'{"adminAlertSignal":{}}', b'{"adminAlertSignal":{"id":"x"}}']
)
def test_a_wrapped_notice_without_a_readable_id_is_unreadable(entity: bytes) -> None:
    with pytest.raises(UnreadableEntityError):
        read_entity("OtherEnvAdminAlertSignal", entity, Accounts())


def test_other_entities_need_an_id_of_their_own() -> None:
    with pytest.raises(UnreadableEntityError, match="no id"):
        read_entity("adminAlertSignal", b'{"adminAlertSignal":{"id":7}}', Accounts())
    with pytest.raises(UnreadableEntityError, match="no id"):
        read_entity("account", b'{"":{"id":7}}', Accounts())


def test_all_sockets_of_a_worker_share_one_bounded_memory_that_keeps_what_was_last_heard_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "MAX_REMEMBERED", 1_000)
    sockets = [Accounts() for _ in range(20)]
    for number in range(1, 1_001):
        for socket in sockets:
            socket.remember("order", number, 7)
        sockets[0].remember("order", 1, 8)  # it is heard of all the time
    found = [
        (place, number)
        for place, one in enumerate(sockets)
        for number in range(1, 1_001)
        if one.account_of("order", number)
    ]
    assert len(found) <= 1_000
    assert {(place, 1_000) for place in range(20)} <= set(found)
    assert sockets[0].account_of("order", 1) == 8
    assert sockets[1].account_of("order", 1) is None
