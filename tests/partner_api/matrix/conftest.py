"""Two organizations with the same things, and each wall between them alone."""

from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

import pytest
from django.db import connection, models

from tests.partner_api.matrix.planted import Planted
from vendor_admin.organizations.tenancy.scope import ScopedManager


@pytest.fixture(params=["both walls", "the managers alone", "row level security alone"])
def walls(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    ours: Planted,
    theirs: Planted,
    database_urls: dict[str, str],
) -> Iterator[str]:
    """Which walls stand: of one the other is taken down once everything is planted."""
    if request.param == "row level security alone":
        monkeypatch.setattr(ScopedManager, "get_queryset", models.Manager.get_queryset)
    if request.param == "the managers alone":
        owner, kept = urlsplit(database_urls["owner"]), dict(connection.settings_dict)
        connection.close()
        connection.settings_dict |= {"USER": owner.username, "PASSWORD": unquote(owner.password or "")}
        yield request.param
        connection.close()
        connection.settings_dict |= {"USER": kept["USER"], "PASSWORD": kept["PASSWORD"]}
        return
    yield request.param
