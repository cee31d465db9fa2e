"""Words, lengths and examples of orders against what the platform's documents say."""

import json
import re
from typing import Any, get_args

import pytest

from tests.support.shared_material import shared_material
from tests.tradovate.operations.examples import BODIES, NOW
from tests.tradovate.operations.platform_description import answer_schema, description, request_schema, resolved
from vendor_admin.mirrors.rules.order_reasons import REASONS
from vendor_admin.tradovate.answers import read_answer
from vendor_admin.tradovate.catalogue.order_answers import DryRunAnswer
from vendor_admin.tradovate.operations import WRITES
from vendor_admin.tradovate.operations.trading.terms import Action, OrderType, TimeInForce
from vendor_admin.tradovate.order_status import ACTIVE_STRATEGY, ENDED_STRATEGY, OVER, goes_on, rests
from vendor_admin.tradovate.outcomes import Rejected, Success, Unknown

START, PLACE, OSO = "orderStrategy/startorderstrategy", "order/placeorder", "order/placeoso"
NEWER_TYPES = {"MarketLimit", "MarketStopWithProtection", "MarketWithProtection"}
NEWER_REASONS = {"SSFNFAComplianceRequired", "SSFNFAComplianceRequiredJointOnly"}
ANSWERED = sorted(
    path for path in WRITES if path.startswith(("order/", "orderStrategy/")) and path != "order/liquidatepositions"
)


def seed(number: str) -> str:
    (path,) = shared_material("seeds").glob(f"{number}_*.txt")
    return str(path.read_text())


def words_after(text: str, heading: str) -> set[str]:
    """The values of an enumeration in a page that was copied as text."""
    found = re.search(rf"{heading}:\s+type: string\s+enum:\s+((?:- \w+\s+)+)", text)
    assert found is not None
    return set(re.findall(r"- (\w+)", found[1]))


@pytest.mark.parametrize("path", [PLACE, "order/placeoco", OSO, "order/modifyorder"])
def test_order_types_and_times_in_force_are_those_of_both_sources(path: str) -> None:
    fields = request_schema(path)["properties"]
    assert set(get_args(OrderType)) == set(resolved(fields["orderType"])["enum"]) | NEWER_TYPES
    assert set(get_args(TimeInForce)) == set(resolved(fields["timeInForce"])["enum"])


def test_order_types_and_reasons_are_those_of_the_newer_page() -> None:
    page = seed("003")
    for schema in ("PlaceOso", "RestrainedOrderVersion"):
        assert set(get_args(OrderType)) == words_after(page, f"{schema}OrderType")
        assert set(get_args(TimeInForce)) == words_after(page, f"{schema}TimeInForce")
        assert set(get_args(Action)) == words_after(page, f"{schema}Action")
    assert set(REASONS) == words_after(page, "PlaceOsoResultFailureReason")


@pytest.mark.parametrize("path", ANSWERED)
def test_every_reason_of_the_description_has_words(path: str) -> None:
    fields = answer_schema(path)["properties"]
    reasons = set(resolved(fields.get("failureReason") or fields["rejectReason"])["enum"])
    assert reasons | NEWER_REASONS == set(REASONS)


def test_every_status_of_a_strategy_is_active_ended_or_left_to_a_person() -> None:
    described = set(description()["components"]["schemas"]["OrderStrategyStatus"]["enum"])
    assert described - {ACTIVE_STRATEGY} - ENDED_STRATEGY == {"InactiveStrategy"}
    assert {status for status in described if goes_on(status)} == {ACTIVE_STRATEGY, "InactiveStrategy"}


def test_every_status_of_an_order_rests_or_is_over() -> None:
    described = set(description()["components"]["schemas"]["OrderOrdStatus"]["enum"])
    resting = {"PendingCancel", "PendingNew", "PendingReplace", "Suspended", "Unknown", "Working"}
    assert described - OVER == resting
    assert {status for status in described if rests(status)} == resting
    assert rests(None)


def test_lengths_are_within_those_of_the_description() -> None:
    for path in ANSWERED:
        for name, field in request_schema(path)["properties"].items():
            longest = field.get("x-legacy-constraints", {}).get("maxLength")
            if longest is not None and name not in ("params",):
                body = {**BODIES[path], name: "x" * (longest + 1)}
                with pytest.raises(ValueError, match=name):
                    WRITES[path].read(body, now=NOW)


