"""The search and the pages of members and accounts keep the database for a list's time at most."""

from types import ModuleType
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.members import views as member_page
from accounts.search import views as search_page
from accounts.trading_accounts import views as account_page
from vendor_admin.listing import lists


def _too_slow(*args: Any, **named: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(60)")


@pytest.mark.parametrize(
    ("module", "name", "arguments"),
    [
        (account_page, "read_timeline", ("account", [10_001])),
        (member_page, "read_timeline", ("member", [1])),
        (search_page, "find_members_and_accounts", ("find", [])),
    ],
)
def test_a_page_that_would_take_too_long_is_left_and_says_so(
    alice: Client,
    trading_day,
    monkeypatch: pytest.MonkeyPatch,
    module: ModuleType,
    name: str,
    arguments: tuple[str, list[int]],
) -> None:
    trading_day(1)
    address = reverse(arguments[0], args=arguments[1]) + "?q=zzz"
    assert alice.get(address).status_code == 200
    monkeypatch.setattr(lists, "QUERY_TIMEOUT_MS", 50)
    monkeypatch.setattr(module, name, _too_slow)

    answer = alice.get(address)

    assert answer.status_code == 503
    assert "This page would take the database too long" in answer.content.decode()
