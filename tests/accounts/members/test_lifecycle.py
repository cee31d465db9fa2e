"""Where a member stands: by facts alone, and as the platform leads a member through its life."""

import datetime as dt
from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.members.lifecycle import Facts, Life, Step, life_of
from accounts.members.lifecycle_facts import facts_of
from accounts.members.lifecycle_panel import standing_of
from accounts.offboarding.inputs import targets_for
from accounts.subscriptions.agreements import signature_in
from tests.support.running_hub import wait_until
from tests.support.scene import Scene
from tests.support.vendor_members import members, new_member, wait_for_mirror
from vendor_admin.mirrors.models import Account, TradingPermission
from vendor_admin.operations.kinds import Target

INVITED = Facts(status="UnconfirmedEmail")
CONFIRMED = replace(INVITED, status="Active")
SIGNED = replace(CONFIRMED, has_signed=True)
ENTITLED = replace(SIGNED, is_entitled=True, was_entitled=True, has_subscriptions=True, had_subscriptions=True)
ACTIVE = replace(ENTITLED, accounts_in_force=2)
CANCELLED = replace(
    ACTIVE, is_entitled=False, has_subscriptions=False, accounts_in_force=0, accounts_ended=2, accounts_archived=1
)
ARCHIVED = replace(CANCELLED, accounts_archived=2)


@pytest.mark.parametrize(
    ("facts", "step", "next_step"),
    [
        (INVITED, Step.INVITED, "confirms the e-mail address"),
        (replace(INVITED, status=None), Step.INVITED, "confirms the e-mail address"),
        (CONFIRMED, Step.CONFIRMED, "signs the market data agreement"),
        (SIGNED, Step.SIGNED, "Add the Sim+ entitlement."),
        (ENTITLED, Step.ENTITLED, "Create an account"),
        (ACTIVE, Step.ACTIVE, "Nothing: the member may trade."),
        (replace(ACTIVE, accounts_in_force=1, accounts_ended=1), Step.ACTIVE, "may trade"),
        (replace(INVITED, accounts_in_force=1), Step.INVITED, "confirms the e-mail address"),
        (replace(CONFIRMED, accounts_in_force=1), Step.ACTIVE, "signs the market data agreement"),
        (replace(ACTIVE, status="Closed"), Step.ENTITLED, "Cancel the member"),
        (replace(ACTIVE, status="TemporaryLocked"), Step.ENTITLED, "locked the user for a time"),
        (replace(ENTITLED, accounts_ended=2), Step.ENTITLED, "Create an account"),
        (CANCELLED, Step.CANCELLED, "or give it again"),
        (replace(CONFIRMED, had_subscriptions=True), Step.CANCELLED, "or give it again"),
        (replace(CONFIRMED, status="Closed"), Step.CANCELLED, "Nothing: the platform closed the user"),
        (ARCHIVED, Step.ARCHIVED, "does not come back"),
        (replace(ARCHIVED, has_subscriptions=True), Step.SIGNED, "Add the Sim+ entitlement."),
        (replace(CONFIRMED, is_hibernated=True), Step.ARCHIVED, "does not come back"),
        (replace(CONFIRMED, is_deleted=True), Step.ARCHIVED, "does not come back"),
    ],
)
def test_a_member_stands_at_the_last_step_that_holds(facts: Facts, step: Step, next_step: str) -> None:
    life = life_of(facts)
    assert life.now is step
    assert next_step in life.next_step
    assert [one.step for one in life.milestones] == list(Step)
    assert all(one.why.endswith(".") for one in life.milestones)
    assert next(one for one in life.milestones if one.step is life.now).is_reached


@pytest.mark.parametrize(
    ("status", "standing", "may_trade"),
    [
        ("Active", "active", True),
        ("Closed", "closed", False),
        ("TemporaryLocked", "locked", False),
        ("UnconfirmedEmail", "entitled", False),
        ("Initiated", "entitled", False),
    ],
)
def test_whoever_is_closed_locked_or_unconfirmed_never_may_trade(status: str, standing: str, may_trade: bool) -> None:
    life = life_of(replace(ACTIVE, status=status))
    words = " ".join([life.next_step, *(one.why for one in life.milestones)])
    assert (life.standing, life.may_trade) == (standing, may_trade)
    assert ("2 accounts may be traded." in words) is may_trade
    assert ("the member may trade" in words) is may_trade


def test_of_a_closed_user_it_is_not_said_that_the_address_was_confirmed() -> None:
    confirmed = life_of(replace(ACTIVE, status="Closed", has_signed=False)).milestones[1]
    assert not confirmed.is_reached
    assert "not known" in confirmed.why


def test_a_closed_user_who_has_signed_has_confirmed_the_address_before() -> None:
    _, confirmed, signed, *_ = life_of(replace(ACTIVE, status="Closed")).milestones
    assert (confirmed.is_reached, signed.is_reached) == (True, True)
    assert "The user is closed" in confirmed.why


