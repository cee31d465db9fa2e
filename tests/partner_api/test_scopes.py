"""Scopes of programs and rights of staff are one vocabulary."""

import re

import pytest

from vendor_admin.organizations.roles import RIGHTS, Right
from vendor_admin.partner_api.scopes import PARTNER_SCOPES, Scope, rights_of_scopes


@pytest.mark.parametrize("scope", PARTNER_SCOPES, ids=lambda scope: scope.name)
def test_a_scope_names_rights_that_exist_and_says_what_it_is(scope: Scope) -> None:
    assert scope.rights
    assert scope.rights <= set(Right)
    assert re.fullmatch(r"[a-z]+:(read|write|manage|approve|request)", scope.name)
    assert len(scope.words.split()) > 1


@pytest.mark.parametrize("right", Right)
def test_a_right_has_words_that_end_a_sentence(right: Right) -> None:
    assert re.fullmatch(r"[a-z][a-z -]+[a-z]", right.value), f"“… may not {right.value}.”"


def test_names_are_given_once() -> None:
    assert len({scope.name for scope in PARTNER_SCOPES}) == len(PARTNER_SCOPES)
    assert len({right.value for right in Right}) == len(Right)


def test_reading_changes_nothing_and_no_scope_reaches_staff_or_connections() -> None:
    looks = {Right.VIEW, Right.VIEW_RAW, Right.VIEW_OPERATIONS, Right.EXPORT}
    for scope in PARTNER_SCOPES:
        assert (scope.rights <= looks) is scope.name.endswith(":read")
    of_people = {
        Right.MANAGE_STAFF,
        Right.MANAGE_CONNECTIONS,
        Right.MANAGE_PORTALS,
        Right.MANAGE_API_KEYS,
        Right.MANAGE_NOTICES,
        Right.VIEW_AUDIT,
    }
    assert not rights_of_scopes(scope.name for scope in PARTNER_SCOPES) & of_people


@pytest.mark.parametrize(
    ("right", "name"), [(Right.APPROVE_PLANS, "plans:approve"), (Right.CHANGE_CREDENTIALS, "credentials:write")]
)
def test_what_weighs_most_is_given_by_one_scope_alone(right: Right, name: str) -> None:
    (scope,) = (scope for scope in PARTNER_SCOPES if right in scope.rights)
    assert scope.name == name
    assert scope.rights == {right}


def test_scopes_together_give_the_rights_of_each() -> None:
    assert rights_of_scopes(["members:read", "risk:write"]) == {
        Right.VIEW, Right.MANAGE_RISK, Right.CLOSE_POSITIONS,
    }  # fmt: skip
    assert rights_of_scopes(["openid", "no:scope"]) == rights_of_scopes([]) == frozenset()


def test_every_role_has_rights_that_exist() -> None:
    assert all(rights <= set(Right) for rights in RIGHTS.values())
