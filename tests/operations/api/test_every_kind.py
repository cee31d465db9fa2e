"""Every plan kind is there for programs: its own example is taken, and nothing that is sent is a server error."""

from typing import Any

import pytest

from tests.support.partner_api.program import ApiProgram
from vendor_admin.operations.kinds import all_kinds
from vendor_admin.organizations.models import Organization

KINDS = [kind.name for kind in all_kinds()]
ODD: tuple[Any, ...] = (None, "", "0", -1, 2**63, 1e308, True, [], {}, ["x"], {"id": 1}, "x" * 10_000, "\u0000")


@pytest.fixture
def program(alpha: Organization, trading_day: Any) -> ApiProgram:
    trading_day(2)
    return ApiProgram.of(alpha)


def test_each_kind_is_listed_with_schema_and_example(program: ApiProgram) -> None:
    listed = program.get("/api/v1/plan-kinds").json()["data"]
    assert [kind["name"] for kind in listed] == sorted(KINDS)
    for kind in listed:
        assert kind["row"]["additionalProperties"] is False
        assert kind["scopes"], f"no scope gives the right to {kind['name']}"
        assert set(kind["row"].get("required", ())) <= set(kind["example"]["rows"][0]) | {
            "password",
            "current_password",
        }


@pytest.mark.parametrize("name", KINDS)
def test_the_example_of_a_kind_is_read(program: ApiProgram, name: str) -> None:
    example = program.get(f"/api/v1/plan-kinds/{name}").json()["example"]
    answer = program.post("/api/v1/plans?dry_run=true", example)
    problem = answer.json()
    codes = {fault["code"] for fault in problem.get("errors", ())}
    assert answer.status_code in (200, 422), problem
    assert codes <= {"not_found", "required"}, problem


@pytest.mark.parametrize("name", KINDS)
def test_odd_values_are_refused_and_never_a_server_error(program: ApiProgram, name: str) -> None:
    schema = program.get(f"/api/v1/plan-kinds/{name}").json()
    for field in schema["row"]["properties"]:
        rows = [schema["example"]["rows"][0] | {field: odd} for odd in ODD]
        answer = program.post("/api/v1/plans?dry_run=true", {"kind": name, "rows": rows, "reason": "x"})
        assert 200 <= answer.status_code < 500, (field, answer.content)
