"""What an outcome means is told in a form that can be stored, and never says less than that it was done."""

import json
from typing import Any

import pytest
from django.utils import timezone

from tests.tradovate.every_outcome import Resend, every_outcome_of
from tests.tradovate.operations.examples import BODIES
from vendor_admin.operations.models import Operation
from vendor_admin.operations.store.verdicts import Conclusion, Waiting, verdict_of
from vendor_admin.tradovate.operations import WRITES
from vendor_admin.tradovate.operations.balances import ADJUST_CASH
from vendor_admin.tradovate.outcomes import Outcome, Rejected, Success, Unauthorized, Unknown, WrongHost

BODY = {"accountId": 1, "cashChange": "5.00", "cashChangeType": "ManualAdjustment", "currencyId": 1}


def verdict(outcome: Outcome, *, is_alive: bool = False, **fields: Any) -> Conclusion | Waiting:
    row = Operation(name=ADJUST_CASH.path, request=BODY, attempts=1, **fields)
    return verdict_of(ADJUST_CASH, row, outcome, is_alive=is_alive, now=timezone.now())


@pytest.mark.parametrize("body", [{}, {"x": "..."}, {"errorText": ""}, {"totalCashValue": None}, None])
def test_an_answer_without_any_of_its_content_is_no_success_and_is_read(body: Any) -> None:
    found = verdict(Success(body))
    assert isinstance(found, Conclusion)
    assert found.state == Operation.State.UNKNOWN


def test_a_long_answer_keeps_the_id_of_what_was_made() -> None:
    """A strategy's answer repeats its parameters, which may have thousands of characters."""
    path = "orderStrategy/startorderstrategy"
    row = Operation(name=path, request=BODIES[path], attempts=1)
    answer = {"orderStrategy": {"id": 4711, "status": "ActiveStrategy", "params": "x" * 8_000}}
    done = verdict_of(WRITES[path], row, Success(answer), now=timezone.now())
    assert isinstance(done, Conclusion)
    assert [one.result["orderStrategy"]["id"] for one in done.results] == [4711]
    assert len(json.dumps(done.response)) < 5_000


def test_what_a_wrong_host_answered_was_not_carried_out_and_waits() -> None:
    waiting = verdict(WrongHost(307, "demo-alpha7.platform.test"))
    assert isinstance(waiting, Waiting)
    assert "demo-alpha7.platform.test" in waiting.reason


@pytest.mark.parametrize("odd", ["\x00", "\ud800"], ids=ascii)
def test_what_the_database_takes_neither_as_text_nor_as_json_is_no_reason_to_lose_words(odd: str) -> None:
    refused = verdict(Rejected(f"no{odd}t now", 200, body={"errorText": f"no{odd}t now"}))
    done = verdict(Success({"netLiq": 1, "note": [odd], f"a{odd}b": 1}))
    waiting = verdict(Unauthorized(f"go{odd}ne"))
    assert isinstance(refused, Conclusion)
    assert isinstance(done, Conclusion)
    assert isinstance(waiting, Waiting)
    texts = [refused.error_text, json.dumps(refused.response), json.dumps(done.response), waiting.refused_token]
    texts += [json.dumps(one.result) for one in done.results]
    assert [text for text in texts if odd in text or json.dumps(odd)[1:-1] in text] == []


@pytest.mark.parametrize("path", sorted(WRITES))
def test_a_write_waits_to_be_sent_again_only_where_it_is_proven_that_it_was_not_executed(path: str) -> None:
    """Everything else is stored as what it is: done, refused, or unknown and to be read."""
    write = WRITES[path]
    for came, outcome, resend in every_outcome_of(write.operation):
        row = Operation(name=path, request=BODIES[path], attempts=1)
        found = verdict_of(write, row, outcome, now=timezone.now())
        expected = resend is Resend.ALWAYS or (resend is Resend.IF_HARMLESS and write.operation.harmless_to_repeat)
        assert isinstance(found, Waiting) == expected, came
        if isinstance(found, Conclusion) and isinstance(outcome, Unknown):
            assert found.state == Operation.State.UNKNOWN, came


def test_a_second_401_or_one_with_a_good_token_is_a_missing_right_and_403_is_one_at_once() -> None:
    first = verdict(Unauthorized("no"))
    again = verdict(Unauthorized("no"), response={"unauthorized": "no"})
    forbidden = verdict(Unauthorized("no", 403))
    with_a_good_token = verdict(Unauthorized("no"), is_alive=True)
    assert isinstance(first, Waiting)
    for refused in (again, forbidden, with_a_good_token):
        assert isinstance(refused, Conclusion)
        assert refused.state == Operation.State.REJECTED
        assert "API key" in refused.advice_text


def test_an_outcome_that_is_no_proof_is_read_even_where_the_reader_of_answers_took_it_for_one() -> None:
    found = verdict(Unauthorized("The session was closed", 408))
    assert isinstance(found, Conclusion)
    assert found.state == Operation.State.UNKNOWN
