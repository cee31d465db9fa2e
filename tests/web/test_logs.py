"""What a failed request leaves in the log of an installation: one JSON line with the traceback, and no values."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as product
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from tests.support.signed_in import signed_in
from vendor_admin.organizations.models import Organization, StaffRole, User
from vendor_admin.urls import urlpatterns as own


def _broken(request: HttpRequest) -> HttpResponse:
    password = "of a member".replace(" ", "-")
    raise RuntimeError(f"{len(password)} letters")


urlpatterns = [path("broken/", _broken), *own]


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the product's handler writes."""
    formatters: Any = product.LOGGING["formatters"]
    given = dict(formatters["plain"])
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(given.pop("()")(**given))
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)


def test_a_failed_request_is_one_json_line_with_its_traceback_and_no_local_variables(
    db: None, client: Client, settings, written: io.StringIO
) -> None:
    settings.ROOT_URLCONF = __name__
    user = User.objects.create_user("alice", kind=User.Kind.STAFF, is_staff=True)
    StaffRole.objects.create(user=user, organization=Organization.objects.create(slug="alpha"), role="viewer")
    signed_in(user, client=client)
    client.raise_request_exception = False

    answer = client.get("/broken/", headers={"X-Request-ID": "request-7"})

    assert answer.status_code == 500
    (line,) = [line for line in written.getvalue().splitlines() if "/broken/" in line]
    said = json.loads(line)
    assert "Traceback (most recent call last)" in said["exception"]
    assert "RuntimeError: 11 letters" in said["exception"]
    assert (said["request_id"], said["organization"]) == (answer.headers["X-Request-ID"], "alpha")
    assert (said["caller_request_id"], said["level"]) == ("request-7", "error")
    assert "of-a-member" not in line
