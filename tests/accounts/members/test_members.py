"""Creating members in batches, and changing them: what is previewed is what the platform holds afterwards."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.members.changes import UpdateContact
from accounts.members.creation import CreateMembers
from tests.support.scene import Scene
from tests.support.vendor_members import (
    everything_stored,
    members,
    new_member,
    of_user,
    platform_ids,
    wait_for_mirror,
)
from vendor_admin.errors import Conflict
from vendor_admin.mirrors.models import ContactInfo, PlatformUser
from vendor_admin.operations.kinds import PlanRequest, Target
from vendor_admin.operations.models import Plan
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.operations.plans import wiping
from vendor_admin.organizations.actors import Actor

CREATE = "user/createevaluationusers"


def test_members_are_made_a_hundred_a_call_and_refusals_land_on_their_rows(scene: Scene) -> None:
    scene.sandbox.control("write-settings", item_failure_rate=0.1, item_failure_text="Service is busy")
    plan_id = next(iter(platform_ids(scene)["tradovateSubscriptionPlan"].values()))
    targets = [new_member(number, tradovateSubscriptionPlanId=plan_id) for number in range(120)]
    preview = scene.preview("create_members", targets)
    assert (preview.calls_needed, preview.needs_second_person) == (2, True)
    with scene.scope():
        plans.confirm(plan=preview, actor=Actor.staff(scene.actor), now=timezone.now())
        plan = plans.approve(plan=preview, actor=Actor.staff("sam"), now=timezone.now())
    scene.work("live")
    rows = scene.rows(plan)
    refused = [row for row in rows if row.state == "rejected"]
    assert {row.state for row in rows} == {"succeeded", "rejected"}
    assert {row.why for row in refused} == {"Service is busy"}
    assert scene.reload(plan).state == Plan.State.FINISHED
    made = {one["name"]: one for one in scene.expected("user", "live").values() if one["name"].startswith("NEW_")}
    assert made.keys() == {row.new["name"] for row in rows if row.state == "succeeded"}
    for row in rows:
        if row.state == "succeeded":
            user = made[row.new["name"]]
            assert (user["id"], user["email"]) == (row.result[CREATE]["userId"], row.new["email"])
            [membership] = of_user(scene, "tradovateSubscription", user["id"])
            assert membership["tradovateSubscriptionPlanId"] == row.wanted["tradovateSubscriptionPlanId"]

    scene.sandbox.control("write-settings", item_failure_rate=0.0)
    with scene.scope():
        again = plans.retry_failed(plan=plan, actor=Actor.staff(scene.actor), now=timezone.now())
    assert len(scene.rows(again)) == len(refused)
    assert scene.confirm(again).state == Plan.State.RUNNING
    scene.work("live")
    assert {row.state for row in scene.rows(again)} == {"succeeded"}
    with scene.scope(), pytest.raises(Conflict, match="cannot be reverted"):
        plans.revert(plan=again, actor=Actor.staff(scene.actor), reason="no", now=timezone.now())


def test_what_the_platform_would_refuse_is_set_apart_in_the_preview(scene: Scene) -> None:
    known, ids = members(scene)[0], platform_ids(scene)
    sim_plus = ids["entitlement"]["T-Prop"]
    cases = {
        "A member named": new_member(1, name=(known.name or "").lower()),
        "Another member has": new_member(2, email=(known.email or "").upper()),
        "earlier row of this plan has the same name": new_member(0, email="other@traders.example"),
        "same e-mail address": new_member(3, email="NEW.0@traders.example"),
        "The password must be 8 to 64 characters; it has 5": new_member(4, password="short"),
        "commonest passwords": new_member(5, password="password1"),
        "the member's name": new_member(6, password="new_00006"),
        "at most 60 characters together": new_member(7, firstName="A" * 40, lastName="B" * 21),
        "name must be 3 to 64": new_member(8, name="ab"),
        "e-mail address": new_member(9, email="nowhere"),
        "lastName must be": new_member(10, lastName=7),
        "no membership plan 5": new_member(11, tradovateSubscriptionPlanId=5),
        "no entitlement 5": new_member(12, entitlementIds=[5]),
        "Sim+": new_member(13, entitlementIds=[sim_plus]),
        "must be a list": new_member(14, entitlementIds="31"),
        "Not known here: phone": new_member(15, phone="1"),
        "lastName must be 1": Target("user", None, {"name": "NEW_16", "email": "a@b.example"}, {"password": "x" * 9}),
    }
    plan = scene.preview("create_members", [new_member(0), *cases.values()])
    first, *rows = scene.rows(plan)
    assert first.state == "planned"
    for words, row in zip(cases, rows, strict=True):
        assert (row.state, words in row.why) == ("skipped", True), (words, row.why)
    assert plan.calls_needed == 1


def test_previews_take_as_many_queries_for_many_members_as_for_few(scene: Scene) -> None:
    known = [one.entity_id for one in members(scene)]

    def queries(kind: object, targets: list[Target]) -> int:
        with scene.scope(), CaptureQueriesContext(connection) as captured:
            kind.drafts(PlanRequest(scene.organization.pk, targets, {}, timezone.now()))  # type: ignore[attr-defined]
        return len(captured)

    makers = [[new_member(number, entitlementIds=[12]) for number in range(count)] for count in (10, 500)]
    assert queries(CreateMembers(), makers[0]) == queries(CreateMembers(), makers[1])
    changes = [[Target("user", known[number % 8], {"city": "Bonn"}) for number in range(count)] for count in (10, 500)]
    assert queries(UpdateContact(), changes[0]) == queries(UpdateContact(), changes[1])


def test_contact_info_changes_in_the_fields_named_and_goes_back(scene: Scene) -> None:
    user = members(scene)[0]
    before = of_user(scene, "contactInfo", user.entity_id)[0]
    wait_for_mirror(scene, ContactInfo, user_id=user.entity_id)
    targets = [
        Target("user", user.entity_id, {"city": "Evanston", "streetAddress2": "Floor 2"}),
        Target("user", members(scene)[1].entity_id, {"country": "USA"}),
        Target("user", 5, {"city": "Bonn"}),
    ]
    plan = scene.start("update_contact_info", targets)
    row, faulty, unknown = scene.rows(plan)
    assert "country must be" in faulty.why
    assert unknown.why == "The organization has no such member."
    assert (row.old["city"], row.new["city"]) == (before["city"], "Evanston")
    scene.work("live")
    after = of_user(scene, "contactInfo", user.entity_id)[0]
    assert after == before | {"city": "Evanston", "streetAddress2": "Floor 2"}
    assert {name: value for name, value in row.new.items() if value is not None} | {
        "id": after["id"],
        "userId": user.entity_id,
    } == after

    wait_for_mirror(scene, ContactInfo, user_id=user.entity_id, city="Evanston")
    with scene.scope():
        back = plans.revert(plan=plan, actor=Actor.staff(scene.actor), reason="wrong member", now=timezone.now())
    assert scene.confirm(back).state == Plan.State.RUNNING
    scene.work("live")
    assert of_user(scene, "contactInfo", user.entity_id)[0] == before


def test_contact_info_given_for_the_first_time_cannot_be_taken_away(scene: Scene) -> None:
    made = scene.start("create_members", [new_member(1)])
    scene.work("live")
    user_id = scene.rows(made)[0].result[CREATE]["userId"]
    wait_for_mirror(scene, PlatformUser, entity_id=user_id, environment="live")
    wanted = {
        "firstName": "Ada",
        "lastName": "Abel",
        "streetAddress1": "1 Example Street",
        "city": "Bonn",
        "country": "DE",
        "phone": "+49 228 1234567",
    }
    plan = scene.preview("update_contact_info", [Target("user", user_id, {"city": "Bonn"})])
    assert "country must be" in scene.rows(plan)[0].why
    plan = scene.start("update_contact_info", [Target("user", user_id, wanted)])
    assert "replaces everything" in scene.rows(plan)[0].warnings[0]
    scene.work("live")
    assert of_user(scene, "contactInfo", user_id)[0].items() >= wanted.items()
    with scene.scope(), pytest.raises(Conflict, match="cannot be reverted"):
        plans.revert(plan=plan, actor=Actor.staff(scene.actor), reason="no", now=timezone.now())


def test_an_address_is_changed_once_for_each_and_put_back(scene: Scene) -> None:
    first, second, third, fourth = members(scene)[:4]
    targets = [
        Target("user", first.entity_id, {"email": "first.new@traders.example"}),
        Target("user", second.entity_id, {"email": "FIRST.NEW@traders.example"}),
        Target("user", third.entity_id, {"email": first.email}),
        Target("user", fourth.entity_id, {"email": fourth.email}),
    ]
    plan = scene.start("modify_member_email", targets)
    assert [row.state for row in scene.rows(plan)] == ["queued", "skipped", "skipped", "skipped"]
    scene.work("live")
    assert scene.expected("user", "live")[first.entity_id]["email"] == "first.new@traders.example"
    wait_for_mirror(scene, PlatformUser, entity_id=first.entity_id, email="first.new@traders.example")
    with scene.scope():
        back = plans.revert(plan=plan, actor=Actor.staff(scene.actor), reason="typing error", now=timezone.now())
    assert scene.rows(back)[0].new == {"email": first.email}
    assert scene.confirm(back).state == Plan.State.RUNNING
    scene.work("live")
    assert scene.expected("user", "live")[first.entity_id]["email"] == first.email


def test_an_address_that_moved_since_is_not_put_back(scene: Scene) -> None:
    user = members(scene)[0]
    plan = scene.start("modify_member_email", [Target("user", user.entity_id, {"email": "one@traders.example"})])
    scene.work("live")
    wait_for_mirror(scene, PlatformUser, entity_id=user.entity_id, email="one@traders.example")
    other = scene.start("modify_member_email", [Target("user", user.entity_id, {"email": "two@traders.example"})])
    scene.work("live")
    assert scene.rows(other)[0].state == "succeeded"
    wait_for_mirror(scene, PlatformUser, entity_id=user.entity_id, email="two@traders.example")
    with scene.scope():
        back = plans.revert(plan=plan, actor=Actor.staff(scene.actor), reason="too late", now=timezone.now())
    assert scene.rows(back)[0].why == "Changed again since: E-mail address."


PLANTED = ("planted orchid 41", "planted orchid 42", "planted orchid 43", "planted orchid 44")


def test_passwords_are_changed_and_stand_nowhere(
    scene: Scene, database_urls: dict[str, str], caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    first, second, third = members(scene)[:3]
    admin_password = scene.vendor["credentials"]["password"]
    made = scene.start("create_members", [new_member(1, password=PLANTED[0])])
    changed = scene.start(
        "modify_member_password",
        [
            Target("user", first.entity_id, {}, {"password": PLANTED[1], "currentPassword": admin_password}),
            Target("user", second.entity_id, {}, {"password": PLANTED[1], "currentPassword": PLANTED[3]}),
            Target("user", third.entity_id, {}, {"password": "short", "currentPassword": admin_password}),
        ],
    )
    renamed = scene.start(
        "modify_member_credentials",
        [
            Target(
                "user",
                third.entity_id,
                {"name": "RENAMED_3"},
                {"password": PLANTED[2], "currentPassword": admin_password},
            )
        ],
    )
    left = scene.preview("create_members", [new_member(2, password=PLANTED[3])])
    assert all(planted not in everything_stored(database_urls["admin"]) for planted in PLANTED)
    scene.work("live")
    rows = scene.rows(changed)
    assert [row.state for row in rows] == ["succeeded", "rejected", "skipped"]
    assert rows[1].why == "Current password is incorrect"
    assert rows[2].why == "The password must be 8 to 64 characters; it has 5."
    assert rows[0].secrets == {}
    assert scene.rows(made)[0].state == scene.rows(renamed)[0].state == "succeeded"
    assert scene.expected("user", "live")[third.entity_id]["name"] == "RENAMED_3"
    with scene.scope():
        plans.discard(plan=left, actor=Actor.staff(scene.actor), now=timezone.now())
        with pytest.raises(Conflict, match="cannot be reverted"):
            plans.revert(plan=renamed, actor=Actor.staff(scene.actor), reason="no", now=timezone.now())
    assert scene.rows(left)[0].secrets == {}
    stored = everything_stored(database_urls["admin"])
    out, err = capfd.readouterr()
    for planted in PLANTED:
        assert planted not in stored + caplog.text + out + err
    assert PLANTED[0] not in repr(scene.rows(made)[0].secrets) + repr(made) + repr(scene.operations(made))


def test_a_password_that_the_platform_repeats_is_not_stored_and_after_a_week_has_to_be_given_again(
    scene: Scene, database_urls: dict[str, str]
) -> None:
    scene.sandbox.control("write", path=CREATE, fault="errorText", text=f"Bad password '{PLANTED[0]}', {PLANTED[0]}!")
    plan = scene.start("create_members", [new_member(1, password=PLANTED[0])])
    scene.work("live")
    [row] = scene.rows(plan)
    assert row.state == "rejected"
    assert row.why.startswith("Bad password '")
    assert PLANTED[0] not in everything_stored(database_urls["admin"])

    assert wiping.wipe_old_secrets(now=timezone.now() + timedelta(days=8)) == 1
    with scene.scope():
        again = plans.retry_failed(plan=plan, actor=Actor.staff(scene.actor), now=timezone.now())
    [row] = scene.rows(again)
    assert row.state == "skipped"
    assert "is not stored any more" in row.why
