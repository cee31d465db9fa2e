"""Requests as objects: bodies, marks, packing into calls, and secrets that stay secret."""

import json
import subprocess
import sys
from decimal import Decimal

import msgspec
import pytest

from tests.support.database import ROOT
from tests.tradovate.operations.examples import BODIES, NOW, USER
from vendor_admin.tradovate.catalogue.answers import AccessTokenAnswer, CashBalanceSnapshotAnswer
from vendor_admin.tradovate.operations import WRITES, InvalidRequest, without_secrets
from vendor_admin.tradovate.operations.balances import ChangeDemoBalance
from vendor_admin.tradovate.operations.cancelling import CancelEverything
from vendor_admin.tradovate.outcomes import Success, Unknown

BALANCE = WRITES["cashBalance/changedemobalance"]
CANCEL = WRITES["user/canceleverything"]
USERS = WRITES["user/createevaluationusers"]


def test_a_body_has_the_names_of_the_wire_and_plain_numbers():
    request = ChangeDemoBalance(account_id=5, cash_change=Decimal("1E+3"))
    body = BALANCE.body(request)
    encoded = msgspec.json.Encoder(decimal_format="number").encode(body)
    assert encoded == b'{"accountId":5,"cashChange":1000}'


def test_a_stored_body_stays_readable_after_its_month_and_junk_does_not():
    write = WRITES["user/addmarketdatasubscription"]
    assert write.parse({**BODIES[write.path], "year": 2020}).year == 2020
    with pytest.raises(InvalidRequest, match="userId is missing"):
        write.parse({"marketDataSubscriptionPlanIds": [5], "year": 2020, "month": 1})


def test_switches_that_are_off_are_sent_too():
    body = CANCEL.body(CANCEL.read(BODIES[CANCEL.path], now=NOW))
    assert body["tradingPermissions"] is False


def test_a_mark_stands_first_and_is_never_cut():
    request = BALANCE.parse({"accountId": 5, "cashChange": 1, "comment": "x" * 64})
    marked = BALANCE.marked(request, "7KQ2M9XA")
    assert marked.comment == "7KQ2M9XA " + "x" * 55
    BALANCE.validate(marked, now=NOW)
    bare = BALANCE.parse({"accountId": 5, "cashChange": 1})
    assert BALANCE.marked(bare, "7KQ2M9XA").comment == "7KQ2M9XA"


def test_what_has_no_comment_is_not_marked():
    request = CANCEL.parse(BODIES[CANCEL.path])
    assert CANCEL.marked(request, "7KQ2M9XA") is request


def test_a_call_splits_into_items_and_joins_again():
    users = [{**USER, "name": f"user{n}", "email": f"u{n}@example.com"} for n in range(250)]
    items = [USERS.parse({"users": [user]}) for user in users]
    calls = USERS.join(items)
    assert [len(call.users) for call in calls] == [100, 100, 50]
    assert [item for call in calls for item in USERS.split(call)] == items


def test_items_that_differ_in_the_rest_are_not_put_into_one_call():
    every_kind = CancelEverything.of_all_kinds
    some = msgspec.structs.replace(every_kind((2,)), user_plugins=False)
    calls = CANCEL.join([every_kind((1,)), some, every_kind((3,)), every_kind((4, 5))])
    assert [call.user_ids for call in calls] == [(1,), (2,), (3, 4, 5)]
    assert [one.user_ids for one in CANCEL.split(calls[2])] == [(3,), (4,), (5,)]


def test_packed_calls_know_what_each_of_their_items_is_for():
    names = [f"user{n}" for n in range(150)]
    packed = USERS.pack(names, lambda name: USERS.parse({"users": [{**USER, "name": name}]}))
    assert [together for _, together in packed] == [names[:100], names[100:]]
    assert [[user.name for user in call.users] for call, _ in packed] == [together for _, together in packed]


def test_what_is_no_batch_stays_one_call_each():
    requests = [BALANCE.parse({"accountId": n, "cashChange": 1}) for n in (1, 2)]
    assert BALANCE.join(requests) == tuple(requests)
    assert BALANCE.split(requests[0]) == (requests[0],)
    assert BALANCE.join([]) == ()


def test_no_repr_shows_a_password():
    request = USERS.read({"users": [USER]}, now=NOW)
    assert str(USER["password"]) not in repr(request)
    assert "anna.field" in repr(request)
    assert "the-token" not in repr(AccessTokenAnswer.read({"accessToken": "the-token", "userId": 5}))


@pytest.mark.parametrize("path", ["user/createevaluationusers", "user/modifypassword", "user/modifycredentials"])
def test_a_body_without_its_secrets_can_be_kept_and_read(path):
    write = WRITES[path]
    shown = without_secrets(BODIES[path])
    assert "correct horse" not in json.dumps(shown)
    assert "battery staple" not in json.dumps(shown)
    assert write.look_ups(write.parse(shown), min(write.operation.environments))


def test_tokens_of_an_answer_are_masked_at_any_depth():
    answer = {"results": [{"accessToken": "t1", "mdAccessToken": "t2", "userId": 5}], "p-ticket": "t3"}
    assert without_secrets(answer) == {
        "results": [{"accessToken": "********", "mdAccessToken": "********", "userId": 5}],
        "p-ticket": "********",
    }


@pytest.mark.parametrize("path", sorted(WRITES))
def test_an_answer_that_says_nothing_is_no_success_of_any_write(path):
    write = WRITES[path]
    request = write.parse(BODIES[path])
    bodies: tuple[object, ...] = ({}, None, [], {"errorText": ""}, {"errorText": None, "success": None})
    for body in bodies:
        if body and not write.is_documented:
            continue
        assert {type(one) for one in write.outcomes(request, Success(body))} == {Unknown}, body


def test_a_balance_without_an_amount_or_an_empty_entity_is_no_success():
    permission = WRITES["user/createtradingpermission"]
    request = permission.parse(BODIES[permission.path])
    assert isinstance(permission.outcomes(request, Success({"tradingPermission": {}}))[0], Unknown)
    assert isinstance(permission.outcomes(request, Success({"tradingPermission": {"id": 5}}))[0], Success)
    balance = BALANCE.parse({"accountId": 5, "cashChange": 1})
    assert isinstance(BALANCE.outcomes(balance, Success({"x": "..."}))[0], Unknown)
    assert isinstance(BALANCE.outcomes(balance, Success({"totalCashValue": 0}))[0], Success)


def test_a_cancellation_that_found_nothing_is_a_success():
    kinds = ("tradovateSubscription", "userPlugin", "marketDataSubscription", "tradingPermission")
    body: dict[str, list[int]] = {f"{kind}Ids": [] for kind in kinds}
    request = CANCEL.parse({**BODIES[CANCEL.path], "userIds": [1]})
    assert [type(one) for one in CANCEL.outcomes(request, Success(body))] == [Success]


def test_an_answer_ignores_fields_of_tomorrow_and_keeps_cents():
    answer = CashBalanceSnapshotAnswer.read(
        {"totalCashValue": 55408.24, "realizedPnL": -1140.4, "fieldOfTomorrow": [1]}
    )
    assert answer is not None
    assert (answer.total_cash_value, answer.realized_pnl) == (Decimal("55408.24"), Decimal("-1140.4"))


def test_threads_that_are_the_first_to_read_a_body_do_not_end_the_process():
    child = subprocess.run(
        [sys.executable, "-m", "tests.tradovate.operations.first_parses"], cwd=ROOT, check=False, timeout=60
    )
    assert child.returncode == 0
