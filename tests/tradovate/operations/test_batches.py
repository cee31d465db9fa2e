"""One outcome for each item of a call, whatever the answer looks like."""

import json
from typing import Any

import pytest

from tests.tradovate.operations.examples import ACCOUNT, BODIES, NOW, THRESHOLDS, USER
from vendor_admin.tradovate.answers import read_answer
from vendor_admin.tradovate.operations import WRITES, Settled
from vendor_admin.tradovate.outcomes import Rejected, Success, Unknown

LONG_TEXT = "The platform explains at length. " * 40


def outcomes(path: str, body: dict[str, Any], answer: object, *, status: int = 200) -> tuple[Settled, ...]:
    """From the bytes of an answer to an outcome per item, the way of a real call."""
    write = WRITES[path]
    raw = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    outcome = read_answer(write.operation, status=status, body=raw)
    assert isinstance(outcome, Success | Rejected | Unknown)
    return write.outcomes(write.read(body, now=NOW), outcome)


def users(count: int) -> dict[str, Any]:
    return {"users": [{**USER, "name": f"user{n}", "email": f"u{n}@example.com"} for n in range(count)]}


def test_results_answer_users_in_their_order():
    answer = {
        "errorText": "",
        "results": [{"userId": 1}, {"errorText": "EmailAlreadyRegistered"}, {"userId": 3, "errorText": ""}],
    }
    first, second, third = outcomes("user/createevaluationusers", users(3), answer)
    assert first == Success({"userId": 1})
    assert isinstance(second, Rejected)
    assert second.error_text == "EmailAlreadyRegistered"
    assert third == Success({"userId": 3, "errorText": ""})


def test_a_refusal_keeps_the_platforms_text_word_for_word():
    (outcome,) = outcomes("user/createevaluationusers", users(1), {"results": [{"errorText": LONG_TEXT}]})
    assert isinstance(outcome, Rejected)
    assert outcome.error_text == LONG_TEXT


def test_a_refusal_of_the_whole_call_is_one_of_every_item():
    answer = {"errorText": "Entitlement 22 is not allowed", "results": []}
    for outcome in outcomes("user/createevaluationusers", users(2), answer):
        assert isinstance(outcome, Rejected)
        assert outcome.error_text == "Entitlement 22 is not allowed"


def test_an_outer_error_does_not_undo_the_items_that_were_made():
    answer = {"errorText": "Some failed", "results": [{"accountId": 7}, {"errorText": "Name is taken"}, {}]}
    body = {"accounts": [{**ACCOUNT, "name": f"EVAL{n}"} for n in range(3)]}
    made, refused, silent = outcomes("user/createevaluationaccounts", body, answer)
    assert made == Success({"accountId": 7})
    assert isinstance(refused, Rejected)
    assert isinstance(silent, Unknown)
    assert "Some failed" in silent.reason


@pytest.mark.parametrize(
    "answer",
    [
        {"results": [{"userId": 1}]},
        {"results": [{"userId": 1}, {"userId": 2}, {"userId": 3}]},
        {"results": [{"userId": 1}, {"errorText": "no"}, {"userId": 3}]},
        {"results": []},
        {},
        [],
        b"",
        {"results": [{"userId": "1"}, {"userId": 2}]},
    ],
)
def test_an_answer_that_cannot_be_matched_says_nothing_about_any_item(answer):
    assert all(isinstance(one, Unknown) for one in outcomes("user/createevaluationusers", users(2), answer))


@pytest.mark.parametrize("result", [{}, {"userId": None}, {"accountId": 5}])
def test_a_result_without_error_and_without_id_is_no_success(result):
    first, second = outcomes("user/createevaluationusers", users(2), {"results": [{"userId": 1}, result]})
    assert isinstance(first, Success)
    assert isinstance(second, Unknown)


def test_an_error_code_in_a_result_is_a_refusal():
    (outcome,) = outcomes("user/createevaluationusers", users(1), {"results": [{"errorCode": "WeakPassword"}]})
    assert isinstance(outcome, Rejected)
    assert (outcome.error_text, outcome.error_code) == ("WeakPassword", "WeakPassword")


def test_an_unknown_call_is_unknown_for_every_item():
    for outcome in outcomes("user/createevaluationusers", users(3), b"gateway", status=502):
        assert isinstance(outcome, Unknown)


def test_thresholds_are_matched_by_account():
    body = {"items": [{"accountId": account, "asOwner": True, **THRESHOLDS} for account in (200, 201, 202)]}
    answer = {"userAutoLiqs": [{"userAccountAutoLiq": {"id": 202}}, {"userAccountAutoLiq": {"id": 200}}]}
    first, second, third = outcomes("userAccountAutoLiq/updateuserautoliqs", body, answer)
    assert first == Success({"userAccountAutoLiq": {"id": 200}})
    assert isinstance(second, Unknown)
    assert third == Success({"userAccountAutoLiq": {"id": 202}})
    refused = {"errorText": "201 is locked", **answer}
    assert isinstance(outcomes("userAccountAutoLiq/updateuserautoliqs", body, refused)[1], Rejected)


def test_one_answer_for_all_is_success_for_all():
    body = {"tradingPermissionIds": [300, 301]}
    assert outcomes("user/revoketradingpermissions", body, {"ok": True}) == (Success({"ok": True}),) * 2


def test_one_refusal_for_several_does_not_say_which():
    body = {"tradingPermissionIds": [300, 301]}
    answer = {"ok": False, "errorText": LONG_TEXT}
    for outcome in outcomes("user/revoketradingpermissions", body, answer):
        assert isinstance(outcome, Unknown)
        assert LONG_TEXT in outcome.reason
    (alone,) = outcomes("user/revoketradingpermissions", {"tradingPermissionIds": [300]}, answer)
    assert isinstance(alone, Rejected)


def test_a_malformed_call_was_read_for_no_item():
    body = {"tradingPermissionIds": [300, 301]}
    for outcome in outcomes("user/revoketradingpermissions", body, b"Invalid JSON", status=400):
        assert isinstance(outcome, Rejected)


def test_cancelling_is_success_for_every_user_even_where_there_was_nothing():
    names = ("tradovateSubscriptionIds", "userPluginIds", "marketDataSubscriptionIds", "tradingPermissionIds")
    lists: dict[str, list[int]] = {name: [] for name in names}
    body = {**BODIES["user/canceleverything"], "userIds": [1, 2, 3]}
    assert outcomes("user/canceleverything", body, lists) == (Success(lists),) * 3


@pytest.mark.parametrize("path", sorted(path for path, write in WRITES.items() if write.batch is None))
def test_a_single_answer_of_another_shape_is_no_success(path):
    odd: tuple[object, ...] = ([], b"", b'"done"', {"errorText": 5, "ok": "yes", "id": "x", "tradingPermission": 7})
    for answer in odd:
        for outcome in outcomes(path, BODIES[path], answer):
            assert isinstance(outcome, Unknown | Rejected) or (
                not WRITES[path].is_documented and answer not in ([], b"")
            )


def test_a_deletion_that_says_no_is_a_refusal():
    path = "userAccountPositionLimit/deleteuseraccountpositionlimit"
    assert isinstance(outcomes(path, BODIES[path], {"success": False})[0], Rejected)
    assert isinstance(outcomes(path, BODIES[path], {"success": True})[0], Success)
