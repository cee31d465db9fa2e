"""What may go wrong with a write on demand, and that the ledger tells what was applied all the same."""

import http.client
import json
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.plain_client import PlainSocket, call, live_socket, log_in
from tests.sandbox.vendor import Vendor
from vendor_admin.sandbox.serving.server import RunningSandbox

CHANGE = "cashBalance/changedemobalance"
ACCOUNTS = "user/createevaluationaccounts"


@pytest.fixture
def account(vendor: Vendor) -> int:
    return vendor.new_account()


def _body(account_id: int, **fields: Any) -> dict[str, Any]:
    return {"accountId": account_id, "cashChange": 10} | fields


def _amount(vendor: Vendor, account_id: int) -> float:
    return vendor.of_account("cashBalance", account_id)[0]["amount"]


def _outcomes(vendor: Vendor, path: str = CHANGE, *, after: int) -> list[tuple[str, bool]]:
    """What became of each write, and whether its caller was told."""
    found = [(entry["event_type"], json.loads(entry["text"])) for entry in vendor.ledger(path, after=after)]
    assert all((outcome == "applied") == text["applied"] for outcome, text in found)
    return [(outcome, text["answered"]) for outcome, text in found]


@pytest.fixture
def after(vendor: Vendor, account: int) -> int:
    """Where the ledger stood when the test began."""
    return vendor.sandbox.state()["ledger_n"]


def test_the_ledger_has_body_answer_and_outcome_of_every_write(vendor: Vendor, account: int, after: int) -> None:
    vendor.demo(CHANGE, _body(account, comment="Bonus"))
    vendor.demo(CHANGE, _body(account, cashChange=2_000_000))
    call(vendor.sandbox, "demo", "cashBalance/changeDemoBalance", vendor.token, _body(account))
    entries = vendor.ledger(CHANGE, after=after)
    first = json.loads(entries[0]["text"])
    assert first["body"] == _body(account, comment="Bonus")
    assert (first["status"], first["answer"]["totalCashValue"], first["changes"]) == (200, 25_010, 4)
    assert [entry["event_type"] for entry in entries] == ["applied", "refused", "applied"]
    assert {(entry["environment"], entry["organization"]) for entry in entries} == {("demo", "Northwind Funding")}
    assert vendor.sandbox.control("writes", path=CHANGE)["writes"][CHANGE] == {"applied": 2, "refused": 1}


def test_a_write_may_be_applied_and_not_answered(vendor: Vendor, account: int, after: int) -> None:
    vendor.sandbox.control("write", fault="no-answer", path=CHANGE, calls=2)
    for _ in range(2):
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            vendor.demo(CHANGE, _body(account))
    vendor.demo(CHANGE, _body(account))
    assert _amount(vendor, account) == 25_030
    assert _outcomes(vendor, after=after) == [("applied", False), ("applied", False), ("applied", True)]


def test_a_write_may_be_lost_with_its_answer(vendor: Vendor, account: int, after: int) -> None:
    vendor.sandbox.control("write", fault="no-answer", path=CHANGE, applies=False)
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        vendor.demo(CHANGE, _body(account))
    assert _amount(vendor, account) == 25_000
    assert _outcomes(vendor, after=after) == [("lost", False)]


def test_a_write_may_be_answered_and_not_applied(vendor: Vendor, account: int, after: int) -> None:
    vendor.sandbox.control("write", fault="not-applied", path=CHANGE)
    with live_socket(vendor.sandbox, vendor.token) as demo:
        assert vendor.demo(CHANGE, _body(account))[1]["totalCashValue"] == 25_010
        demo.read_until_quiet(0.3)
        assert demo.events() == []
    assert _amount(vendor, account) == 25_000
    assert len(vendor.of_account("cashBalanceLog", account)) == 1
    assert _outcomes(vendor, after=after) == [("lost", True)]
    assert vendor.demo(CHANGE, _body(account))[1]["totalCashValue"] == 25_010


