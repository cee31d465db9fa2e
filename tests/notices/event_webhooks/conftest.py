from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection as database

from tests.notices.event_webhooks.hook_desk import HookDesk


@pytest.fixture
def alpha(committed_db: None, hub_connection: psycopg.Connection, settings: Any) -> Iterator[HookDesk]:
    settings.DEBUG = True  # plain http to this machine
    settings.SITE_URL = "https://admin.example.com"
    yield HookDesk(hub_connection, "alpha").begin()
    database.close()


@pytest.fixture
def bravo(alpha: HookDesk, hub_connection: psycopg.Connection) -> HookDesk:
    return HookDesk(hub_connection, "bravo").begin()
