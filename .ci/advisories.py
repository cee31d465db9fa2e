"""Look the locked dependencies up in the advisories of known vulnerabilities, by pip-audit in a folder of its own.

    .venv/bin/python .ci/advisories.py

Fails where a dependency has a known vulnerability that accepted-vulnerabilities.txt gives no reason for. Where no
source of advisories can be reached, or none knows our dependencies, it says so and does not fail. Takes a minute.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
PIP_AUDIT = "pip-audit==2.10.1"
SOURCES = {"pypi": "PyPI", "osv": "OSV"}
SECONDS = 60.0
# Not ours: an old release with advisories, asked for as well. Behind some mirrors of PyPI an answer names no
# vulnerabilities of anything, which pip-audit takes for none.
OF_OLD = "paramiko"
OF_OLD_LINE = f"{OF_OLD}==2.4.0 --hash=sha256:{'0' * 64}\n"


class NotChecked(Exception):
    """The advisories could not be asked; the text says why."""


@dataclass(frozen=True)
class Found:
    """A known vulnerability of a locked dependency."""

    dependency: str
    names: frozenset[str]
    fixed_in: str

    def __str__(self) -> str:
        mend = f"fixed in {self.fixed_in}" if self.fixed_in else "no fix is known"
        return f"{self.dependency}: {', '.join(sorted(self.names))} ({mend})"


@dataclass(frozen=True)
class Dependency:
    """What a source says of a dependency. `version`: empty where it does not know it."""

    name: str
    version: str
    found: tuple[Found, ...]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what was found; returns the exit code."""
    options = _options(arguments)
    accepted = dict(_accepted(options.accepted))
    deadline = time.monotonic() + options.seconds
    try:
        with tempfile.TemporaryDirectory(prefix="pip-audit-") as folder:
            program = options.program or _install(Path(folder), deadline=deadline)
            found, said = _ask(program, options.lock, Path(folder), deadline=deadline)
    except NotChecked as why:
        print(f"NOT CHECKED for known vulnerabilities: {why}")
        return 0
    print(said)
    open_ones = [one for one in found if not one.names & accepted.keys()]
    for one in found:
        reasons = [accepted[name] for name in sorted(one.names & accepted.keys())]
        print(f"{'accepted' if reasons else 'VULNERABLE'}: {one}{': ' + reasons[0] if reasons else ''}")
    for name in sorted(accepted.keys() - {name for one in found for name in one.names}):
        print(f"{name} is accepted, but not found any more: take it out of {options.accepted.name}")
    return 1 if open_ones else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lock", type=Path, default=HERE.parent / "requirements.lock")
    parser.add_argument("--accepted", type=Path, default=HERE / "accepted-vulnerabilities.txt")
    parser.add_argument("--program", type=Path, help="a pip-audit that is there already")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    return parser.parse_args(arguments)


def _accepted(path: Path) -> Iterator[tuple[str, str]]:
    """(name of a vulnerability, why it is accepted) of each line."""
    for line in path.read_text().splitlines():
        name, _, reason = line.partition("#")[0].strip().partition(" ")
        if name and not reason.strip():
            sys.exit(f"{path.name}: {name} has no reason.")
        if name:
            yield name, reason.strip()


def _install(folder: Path, *, deadline: float) -> Path:
    """pip-audit in an environment of its own."""
    quiet = ("--quiet", "--disable-pip-version-check", "--no-input")
    for command in (
        (sys.executable, "-m", "venv", str(folder / "venv")),
        (str(folder / "venv" / "bin" / "python"), "-m", "pip", "install", *quiet, PIP_AUDIT),
    ):
        code, _ = _run(command, deadline=deadline)
        if code:
            raise NotChecked("pip-audit could not be installed.")
    return folder / "venv" / "bin" / "pip-audit"


def _ask(program: Path, lock: Path, folder: Path, *, deadline: float) -> tuple[list[Found], str]:
    """The vulnerabilities by the first source that knows our dependencies, and how many it knew."""
    failures = []
    asked = folder / "asked.txt"
    asked.write_text(f"{lock.read_text()}\n{OF_OLD_LINE}")
    for source, name in SOURCES.items():
        answer = folder / f"{source}.json"
        options = ("--disable-pip", "--require-hashes", "--progress-spinner", "off", "--timeout", "5")
        command = (str(program), "--requirement", str(asked), *options, "--vulnerability-service", source)
        _, words = _run((*command, "--format", "json", "--output", str(answer)), deadline=deadline)
        try:
            return _made_of(answer, name=name, words=words)
        except NotChecked as why:
            failures.append(str(why))
    raise NotChecked("; ".join(failures) + ".")


def _made_of(answer: Path, *, name: str, words: str) -> tuple[list[Found], str]:
    """What a source said. Raises NotChecked where that tells nothing of our dependencies."""
    if not answer.is_file() or not answer.stat().st_size:
        last = words.strip().splitlines()[-1:] or ["no words"]
        raise NotChecked(f"{name} could not be asked ({last[0][:200]})")
    try:
        answered = [_read(one) for one in json.loads(answer.read_bytes())["dependencies"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NotChecked(f"what pip-audit made of {name} could not be read") from None
    dependencies = [one for one in answered if one.name != OF_OLD]
    known = [one for one in dependencies if one.version]
    if not known:
        raise NotChecked(f"{name} as it is reached from here knows none of {len(dependencies)} dependencies")
    if not any(one.found for one in answered if one.name == OF_OLD):
        raise NotChecked(f"{name} as it is reached from here names no vulnerabilities, even of an old {OF_OLD}")
    said = f"Looked up {len(known)} of {len(dependencies)} locked dependencies at {name}."
    if left_out := sorted(one.name for one in dependencies if not one.version):
        said += f" Not found there: {', '.join(left_out)}."
    return [found for one in known for found in one.found], said


def _read(answered: dict) -> Dependency:
    if "skip_reason" in answered:
        return Dependency(answered["name"], "", ())
    name, version = answered["name"], answered["version"]
    found = tuple(
        Found(
            f"{name} {version}",
            frozenset((one["id"], *one.get("aliases", ()))),
            ", ".join(one.get("fix_versions", ())),
        )
        for one in answered["vulns"]
    )
    return Dependency(name, version, found)


def _run(command: Sequence[str], *, deadline: float) -> tuple[int, str]:
    """The exit code and all output of a command, which is ended with its children when time is over."""
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace", start_new_session=True,
    )  # fmt: skip
    try:
        words, _ = process.communicate(timeout=max(0.1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise NotChecked("it took too long.") from None
    return process.returncode, words


if __name__ == "__main__":
    sys.exit(main())
