"""Which names new users may have."""

import io

import pytest
from django.contrib.auth.forms import UserChangeForm
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.forms import modelform_factory

from tests.organizations.sign_in.sign_in_desk import Person, staff
from vendor_admin.errors import InvalidFields
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Organization, StaffRole, User
from vendor_admin.organizations.staff.verbs import add_person
from vendor_admin.organizations.user_names import refuse_name

pytestmark = pytest.mark.pages


OperatorsForm = modelform_factory(User, form=UserChangeForm, fields=("username",))


@pytest.fixture
def owner(db: None) -> User:
    return staff("owner@bluewater-traders", organization=Organization.objects.create(slug="bluewater-traders"))


@pytest.mark.parametrize("name", ["dora", "dora.alpha", "Dora+2", "d_o-r-a", "7"])
def test_a_plain_name_may_be_given(owner: User, name: str) -> None:
    refuse_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "owоer",
        "dörte",
        "ｄora",
        "dora@alpha-funding",
        "victim@beta.example",
        "do ra",
        "do\u200bra",
        "dora\n",
        "a:b",
    ],
)
def test_a_name_with_an_at_sign_or_with_letters_that_look_like_others_may_not(owner: User, name: str) -> None:
    with pytest.raises(ValidationError, match="letters without accents"):
        refuse_name(name)


@pytest.mark.parametrize("there", ["Alice", "ALICE", "ａlice"])
def test_a_name_that_looks_like_one_that_is_there_is_taken(owner: User, there: str) -> None:
    staff(there)

    with pytest.raises(ValidationError, match="cannot be used"):
        refuse_name("alice")


def test_a_members_name_is_taken_too(owner: User) -> None:
    User.objects.create(username="member-1", kind=User.Kind.MEMBER)

    with pytest.raises(ValidationError, match="cannot be used"):
        refuse_name("member-1")


def test_the_rule_stands_wherever_people_make_users(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    organization = Organization.objects.get()
    with pytest.raises(InvalidFields, match="letters without accents"):
        add_person(
            organization=organization,
            username="OWNER@x",
            email="x@example.com",
            role="viewer",
            actor=Actor.staff("test"),
        )
    assert StaffRole.objects.count() == 1

    form = OperatorsForm({"username": "owner@other"}, instance=owner)
    assert "letters without accents" in str(form.errors["username"])

    monkeypatch.setattr("sys.stdin", io.StringIO("a-long-first-word-77\n"))
    with pytest.raises(CommandError, match="letters without accents"):
        call_command("create_operator", "operator@example.com")


def test_a_user_who_is_there_keeps_name_and_sign_in(owner: User) -> None:
    assert Person(owner).give_password().status_code == 302
    assert "username" not in OperatorsForm({"username": owner.username}, instance=owner).errors
