"""The calls in docs/api/*.md work as they stand there: a shell reads them, and what it gives `curl` is sent here."""

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from tests.partner_api.matrix.planted import Planted
from tests.partner_api.matrix.probe import put_done_plan
from tests.support.database import ROOT

PAGES = sorted((ROOT / "docs" / "api").glob("*.md"))
BLOCK = re.compile(r"^```(?:sh|bash)\n(.*?)^```", re.MULTILINE | re.DOTALL)
OWN_VALUE = re.compile(r"^[A-Z_]+=.*…")
"""A line such as ACCOUNT=…: what the reader puts there, the test gives by the environment."""
STATUS = re.compile(r"#.*?\b([45][0-9]{2})\b")
WITH_VALUE = {"-X": "method", "-H": "header", "-d": "data", "--data": "data", "-o": "", "--max-time": ""}
CURL = """#!/bin/sh
for word in "$@"; do printf '%s\\0' "$word"; done >> "$CALLS"
printf '\\1' >> "$CALLS"
"""


@dataclass(frozen=True, slots=True)
class Call:
    """What a line gives to curl. `status` is the refusal that a comment before it names; 0: it is taken."""

    method: str
    path: str
    headers: dict[str, str]
    body: str
    status: int


@pytest.fixture
def shell(tmp_path: Path) -> Path:
    """A folder with programs that only say how they were called."""
    for name, text in {"curl": CURL, "uuidgen": "#!/bin/sh\necho 5f2c9a01-b7d4-4e0c-8a6b-1f3d5f2c9a01\n"}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("page", [page for page in PAGES if BLOCK.search(page.read_text())], ids=lambda page: page.stem)
def test_the_calls_of_a_page_are_answered(page: Path, ours: Planted, shell: Path) -> None:
    values = {
        "KEY": ours.program.text,
        "SITE": "http://localhost:8000",
        "API": "http://localhost:8000/api/v1",
        "ACCOUNT": ours.ids["account"],
        "CONTRACT": ours.ids["contract"],
        "MEMBER": ours.ids["member"],
        "PLAN": put_done_plan(ours),
    }
    asked = 0
    for block in BLOCK.findall(page.read_text()):
        for call in calls_of(block, shell=shell, values=values):
            answer: Any = Client().generic(
                call.method,
                call.path,
                call.body,
                content_type=call.headers.pop("Content-Type", "application/x-www-form-urlencoded"),
                headers=call.headers,
            )
            said = "" if answer.streaming else answer.content.decode()[:600]
            # A reader's own plan is reverted: this one did nothing that could be taken back.
            taken_back = call.path.endswith("/revert") and answer.status_code == 409 and "all_rows_skipped" in said
            right = answer.status_code == call.status if call.status else 200 <= answer.status_code < 300
            # Only test keys of organizations in test mode reset their platform, and these rows are of none.
            is_reset = call.path.endswith("/test/reset") and answer.status_code == 403 and "test_only" in said
            right = right or taken_back or is_reset
            assert right, f"{call.method} {call.path}: {answer.status_code} {said}"
            asked += 1
    assert asked, "the page has blocks of a shell and no call"


def calls_of(block: str, *, shell: Path, values: dict[str, str]) -> Iterator[Call]:
    """Every call of curl in a block, as a shell understands it."""
    lines = [line for line in block.splitlines() if not OWN_VALUE.match(line)]
    statuses, status = [], 0
    for line in lines:
        found = STATUS.search(line)
        status = int(found[1]) if found else status
        if "curl " in line:
            statuses.append(status)
            status = 0
    record = shell / "calls"
    record.unlink(missing_ok=True)
    environment = values | {"PATH": f"{shell}:{os.environ['PATH']}", "CALLS": str(record)}
    done = subprocess.run(
        ["sh", "-eu"], input="\n".join(lines), text=True, env=environment, cwd=shell, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for words, expected in zip(record.read_text().split("\1")[:-1], statuses, strict=True):
        yield call_of(words.split("\0")[:-1], status=expected)


def call_of(words: list[str], *, status: int) -> Call:
    """What the words of one call of curl ask for."""
    given: dict[str, list[str]] = {"method": [], "header": [], "data": [], "": [], "url": []}
    rest = iter(words)
    for word in rest:
        if word in WITH_VALUE:
            given[WITH_VALUE[word]].append(next(rest))
        elif not word.startswith("-"):
            given["url"].append(word)
    (address,) = given["url"]
    parts = urlsplit(address)
    headers = dict(line.split(": ", 1) for line in given["header"])
    # Nothing carries plans out here: an answer would come no sooner.
    headers.pop("Prefer", None)
    method = given["method"][0] if given["method"] else "POST" if given["data"] else "GET"
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    return Call(method, path, headers, "".join(given["data"]), status)