def javascript_object(page: str, name: str) -> str:
    found = re.search(rf"const {name} = \{{\n(.*?)\n\}}\n", page, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_documents_example_of_a_strategy_passes() -> None:
    page = seed("000")
    params = json.loads(re.sub(r"(\w+):", r'"\1":', "{" + javascript_object(page, "params") + "}"))
    body = javascript_object(page, "body")
    assert "JSON.stringify(params)" in body
    given = {
        "accountId": 200,
        "accountSpec": "DEMO200",
        "symbol": re.findall(r"symbol: '(\w+)'", body)[0],
        "action": re.findall(r"action: '(\w+)'", body)[0],
        "orderStrategyTypeId": int(re.findall(r"orderStrategyTypeId: (\d+)", body)[0]),
        "params": json.dumps(params),
    }
    write = WRITES[START]
    request = write.read(given, now=NOW)
    assert json.loads(write.body(request)["params"]) == params


def test_the_documents_example_of_an_oso_passes() -> None:
    page = seed("003")
    assert "bracket1: oso" in javascript_object(page, "initial")

    def fields_of(name: str) -> dict[str, Any]:
        found = re.findall(r"(\w+): (?:['\"](\w+)['\"]|([\d.]+))", javascript_object(page, name))
        return {key: word or float(number) for key, word, number in found}

    entry = fields_of("initial")
    body = {**entry, "orderQty": int(entry["orderQty"]), "accountId": 200, "isAutomated": True}
    assert WRITES[OSO].read({**body, "bracket1": fields_of("oso")}, now=NOW).bracket1.price == 4200


@pytest.mark.parametrize(
    ("path", "answer", "id_field"),
    [
        (PLACE, {"orderId": 5}, "orderId"),
        ("order/placeoco", {"orderId": 5, "ocoId": 6}, "ocoId"),
        (OSO, {"orderId": 5, "oso1Id": 6, "oso2Id": 7}, "oso1Id"),
        ("order/modifyorder", {"commandId": 5}, "commandId"),
        ("order/cancelorder", {"failureReason": "Success", "commandId": 5}, "commandId"),
        ("order/liquidateposition", {"orderId": 5}, "orderId"),
        (START, {"orderStrategy": {"id": 5}}, "orderStrategy"),
    ],
)
def test_an_answer_is_a_success_by_the_id_in_it_and_never_by_its_status(
    path: str, answer: dict[str, Any], id_field: str
) -> None:
    assert isinstance(outcome(path, answer), Success)
    assert id_field in answer_schema(path)["properties"]
    for silent in ({}, {"failureReason": "Success"}, {"failureReason": "Success", "failureText": ""}, {"orderId": 0}):
        assert isinstance(outcome(path, silent), Unknown), silent


@pytest.mark.parametrize("path", [*ANSWERED, "order/liquidatepositions"])
@pytest.mark.parametrize(
    ("answer", "reason", "text"),
    [
        ({"failureReason": "UnknownReason", "failureText": "Access is denied"}, "UnknownReason", "Access is denied"),
        ({"failureReason": "SSFNFAComplianceRequired"}, "SSFNFAComplianceRequired", "SSFNFAComplianceRequired"),
        ({"failureReason": "ReasonOfTomorrow", "failureText": "Not now"}, "ReasonOfTomorrow", "Not now"),
        ({"failureText": "Not now"}, None, "Not now"),
        ({"errorText": "Not now", "ok": False}, None, "Not now"),
    ],
)
def test_a_failure_in_a_200_is_a_refusal_with_its_reason_as_it_came(
    path: str, answer: dict[str, Any], reason: str | None, text: str
) -> None:
    refused = outcome(path, answer)
    assert isinstance(refused, Rejected)
    assert (refused.error_code, refused.error_text) == (reason, text)


@pytest.mark.parametrize(
    ("answer", "would_be_taken"),
    [({"rejectReason": "Success"}, True), ({"rejectReason": "NoQuote"}, False), ({"comment": "fine"}, True)],
)
def test_a_dry_run_that_says_no_has_done_what_it_was_asked_for(answer: dict[str, Any], would_be_taken: bool) -> None:
    path = "order/dryrun"
    done = outcome(path, answer)
    assert isinstance(done, Success)
    read = DryRunAnswer.read(done.body)
    assert read is not None
    assert read.would_be_taken is would_be_taken


def outcome(path: str, answer: dict[str, Any]) -> Any:
    """What a call of one item comes to, from the bytes of its answer on."""
    write = WRITES[path]
    request = write.parse(BODIES[path])
    answered = read_answer(write.operation, status=200, body=json.dumps(answer).encode())
    assert isinstance(answered, Success | Rejected | Unknown)
    (item,) = write.outcomes(request, answered)
    return item
