"""A client for tests of the partner API."""

import pytest

from tests.support.api import Api
from vendor_admin.organizations.models import Organization


@pytest.fixture
def api(alpha: Organization) -> Api:
    """A program of Alpha's with every scope; each answer is compared with the schema."""
    return Api.of(alpha)