@pytest.mark.parametrize(("applies", "amount"), [(True, 25_010), (False, 25_000)])
def test_a_write_may_hang_until_its_caller_gives_up(vendor: Vendor, account: int, applies: bool, amount: float) -> None:
    vendor.sandbox.control("write", fault="timeout", path=CHANGE, applies=applies, seconds=5)
    request = urllib.request.Request(
        f"{vendor.sandbox.rest_url('demo')}/{CHANGE}",
        data=json.dumps(_body(account)).encode(),
        headers={"Authorization": f"Bearer {vendor.token}"},
    )
    with pytest.raises(TimeoutError):
        urllib.request.urlopen(request, timeout=0.3)
    assert _amount(vendor, account) == amount


@pytest.mark.parametrize(("applies", "amount"), [(True, 25_010), (False, 25_000)])
def test_a_server_error_says_nothing_about_the_change(
    vendor: Vendor, account: int, applies: bool, amount: float
) -> None:
    vendor.sandbox.control("write", fault="500", path=CHANGE, applies=applies)
    assert vendor.demo(CHANGE, _body(account)) == (500, "Internal server error")
    assert _amount(vendor, account) == amount


def test_a_sentence_may_stand_for_the_answer(vendor: Vendor, account: int) -> None:
    vendor.sandbox.control("write", fault="errorText", path=CHANGE, text="Try again")
    assert vendor.demo(CHANGE, _body(account))[1] == {"errorText": "Try again"}
    assert _amount(vendor, account) == 25_000


def test_a_fault_is_for_its_path_host_and_organization_only(vendor: Vendor, account: int) -> None:
    other = Vendor(vendor.sandbox, organization=1)
    theirs = other.new_account()
    vendor.sandbox.control("write", fault="500", organization=other.organization)
    vendor.sandbox.control("write", fault="500", path="user/canceleverything", environment="live")
    assert vendor.demo(CHANGE, _body(account))[0] == 200
    assert vendor.demo("user/canceleverything", {"userIds": []})[0] == 200
    assert other.demo(CHANGE, _body(theirs))[0] == 500
    assert vendor.live("user/canceleverything", {"userIds": []})[0] == 500
    assert other.demo(CHANGE, _body(theirs))[0] == 200


def test_a_penalty_is_lifted_by_the_same_body_with_the_ticket_after_the_wait(
    vendor: Vendor, account: int, after: int
) -> None:
    vendor.sandbox.control("write", fault="penalty", path=CHANGE, seconds=1)
    penalty = vendor.demo(CHANGE, _body(account))[1]
    assert (penalty["p-time"], penalty["p-captcha"]) == (1, False)
    ticket = {"p-ticket": penalty["p-ticket"]}
    early = vendor.demo(CHANGE, _body(account) | ticket, is_described=False)[1]
    assert "p-ticket" in early, "the wait is not over"
    _wait(penalty["p-time"])
    other_body = vendor.demo(CHANGE, _body(account, cashChange=11) | ticket, is_described=False)[1]
    assert "p-ticket" in other_body, "the ticket belongs to another body"
    assert _amount(vendor, account) == 25_000
    assert vendor.demo(CHANGE, _body(account) | ticket, is_described=False)[1]["totalCashValue"] == 25_010
    assert vendor.demo(CHANGE, _body(account))[1]["totalCashValue"] == 25_020
    assert _outcomes(vendor, after=after) == [("blocked", True)] * 3 + [("applied", True)] * 2


def test_ignoring_a_penalty_leads_to_a_lock(vendor: Vendor, account: int) -> None:
    vendor.sandbox.control("write", fault="penalty", path=CHANGE, seconds=5)
    answers = [vendor.demo(CHANGE, _body(account)) for _ in range(6)]
    assert [status for status, _ in answers] == [200, 200, 200, 200, 423, 429]
    waits = [body["p-time"] for _, body in answers[:4]]
    assert waits == sorted(waits)
    assert waits[-1] > waits[0]


def test_a_captcha_cannot_be_answered(vendor: Vendor, account: int) -> None:
    vendor.sandbox.control("write", fault="captcha", path=CHANGE)
    penalty = vendor.demo(CHANGE, _body(account))[1]
    assert penalty["p-captcha"] is True
    again = vendor.demo(CHANGE, _body(account) | {"p-ticket": penalty["p-ticket"]}, is_described=False)[1]
    assert "p-ticket" in again
    vendor.sandbox.control("clear-limits")
    assert vendor.demo(CHANGE, _body(account))[1]["totalCashValue"] == 25_010


