"""Status and body -> outcome: HTTP 200 is not success, and a failed write is not always a failure."""

import json

import pytest

from vendor_admin.tradovate.answers import read_answer
from vendor_admin.tradovate.bodies import decode_body, text_of
from vendor_admin.tradovate.operations import ACCESS_TOKEN_REQUEST, ME, Operation, entity_operation
from vendor_admin.tradovate.outcomes import (
    ItemError,
    Locked,
    Outcome,
    Penalized,
    Rejected,
    Success,
    Unauthorized,
    Unknown,
    Violation,
    WrongHost,
)

WRITE = Operation(path="order/placeorder", method="POST")


def read(status: int, body: object = b"", *, operation: Operation = WRITE) -> Outcome:
    return read_answer(operation, status=status, body=body if isinstance(body, bytes) else json.dumps(body).encode())


@pytest.mark.parametrize(
    "body",
    [
        {"ok": True},
        {"orderId": 5},
        {"errorText": "", "ok": True},
        {"errorCode": "Success", "userId": 5},
        {"failureReason": "Success", "orderId": 5},
        {"results": [{"userId": 1}, {"errorText": ""}]},
        {"violations": []},
        [],
        [{"id": 1, "errorText": "an entity may say what it likes"}],
    ],
    ids=json.dumps,
)
def test_a_body_without_a_complaint_is_success(body):
    assert read(200, body) == Success(body, 200)


def test_an_empty_answer_is_success_without_a_body():
    assert read(200) == Success(None, 200)


@pytest.mark.parametrize("body", [{}, {"orderId": 5}, b""])
def test_a_call_that_was_only_accepted_may_not_have_been_done(body):
    assert isinstance(read(202, body), Unknown)
    assert isinstance(read(202, {"errorText": "no"}), Rejected)


@pytest.mark.parametrize(
    ("body", "text", "code"),
    [
        ({"errorText": "Invalid or missed parameters"}, "Invalid or missed parameters", None),
        ({"ok": False, "errorText": "Empty accountIds"}, "Empty accountIds", None),
        ({"ok": False}, "the platform answered ok: false without a reason", None),
        ({"success": False}, "the platform answered success: false without a reason", None),
        ({"success": False, "errorText": "No such limit"}, "No such limit", None),
        ({"failureText": "No quote available", "failureReason": "NoQuote"}, "No quote available", "NoQuote"),
        ({"failureReason": "TooLate"}, "TooLate", "TooLate"),
        ({"errorCode": "InsufficientFunds"}, "InsufficientFunds", "InsufficientFunds"),
        ({"error": "invalid_token", "error_description": "It is old"}, "It is old", "invalid_token"),
        ({"error": "invalid_token"}, "invalid_token", "invalid_token"),
    ],
)
def test_a_complaint_inside_a_200_is_a_rejection(body, text, code):
    outcome = read(200, body)
    assert isinstance(outcome, Rejected)
    assert (outcome.error_text, outcome.error_code, outcome.status) == (text, code, 200)


def test_violations_are_a_rejection():
    violation = {"constraint": "firstName", "value": "", "description": "must not be empty"}
    outcome = read(200, {"violations": [violation]})
    assert isinstance(outcome, Rejected)
    assert outcome.violations == (Violation("firstName", "", "must not be empty"),)
    assert outcome.error_text == "firstName: must not be empty"


def test_one_refused_item_of_a_batch_is_a_rejection_that_keeps_the_body():
    body = {"results": [{"userId": 1}, {"errorText": "taken", "errorCode": "UserAlreadyExists"}, {"violations": [{}]}]}
    outcome = read(200, body)
    assert isinstance(outcome, Rejected)
    assert outcome.item_errors[0] == ItemError(1, "taken", "UserAlreadyExists", body=body["results"][1])
    assert [error.position for error in outcome.item_errors] == [1, 2]
    assert outcome.error_text == "2 of 3 items were refused, first: taken"
    assert outcome.body == body


def test_a_penalty_ticket_is_read_and_kept_out_of_sight():
    outcome = read(200, {"p-ticket": "secret-ticket", "p-time": 60, "p-captcha": True})
    assert isinstance(outcome, Penalized)
    assert (outcome.ticket, outcome.wait_seconds, outcome.captcha) == ("secret-ticket", 60.0, True)
    assert "secret-ticket" not in repr(outcome)


