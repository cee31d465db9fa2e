"""Error pages in the demo, which runs with DEBUG, and in a developer's server."""

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from tests.support.signed_in import signed_in
from vendor_admin.organizations.models import Organization, StaffRole, User
from vendor_admin.urls import urlpatterns as own

OURS = "To the overview"


def _broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a secret of the code")


urlpatterns = [path("broken/", _broken), *own]


@pytest.fixture
def demo(settings) -> None:
    settings.DEBUG = True
    settings.ROOT_URLCONF = __name__


@pytest.fixture
def staff(db: None, client: Client) -> Client:
    user = User.objects.create_user("alice", kind=User.Kind.STAFF, is_staff=True)
    StaffRole.objects.create(user=user, organization=Organization.objects.create(slug="alpha"), role="viewer")
    signed_in(user, client=client)
    client.raise_request_exception = False
    return client


@pytest.mark.parametrize("address", ["/nowhere/", "/admin/nowhere/", "/admin/accounts/99999999999999999999/"])
def test_the_demo_shows_our_own_page_for_what_is_not_there(demo: None, staff: Client, address: str) -> None:
    answer = staff.get(address)

    assert answer.status_code == 404
    assert OURS in answer.content.decode()
    assert "DEBUG" not in answer.content.decode()


def test_an_address_without_its_last_slash_still_leads_there(demo: None, staff: Client) -> None:
    assert staff.get("/admin").headers["Location"] == "/admin/"


def test_the_demo_shows_our_own_page_for_a_failure_and_logs_it(demo: None, staff: Client, caplog) -> None:
    answer = staff.get("/broken/")

    assert answer.status_code == 500
    assert "Something failed on our side" in answer.content.decode()
    assert "a secret of the code" not in answer.content.decode()
    assert "a secret of the code" in caplog.text


def test_the_demo_shows_our_own_page_for_a_wrong_host(demo: None, staff: Client) -> None:
    answer = staff.get("/admin/", headers={"Host": "elsewhere.example"})

    assert answer.status_code == 400
    assert "could not be understood" in answer.content.decode()


def test_what_a_middleware_tells_programs_stays_as_it_is(demo: None, db: None) -> None:
    answer = Client().get(f"/api/v1/me?key=vak_live_1_{'a' * 43}")

    assert (answer.status_code, answer.json()["code"]) == (400, "credential_in_address")


def test_a_stale_form_gets_our_own_page(demo: None, db: None) -> None:
    answer = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "x", "password": "y"})

    assert answer.status_code == 403
    assert "This form was not accepted" in answer.content.decode()


def test_a_developers_server_keeps_djangos_pages(demo: None, staff: Client, settings) -> None:
    settings.COMMAND = "runserver"

    assert OURS not in staff.get("/nowhere/").content.decode()
    assert "a secret of the code" in staff.get("/broken/").content.decode()


def test_without_debug_the_same_pages_are_shown(staff: Client, settings) -> None:
    settings.ROOT_URLCONF = __name__

    assert OURS in staff.get("/nowhere/").content.decode()
    assert "Something failed on our side" in staff.get("/broken/").content.decode()
