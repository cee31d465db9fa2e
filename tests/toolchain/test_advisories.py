"""CI's look at known vulnerabilities, with a pip-audit that answers as a test wants."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.database import ROOT

KNOWN = {"name": "django", "version": "5.2.0", "vulns": []}
UNKNOWN = {"name": "celery", "skip_reason": "Dependency not found"}
VULNERABLE = {
    "name": "requests",
    "version": "2.34.0",
    "vulns": [{"id": "PYSEC-2026-7", "aliases": ["CVE-2026-1234"], "fix_versions": ["2.34.1"], "description": "bad"}],
}
OLD = {"name": "paramiko", "version": "2.4.0", "vulns": [{"id": "PYSEC-2018-68", "aliases": [], "fix_versions": []}]}
# Answers from a file for each source; without one it fails like a source that cannot be reached.
FAKE = """#!{python}
import pathlib, sys, time
given = dict(zip(sys.argv[1:], sys.argv[2:]))
answer = pathlib.Path(__file__).with_name(given["--vulnerability-service"] + ".answer")
if not answer.exists():
    sys.exit("Name or service not known")
if answer.read_text() == "hang":
    time.sleep(600)
pathlib.Path(given["--output"]).write_text(answer.read_text())
"""


class Look:
    """One run of the look-up in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = folder / "pip-audit"
        self.program.write_text(FAKE.replace("{python}", sys.executable))
        self.program.chmod(0o755)
        self.accepted = folder / "accepted.txt"
        self.accepted.write_text("# nothing\n")

    def says(self, source: str, *dependencies: dict[str, Any], of_old: dict[str, Any] = OLD) -> None:
        self.writes(source, json.dumps({"dependencies": [*dependencies, of_old]}))

    def writes(self, source: str, text: str) -> None:
        (self.folder / f"{source}.answer").write_text(text)

    def run(self, *, seconds: int = 30) -> tuple[int, str]:
        command = [
            sys.executable,
            ".ci/advisories.py",
            "--program",
            str(self.program),
            "--accepted",
            str(self.accepted),
        ]
        done = subprocess.run(
            [*command, "--seconds", str(seconds)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
        )
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def look(tmp_path: Path) -> Look:
    return Look(tmp_path)


def test_dependencies_without_known_vulnerabilities_pass(look: Look) -> None:
    look.says("pypi", KNOWN, UNKNOWN)
    code, said = look.run()
    assert code == 0
    assert "Looked up 1 of 2 locked dependencies at PyPI. Not found there: celery." in said


def test_a_known_vulnerability_fails_and_is_named(look: Look) -> None:
    look.says("pypi", KNOWN, VULNERABLE)
    code, said = look.run()
    assert code == 1
    assert "VULNERABLE: requests 2.34.0: CVE-2026-1234, PYSEC-2026-7 (fixed in 2.34.1)" in said


@pytest.mark.parametrize("name", ["CVE-2026-1234", "PYSEC-2026-7"])
def test_one_that_is_accepted_with_a_reason_does_not_fail(look: Look, name: str) -> None:
    look.says("pypi", VULNERABLE)
    look.accepted.write_text(f"{name} We never send what it needs.\nCVE-2020-1 Long gone.\n")
    code, said = look.run()
    assert code == 0
    assert "accepted: requests 2.34.0" in said
    assert "We never send what it needs." in said
    assert "CVE-2020-1 is accepted, but not found any more" in said


def test_one_that_is_accepted_without_a_reason_fails(look: Look) -> None:
    look.says("pypi", VULNERABLE)
    look.accepted.write_text("CVE-2026-1234\n")
    assert look.run() == (1, "accepted.txt: CVE-2026-1234 has no reason.\n")


def test_a_source_that_knows_nothing_of_ours_gives_way_to_the_next(look: Look) -> None:
    look.says("pypi", UNKNOWN)
    look.says("osv", VULNERABLE)
    code, said = look.run()
    assert code == 1
    assert "Looked up 1 of 1 locked dependencies at OSV." in said


def test_a_source_that_names_no_vulnerability_of_anything_has_not_been_asked(look: Look) -> None:
    look.says("pypi", KNOWN, of_old=OLD | {"vulns": []})
    code, said = look.run()
    assert code == 0
    assert said.startswith("NOT CHECKED for known vulnerabilities: PyPI as it is reached from here names no vulner")


@pytest.mark.parametrize(
    "text",
    [
        '{"dependencies": [{"name": "dja',
        "[]",
        '{"dependencies": {"django": 1}}',
        '{"dependencies": [{"name": "django", "version": "5.2.0"}]}',
        '{"dependencies": [{"name": "django", "version": "5.2.0", "vulns": [{"aliases": null}]}]}',
    ],
)
def test_an_answer_that_cannot_be_read_gives_way_to_the_next(look: Look, text: str) -> None:
    look.writes("pypi", text)
    look.says("osv", KNOWN)
    code, said = look.run()
    assert (code, said) == (0, "Looked up 1 of 1 locked dependencies at OSV.\n")


def test_it_says_plainly_that_nothing_was_checked(look: Look) -> None:
    look.says("pypi", UNKNOWN)
    code, said = look.run()
    assert code == 0
    assert said.startswith("NOT CHECKED for known vulnerabilities: PyPI as it is reached from here knows none of 1 dep")
    assert said.endswith("; OSV could not be asked (Name or service not known).\n")


def test_it_ends_in_time_and_says_so(look: Look) -> None:
    (look.folder / "pypi.answer").write_text("hang")
    began = time.monotonic()
    code, said = look.run(seconds=2)
    assert (code, said) == (0, "NOT CHECKED for known vulnerabilities: it took too long.\n")
    assert time.monotonic() - began < 30