def test_times_stand_only_at_steps_that_were_reached() -> None:
    at = dt.datetime(2026, 11, 3, tzinfo=dt.UTC)
    facts = replace(INVITED, invited_at=at, confirmed_at=at, signed_at=at, entitled_at=at, active_at=at, ended_at=at)
    assert [one.at for one in life_of(facts).milestones] == [at, None, None, None, None, None, None]
    full = replace(facts, status="Active", has_signed=True, is_entitled=True, accounts_in_force=1)
    assert [one.at for one in life_of(full).milestones] == [at, at, at, at, at, None, None]


@pytest.mark.parametrize(
    ("type_name", "payload", "signer"),
    [
        ("adminAlertSignal", {"text": "Market data agreement signed", "relatedToUserId": 7, "subjectId": 8}, 7),
        ("adminAlertSignal", {"text": "AGREEMENT SIGNED", "subjectId": 8}, 8),
        ("adminAlertSignal", {"text": "agreement signed", "relatedToUserId": 0, "subjectId": "8"}, 8),
        ("adminAlertSignal", {"text": "Market data agreement signed"}, None),
        ("adminAlertSignal", {"text": "Agreement withdrawn", "subjectId": 8}, None),
        ("adminAlertSignal", {"text": None, "subjectId": 8}, None),
        ("adminAlertSignal", {"adminAlertSignal": {"text": "agreement signed", "subjectId": 8}}, None),
        ("OtherEnvAdminAlertSignal", {"adminAlertSignal": {"text": "agreement signed", "subjectId": 8}}, 8),
        ("OtherEnvAdminAlertSignal", {"text": "agreement signed", "relatedToUserId": 7}, 7),
        ("OtherEnvAdminAlertSignal", {"adminAlertSignal": 5}, None),
        ("chatMessage", {"text": "agreement signed", "subjectId": 8}, None),
    ],
)
def test_a_signature_is_read_from_a_notice_and_from_nothing_else(
    type_name: str, payload: dict[str, object], signer: int | None
) -> None:
    found = signature_in(type_name, payload)
    assert (found[0] if found else None) == signer


def _life(scene: Scene, user_id: int) -> Life | None:
    with scene.scope():
        panel = standing_of(user_id, (), organization_id=scene.organization.pk, now=timezone.now())
    return panel.life if panel else None


def _wait_for(scene: Scene, user_id: int, step: Step) -> Life:
    def reached() -> Life | None:
        life = _life(scene, user_id)
        return life if life is not None and life.now is step else None

    found = wait_until(reached, what=str(step))
    assert found is not None
    return found


@pytest.mark.parametrize("other_environment", [False, True])
def test_a_member_is_followed_from_the_invitation_to_the_archive(scene: Scene, other_environment: bool) -> None:
    organization = scene.vendor["name"]
    plan = scene.start("create_members", [new_member(1)])
    scene.work("live")
    user_id: int = scene.rows(plan)[0].result["user/createevaluationusers"]["userId"]
    _wait_for(scene, user_id, Step.INVITED)

    before = timezone.now()
    scene.sandbox.control("user-status", organization=organization, user=user_id, status="Active")
    confirmed = _wait_for(scene, user_id, Step.CONFIRMED).milestones[1]
    assert confirmed.at is not None
    assert before <= confirmed.at <= timezone.now()

    scene.sandbox.control(
        "sign-agreement", organization=organization, user=user_id, other_environment=other_environment
    )
    signed = _wait_for(scene, user_id, Step.SIGNED).milestones[2]
    assert signed.at is not None
    assert abs(signed.at - timezone.now()) < dt.timedelta(minutes=1)

    scene.start("add_entitlements", [Target("user", user_id, {"entitlementId": 31})])
    scene.work("live")
    _wait_for(scene, user_id, Step.ENTITLED)

    account_id = scene.permissions()[0].account_id
    scene.start("grant_trading_permissions", [Target("account", account_id, {"userId": user_id})])
    scene.work("demo")
    assert "1 account may be traded" in _wait_for(scene, user_id, Step.ACTIVE).milestones[4].why

    scene.start("cancel_members", targets_for([user_id]))
    scene.work("live")
    scene.work("demo")
    _wait_for(scene, user_id, Step.CANCELLED)

    scene.sandbox.control(
        "inject",
        organization=organization,
        environment="demo",
        entityType="account",
        entity={"id": account_id, "archived": True},
    )
    life = _wait_for(scene, user_id, Step.ARCHIVED)
    assert life.milestones[-1].why == "1 account ended, and the platform archived all."


def test_whom_the_mirror_does_not_know_has_no_life(scene: Scene) -> None:
    assert _life(scene, 5) is None


def test_facts_of_many_members_take_as_many_queries_as_of_few(scene: Scene) -> None:
    ids = [one.entity_id for one in members(scene)]
    wait_for_mirror(scene, TradingPermission, user_id=ids[0])
    wait_for_mirror(scene, Account, user_id=ids[0])

    def queries(user_ids: list[int]) -> int:
        with scene.scope(), CaptureQueriesContext(connection) as captured:
            facts = facts_of(user_ids, organization_id=scene.organization.pk, now=timezone.now())
        assert facts.keys() == set(user_ids)
        return len(captured)

    assert queries(ids[:2]) == queries(ids)
