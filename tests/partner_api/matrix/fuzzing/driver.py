"""Sends what schemathesis makes of the API's schema through the WSGI application, and checks every answer."""

import itertools
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_schema_conformance,
    status_code_conformance,
)

from tests.partner_api.matrix.planted import Planted
from tests.partner_api.matrix.probe import filled, put_plan
from tests.partner_api.matrix.table import TABLE
from tests.support.partner_api.program import EVERY_SCOPE
from vendor_admin.partner_api.openapi.generation import schema
from vendor_admin.wsgi import application

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
_numbers = itertools.count(1)


def loaded_schema() -> Any:
    """The schema that this process serves, with the application behind it."""
    loaded = schemathesis.openapi.from_dict(schema())
    loaded.app = application
    return loaded


def operations_of(loaded: Any) -> list[Any]:
    """Every operation; those that delete come last, since the others are about the same things."""
    operations = [found.ok() for found in loaded.get_all_operations()]
    return sorted(operations, key=lambda operation: operation.method.upper() == "DELETE")


def name_of(operation: Any) -> str:
    """What the table of the matrix calls an operation."""
    return f"{operation.method.upper()} {operation.path.removeprefix('/api/v1/')}"


def cases_of(operation: Any) -> Any:
    """Cases as the schema has them, and such as it forbids: operations that take nothing have none of these."""
    good = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    takes_something = operation.body or operation.query or operation.path_parameters
    return good | operation.as_strategy(generation_mode=GenerationMode.NEGATIVE) if takes_something else good


def try_every_operation(planted: Planted, *, examples: int) -> None:
    """Send each operation what is known to be taken and some made-up cases; fail where an answer breaks the schema, or
    where less than nine of ten operations were taken at least once.
    """
    driver = Driver(planted)
    for operation in operations_of(loaded_schema()):
        driver.send_known(operation)
        driver.send_made_up(operation, examples=examples)
    assert not driver.faults, "\n\n".join(f"{name}: {fault}" for name, fault in driver.faults.items())
    assert driver.taken() >= 0.9, "\n".join(map(str, driver.never_taken().items()))


class Driver:
    """Sends cases as one program. `statuses` counts what each operation answered, `faults` has what was wrong."""

    def __init__(self, planted: Planted, *, key: str = "", scopes: Collection[str] = EVERY_SCOPE) -> None:
        self.planted, self.scopes = planted, scopes
        self.key = key or planted.program.text
        self.statuses: dict[str, Counter[int]] = defaultdict(Counter)
        self.faults: dict[str, str] = {}

    def send(self, case: Any, *, checks: list[Any] = CHECKS) -> Any:
        """Send a case, and note what its answer breaks."""
        self.prepare(case)
        response = case.call(headers=dict(case.headers))
        self.note(case, response, checks=checks)
        return response

    def prepare(self, case: Any) -> None:
        """Give a case the key, and an idempotency key of its own."""
        own = {
            "Authorization": f"Bearer {self.key}",
            "Idempotency-Key": f"fuzz-{next(_numbers)}",
            "Accept-Encoding": "identity",
        }
        case.headers = {**(case.headers or {}), **own}
        case.headers.pop("Prefer", None)  # nothing carries plans out here: it would only wait

    def note(self, case: Any, response: Any, *, checks: list[Any]) -> None:
        """Count an answer, and keep the first of each kind that the schema does not allow."""
        label = case.operation.label
        self.statuses[label][response.status_code] += 1
        try:
            case.validate_response(response, checks=checks, headers=dict(case.headers))
        except FailureGroup as failed:
            self.faults.setdefault(f"{label} {response.status_code}", str(failed)[:1500])

    def send_known(self, operation: Any) -> None:
        """Send what the matrix knows to be taken, and the same once without credentials."""
        row = TABLE.get(name_of(operation))
        if row is None:
            return
        ids = put_plan(self.planted, row.plan)
        address = {"id": ids.get(row.id, ""), "name": ids.get(row.id, ""), "webhook_id": ids["webhook"]}
        query: dict[str, Any] = dict(row.query)
        if row.body is not None and row.has_dry_run:
            query["dry_run"] = "true"
        parts: dict[str, Any] = {"path_parameters": {k: v for k, v in address.items() if f"{{{k}}}" in operation.path}}
        if row.body is not None and operation.body:
            parts |= {"body": filled(row.body, ids), "media_type": "application/json"}
        self.send(operation.Case(query=query, **parts), checks=[*CHECKS, ignored_auth])

    def send_made_up(self, operation: Any, *, examples: int) -> None:
        """Send cases that are made of the schema, and as many that are made to break it; every other one is about a
        thing that is there.
        """

        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=cases_of(operation), is_own=st.booleans())
        def run(case: Any, is_own: bool) -> None:
            if is_own:
                self.lead_to_own(case)
            self.send(case)

        run()

    def lead_to_own(self, case: Any) -> None:
        """Have the address of a case name things that are there."""
        row = TABLE.get(name_of(case.operation))
        known = {"id": self.planted.ids.get(row.id, "") if row else "", "webhook_id": self.planted.ids["webhook"]}
        given = case.path_parameters or {}
        case.path_parameters = {**given, **{name: word for name, word in known.items() if word and name in given}}

    def may(self, operation: Any) -> bool:
        """Whether the matrix knows something that is taken of an operation, and the program has the scopes for it."""
        row = TABLE.get(name_of(operation))
        return row is not None and row.own < 300 and {row.scope, row.also} - {""} <= set(self.scopes)

    def taken(self) -> float:
        """The share of operations that answered with a 2xx at least once."""
        return sum(any(200 <= one < 300 for one in found) for found in self.statuses.values()) / len(self.statuses)

    def never_taken(self) -> Mapping[str, Mapping[int, int]]:
        return {name: dict(found) for name, found in self.statuses.items() if not any(200 <= n < 300 for n in found)}
