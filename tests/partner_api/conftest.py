"""A client for tests of the partner API, and two organizations with the same things."""

from typing import Any

import pytest

from tests.partner_api.matrix.planted import Planted, plant
from tests.support.partner_api.api import Api
from tests.support.staff_and_rows import Writer
from vendor_admin.organizations.models import Organization


@pytest.fixture
def api(alpha: Organization) -> Api:
    """A program of Alpha's with every scope; each answer is compared with the schema."""
    return Api.of(alpha)


@pytest.fixture
def ours(committed_db: None, write: Writer) -> Planted:
    organization = Organization.objects.create(slug="ours", name="Ours")
    return plant(organization, write, word="qaours", base=5_110_000, owner="alice")


@pytest.fixture
def theirs(committed_db: None, write: Writer) -> Planted:
    organization = Organization.objects.create(slug="zqsecret", name="zqsecret Ltd")
    return plant(organization, write, word="zqsecret", base=7_770_000, owner="zelda")


@pytest.fixture
def unlimited(settings: Any) -> None:
    settings.PARTNER_API_REQUESTS_A_MINUTE = settings.PARTNER_API_ORGANIZATION_REQUESTS_A_MINUTE = 1_000_000