def test_423_and_429_come_for_as_many_calls_as_asked_for(vendor: Vendor, account: int, after: int) -> None:
    vendor.sandbox.control("write", fault="423", path=CHANGE)
    vendor.sandbox.control("write", fault="429", path=CHANGE, calls=2, locks=False)
    answers = [vendor.demo(CHANGE, _body(account)) for _ in range(4)]
    assert [status for status, _ in answers] == [423, 429, 429, 200]
    assert [body for _, body in answers[:3]] == [None] * 3
    assert _outcomes(vendor, after=after) == [("blocked", True)] * 3 + [("applied", True)]


def test_every_answer_may_come_late(vendor: Vendor, account: int) -> None:
    vendor.sandbox.control("write-settings", delay_ms=300)
    began = time.monotonic()
    vendor.demo(CHANGE, _body(account))
    assert time.monotonic() - began >= 0.3


def _failures(vendor: Vendor, user_id: int) -> list[bool]:
    accounts = [vendor.new_account_fields(user_id) for _ in range(100)]
    results = vendor.demo(ACCOUNTS, {"accounts": accounts})[1]["results"]
    texts = {result["errorText"] for result in results if "errorText" in result}
    assert texts <= {"Template is busy"}
    return ["errorText" in result for result in results]


def test_items_of_a_batch_fail_at_a_rate(vendor: Vendor) -> None:
    before = len(vendor.entities("demo", "account"))
    vendor.sandbox.control("write-settings", item_failure_rate=0.3, item_failure_text="Template is busy")
    failed = sum(_failures(vendor, 2_000_001))
    assert 10 < failed < 55
    assert len(vendor.entities("demo", "account")) == before + 100 - failed


def test_the_same_items_fail_under_the_same_seed() -> None:
    runs = []
    for _ in range(2):
        with RunningSandbox("--seed", "11", "--users", "2", "--no-limits") as sandbox:
            vendor = Vendor(sandbox)
            sandbox.control("write-settings", item_failure_rate=0.3, item_failure_text="Template is busy")
            runs.append(_failures(vendor, 2_000_001))
    assert runs[0] == runs[1]


def test_in_a_maintenance_window_making_accounts_times_out_done_or_not(vendor: Vendor) -> None:
    before = len(vendor.entities("demo", "account"))
    vendor.sandbox.control("clock", at="2026-11-20T16:30:00-06:00")
    assert vendor.new_account(), "windows are watched only when asked for"
    vendor.sandbox.control("write-settings", observes_windows=True)
    after = vendor.sandbox.state()["ledger_n"]
    for _ in range(12):
        body = {"accounts": [vendor.new_account_fields(2_000_001)]}
        assert vendor.demo(ACCOUNTS, body) == (500, "Request Timeout")
    outcomes = [outcome for outcome, _ in _outcomes(vendor, ACCOUNTS, after=after)]
    assert set(outcomes) == {"applied", "lost"}
    assert len(vendor.entities("demo", "account")) == before + 1 + outcomes.count("applied")
    vendor.sandbox.control("clock", at="2026-11-20T20:01:00-06:00")
    assert vendor.new_account()


def test_maintenance_blocks_writes(vendor: Vendor, account: int, after: int) -> None:
    vendor.sandbox.control("maintenance")
    try:
        assert vendor.demo(CHANGE, _body(account))[0] == 503
    finally:
        vendor.sandbox.control("maintenance", on=False)
    assert _outcomes(vendor, after=after) == [("blocked", True)]


def test_writes_over_a_socket_are_the_same(vendor: Vendor, account: int, after: int) -> None:
    with PlainSocket(vendor.sandbox) as socket:
        socket.authorize(vendor.token)
        socket.ask("cashBalance/changeDemoBalance", 2, json.dumps(_body(account)))
        assert socket.answer(2)["d"]["totalCashValue"] == 25_010
        vendor.sandbox.control("write", fault="no-answer", path=CHANGE)
        socket.ask(CHANGE, 3, json.dumps(_body(account)))
        socket.ask(CHANGE, 4, json.dumps(_body(account)))
        assert socket.answer(4)["d"]["totalCashValue"] == 25_030
        assert not [message for message in socket.messages() if message.get("i") == 3]
    assert _outcomes(vendor, after=after) == [("applied", True), ("applied", False), ("applied", True)]


