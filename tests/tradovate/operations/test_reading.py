"""What a look-up found: only an answer of the right shape says that there is nothing."""

import pytest

from vendor_admin.tradovate.catalogue.look_ups import LookUp
from vendor_admin.tradovate.enums import Environment
from vendor_admin.tradovate.outcomes import Json, Success

ENTRY = {"id": 7, "name": "A1"}
LOG = LookUp(Environment.DEMO, "cashBalanceLog", "deps", 1)
BY_NAME = LookUp(Environment.DEMO, "account", "find", "A1")


@pytest.mark.parametrize(
    ("look_up", "body", "found"),
    [
        (LOG, [ENTRY], [ENTRY]),
        (LOG, [], []),
        (LOG, {}, None),
        (LOG, {"message": "try again"}, None),
        (LOG, None, None),
        (BY_NAME, ENTRY, [ENTRY]),
        (BY_NAME, {}, []),
        (BY_NAME, None, []),
        (BY_NAME, {"message": "try again"}, None),
    ],
)
def test_an_answer_of_another_shape_is_read_again_and_never_taken_for_nothing(
    look_up: LookUp, body: Json, found: list[Json] | None
) -> None:
    """Taken for an empty log, it would send a balance change a second time."""
    assert look_up.entities(Success(body)) == found
