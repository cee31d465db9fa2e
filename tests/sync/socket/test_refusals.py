"""The platform refuses a look-up over a live socket: a right that is missing, or a token that is dead."""

from collections.abc import Callable

import pytest

from tests.support.running_hub import RunningHub, wait_until
from tests.sync.scripted_platform import ScriptedPlatform
from tests.sync.stored import Stored
from vendor_admin.organizations.models import Connection
from vendor_admin.organizations.platform_access import tokens

Connect = Callable[..., Connection]
StartHub = Callable[..., RunningHub]
DENIED = (401, "Access is denied")


@pytest.fixture
def compare(platform: ScriptedPlatform, connect: Connect, start_hub: StartHub, stored: Stored) -> Callable[[], object]:
    """A live socket whose permissions are loaded, asked to compare when called."""
    platform.lists = {"tradingPermission": []}
    connect(platform, entity_types=["account", "tradingPermission"])
    start_hub()
    wait_until(lambda: stored.leases() and stored.lease()["reconciled_at"], what="the first load")
    return lambda: stored.rows("UPDATE sync_lease SET reconcile_requested_at = now() RETURNING id")


def test_a_type_that_is_refused_is_told_until_it_is_read(
    platform: ScriptedPlatform, compare: Callable[[], object], stored: Stored
) -> None:
    platform.failures = {
        "tradingPermission/list": [DENIED],
        "auth/me": [(200, {"userId": 1, "name": "alpha-admin", "fullName": "A"})],
    }
    compare()
    wait_until(lambda: stored.lease()["refused_types"] == ["tradingPermission"], what="the refusal")
    assert not platform.failures["auth/me"], "the token was proved"
    assert len(platform.peers) == 1
    compare()
    wait_until(lambda: stored.lease()["refused_types"] == [], what="the next comparison")


def test_a_dead_token_ends_the_socket_once_and_its_types_are_read_with_a_new_one(
    platform: ScriptedPlatform, compare: Callable[[], object], stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    rejected: list[str] = []
    monkeypatch.setattr(tokens, "reject_token", lambda *, token, **_: rejected.append(token))
    platform.failures = {"tradingPermission/list": [DENIED], "auth/me": [DENIED]}
    compare()
    wait_until(lambda: len(platform.peers) == 2, what="the next socket")
    wait_until(lambda: (one := stored.lease())["reconciled_at"] > one["reconcile_requested_at"], what="the comparison")
    assert rejected == ["token-of-the-tests"]
    assert stored.lease()["refused_types"] == []
    assert "401" in stored.gaps()[-1]["reason"]


@pytest.mark.parametrize(
    ("answer", "key", "seconds"),
    [
        ((429, "Too many"), "a@127.0.0.1", 3600),
        ((200, {"p-ticket": "t", "p-time": 15, "p-captcha": True}), " auth/me", 3600),
        ((200, {"p-ticket": "t", "p-time": 30, "p-captcha": False}), " auth/me", 30),
    ],
    ids=["locked", "captcha", "penalty"],
)
def test_a_proof_that_the_platform_forbids_closes_its_way_for_all_and_ends_no_socket(
    platform: ScriptedPlatform,
    compare: Callable[[], object],
    stored: Stored,
    answer: tuple[int, object],
    key: str,
    seconds: float,
) -> None:
    platform.failures = {"tradingPermission/list": [DENIED], "auth/me": [answer]}
    compare()
    (left,) = wait_until(
        lambda: stored.rows(
            "SELECT extract(epoch FROM until - now()) AS left FROM organizations_ratelock WHERE key LIKE %s", f"%{key}%"
        ),
        what="the lock",
    )
    assert seconds - 10 < left["left"] <= seconds
    assert len(platform.peers) == 1


@pytest.mark.parametrize("answer", [(403, "Access is denied"), (404, "Not found")])
def test_a_proof_that_fails_for_a_right_or_an_endpoint_gives_no_token_up(
    platform: ScriptedPlatform, compare: Callable[[], object], stored: Stored, answer: tuple[int, object]
) -> None:
    platform.failures = {"tradingPermission/list": [DENIED], "auth/me": [answer]}
    compare()
    wait_until(lambda: stored.lease()["refused_types"] == ["tradingPermission"], what="the refusal")
    assert not platform.failures["auth/me"], "the token was proved"
    assert len(platform.peers) == 1


def test_a_proof_without_a_clear_answer_is_tried_again_over_the_same_socket(
    platform: ScriptedPlatform, compare: Callable[[], object], stored: Stored
) -> None:
    platform.failures = {"tradingPermission/list": [DENIED], "auth/me": [(500, "Internal Server Error")]}
    compare()
    wait_until(lambda: (one := stored.lease())["reconciled_at"] > one["reconcile_requested_at"], what="the comparison")
    assert not platform.failures["auth/me"], "the token was to be proved"
    assert stored.lease()["refused_types"] == []
    assert len(platform.peers) == 1


def test_a_token_that_is_refused_again_within_the_hour_lacks_a_right_and_ends_no_second_socket(
    platform: ScriptedPlatform, compare: Callable[[], object], stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "reject_token", lambda **_: None)
    # Permissions are read after the gap, and at once again for the comparison.
    platform.failures = {"tradingPermission/list": [DENIED] * 9, "auth/me": [DENIED, DENIED]}
    compare()
    wait_until(lambda: stored.lease()["refused_types"] == ["tradingPermission"], what="the second refusal")
    assert not platform.failures["auth/me"], "both were proved"
    assert len(platform.peers) == 2
