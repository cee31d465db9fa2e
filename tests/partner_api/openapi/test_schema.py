"""The schema of the partner API: whole, valid, committed as it is, and without breaks since the last release."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.database import ROOT
from tests.support.partner_api.api import committed_schema
from vendor_admin.partner_api.openapi.breaking_changes import breaking_changes
from vendor_admin.partner_api.openapi.generation import SCHEMA_FILE, schema_text

BASELINE = Path(__file__).parent / "baseline.json"


def operations() -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in committed_schema()["paths"].items()
        for method, operation in methods.items()
    ]


def test_the_committed_schema_is_what_the_api_is() -> None:
    is_current = SCHEMA_FILE.read_text() == schema_text()

    assert is_current, "Run `make api-schema`, look at what changed in docs/api/openapi.json, and commit it."


def test_the_schema_is_valid_and_nothing_of_it_is_guessed(child_environment: dict[str, str], tmp_path: Path) -> None:
    made = subprocess.run(
        [sys.executable, "manage.py", "spectacular", "--fail-on-warn", "--validate", "--file", str(tmp_path / "made")],
        cwd=ROOT, env=child_environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip

    assert made.returncode == 0, made.stderr


def test_nothing_breaks_programs_written_for_the_last_release() -> None:
    assert breaking_changes(last_release(), committed_schema()) == []


def last_release() -> dict[str, Any]:
    """The schema of the newest tag that has one, or the first that was committed."""
    newest = git("describe", "--tags", "--abbrev=0")
    told = git("show", f"{newest}:docs/api/openapi.json") if newest else ""
    schema: dict[str, Any] = json.loads(told or BASELINE.read_text())
    return schema


def git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def test_every_operation_has_a_name_a_tag_a_summary_and_problems() -> None:
    names = [operation["operationId"] for _, operation in operations()]
    assert len(set(names)) == len(names)
    known = {tag["name"] for tag in committed_schema()["tags"]}
    for where, operation in operations():
        assert operation.get("summary"), where
        assert set(operation["tags"]) <= known, where
        assert operation["security"], where
        for code in ("400", "401", "403", "429", "503"):
            problem = operation["responses"][code]["content"]["application/problem+json"]["schema"]
            assert problem == {"$ref": "#/components/schemas/Problem"}, where


@pytest.mark.parametrize("path", ["/api/docs/", "/api/docs/redoc", "/api/schema", "/api/schema.json"])
def test_everybody_may_read_the_reference_which_loads_nothing_from_elsewhere(client: Any, db: None, path: str) -> None:
    answer = client.get(path)

    assert answer.status_code == 200
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy
    assert "script-src 'self';" in f"{policy};"
    if "docs" in path:
        assert b"//cdn" not in answer.content
        assert b"https://" not in answer.content
