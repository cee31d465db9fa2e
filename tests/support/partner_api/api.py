"""A client of the partner API with a real key, which compares every answer with the committed schema."""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for

from tests.support.partner_api.program import ApiProgram
from vendor_admin.organizations.models import Organization
from vendor_admin.partner_api.openapi.generation import SCHEMA_FILE


class Api:
    """`get`, `post`, … with the status that is expected (2xx if none is), and the answer as the schema has it."""

    def __init__(self, program: ApiProgram) -> None:
        self.program = program

    @classmethod
    def of(cls, organization: Organization, **more: Any) -> "Api":
        return cls(ApiProgram.of(organization, **more))

    def get(self, path: str, *, expect: int | tuple[int, ...] = (200,), **more: Any) -> Any:
        return self.send("get", path, expect=expect, **more)

    def post(self, path: str, data: Any = None, *, expect: int | tuple[int, ...] = (200, 201, 202), **more: Any) -> Any:
        return self.send("post", path, expect=expect, data=data, **more)

    def put(self, path: str, data: Any = None, *, expect: int | tuple[int, ...] = (200, 201, 202), **more: Any) -> Any:
        return self.send("put", path, expect=expect, data=data, **more)

    def patch(self, path: str, data: Any = None, *, expect: int | tuple[int, ...] = (200, 202), **more: Any) -> Any:
        return self.send("patch", path, expect=expect, data=data, **more)

    def delete(self, path: str, *, expect: int | tuple[int, ...] = (200, 202, 204), **more: Any) -> Any:
        return self.send("delete", path, expect=expect, **more)

    def send(self, method: str, path: str, *, expect: int | tuple[int, ...], **more: Any) -> Any:
        answer = self.program.send(method, path, **more)
        expected = (expect,) if isinstance(expect, int) else expect
        assert answer.status_code in expected, (answer.status_code, getattr(answer, "content", b"")[:2000])
        check_answer(method, path, answer)
        return answer


def check_answer(method: str, path: str, answer: Any) -> None:
    """Fail where the schema has no such answer, or describes another one."""
    operation = operation_of(method, path.partition("?")[0])
    described = operation["responses"].get(str(answer.status_code))
    assert described is not None, f"{method} {path}: the schema has no answer {answer.status_code}"
    content = described.get("content")
    if not content or answer.streaming:
        return
    kind = answer["Content-Type"].partition(";")[0]
    assert kind in content, f"{method} {path}: the schema has no {kind}"
    if kind.endswith("json"):
        faults = [
            f"{fault.json_path}: {fault.message[:300]}"
            for fault in validator_of(json.dumps(content[kind]["schema"])).iter_errors(answer.json())
        ]
        assert not faults, faults


@cache
def committed_schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(SCHEMA_FILE.read_text())
    return schema


@cache
def validator_of(schema: str) -> Any:
    """A validator of a part of the schema, with its components and the formats of strings."""
    whole = {**json.loads(schema), "components": committed_schema()["components"]}
    return validator_for(whole, default=Draft202012Validator)(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)


def operation_of(method: str, path: str) -> Mapping[str, Any]:
    """What the schema says of an address, by its pattern: words before placeholders."""
    for pattern in sorted(committed_schema()["paths"], key=lambda one: one.count("{")):
        if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", pattern), path):
            operation: Mapping[str, Any] | None = committed_schema()["paths"][pattern].get(method)
            if operation is not None:
                return operation
    raise AssertionError(f"the schema has no {method.upper()} {path}")