def test_everything_is_normal_again_after_clearing(vendor: Vendor, account: int) -> None:
    vendor.sandbox.control("write", fault="500", calls=9)
    vendor.sandbox.control("write-settings", item_failure_rate=1.0, delay_ms=5_000, comments="drop")
    vendor.sandbox.control("clear-writes")
    vendor.demo(CHANGE, _body(account))
    assert vendor.of_account("cashBalanceLog", account)[-1]["comment"] == "Demo Change"
    assert vendor.sandbox.control("writes")["writes"] == {CHANGE: {"applied": 1}}


def test_a_bad_control_call_about_writes_is_explained(sandbox: RunningSandbox) -> None:
    for verb, body in (
        ("write", {"fault": "nothing"}),
        ("write", {"fault": "500", "path": "account/list"}),
        ("write", {"fault": "500", "environment": "moon"}),
        ("write-settings", {"nothing": 1}),
        ("write-settings", {"comments": "paint"}),
        ("clock", {"at": "2026-11-20T16:30:00"}),
        ("sign-agreement", {"organization": 20, "user": 5}),
        ("user-status", {"organization": 20, "user": 2_000_001, "status": "Happy"}),
    ):
        with pytest.raises(ValueError, match="error"):
            sandbox.control(verb, **body)


@pytest.fixture(scope="module")
def limited() -> Iterator[RunningSandbox]:
    """A sandbox with limits whose hour is six seconds."""
    arguments = ("--users", "2", "--organizations", "1", "--hour-seconds", "6", "--logins-per-user", "100")
    with RunningSandbox(*arguments) as running:
        yield running


def _unknown_user(vendor: Vendor) -> dict[str, Any]:
    return {"accounts": [vendor.new_account_fields(5)]}


def test_a_hundred_failed_creations_an_hour_are_the_limit_and_good_ones_do_not_count(limited: RunningSandbox) -> None:
    limited.control("configure", hour_seconds=3_600.0)
    limited.control("clear-limits")
    vendor = Vendor(limited)
    for _ in range(110):
        vendor.new_account(user_id=2_000_001)
    for _ in range(100):
        assert "p-ticket" not in vendor.demo(ACCOUNTS, _unknown_user(vendor))[1]
    penalty = vendor.demo(ACCOUNTS, _unknown_user(vendor))[1]
    assert penalty["p-time"] == 1
    good = {"accounts": [vendor.new_account_fields(2_000_001)]}
    assert "p-ticket" in vendor.demo(ACCOUNTS, good)[1]
    assert vendor.demo(CHANGE, _body(18_000_001))[0] == 200, "the other endpoints are free"


def test_the_hour_slides_and_its_length_is_a_setting(limited: RunningSandbox) -> None:
    limited.control("configure", hour_seconds=2.0)
    limited.control("clear-limits")
    limited.control("endpoint-limit", endpoint=CHANGE, calls=2)
    try:
        vendor = Vendor(limited)
        answers = [vendor.demo(CHANGE, _body(18_000_001))[1] for _ in range(3)]
        assert ["p-ticket" in answer for answer in answers] == [False, False, True]
        _wait(2)
        assert "p-ticket" not in vendor.demo(CHANGE, _body(18_000_001))[1]
    finally:
        limited.control("endpoint-limit", endpoint=CHANGE, calls=None)


def test_a_429_locks_the_user_for_an_hour_that_every_call_restarts(limited: RunningSandbox) -> None:
    limited.control("configure", hour_seconds=2.0)
    limited.control("clear-limits")
    vendor = Vendor(limited)
    limited.control("write", fault="429", path=CHANGE)
    assert vendor.demo(CHANGE, _body(18_000_001))[0] == 429
    _wait(1.2)
    assert call(limited, "live", "user/list", vendor.token)[0] == 429, "every endpoint, both hosts"
    _wait(1.2)
    assert call(limited, "demo", "account/list", vendor.token)[0] == 429, "the call in between restarted the hour"
    _wait(2.1)
    assert vendor.demo(CHANGE, _body(18_000_001))[0] == 200
    assert log_in(limited)


def _wait(seconds: float) -> None:
    """Let the platform's clock pass; nothing else tells when a wait is over."""
    time.sleep(seconds)
