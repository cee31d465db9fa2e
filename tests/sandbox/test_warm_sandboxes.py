"""Sandboxes of the tests that begin as copies of a loaded process: no other than those that start by themselves."""

import urllib.error
import urllib.request

import pytest

from tests.support.warm_sandboxes import WarmSandboxes
from vendor_admin.sandbox.running import RunningSandbox, SandboxDidNotStartError


def test_a_copy_answers_while_it_runs_and_is_gone_afterwards(warm_sandboxes: WarmSandboxes) -> None:
    with RunningSandbox("--users", "2", start=warm_sandboxes.start) as sandbox:
        assert sandbox.state()["sockets"] == []
        url = sandbox.url
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"{url}/control/state", timeout=2)


def test_copies_know_nothing_of_each_other(warm_sandboxes: WarmSandboxes) -> None:
    with (
        RunningSandbox("--seed", "1", "--users", "2", start=warm_sandboxes.start) as one,
        RunningSandbox("--seed", "2", "--users", "2", start=warm_sandboxes.start) as other,
    ):
        assert one.pid != other.pid
        assert one.organizations()[0]["credentials"] != other.organizations()[0]["credentials"]
    with RunningSandbox("--seed", "1", "--users", "2") as alone:
        again = alone.organizations()
    with RunningSandbox("--seed", "1", "--users", "2", start=warm_sandboxes.start) as copy:
        assert copy.organizations() == again


def test_a_copy_that_cannot_start_says_why(warm_sandboxes: WarmSandboxes) -> None:
    with (
        pytest.raises(SandboxDidNotStartError, match="--nonsense"),
        RunningSandbox("--nonsense", start=warm_sandboxes.start),
    ):
        pass
