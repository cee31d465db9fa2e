"""Webhooks by the partner API."""

from collections.abc import Iterator
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.notices.event_webhooks.hook_desk import HookDesk
from tests.notices.notice_desk import Receiver, receiving
from tests.support.partner_api.program import ApiProgram

PATH = "/api/v1/webhooks"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving(Receiver()) as served:
        yield served


@pytest.fixture
def program(alpha: HookDesk) -> ApiProgram:
    return alpha.program("webhooks:manage")


class Keys:
    """A new idempotency key for each write."""

    count = 0

    def __call__(self) -> dict[str, str]:
        self.count += 1
        return {"Idempotency-Key": f"key-{self.count}"}


@pytest.fixture
def key() -> Keys:
    return Keys()


def add(program: ApiProgram, key: Keys, url: str, **more: Any) -> dict[str, Any]:
    body = {"url": url, "event_types": ["account.*"]} | more
    answer = program.post(PATH, body, headers=key())
    assert answer.status_code == 201, answer.content
    made: dict[str, Any] = answer.json()
    return made


def test_a_program_adds_changes_and_removes_a_webhook(
    alpha: HookDesk, program: ApiProgram, receiver: Receiver, key: Keys
) -> None:
    made = add(program, key, receiver.url, description="Back office")
    assert made["secret"].startswith("whsec_")
    address = f"{PATH}/{made['id']}"
    shown = program.get(address).json()
    assert "secret" not in shown
    assert (shown["url"], shown["is_enabled"], shown["with_object"]) == (receiver.url, True, False)
    changed = program.patch(address, {"with_object": True, "event_types": ["fill.created"]}, headers=key()).json()
    assert (changed["with_object"], changed["event_types"]) == (True, ["fill.created"])
    assert program.patch(address, {"is_enabled": False}, headers=key()).json()["is_enabled"] is False
    assert [one["id"] for one in program.get(PATH).json()["data"]] == [made["id"]]
    assert program.delete(address, headers=key()).status_code == 204
    assert program.get(address).status_code == 404


def test_what_was_sent_is_read_and_sent_again(
    alpha: HookDesk, program: ApiProgram, receiver: Receiver, key: Keys
) -> None:
    made = add(program, key, receiver.url)
    alpha.add("account", 7)
    alpha.later(seconds=60)
    alpha.work()
    log = f"{PATH}/{made['id']}/deliveries"
    (delivery,) = program.get(log).json()["data"]
    assert (delivery["state"], delivery["event_type"]) == ("sent", "account.created")
    assert delivery["answers"][0]["status"] == 200
    assert delivery["message_id"] == receiver.ids[0]
    again = program.post(f"{log}/{delivery['id']}/resend", {}, headers=key())
    assert (again.status_code, again.json()["is_resend"]) == (202, True)
    alpha.later(seconds=60)
    alpha.work()
    assert receiver.ids[0] == receiver.ids[1]
    span = {"since": "2020-01-01T00:00:00Z", "until": "2199-01-01T00:00:00Z"}
    assert program.post(f"{PATH}/{made['id']}/resend", span, headers=key()).json() == {"count": 1}
    assert program.get(log, data={"state": "waiting"}).json()["data"][0]["attempts"] == 0


def test_a_test_event_and_a_new_secret(alpha: HookDesk, program: ApiProgram, receiver: Receiver, key: Keys) -> None:
    made = add(program, key, receiver.url)
    rolled = program.post(f"{PATH}/{made['id']}/roll-secret", {}, headers=key()).json()
    assert rolled["secret"] != made["secret"]
    assert program.post(f"{PATH}/{made['id']}/test", {}, headers=key()).status_code == 202
    alpha.later(seconds=60)
    alpha.work()
    headers, body = receiver.got[0]
    for secret in (made["secret"], rolled["secret"]):
        assert Webhook(secret).verify(body, headers)["type"] == "webhook.test"


def test_what_cannot_be_stored_is_named(program: ApiProgram, receiver: Receiver, key: Keys) -> None:
    for body, pointer in (
        ({"url": receiver.url}, "/event_types"),
        ({"event_types": ["account.*"]}, "/url"),
        ({"url": "ftp://x", "event_types": ["account.*"]}, "/url"),
        ({"url": receiver.url, "event_types": ["account.sneezed"]}, "/event_types"),
        ({"url": receiver.url, "event_types": [1]}, "/event_types"),
        ({"url": receiver.url, "event_types": ["account.*"], "with_object": "yes"}, "/with_object"),
        ({"url": receiver.url, "event_types": ["account.*"], "secret": "mine"}, "/secret"),
    ):
        answer = program.post(PATH, body, headers=key())
        assert answer.status_code == 422, answer.content
        assert pointer in [error["pointer"] for error in answer.json()["errors"]]


def test_a_range_is_taken_of_any_zone_and_refused_where_nothing_can_have_its_times(
    program: ApiProgram, receiver: Receiver, key: Keys
) -> None:
    made = add(program, key, receiver.url)
    for since, until, status in (
        ("2026-11-20T15:00:00+16:59", "2026-11-20T15:00:00Z", 202),  # PostgreSQL knows no zone that far away
        ("0013-02-07T13:11:04.33Z", "2026-11-20T15:00:00Z", 422),
        ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", 422),
        ("2026-11-20T15:00:00Z", "2026-11-20T14:00:00Z", 422),
        ("2026-11-20T15:00:00", "2026-11-20T16:00:00Z", 422),
    ):
        answer = program.post(f"{PATH}/{made['id']}/resend", {"since": since, "until": until}, headers=key())
        assert answer.status_code == status, answer.content


def test_it_needs_its_scope_and_finds_nothing_of_others(
    alpha: HookDesk, bravo: HookDesk, program: ApiProgram, receiver: Receiver, key: Keys
) -> None:
    made = add(program, key, receiver.url)
    theirs = bravo.program("webhooks:manage")
    address = f"{PATH}/{made['id']}"
    assert alpha.program("events:read").get(address).status_code == 403
    assert theirs.get(PATH).json()["data"] == []
    assert theirs.get(address).status_code == 404
    assert theirs.get(f"{address}/deliveries").status_code == 404
    for answer in (
        theirs.patch(address, {"is_enabled": False}, headers=key()),
        theirs.delete(address, headers=key()),
        theirs.post(f"{address}/test", {}, headers=key()),
        theirs.post(f"{address}/roll-secret", {}, headers=key()),
        theirs.post(f"{address}/deliveries/1/resend", {}, headers=key()),
    ):
        assert answer.status_code == 404, answer.content
    assert program.get(address).json()["is_enabled"] is True