@pytest.mark.parametrize("status", [423, 429])
def test_a_lock_may_come_without_a_body(status):
    assert read(status) == Locked(status, "")


@pytest.mark.parametrize("status", [401, 403])
def test_no_right_is_unauthorized(status):
    assert read(status, "Access is denied") == Unauthorized("Access is denied", status)


@pytest.mark.parametrize("body", [b"Not found", b'"Not found"'])
def test_404_hints_at_the_wrong_host(body):
    outcome = read(404, body)
    assert isinstance(outcome, Rejected)
    assert "wrong host" in outcome.hint
    assert outcome.error_text == "Not found"


@pytest.mark.parametrize("status", [307, 308, 421, 404])
def test_a_host_that_does_not_serve_the_organization_has_executed_nothing(status):
    assert read(status) == WrongHost(status)


def test_where_a_wrong_host_points_is_told_without_path_or_login():
    location = "https://me:secret@Demo-Alpha7.platform.test:8443/v1/account/list?token=secret"
    outcome = read_answer(WRITE, status=307, body=b"", location=location)
    assert outcome == WrongHost(307, "demo-alpha7.platform.test:8443")
    assert read_answer(WRITE, status=308, body=b"", location="/v2/account/list") == WrongHost(308)


@pytest.mark.parametrize("name", ["items", "ldeps"])
def test_an_empty_404_to_a_call_by_many_ids_may_only_mean_too_many(name):
    assert isinstance(read(404, operation=entity_operation("account", name)), Rejected)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_write_that_ends_in_a_server_error_may_have_happened(status):
    assert isinstance(read(status, b"<html>gateway</html>"), Unknown)


def test_a_read_that_ends_in_408_means_a_dead_session():
    assert isinstance(read(408, operation=ME), Unauthorized)


@pytest.mark.parametrize("status", [400, 408, 500])
@pytest.mark.parametrize("text", ["Expired Access Token", "Invalid access token", "The session has been closed"])
def test_a_dead_session_is_known_by_its_words(status, text):
    assert read(status, text, operation=ME) == Unauthorized(text, status)


@pytest.mark.parametrize("status", [400, 408, 500])
def test_words_of_a_dead_session_make_a_write_doubtful_and_its_token_suspect(status):
    outcome = read(status, "Expired Access Token")
    assert isinstance(outcome, Unknown)
    assert outcome.suspects_token
    assert "Expired Access Token" in outcome.reason


def test_no_answer_to_a_sign_in_is_about_a_session():
    outcome = read(400, "Invalid access token", operation=ACCESS_TOKEN_REQUEST)
    assert outcome == Rejected("Invalid access token", 400, body="Invalid access token")


@pytest.mark.parametrize(
    "text", ["The trading session is closed", "Market session is closed", "The exchange session closed"]
)
def test_a_closed_trading_session_is_not_taken_for_the_end_of_ours(text):
    for operation in (WRITE, ME):
        assert isinstance(read(500, text, operation=operation), Unknown)
        assert isinstance(read(400, text, operation=operation), Rejected)


@pytest.mark.parametrize("status", [0, 100, 199, 600])
def test_a_status_that_means_nothing_is_no_refusal(status):
    assert isinstance(read(status, "odd"), Unknown)


def test_a_malformed_request_is_rejected_with_the_platforms_words():
    outcome = read(400, 'Invalid JSON: missing required field "symbol"')
    assert isinstance(outcome, Rejected)
    assert "symbol" in outcome.error_text


@pytest.mark.parametrize("body", [b"<html>hello</html>", b"Access is denied", b"\xff\xfe", b'"text"'])
def test_a_200_that_is_not_json_says_nothing_for_sure(body):
    assert isinstance(read(200, body), Unknown)


@pytest.mark.parametrize("operation", [ME, ACCESS_TOKEN_REQUEST])
def test_a_redirect_is_not_followed_but_explained(operation):
    outcome = read(302, operation=operation)
    assert isinstance(outcome, Rejected)
    assert "REST address" in outcome.hint


