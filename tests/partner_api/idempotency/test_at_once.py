"""The same write from many sides at once, and from a process that dies at any step."""

import io
import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from django.db import connections
from django.test import override_settings

from tests.partner_api.idempotency import notes
from tests.partner_api.idempotency.notes import NOTES, STEPS, notes_of
from tests.support.database import ROOT
from tests.support.partner_api.program import ApiProgram
from vendor_admin.organizations.models import Organization
from vendor_admin.wsgi import application

AT_ONCE = 50


@pytest.fixture
def program(alpha: Organization) -> Iterator[ApiProgram]:
    with override_settings(ROOT_URLCONF=notes.__name__):
        yield ApiProgram.of(alpha)


def through_wsgi(program: ApiProgram, *, key: str, text: str = "hello") -> tuple[int, dict[str, str], Any]:
    """Status, headers and JSON of a write, as the web role's server gets them from the product."""
    body = json.dumps({"text": text}).encode()
    environ: dict[str, Any] = {
        "PATH_INFO": NOTES,
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_AUTHORIZATION": f"Bearer {program.text}",
        "HTTP_IDEMPOTENCY_KEY": key,
        "wsgi.input": io.BytesIO(body),
    }
    setup_testing_defaults(environ)
    environ["HTTP_HOST"] = "localhost"
    said: list[tuple[str, dict[str, str]]] = []

    def start_response(status: str, headers: Any, exc_info: Any = None, /) -> Callable[[bytes], object]:
        said.append((status, dict(headers)))
        return print

    answer: Any = application(environ, start_response)
    content = b"".join(answer)
    answer.close()
    ((status, headers),) = said
    return int(status.split()[0]), headers, json.loads(content)


def test_fifty_equal_writes_at_once_change_one_thing(program: ApiProgram, alpha: Organization) -> None:
    start = Barrier(AT_ONCE)

    def send(_: int) -> tuple[int, dict[str, str], Any]:
        start.wait(timeout=60)
        try:
            return through_wsgi(program, key="key-1")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = list(threads.map(send, range(AT_ONCE)))

    assert notes_of(alpha) == ["hello"]
    told = Counter((status, headers.get("Idempotent-Replayed", "")) for status, headers, _ in answers)
    assert told[202, ""] == 1, told
    assert set(told) <= {(202, ""), (202, "true"), (409, "")}, told
    assert {body["code"] for status, _, body in answers if status == 409} <= {"idempotency_key_in_use"}
    assert len({json.dumps(body) for status, _, body in answers if status == 202}) == 1
    status, headers, _ = through_wsgi(program, key="key-1")
    assert (status, headers["Idempotent-Replayed"]) == (202, "true")


@contextmanager
def standing_still(
    program: ApiProgram, environment: dict[str, str], *, at: str, seconds: int = 600
) -> Iterator[subprocess.Popen[str]]:
    """A process that serves the write and has come to a step; the database ends it after so many seconds."""
    arguments = ["tests.partner_api.idempotency.stuck_request", program.text, "key-1", at, str(seconds)]
    with subprocess.Popen(
        [sys.executable, "-m", *arguments], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as child:
        try:
            assert child.stdout is not None
            assert any(line == f"at {at}\n" for line in iter(child.stdout.readline, ""))
            yield child
        finally:
            child.kill()


def answer_once_free(program: ApiProgram) -> tuple[int, dict[str, str], Any]:
    deadline = time.monotonic() + 30
    while (answer := through_wsgi(program, key="key-1"))[0] == 409:
        assert time.monotonic() < deadline, "the claim of the process does not end"
    return answer


@pytest.mark.parametrize("step", STEPS)
def test_a_write_whose_process_is_killed_at_any_step_runs_once(
    program: ApiProgram, alpha: Organization, child_environment: dict[str, str], step: str
) -> None:
    with standing_still(program, child_environment, at=step) as child:
        status, headers, body = through_wsgi(program, key="key-1")
        if step == "committed":
            assert status == 202
        else:
            assert (status, body["code"], headers["Retry-After"]) == (409, "idempotency_key_in_use", "1")
            assert notes_of(alpha) == []
        child.send_signal(signal.SIGKILL)

    status, headers, _ = answer_once_free(program)
    assert status == 202
    assert headers.get("Idempotent-Replayed", "") == ("true" if step == "committed" else "")
    assert notes_of(alpha) == ["hello"]


def test_a_process_that_stands_still_loses_its_claim_and_what_it_did(
    program: ApiProgram, alpha: Organization, child_environment: dict[str, str]
) -> None:
    with standing_still(program, child_environment, at="written", seconds=1) as child:
        status, headers, _ = answer_once_free(program)
        assert (status, headers.get("Idempotent-Replayed")) == (202, None)
        assert child.poll() is None, "it is still there, and can do nothing more"
    assert notes_of(alpha) == ["hello"]
