"""The codes of what is wrong with a field are words that programs may rely on: all stand in one list."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.database import ROOT
from tests.tradovate.operations.examples import BODIES, NOW
from vendor_admin.errors import FAULT_CODES
from vendor_admin.tradovate.errors import InvalidRequest
from vendor_admin.tradovate.operations import WRITES

TOPS = ("vendor_admin", "accounts", "risk", "oauth_bridge")
FAULTS = ("Fault", "ParameterFault")
ODD_VALUES: tuple[Any, ...] = (
    None,
    "",
    "x" * 5_000,
    "a\nb",
    -1,
    10**20,
    0,
    1.5,
    True,
    "1e3",
    "NaN",
    "no such word",
    [],
    [[]],
    {},
    [{}],
)


def codes_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and code of each fault that is written down with a code of its own."""
    constants = {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or ast.unparse(node.func).rpartition(".")[2] not in FAULTS:
            continue
        code = node.args[1] if len(node.args) > 1 else None
        code = constants.get(code.id) if isinstance(code, ast.Name) else code
        for part in (code.body, code.orelse) if isinstance(code, ast.IfExp) else (code,):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                yield node.lineno, part.value


def product_files() -> Iterator[Path]:
    for top in TOPS:
        yield from sorted((ROOT / top).rglob("*.py"))


def test_every_code_that_is_written_down_is_in_the_list() -> None:
    found = [
        (f"{path.relative_to(ROOT)}:{line}", code)
        for path in product_files()
        for line, code in codes_in(ast.parse(path.read_text()))
    ]
    assert len(found) > 50, "the faults are written in another way: this test sees none"
    strange = [f"{where} has {code}" for where, code in found if code not in FAULT_CODES]
    assert not strange, f"add them to FAULT_CODES in vendor_admin/errors.py, or use one of these: {strange}"


def test_a_code_is_seen_where_it_is_written_as_a_constant_or_as_one_of_two() -> None:
    source = """
TAKEN = "taken"
Fault("a", TAKEN, "text")
errors.Fault("b", "zero" if nothing else "too_long", "text")
ParameterFault("c", "required", "text")
Fault("d", computed(), "text")
"""
    assert [code for _, code in codes_in(ast.parse(source))] == ["taken", "zero", "too_long", "required"]


@pytest.mark.parametrize("path", sorted(WRITES))
def test_whatever_is_wrong_with_a_call_of_the_platform_has_a_code_that_says_what(path: str) -> None:
    for name in BODIES[path]:
        for odd in ODD_VALUES:
            for code in refusals_of(path, {**BODIES[path], name: odd}):
                assert code in FAULT_CODES
                assert code != "invalid", (path, name, odd)


def refusals_of(path: str, body: dict[str, Any]) -> list[str]:
    try:
        WRITES[path].read(body, now=NOW)
    except InvalidRequest as invalid:
        return [fault.code for fault in invalid.faults]
    return []


@pytest.mark.parametrize(
    ("fields", "codes"),
    [
        ({"name": "ab"}, {"users[0].name": "too_short"}),
        ({"name": "x" * 65}, {"users[0].name": "too_long"}),
        ({"email": "nowhere"}, {"users[0].email": "wrong_form"}),
        ({"firstName": 5}, {"users[0].firstName": "wrong_type"}),
        ({"lastName": "a\nb"}, {"users[0].lastName": "unprintable"}),
        ({"age": 5}, {"users[0].age": "unknown_field"}),
        ({"tradovateSubscriptionPlanId": 0}, {"users[0].tradovateSubscriptionPlanId": "out_of_range"}),
        ({"tradovateSubscriptionPlanId": "7"}, {"users[0].tradovateSubscriptionPlanId": "wrong_type"}),
    ],
)
def test_a_code_says_what_is_wrong(fields: dict[str, Any], codes: dict[str, str]) -> None:
    (user, *_) = BODIES["user/createevaluationusers"]["users"]
    with pytest.raises(InvalidRequest) as refused:
        WRITES["user/createevaluationusers"].read({"users": [{**user, **fields}]}, now=NOW)
    assert {fault.field: fault.code for fault in refused.value.faults} == codes
