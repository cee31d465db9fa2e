"""Magic values in writes: what they do, and that they do nothing unless the sandbox was started for test mode."""

import http.client
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.plain_client import log_in
from tests.sandbox.vendor import Vendor
from tests.support.warm_sandboxes import WarmSandboxes
from vendor_admin.sandbox.serving.server import RunningSandbox
from vendor_admin.sandbox.writes.magic import REFUSAL

ADJUST = "fundTransaction/adjustcash"
USERS = "user/createevaluationusers"
NO_ANSWER = (http.client.IncompleteRead, ConnectionError)


@pytest.fixture(scope="module")
def magic_sandbox(warm_sandboxes: WarmSandboxes) -> Iterator[RunningSandbox]:
    world = ("--test-mode", "--users", "2", "--no-limits", "--logins-per-user", "1000")
    with RunningSandbox(*world, start=warm_sandboxes.start) as running:
        yield running


@pytest.fixture
def magic(magic_sandbox: RunningSandbox) -> Vendor:
    return Vendor(magic_sandbox, token=log_in(magic_sandbox))


def _body(account_id: int, amount: float, **more: Any) -> dict[str, Any]:
    known = {"accountId": account_id, "cashChange": amount, "cashChangeType": "Courtesy", "currencyId": 1}
    return known | more


def _amount(vendor: Vendor, account_id: int) -> float:
    [balance] = vendor.of_account("cashBalance", account_id)
    return round(balance["amount"], 2)


def test_an_amount_is_refused_with_either_sign(magic: Vendor) -> None:
    account = magic.new_account()
    for amount in (1234.01, -1234.01):
        assert magic.demo(ADJUST, _body(account, amount)) == (200, {"errorText": REFUSAL})
    assert _amount(magic, account) == 25_000


def test_a_penalty_holds_back_the_call_until_it_comes_with_its_ticket(magic: Vendor) -> None:
    account = magic.new_account()
    told = magic.demo(ADJUST, _body(account, 1234.02))[1]
    assert told["p-time"] == 3
    assert not told.get("p-captcha")
    assert _amount(magic, account) == 25_000
    magic.demo(ADJUST, _body(account, 10))
    magic.demo(ADJUST, _body(account, 1234.02, **{"p-ticket": told["p-ticket"]}))
    assert _amount(magic, account) == 26_244.02


def test_an_answer_is_lost_after_the_change(magic: Vendor) -> None:
    account = magic.new_account()
    with pytest.raises(NO_ANSWER):
        magic.demo(ADJUST, _body(account, 1234.03))
    assert _amount(magic, account) == 26_234.03


def test_a_call_is_lost_once_or_for_good(magic: Vendor) -> None:
    account = magic.new_account()
    with pytest.raises(NO_ANSWER):
        magic.demo(ADJUST, _body(account, 1234.04))
    assert _amount(magic, account) == 25_000
    magic.demo(ADJUST, _body(account, 1234.04))
    for _ in range(3):
        with pytest.raises(NO_ANSWER):
            magic.demo(ADJUST, _body(account, 1234.05))
    assert _amount(magic, account) == 26_234.04


def test_an_answer_comes_late(magic: Vendor) -> None:
    account, began = magic.new_account(), time.monotonic()
    magic.demo(ADJUST, _body(account, 1234.06))
    assert time.monotonic() - began >= 3
    assert _amount(magic, account) == 26_234.06


def test_items_of_a_batch_are_refused_one_by_one(magic: Vendor) -> None:
    users = [magic.new_user_fields(), magic.new_user_fields(email="refused+7@traders.example")]
    first, second = magic.live(USERS, {"users": users})[1]["results"]
    assert "userId" in first
    assert second == {"errorText": REFUSAL}


def test_an_address_loses_the_call_that_it_is_in(magic: Vendor) -> None:
    body = {"users": [magic.new_user_fields(email="Lost-Call@traders.example")]}
    with pytest.raises(NO_ANSWER):
        magic.live(USERS, body)
    assert "userId" in magic.live(USERS, body)[1]["results"][0]


def test_without_test_mode_they_are_values_like_others(vendor: Vendor) -> None:
    account = vendor.new_account(vendor.new_user(email="refused@traders.example"))
    vendor.demo(ADJUST, _body(account, 1234.01))
    vendor.demo(ADJUST, _body(account, 1234.05))
    assert _amount(vendor, account) == 27_468.06
