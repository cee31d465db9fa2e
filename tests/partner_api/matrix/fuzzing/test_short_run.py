"""What schemathesis makes of the schema, a little of it for each operation: the whole run is in soak_whole_run.py."""

from tests.partner_api.matrix.fuzzing.driver import try_every_operation
from tests.partner_api.matrix.planted import Planted


def test_every_operation_answers_as_its_schema_says(ours: Planted, unlimited: None) -> None:
    try_every_operation(ours, examples=3)
