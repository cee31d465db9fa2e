"""GET /events over its real address."""

import json
from typing import Any

from tests.sync.events.log_desk import LogDesk
from vendor_admin.organizations.models import Incarnation
from vendor_admin.sync.models import Kind


def test_a_program_reads_events_page_by_page(alpha: LogDesk) -> None:
    row_id = alpha.add("fill", 2**60, account=2**55, price=1.25, note="Zoë")
    alpha.add("account", 7, Kind.RESYNC)
    alpha.settle()
    program = alpha.program()
    answer = program.get(alpha.path, data={"limit": "1"})
    assert answer.status_code == 200, answer.content
    body = answer.json()
    (event,) = body["data"]
    assert event.pop("received_at").endswith("Z")
    assert event.pop("object") == {"id": 2**60, "price": 1.25, "note": "Zoë"}
    assert event == {
        "id": str(row_id), "type": "fill.created", "entity_type": "fill", "entity_id": str(2**60), "kind": "created",
        "environment": "demo", "is_resync": False, "account_id": str(2**55), "member_id": None,
    }  # fmt: skip
    assert body["has_more"] is True
    assert body["lag"] is None
    second = program.get(alpha.path, data={"after": body["next_cursor"]}).json()
    assert [(event["type"], event["is_resync"]) for event in second["data"]] == [("account.created", True)]
    assert second["has_more"] is False
    assert second["lag"]["rows"] == 0


def test_it_needs_the_scope_and_a_key(alpha: LogDesk, client: Any) -> None:
    assert client.get(alpha.path).status_code == 401
    refused = alpha.program("members:read").get(alpha.path)
    assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope")


def test_what_is_asked_for_wrongly_is_named(alpha: LogDesk) -> None:
    program = alpha.program()
    for asked, parameter, code in (
        ({"limit": "0"}, "limit", "invalid"),
        ({"limit": "1001"}, "limit", "invalid"),
        ({"wait": "31"}, "wait", "invalid"),
        ({"account": "x"}, "account", "invalid"),
        ({"member": "9" * 30}, "member", "invalid"),
        ({"types": "account.sneezed"}, "types", "unknown_event_type"),
        ({"after": "nowhere"}, "after", "invalid_cursor"),
        ({"afer": "x"}, "afer", "unknown_parameter"),
    ):
        answer = program.get(alpha.path, data=asked)
        assert answer.status_code == 400, answer.content
        (error,) = answer.json()["errors"]
        assert (error["parameter"], error["code"]) == (parameter, code)


def test_a_cursor_that_is_gone_is_answered_with_the_oldest(alpha: LogDesk) -> None:
    alpha.add("account", 1)
    alpha.settle()
    program = alpha.program()
    cursor = program.get(alpha.path).json()["next_cursor"]
    moment = "2026-11-20T15:00:00Z"
    Incarnation.objects.create(is_first=False, why="restored", began_at=moment, beat_at=moment)
    gone = program.get(alpha.path, data={"after": cursor})
    assert (gone.status_code, gone.json()["code"]) == (410, "gone")
    again = program.get(alpha.path, data={"after": gone.json()["oldest_cursor"]})
    assert [event["entity_id"] for event in again.json()["data"]] == ["1"]


def test_another_organizations_ids_and_cursors_find_nothing(alpha: LogDesk, bravo: LogDesk) -> None:
    alpha.add("account", 1)
    bravo.add("account", 2)
    alpha.settle()
    theirs = alpha.program().get(alpha.path).json()["next_cursor"]
    program = bravo.program()
    for asked in ({"account": "1"}, {"member": "1"}):
        assert program.get(alpha.path, data=asked).json()["data"] == []
    for after in (theirs, ""):
        found = program.get(alpha.path, data={"after": after}).json()["data"]
        assert {event["entity_id"] for event in found} <= {"2"}


def test_the_web_role_answers_at_once_whatever_the_wait(alpha: LogDesk) -> None:
    answer = alpha.program().get(alpha.path, data={"after": "latest", "wait": "30"})
    assert json.loads(answer.content)["data"] == []