@pytest.mark.parametrize("status", [301, 302, 303, 499])
def test_a_write_may_have_been_done_before_it_was_led_elsewhere(status):
    assert isinstance(read(status), Unknown)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (None, None),
        (b"  ", None),
        (b'{"a":1}', {"a": 1}),
        (b'"plain"', "plain"),
        (b'"\\"Expired Access Token\\""', "Expired Access Token"),
        (b'"{\\"a\\":1}"', {"a": 1}),
        (b'"{not json"', "{not json"),
        (b"plain", "plain"),
        (b"\xff", "�"),
    ],
)
def test_every_kind_of_body_is_decoded(body, value):
    assert decode_body(body) == value


@pytest.mark.parametrize(
    ("value", "text"), [(None, ""), (" a ", "a"), ({"errorText": "x"}, "x"), ({"a": 1}, '{"a":1}'), (5, "5")]
)
def test_every_kind_of_value_has_a_text(value, text):
    assert text_of(value) == text


def test_a_body_stays_out_of_the_repr_of_an_outcome():
    assert "secret" not in repr(Success({"accessToken": "secret"}))
    assert "secret" not in repr(read(200, {"errorText": "no", "accessToken": "secret"}))


CODE = "q7ZkInventedCode00412345"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, {"error": "invalid_grant", "error_description": f"Authorization code {CODE} is already used"}),
        (200, {"errorText": "x" * (500 - len(CODE) // 2) + CODE}),
        (200, {"results": [{"errorText": "y" * 490 + CODE}]}),
        (200, f"{'z' * 440}{CODE}".encode()),
        (401, {"errorText": "z" * 490 + CODE}),
        (429, f"{'z' * 490}{CODE}".encode()),
        (503, f"{'z' * 465}{CODE}".encode()),
    ],
)
def test_a_refusal_repeats_no_part_of_a_secret_even_where_its_text_is_cut(status, body):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    outcome = read_answer(WRITE, status=status, body=content, secrets=[CODE, ""])
    said = f"{outcome!r} {getattr(outcome, 'body', '')}"
    assert CODE[:6] not in said
    assert CODE[-6:] not in said
    assert "*" in said


def test_what_was_asked_for_and_the_ticket_of_the_next_try_come_as_they_are():
    body = json.dumps({"name": CODE, "p-ticket": CODE, "p-time": 3}).encode()
    assert read_answer(WRITE, status=200, body=body, secrets=[CODE]) == read_answer(WRITE, status=200, body=body)
    body = json.dumps({"accessToken": CODE}).encode()
    assert read_answer(WRITE, status=200, body=body, secrets=[CODE]) == Success({"accessToken": CODE}, 200)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (rb'{"errorText":"half \ud800"}', "half \ufffd"),
        (rb'{"errorText":"half \udc00 \ud83dx"}', "half \ufffd \ufffdx"),
        (rb'{"errorText":"zero \u0000"}', "zero \ufffd"),
        (b'{"errorText":"zero \x00 new\nline"}', "zero \ufffd new\ufffdline"),
        (b'{"errorText":"no \xff UTF-8"}', "no \ufffd UTF-8"),
        (rb'{"errorText":"\ud83d\ude00 and half \ud83d"}', "\U0001f600 and half \ufffd"),
        (rb'"{\"errorText\":\"inside \\ud800\"}"', "inside \ufffd"),
    ],
)
def test_a_refusal_counts_whatever_letters_it_is_written_in(body: bytes, text: str) -> None:
    """Taken for an answer that says nothing, it would be read about and sent again."""
    refused = read(200, body)
    assert isinstance(refused, Rejected)
    assert refused.error_text == text


def test_a_done_write_counts_whatever_letters_are_in_its_answer() -> None:
    assert read(200, rb'{"orderId":5,"note":"half \ud800"}') == Success({"orderId": 5, "note": "half \ufffd"}, 200)
    assert read(200, rb'{"orderId":5,"path":"C:\\ud800"}') == Success({"orderId": 5, "path": r"C:\ud800"}, 200)


def test_what_is_no_document_even_with_its_letters_mended_says_nothing() -> None:
    for body in (b'{"orderId":5,}', b'{"orderId":"\x00', b'"' * 99, b'"\\' * 99, b'{"orderId":"\x00"}' + b" " * 2**20):
        assert isinstance(read(200, body), Unknown)
