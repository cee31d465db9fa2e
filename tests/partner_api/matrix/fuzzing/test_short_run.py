"""What schemathesis makes of the schema, a little of it for each operation: the whole run is in soak_whole_run.py."""

from tests.partner_api.matrix.fuzzing.driver import Driver, loaded_schema, operations_of
from tests.partner_api.matrix.planted import Planted

EXAMPLES = 3


def test_every_operation_answers_as_its_schema_says(ours: Planted, unlimited: None) -> None:
    driver = Driver(ours)
    for operation in operations_of(loaded_schema()):
        driver.send_known(operation)
        driver.send_made_up(operation, examples=EXAMPLES)

    assert not driver.faults, "\n\n".join(f"{name}: {fault}" for name, fault in driver.faults.items())
    assert driver.taken() >= 0.9, "\n".join(map(str, driver.never_taken().items()))
