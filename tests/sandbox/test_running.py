"""The sandbox as a child process."""

import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from vendor_admin.sandbox.running import READY, ROOT, RunningSandbox, SandboxDidNotStartError


def test_it_answers_while_it_runs_and_is_gone_afterwards() -> None:
    with RunningSandbox("--users", "2") as sandbox:
        assert sandbox.state()["sockets"] == []
        url = sandbox.url
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"{url}/control/state", timeout=2)


def test_a_child_that_cannot_start_says_why() -> None:
    with pytest.raises(SandboxDidNotStartError, match="--nonsense"), RunningSandbox("--nonsense"):
        pass


def test_it_ends_when_its_parent_dies() -> None:
    """The pipe's end that only the parent has is closed with the parent, however it dies."""
    command = [sys.executable, "-m", "vendor_admin.sandbox", "--ends-with-stdin", "--users", "1"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as child:
        assert child.stdin
        assert child.stdout
        assert child.stdout.readline().startswith(READY)
        child.stdin.close()
        assert child.wait(timeout=10) == 0
