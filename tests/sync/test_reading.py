"""What the log and the mirrors need to know of an entity, read from its own bytes."""

import pytest

from vendor_admin.sync.reading import Accounts, UnreadableEntityError, read_entity


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
