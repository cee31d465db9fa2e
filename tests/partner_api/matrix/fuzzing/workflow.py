"""Calls in a row that schemathesis makes: what one answers is what the next is about, or a thing that is there."""

import itertools
from typing import Any

from tests.partner_api.matrix.fuzzing.driver import CHECKS, Driver


def workflow_of(driver: Driver, loaded: Any) -> Any:
    """The state machine of the schema, whose calls carry the driver's key and are counted by it."""
    made: Any = loaded.as_state_machine()
    numbers = itertools.count()

    class Workflow(made):
        def before_call(self, case: Any) -> None:
            driver.prepare(case)
            if next(numbers) % 2:
                driver.lead_to_own(case)

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"headers": dict(case.headers)}

        def validate_response(self, response: Any, case: Any, **more: Any) -> None:
            driver.note(case, response, checks=CHECKS)

    return Workflow
