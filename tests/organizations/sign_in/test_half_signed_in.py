"""A staff session without a second factor reaches the set-up and nothing else, whatever the address."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.organizations.sign_in.sign_in_desk import Person, staff
from tests.support.signed_in import half_signed_in, signed_in
from vendor_admin import checks
from vendor_admin.organizations.models import AuditEntry, Organization, StaffRole
from vendor_admin.organizations.tenancy.scope import organization_scope

SET_UP = "/admin/second-factor/set-up/"
LEADING_ON = {SET_UP, "/admin/logout/"}
EXAMPLES = {"int": "1", "slug": "alpha", "uuid": "00000000-0000-0000-0000-000000000001"}


@pytest.fixture
def alpha(db: None) -> Organization:
    return Organization.objects.create(slug="alpha", name="Alpha Funding", is_simulated=True)


@pytest.fixture
def bob(alpha: Organization) -> Person:
    return Person(staff("bob", organization=alpha, is_simulated=True))


def views(patterns: Any = None, prefix: str = "/") -> Iterator[tuple[str, Any]]:
    """An address of every view of the project, with the view."""
    for one in patterns if patterns is not None else get_resolver().url_patterns:
        address = prefix + example_of(one)
        if isinstance(one, URLResolver):
            yield from views(one.url_patterns, address)
        elif isinstance(one, URLPattern):
            yield address, one.callback


def example_of(one: Any) -> str:
    text = str(one.pattern)
    if hasattr(one.pattern, "converters"):
        return re.sub(r"<(?:(\w+):)?\w+>", lambda found: EXAMPLES.get(found[1], "1"), text)
    text = re.sub(r"\(\?P<\w+>([\w.*+\[\]-]+)(?:\|[\w|]+)?\)", lambda found: re.sub(r"\W.*", "x", found[1]), text)
    return re.sub(r"[\^$\\?]|\(\?:|\)", "", text)


def test_no_address_of_the_project_answers_a_session_without_second_factor(bob: Person) -> None:
    half, nobody = half_signed_in(bob.user), Client()
    closed = 0
    for address, view in views():
        if address in LEADING_ON:
            continue
        page, posted = half.get(address), half.post(address)
        if not getattr(view, "login_required", True):
            assert page.status_code == nobody.get(address).status_code, address
            continue
        closed += 1
        for answer in (page, posted):
            assert answer.status_code == 302, (address, answer.status_code)
            assert answer.headers["Location"].startswith(SET_UP), address
        assert half.get(address, headers={"X-Requested-With": "fetch"}).status_code == 403, address
    assert closed > 300


def test_the_same_session_with_a_second_factor_opens_them(bob: Person) -> None:
    """So the test above fails where the middleware is taken away."""
    whole = signed_in(bob.user)

    statuses = [whole.get(address).status_code for address in ("/admin/", "/admin/preferences/", "/admin/find/")]

    assert statuses == [200, 200, 200]


def test_a_refused_post_changes_nothing(bob: Person, alpha: Organization) -> None:
    role = StaffRole.objects.get(user=bob.user)
    half = half_signed_in(bob.user)

    half.post(f"/admin/organizations/staffrole/{role.pk}/change/", {"role": "viewer"})
    half.post(reverse("preferences"), {"time_zone": "Europe/Berlin"})
    half.post(reverse("admin:password_change"), {"old_password": bob.password})

    role.refresh_from_db()
    bob.user.refresh_from_db()
    assert (role.role, bob.user.time_zone) == ("owner", "America/Chicago")
    with organization_scope(alpha.pk):
        assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    "headers",
    [{"X-Requested-With": "fetch"}, {"Accept": "application/json"}, {"Sec-Fetch-Mode": "same-origin"}],
    ids=["X-Requested-With", "Accept", "Sec-Fetch-Mode"],
)
def test_a_script_is_told_so_in_json(bob: Person, headers: dict[str, str]) -> None:
    answer = half_signed_in(bob.user).get(reverse("health"), headers=headers)

    assert answer.status_code == 403
    assert answer.json() == {"error": "Set up a second factor first.", "at": SET_UP}


def test_a_prefix_of_the_server_makes_no_page_look_like_one_that_is_open(bob: Person) -> None:
    """Some servers take SCRIPT_NAME from a header: that moved the whole site below /static/."""
    half = half_signed_in(bob.user)

    for prefix in ("/static", "/livez", "/metrics"):
        page = half.get("/admin/preferences/", SCRIPT_NAME=prefix)
        assert page.status_code == 302, prefix
        assert page.headers["Location"].startswith(SET_UP), prefix


def test_what_is_open_to_everybody_sees_nobody(bob: Person) -> None:
    half = half_signed_in(bob.user)

    for address in ("/livez", "/readyz", "/syncz", "/metrics"):
        assert half.get(address).status_code == Client().get(address).status_code, address
    assert "Sign in as vendor staff" in half.get("/").content.decode()


def test_signing_out_and_in_as_somebody_else_is_possible(bob: Person) -> None:
    half = half_signed_in(bob.user)
    assert "User name or e-mail" in half.get("/admin/login/").content.decode()

    half.post(reverse("admin:logout"))

    assert "_auth_user_id" not in half.session


def test_another_persons_mark_opens_nothing(bob: Person) -> None:
    client = half_signed_in(bob.user)
    session = client.session
    session["second_factor_of"] = bob.user.pk + 1
    session.save()

    assert client.get("/admin/").status_code == 302


@pytest.fixture
def demo(settings: Any) -> None:
    settings.DEBUG = settings.DEMO_SIGN_IN_WITHOUT_CODE = True


def test_the_demos_users_need_no_code(demo: None, bob: Person) -> None:
    assert bob.give_password().headers["Location"] == "/admin/"
    assert bob.is_in()
    assert "this is a demo" in bob.client.get("/admin/second-factor/").content.decode()
    assert bob.client.get(SET_UP).status_code == 200
    assert checks.demo_sign_in() == []


@pytest.mark.parametrize("missing", ["DEBUG", "DEMO_SIGN_IN_WITHOUT_CODE"])
def test_without_the_switch_or_outside_a_demo_they_do(demo: None, bob: Person, settings: Any, missing: str) -> None:
    setattr(settings, missing, False)
    bob.give_password()

    assert not bob.is_in()
    found = [message.id for message in checks.demo_sign_in()]
    assert found == (["vendor_admin.E007"] if missing == "DEBUG" else [])


def test_the_switch_is_for_made_up_users_and_ends_with_the_first_real_organization(demo: None, bob: Person) -> None:
    real = staff("real")
    assert half_signed_in(real).get("/admin/preferences/").status_code == 302
    bob.give_password()
    assert bob.is_in()

    Organization.objects.create(slug="real", name="A real one")

    assert not bob.is_in()
    assert [message.id for message in checks.demo_sign_in()] == ["vendor_admin.W004"]
