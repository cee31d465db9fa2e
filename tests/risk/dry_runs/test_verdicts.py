"""What is made of the platform's answers to orders that were not placed."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from risk.dry_runs.verdicts import (
    AFTER_A_REFUSAL,
    TriedOrder,
    Verdict,
    asked_of,
    orders_asked,
    verdicts_of,
    would_all_be_taken,
)
from vendor_admin.tradovate.operations.trading.dry_run import DryRunOrder

BUY = TriedOrder("MESZ6", DryRunOrder(contract_id=7, action="Buy", order_qty=2, order_type="Market"))
SELL = TriedOrder("MESZ6", DryRunOrder(contract_id=7, action="Sell", order_qty=5, order_type="Market"))
OTHER = TriedOrder(
    "CLZ6",
    DryRunOrder(
        contract_id=8,
        action="Sell",
        order_qty=1,
        order_type="StopLimit",
        price=Decimal("60.10"),
        stop_price=Decimal(61),
    ),
)
TAKEN = {"rejectReason": "Success", "details": {"beforeNetPos": 1, "initialMarginReq": 150.5}}
REFUSED = {"rejectReason": "MaxPosLimitReached", "comment": "Max 3", "details": {"beforeNetPos": 1}}


@dataclass(frozen=True)
class Row:
    asked: Any
    answer: Any = None
    state: str = "answered"
    why: str = ""
    read_at: datetime | None = datetime(2026, 11, 20, 15, tzinfo=UTC)


def judge(*answered: tuple[TriedOrder, Any]) -> list[Verdict]:
    asked = asked_of([order for order, _ in answered])
    return verdicts_of(Row(one, answer) for one, (_, answer) in zip(asked, answered, strict=True))


def test_a_row_asks_about_its_order_and_those_before_it_and_reads_them_back() -> None:
    first, second, third = asked_of([BUY, OTHER, SELL])
    assert (orders_asked(first), orders_asked(second)) == ([BUY], [BUY, OTHER])
    assert orders_asked(third) == [BUY, OTHER, SELL]
    assert second["orders"][-1]["order"] == {
        "contractId": 8, "action": "Sell", "orderQty": 1, "orderType": "StopLimit", "price": "60.1", "stopPrice": "61",
    }  # fmt: skip


def test_an_order_is_told_in_words() -> None:
    assert str(OTHER) == "Sell CLZ6, 1 Stop limit, stop 61, limit 60.10"


@pytest.mark.parametrize("reason", [None, "", "Success"])
def test_an_order_without_a_reason_would_be_taken(reason: str | None) -> None:
    [verdict] = judge((BUY, TAKEN | {"rejectReason": reason}))
    assert (verdict.would_be_taken, verdict.reason, verdict.words) == (True, "", "")
    assert verdict.details is not None
    assert verdict.details.initial_margin_req == Decimal("150.5")


def test_a_refused_order_says_why_in_plain_words_with_the_platforms_own() -> None:
    [verdict] = judge((BUY, REFUSED))
    assert (verdict.would_be_taken, verdict.reason, verdict.comment) == (False, "MaxPosLimitReached", "Max 3")
    assert verdict.words == "The position would be larger than the account may hold."


def test_a_reason_that_is_not_known_here_is_a_refusal_all_the_same() -> None:
    [verdict] = judge((BUY, {"rejectReason": "BrandNewReason"}))
    assert (verdict.would_be_taken, verdict.reason, verdict.details) == (False, "BrandNewReason", None)


def test_the_first_order_that_is_refused_has_the_reason_and_those_behind_it_have_no_verdict() -> None:
    first, second, third = judge((BUY, TAKEN), (SELL, REFUSED), (OTHER, REFUSED))
    assert [first.would_be_taken, second.would_be_taken, third.would_be_taken] == [True, False, None]
    assert (second.reason, third.reason, third.why) == ("MaxPosLimitReached", "", AFTER_A_REFUSAL)


def test_what_is_refused_to_one_account_says_nothing_of_another() -> None:
    rows = [Row(asked_of([BUY])[0], answer) for answer in (REFUSED, REFUSED, TAKEN)]
    assert [verdict.would_be_taken for verdict in verdicts_of(rows)] == [False, False, True]


def test_an_order_without_an_answer_has_no_verdict_and_says_why() -> None:
    [asked] = asked_of([BUY])
    [waiting] = verdicts_of([Row(asked, state="waiting")])
    [refused] = verdicts_of([Row(asked, state="refused", why="Access is denied")])
    assert (waiting.would_be_taken, waiting.why) == (None, "")
    assert (refused.would_be_taken, refused.why) == (None, "Access is denied")


def test_a_position_after_is_that_of_the_orders_contract_with_all_before_it_filled() -> None:
    of_other = TAKEN | {"details": {"beforeNetPos": -2}}
    verdicts = judge((BUY, TAKEN), (OTHER, of_other), (SELL, TAKEN))
    assert [verdict.position_after for verdict in verdicts] == [3, -3, -2]
    [unknown] = judge((BUY, {"rejectReason": "Success", "details": {}}))
    assert unknown.position_after is None


def test_all_would_be_taken_only_once_each_is_known_to_be() -> None:
    [asked] = asked_of([BUY])
    waiting = verdicts_of([Row(asked, state="waiting")])
    assert would_all_be_taken(judge((BUY, TAKEN), (SELL, TAKEN))) is True
    assert would_all_be_taken([*judge((BUY, TAKEN)), *waiting]) is None
    assert would_all_be_taken([*judge((BUY, REFUSED)), *waiting]) is False
