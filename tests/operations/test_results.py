"""What an outcome means is told in a form that can be stored, and never says less than that it was done."""

import json

from django.utils import timezone

from vendor_admin.operations.models import Operation, PlanRow
from vendor_admin.operations.results import Conclusion, Waiting, verdict_of
from vendor_admin.tradovate.operations.balances import ADJUST_CASH
from vendor_admin.tradovate.outcomes import Outcome, Rejected, Success, Unauthorized, WrongHost

BODY = {"accountId": 1, "cashChange": "5.00", "cashChangeType": "ManualAdjustment", "currencyId": 1}


def verdict(outcome: Outcome) -> Conclusion | Waiting:
    row = Operation(name=ADJUST_CASH.path, request=BODY, attempts=1)
    return verdict_of(ADJUST_CASH, row, outcome, now=timezone.now())


def test_a_step_that_was_done_leaves_a_trace_also_where_the_answer_says_nothing() -> None:
    """By it a retry knows that the money has moved."""
    found = verdict(Success({}))
    assert isinstance(found, Conclusion)
    (result,) = found.results
    assert result.state == PlanRow.State.SUCCEEDED
    assert result.result


def test_what_a_wrong_host_answered_was_not_carried_out_and_waits() -> None:
    waiting = verdict(WrongHost(307, "demo-alpha7.platform.test"))
    assert isinstance(waiting, Waiting)
    assert "demo-alpha7.platform.test" in waiting.reason


def test_a_zero_byte_in_the_platforms_words_is_no_reason_to_lose_them() -> None:
    """PostgreSQL stores none, neither in text nor in JSON."""
    refused = verdict(Rejected("no\x00t now", 200, body={"errorText": "no\x00t now"}))
    done = verdict(Success({"netLiq": 1, "note": ["\x00"]}))
    waiting = verdict(Unauthorized("go\x00ne"))
    assert isinstance(refused, Conclusion)
    assert isinstance(done, Conclusion)
    assert isinstance(waiting, Waiting)
    texts = [refused.error_text, json.dumps(refused.response), json.dumps(done.response), waiting.refused_token]
    texts += [json.dumps(one.result) for one in done.results]
    assert [text for text in texts if "\x00" in text or "\\u0000" in text] == []
