"""What may be sent again without reading: every write of the catalogue, whatever its call comes to."""

from typing import get_args

import pytest

from tests.tradovate.every_outcome import WORDS_OF_SESSIONS, Resend, every_outcome_of
from vendor_admin.tradovate.answers import read_answer
from vendor_admin.tradovate.operations import WRITES
from vendor_admin.tradovate.outcomes import Outcome, Unauthorized, Unknown
from vendor_admin.tradovate.resending import may_be_resent

EVERY_WRITE = pytest.mark.parametrize("path", sorted(WRITES))


@EVERY_WRITE
def test_only_proof_that_a_write_was_not_executed_lets_it_out_again_unread(path: str) -> None:
    operation = WRITES[path].operation
    for came, outcome, resend in every_outcome_of(operation):
        expected = resend is Resend.ALWAYS or (resend is Resend.IF_HARMLESS and operation.harmless_to_repeat)
        assert may_be_resent(operation, outcome) == expected, (came, outcome)


@EVERY_WRITE
def test_time_outs_server_errors_and_words_leave_a_write_in_doubt_that_must_not_be_made_twice(path: str) -> None:
    operation = WRITES[path].operation
    if operation.harmless_to_repeat:
        return
    words = [text.encode() for text in WORDS_OF_SESSIONS]
    for status, body in [*((status, text) for status in (400, 408, 500, 503, 599) for text in words), (408, b"")]:
        assert isinstance(read_answer(operation, status=status, body=body), Unknown), (status, body)


def test_the_table_knows_every_kind_of_outcome() -> None:
    """Whoever adds one decides here whether it is proof."""
    in_table = {type(outcome) for write in WRITES.values() for _, outcome, _ in every_outcome_of(write.operation)}
    assert in_table == set(get_args(Outcome))


@pytest.mark.parametrize(("status", "is_about_token"), [(401, True), (403, False)])
def test_403_is_about_rights_and_never_about_the_token(status: int, is_about_token: bool) -> None:
    outcome = read_answer(WRITES["fundTransaction/adjustcash"].operation, status=status, body=b"Access is denied")
    assert isinstance(outcome, Unauthorized)
    assert outcome.is_about_token == is_about_token
