from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection as database

from tests.sync.events.log_desk import LogDesk


@pytest.fixture
def alpha(committed_db: None, hub_connection: psycopg.Connection) -> Iterator[LogDesk]:
    yield LogDesk(hub_connection, "alpha")
    database.close()


@pytest.fixture
def bravo(alpha: LogDesk, hub_connection: psycopg.Connection) -> LogDesk:
    return LogDesk(hub_connection, "bravo")
