"""A token that an answer made suspect: one harmless call tells whether it is dead, and nothing else does."""

import time
from collections import Counter
from typing import Any

import pytest
from django.conf import settings

from tests.support.scene import Scene
from vendor_admin.operations.engine import readings
from vendor_admin.operations.engine.platform_calls.callers import Callers
from vendor_admin.operations.engine.platform_calls.calls import Session, suspects_token
from vendor_admin.operations.engine.platform_calls.gate import PROOF_SECONDS, Gate
from vendor_admin.operations.engine.platform_calls.token_doubts import OWN_USER, TokenDoubts
from vendor_admin.operations.engine.readings import Readings
from vendor_admin.operations.models import Operation
from vendor_admin.operations.store.allowance import Caller
from vendor_admin.operations.store.queue import LaneKey
from vendor_admin.tradovate.enums import NotSentKind
from vendor_admin.tradovate.outcomes import Locked, NotSent, Outcome, Success, Unauthorized, Unknown

ADJUST = "fundTransaction/adjustcash"
SESSION = Session(1, is_real=False, caller=Caller("http://127.0.0.1:9/v1", "vendor"), token="t", user_id=20)
SUSPICION = Unknown("the platform answered 408", suspects_token=True)


class Platform:
    def __init__(self, answer: Outcome) -> None:
        self.answer = answer
        self.asked: list[tuple[Any, dict[str, int]]] = []

    def call(self, operation: Any, *, token: str, params: dict[str, int]) -> Outcome:
        self.asked.append((operation, params))
        return self.answer


@pytest.fixture
def rejected(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(
        "vendor_admin.organizations.platform_access.tokens.reject_token", lambda *, token, **_: found.append(token)
    )
    return found


def lets_through(gate: Gate) -> bool:
    return gate.is_open(name="x", session=SESSION, plan_id=1)


@pytest.mark.parametrize(
    ("answer", "is_dead", "goes_on"),
    [
        (Unauthorized("Expired Access Token"), True, False),
        (Unauthorized("The session was closed", 408), True, False),
        (Unauthorized("Access is denied", 403), False, True),
        (Success({"id": 20}), False, True),
        (Unknown("no answer within 20 s"), False, True),
        (Locked(429, ""), False, False),
        (NotSent(NotSentKind.REFUSED, "no connection"), False, True),
    ],
)
def test_only_a_refused_look_up_of_its_own_user_ends_a_token(
    db: None, rejected: list[str], answer: Outcome, is_dead: bool, goes_on: bool
) -> None:
    gate = Gate()
    gate.extend(60)
    gate.close_after(SUSPICION, name="x", session=SESSION)
    assert not lets_through(gate)
    platform: Any = Platform(answer)
    doubts = TokenDoubts(LaneKey(1, "demo", "worker"), gate)
    assert doubts.is_dead(SESSION, platform) == is_dead
    assert (rejected == ["t"]) == is_dead
    assert lets_through(gate) == goes_on
    assert platform.asked == [(OWN_USER, {"id": 20})]
    assert not doubts.is_dead(SESSION, platform)
    assert len(platform.asked) == 1


def test_a_token_that_was_proven_alive_is_not_doubted_for_words_again() -> None:
    gate = Gate()
    gate.extend(60)
    gate.close_after(SUSPICION, name="x", session=SESSION)
    gate.end_doubt("t", is_proven=True)
    gate.close_after(SUSPICION, name="x", session=SESSION)
    assert lets_through(gate)


def test_a_refusal_right_after_the_proof_is_about_rights_and_a_later_one_is_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = Gate()
    gate.extend(600)
    gate.end_doubt("t", is_proven=True)
    gate.close_after(Unauthorized("Access is denied"), name="x", session=SESSION)
    assert gate.is_alive("t")
    assert lets_through(gate)
    later = time.monotonic() + PROOF_SECONDS
    monkeypatch.setattr(time, "monotonic", lambda: later)
    gate.close_after(Unauthorized("Access is denied"), name="x", session=SESSION)
    assert not gate.is_alive("t")
    assert not lets_through(gate)


def test_a_missing_scope_costs_its_rows_and_no_login(quiet_scene: Scene) -> None:
    scene = quiet_scene
    scene.sandbox.control("call", fault="401", endpoint=ADJUST, calls=0)
    money = {"cashChange": 250, "cashChangeType": "ManualAdjustment", "currencyId": 1}
    ids = sorted(scene.expected("account"))
    plan = scene.start("test_any_write", [scene.any_write(ADJUST, {"accountId": one, **money}) for one in ids])
    scene.work(seconds=10)
    assert {one.state for one in scene.operations(plan)} == {"rejected"}
    entries = scene.sandbox.view("ledger", kind="rest", limit=1_000)["entries"]
    calls = Counter(one["endpoint"] for one in entries if one["direction"] == "received")
    assert calls["auth/accesstokenrequest"] == 1
    assert calls["user/item"] <= 2
    assert calls[ADJUST] <= len(ids) + settings.PLATFORM_CONNECTIONS * 2


@pytest.mark.parametrize(("status", "is_asked"), [(401, True), (403, False)])
def test_a_reading_that_is_refused_has_the_token_looked_at(
    db: None, rejected: list[str], monkeypatch: pytest.MonkeyPatch, status: int, is_asked: bool
) -> None:
    news: list[str] = []
    gate = Gate()
    callers = Callers(connections=1, gate=gate)
    found = Readings(LaneKey(1, "demo", "worker"), gate, callers, on_news=lambda: news.append("look again"))
    monkeypatch.setattr(readings, "settle", lambda *_, **__: Unauthorized("no", status))
    platform: Any = Platform(Unauthorized("no"))
    found.read(Operation(pk=7), SESSION, platform)
    assert (rejected == ["t"]) == is_asked
    assert (news == ["look again"]) == is_asked
    callers.close()


@pytest.mark.parametrize(
    ("outcome", "is_suspect"),
    [
        (Unauthorized("The session was closed", 408), True),
        (Unauthorized("Access is denied", 403), False),
        (Unauthorized("Access is denied", 401), True),  # a right may be missing
        (SUSPICION, True),
        (Unknown("no answer within 20 s"), False),
    ],
)
def test_words_and_401_make_a_token_suspect_and_403_does_not(outcome: Outcome, is_suspect: bool) -> None:
    gate = Gate()
    gate.extend(60)
    gate.close_after(outcome, name="x", session=SESSION)
    assert suspects_token(outcome) == is_suspect
    assert gate.doubts("t") == is_suspect
    assert lets_through(gate) == (not is_suspect)
