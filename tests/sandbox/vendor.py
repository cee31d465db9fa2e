"""A vendor's own plain program: calls writes, and checks every body against the platform's description."""

import itertools
from typing import Any

from tests.sandbox.plain_client import call, log_in
from tests.sandbox.platform_texts import specification, validator
from vendor_admin.sandbox.serving.server import RunningSandbox

_numbers = itertools.count(1)


class Vendor:
    """One organization of a running sandbox. Answers are (status, body), checked against their schemas."""

    def __init__(self, sandbox: RunningSandbox, *, organization: int = 0, token: str = "") -> None:
        self.sandbox = sandbox
        self.organization: int = sandbox.organizations()[organization]["id"]
        self.token = token or log_in(sandbox, organization)
        self.ids: dict[str, Any] = sandbox.control("ids", organization=self.organization)

    def demo(self, path: str, body: Any, *, is_described: bool = True) -> tuple[int, Any]:
        return self._write("demo", path, body, is_described=is_described)

    def live(self, path: str, body: Any, *, is_described: bool = True) -> tuple[int, Any]:
        return self._write("live", path, body, is_described=is_described)

    def _write(self, environment: str, path: str, body: Any, *, is_described: bool) -> tuple[int, Any]:
        assert complaints_of_request(path, body) == [] or not is_described
        status, answer = call(self.sandbox, environment, path, self.token, body)
        if status == 200:
            assert complaints_of_answer(path, answer) == []
        return status, answer

    def entities(self, environment: str, entity_type: str) -> dict[int, dict[str, Any]]:
        view = self.sandbox.view("expected", organization=self.organization, environment=environment)
        return {entity["id"]: entity for entity in view["entities"][entity_type]}

    def entity(self, environment: str, entity_type: str, entity_id: int) -> dict[str, Any]:
        return self.entities(environment, entity_type)[entity_id]

    def of_account(self, entity_type: str, account_id: int) -> list[dict[str, Any]]:
        entities = self.entities("demo", entity_type).values()
        return [entity for entity in entities if entity.get("accountId") == account_id]

    def of_user(self, entity_type: str, user_id: int, environment: str = "live") -> list[dict[str, Any]]:
        return [one for one in self.entities(environment, entity_type).values() if one["userId"] == user_id]

    def new_user_fields(self, **fields: Any) -> dict[str, Any]:
        number = next(_numbers)
        return {
            "name": f"MEMBER_{number:06d}",
            "email": f"member.{number}@traders.example",
            "password": "correct horse 7",
            "firstName": "Ada",
            "lastName": "Abel",
        } | fields

    def new_user(self, **fields: Any) -> int:
        status, answer = self.live("user/createevaluationusers", {"users": [self.new_user_fields(**fields)]})
        assert status == 200, answer
        return answer["results"][0]["userId"]

    def new_account_fields(self, user_id: int, **fields: Any) -> dict[str, Any]:
        return {
            "userId": user_id,
            "templateAccountId": self.ids["templates"][0]["id"],
            "name": f"EVAL{next(_numbers):06d}",
            "initialBalance": 25_000,
        } | fields

    def new_account(self, user_id: int | None = None, **fields: Any) -> int:
        user_id = self.new_user() if user_id is None else user_id
        accounts = [self.new_account_fields(user_id, **fields)]
        status, answer = self.demo("user/createevaluationaccounts", {"accounts": accounts})
        assert status == 200, answer
        return answer["results"][0]["accountId"]

    def ledger(self, path: str, *, after: int = 0) -> list[dict[str, Any]]:
        entries = self.sandbox.view("ledger", after=after, kind="write", limit=20_000)["entries"]
        return [entry for entry in entries if entry["endpoint"] == path]


def complaints_of_request(path: str, body: Any) -> list[str]:
    """What the description says against a request; an undocumented one has nothing to say."""
    return _complaints(_operation(path)["requestBody"], body)


def complaints_of_answer(path: str, answer: Any) -> list[str]:
    """What the description says against an answer; every operation may answer with violations or a ticket."""
    if isinstance(answer, dict) and ("violations" in answer or "p-ticket" in answer):
        schema = "ViolationsResponse" if "violations" in answer else "PenaltyTicketResponse"
        return [error.message for error in validator(schema).iter_errors(answer)]
    return _complaints(_operation(path)["responses"]["200"], answer)


def _operation(path: str) -> dict[str, Any]:
    return specification()["paths"][f"/{path}"]["post"]


def _complaints(described: dict[str, Any], body: Any) -> list[str]:
    schema = described["content"]["application/json"]["schema"]
    if "$ref" not in schema:
        return [] if isinstance(body, dict) else ["no object"]
    name = schema["$ref"].rpartition("/")[2]
    return [f"{error.json_path}: {error.message}" for error in validator(name).iter_errors(body)]
