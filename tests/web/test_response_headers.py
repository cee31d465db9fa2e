"""What every answer tells browsers, and what they forget when a session ends."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.support.people import staff_user
from tests.support.signed_in import signed_in
from vendor_admin import settings as product
from vendor_admin.organizations.models import Organization


@pytest.fixture
def ann(db: None) -> Client:
    alpha = Organization.objects.create(slug="alpha", name="Alpha Funding")
    return signed_in(staff_user("ann", alpha))


@pytest.mark.parametrize("address", ["/", "/admin/", "/admin/login/", "/api/v1/me", "/livez", "/nothing/", "/o/none/"])
def test_no_page_has_a_use_for_cameras_places_or_other_sites_pages(ann: Client, address: str) -> None:
    answer = ann.get(address)
    assert "camera=()" in answer["Permissions-Policy"]
    assert "geolocation=()" in answer["Permissions-Policy"]
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Clear-Site-Data" not in answer


def test_an_answer_that_is_too_large_to_be_read_has_them_too(client: Client) -> None:
    answer = client.post("/", b"x" * 2_000_000, content_type="text/plain")
    assert answer.status_code == 413
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.parametrize("name", ["admin:logout", "sign_out_everywhere"])
def test_the_browser_forgets_what_it_kept_of_the_pages_when_a_session_ends(ann: Client, name: str) -> None:
    assert ann.post(reverse(name))["Clear-Site-Data"] == '"cache"'


def test_the_cookies_of_the_product_are_of_this_very_host_alone() -> None:
    """Browsers take a cookie of such a name only over HTTPS, for the path / and without a domain."""
    for name in ("SESSION", "CSRF"):
        assert getattr(product, f"{name}_COOKIE_NAME").startswith("__Host-")
        assert getattr(product, f"{name}_COOKIE_SECURE") is True
        for part in ("PATH", "DOMAIN"):
            assert not hasattr(product, f"{name}_COOKIE_{part}"), "Django's own: / and none"
