"""Rows as programs send them: typed, with everything that is wrong named by its place."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from accounts.balances.inputs import BalanceChange
from accounts.subscriptions.inputs import MarketDataToAdd
from accounts.trading_accounts.inputs import NewAccount
from risk.auto_liq.inputs import LimitsOfAccount
from vendor_admin.errors import Fault
from vendor_admin.operations.inputs.declaration import Found, Input
from vendor_admin.operations.inputs.reading import read_input


class EverythingIsThere:
    """Finds a thing of every name."""

    def id_of(self, noun: str, word: object) -> int:
        return 7 if str(word) == "7" else 1


FOUND: Found = EverythingIsThere()


def read(kind: type[Input], **given: Any) -> tuple[Any, dict[str, str]]:
    faults: list[Fault] = []
    return read_input(kind, given, "", faults), {fault.field: fault.code for fault in faults}


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "required"),
        ({"change": None}, "required"),
        ({"change": True}, "not_a_number"),
        ({"change": "1e3"}, "not_a_number"),
        ({"change": "1,500"}, "not_a_number"),
        ({"change": "0.001"}, "not_a_number"),
        ({"change": "10000000"}, "out_of_range"),
        ({"change": "0.00"}, "zero"),
        ({"change": ["1"]}, "not_a_number"),
    ],
)
def test_an_amount_that_is_none_is_refused(given: Mapping[str, Any], code: str) -> None:
    row, faults = read(BalanceChange, account="7", **given)
    assert (row, faults) == (None, {"/change": code})


@pytest.mark.parametrize(("change", "amount"), [("250", "250"), ("-250.50", "-250.50"), (3, "3"), ("+1.5", "1.5")])
def test_an_amount_is_read_as_a_decimal(change: object, amount: str) -> None:
    row, faults = read(BalanceChange, account="7", change=change)
    assert (row.change, faults) == (Decimal(amount), {})
    [target] = row.targets(FOUND)
    assert (target.entity_type, target.entity_id, Decimal(target.wanted["cashChange"])) == (
        "account",
        7,
        Decimal(amount),
    )


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        ({"by": "byHand"}, {"/by": "unknown_value"}),
        ({"peak": "soon"}, {"/peak": "not_a_number"}),
        ({"peak": "-1"}, {"/peak": "out_of_range"}),
        ({"colour": "red", "a/b~c": 1}, {"/colour": "unknown_field", "/a~1b~0c": "unknown_field"}),
        ({"type": "Fee\n"}, {"/type": "unprintable"}),
        ({"account": {"id": 7}}, {"/account": "wrong_type"}),
        ({"account": "\ud800"}, {"/account": "unprintable"}),
    ],
)
def test_each_fault_is_named_by_its_place(given: Mapping[str, Any], faults: dict[str, str]) -> None:
    assert read(BalanceChange, **{"account": "7", "change": "1", **given}) == (None, faults)


def test_what_is_not_named_stays_and_null_takes_away() -> None:
    row, _ = read(LimitsOfAccount, account="7", daily_loss="800", drawdown=None)
    [target] = row.targets(FOUND)
    assert target.wanted == {"dailyLossAutoLiq": "800", "trailingMaxDrawdown": None}


def test_a_new_account_has_its_limits_under_the_names_of_the_platform() -> None:
    given = {"name": "EVAL1", "member": "7", "template": 7, "balance": "50000", "drawdown": "2500", "position_limit": 5}
    row, faults = read(NewAccount, **given)
    assert faults == {}
    [target] = row.targets(FOUND)
    assert target.entity_id is None
    assert target.wanted["postTradeRisk"] == {"trailingMaxDrawdown": "2500", "trailingMaxDrawdownMode": "EOD"}
    assert target.wanted["preTradeRisk"][0]["exposedLimit"] == 5
    assert read(NewAccount, **given | {"drawdown_limit": "1", "drawdown": "0"})[1] == {
        "/drawdown_limit": "needs_another"
    }


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        ({"plans": []}, {"/plans": "too_few"}),
        ({"plans": "CME"}, {"/plans": "wrong_type"}),
        ({"plans": ["CME", 1.5]}, {"/plans/1": "wrong_type"}),
        ({"plans": ["CME"], "year": 2026}, {"/month": "required"}),
        ({"plans": ["CME"], "year": 2026, "month": 13}, {"/month": "out_of_range"}),
        ({"plans": ["CME"], "year": 2026.0, "month": 1}, {"/year": "wrong_type"}),
    ],
)
def test_lists_and_months_are_checked(given: Mapping[str, Any], faults: dict[str, str]) -> None:
    assert read(MarketDataToAdd, member="7", **given) == (None, faults)
