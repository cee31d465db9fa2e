"""The forms of the actions on members: what is typed becomes targets, and what makes no sense is said."""

from typing import Any

import pytest
from django.utils import timezone

from accounts.offboarding.cancellation import SWITCHES
from tests.support.scene import Scene
from tests.support.vendor_members import GOOD_PASSWORD, members, platform_ids, wait_for_mirror
from vendor_admin.mirrors.models import Account, ContactInfo
from vendor_admin.operations.actions import ActionForm, Selection, action_named
from vendor_admin.operations.models import Plan

LIVE_ACTIONS: dict[str, dict[str, Any]] = {
    "create-members": {
        "name": "FORM_1",
        "email": "form.1@traders.example",
        "password": GOOD_PASSWORD,
        "first_name": "Ada",
        "last_name": "Abel",
        "entitlements": ["12"],
    },
    "change-email": {"email": "form.changed@traders.example"},
    "add-entitlements": {"entitlement": "12"},
    "add-market-data": {"plans": ["42"]},
}


def _form(scene: Scene, name: str, data: dict[str, Any] | None, *ids: int, on: str = "user") -> ActionForm:
    action = action_named(name)
    assert action is not None
    selection = Selection(scene.organization.pk, timezone.now(), on, ids)
    with scene.scope():
        return action.form(data, selection=selection)


def _plan(scene: Scene, name: str, data: dict[str, Any], *ids: int, on: str = "user") -> Plan:
    form, action = _form(scene, name, data, *ids, on=on), action_named(name)
    assert action is not None
    with scene.scope():
        assert form.is_valid(), form.errors
        targets, parameters = form.targets(), form.parameters()
    return scene.preview(action.kind_name, targets, parameters)


def _errors(scene: Scene, name: str, data: dict[str, Any], *ids: int, on: str = "user") -> str:
    form = _form(scene, name, data, *ids, on=on)
    with scene.scope():
        assert not form.is_valid()
    return str(form.errors.as_data())


def test_what_is_typed_becomes_a_preview_of_what_is_meant(scene: Scene) -> None:
    user_id = members(scene)[0].entity_id
    for name, data in LIVE_ACTIONS.items():
        ids = () if name == "create-members" else (user_id,)
        rows = scene.rows(_plan(scene, name, data, *ids))
        assert [row.state for row in rows] == ["planned"], (name, rows[0].why)
        assert rows[0].environment == "live"
    plan_id = platform_ids(scene)["tradovateSubscriptionPlan"]["NORTHWIND_MONTHLY"]
    [row] = scene.rows(_plan(scene, "add-memberships", {"plan": str(plan_id)}, user_id))
    assert row.why.startswith("The member has")
    secrets = {"password": GOOD_PASSWORD, "current_password": "x"}
    [row] = scene.rows(_plan(scene, "change-password", secrets, user_id))
    assert row.secrets == {"password": GOOD_PASSWORD, "currentPassword": "x"}
    [row] = scene.rows(_plan(scene, "change-credentials", secrets | {"name": "FORM_2"}, user_id))
    assert row.new["name"] == "FORM_2"


def test_what_is_for_one_member_refuses_several(scene: Scene) -> None:
    first, second = (one.entity_id for one in members(scene)[:2])
    secrets = {"password": GOOD_PASSWORD, "current_password": "x", "name": "FORM_3", "email": "a@b.example"}
    for name in ("change-email", "change-password", "change-credentials"):
        assert "Choose one member" in _errors(scene, name, secrets, first, second)


def test_contact_info_of_one_member_is_shown_and_of_several_only_added_to(scene: Scene) -> None:
    first, second = (one.entity_id for one in members(scene)[:2])
    known = wait_for_mirror(scene, ContactInfo, user_id=first)
    wait_for_mirror(scene, ContactInfo, user_id=second)
    form = _form(scene, "change-contact-info", None, first)
    shown = {name: form[name].value() for name in form.fields}
    assert (shown["city"], shown["streetAddress2"], shown["phone"]) == (known.city, "", known.phone)
    assert "Nothing is changed" in _errors(scene, "change-contact-info", shown, first)
    assert "The platform needs: City" in _errors(scene, "change-contact-info", shown | {"city": ""}, first)
    [row] = scene.rows(
        _plan(scene, "change-contact-info", shown | {"postCode": "", "streetAddress2": "Floor 2"}, first)
    )
    assert row.wanted == {"postCode": None, "streetAddress2": "Floor 2"}
    rows = scene.rows(_plan(scene, "change-contact-info", {"city": "Evanston"}, first, second))
    assert [row.wanted for row in rows] == [{"city": "Evanston"}] * 2


def test_cancelling_by_account_leaves_out_members_who_keep_other_accounts(scene: Scene) -> None:
    accounts: dict[int, list[int]] = {}
    for one in scene.permissions():
        accounts.setdefault(one.user_id or 0, []).append(one.account_id or 0)
    keeps, loses = [(user, ids) for user, ids in accounts.items() if len(ids) == 2][:2]
    chosen = [keeps[1][0], *loses[1]]
    switches = dict.fromkeys(SWITCHES, "on")
    form = _form(scene, "cancel-members", None, *chosen, on="account")
    assert "1 have other accounts" in str(form.fields["whom"].help_text)
    proposed = _plan(scene, "cancel-members", switches | {"whom": "proposed"}, *chosen, on="account")
    assert {row.target_id for row in scene.rows(proposed)} == {loses[0]}
    everyone = _plan(scene, "cancel-members", switches | {"whom": "all"}, *chosen, on="account")
    assert {row.target_id for row in scene.rows(everyone)} == {keeps[0], loses[0]}
    assert "Revoke the accounts instead" in _errors(
        scene, "cancel-members", switches | {"whom": "proposed"}, chosen[0], on="account"
    )


def test_cancelling_members_takes_the_switches_that_are_on(scene: Scene) -> None:
    user_id = members(scene)[0].entity_id
    plan = _plan(scene, "cancel-members", {"userPlugins": "on"}, user_id)
    assert plan.parameters == {name: name == "userPlugins" for name in SWITCHES}
    assert [row.state for row in scene.rows(plan)] == ["planned", "skipped"]
    assert "at least one of the four" in _errors(scene, "cancel-members", {}, user_id)


@pytest.mark.parametrize("several", [False, True])
def test_a_paying_account_is_chosen_only_where_there_are_several(scene: Scene, several: bool) -> None:
    billing = platform_ids(scene)["billing_account_id"]
    if several:
        entity = {**scene.expected("account", "live")[billing], "id": 77, "name": "OTHER_DATA"}
        scene.sandbox.control(
            "inject", organization=scene.vendor["name"], environment="live", entityType="account", entity=entity
        )
        wait_for_mirror(scene, Account, entity_id=77, environment="live")
    user_id = members(scene)[0].entity_id
    data = {"plans": ["42"]} | ({"account": "77"} if several else {})
    [row] = scene.rows(_plan(scene, "add-market-data", data, user_id))
    assert row.new["accountId"] == (77 if several else billing)
    assert row.wanted.get("accountId") == (77 if several else None)
