"""The long run of schemathesis: many cases of each operation, and calls in a row, once for a key of each scope."""

import os
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.errors import FlakyStrategyDefinition

from tests.partner_api.matrix.callers import Callers
from tests.partner_api.matrix.fuzzing.driver import Driver, loaded_schema, operations_of, try_every_operation
from tests.partner_api.matrix.fuzzing.workflow import workflow_of
from tests.partner_api.matrix.planted import Planted
from tests.support.partner_api.program import EVERY_SCOPE

EXAMPLES = int(os.environ.get("API_EXAMPLES", "100"))
IN_A_ROW = int(os.environ.get("API_WORKFLOWS", "50"))
TOGETHER = 5
STEPS = 12


@pytest.fixture(params=["every scope", *EVERY_SCOPE])
def driver(request: pytest.FixtureRequest, ours: Planted, unlimited: None) -> Iterator[Driver]:
    """Prints what its program was answered."""
    scopes = EVERY_SCOPE if request.param == "every scope" else (request.param,)
    driver = Driver(ours, scopes=scopes, key=Callers(ours).with_scopes(*scopes).text)
    yield driver
    for name, counts in sorted(driver.statuses.items()):
        print(f"{request.param:20} {name:60} {dict(sorted(counts.items()))}")


def test_calls_in_a_row_answer_as_the_schema_says(driver: Driver) -> None:
    loaded = loaded_schema()
    mine = [operation for operation in operations_of(loaded) if driver.may(operation)]
    for operation in mine:  # before something has begun to change what the others are about
        driver.send_known(operation)
    workflow = workflow_of(driver, loaded)
    for _ in range(IN_A_ROW // TOGETHER):
        # Nothing is put back between two rows of calls. Where the second begins as the first did and finds other things
        # there, hypothesis gives up these few. What was found wrong until then is kept by the driver.
        with suppress(FlakyStrategyDefinition):
            workflow.run(
                settings=settings(
                    max_examples=TOGETHER,
                    stateful_step_count=STEPS,
                    deadline=None,
                    database=None,
                    suppress_health_check=list(HealthCheck),
                )
            )
    for operation in mine:
        driver.send_made_up(operation, examples=EXAMPLES // 5)
    assert not driver.faults, "\n\n".join(f"{name}: {fault}" for name, fault in driver.faults.items())
    never_taken = [operation.label for operation in mine if operation.label in driver.never_taken()]
    assert 10 * len(never_taken) <= len(mine), never_taken


def test_every_operation_answers_as_its_schema_says(ours: Planted, unlimited: None) -> None:
    try_every_operation(ours, examples=EXAMPLES)
