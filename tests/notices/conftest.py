"""Organizations as notices see them, e-mail that stays in memory, and a receiver of webhooks."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from tests.notices.notice_desk import Desk, Receiver, receiving


@pytest.fixture
def desk_of(committed_db: None, hub_connection: psycopg.Connection) -> Callable[[str], Desk]:
    return lambda slug: Desk(hub_connection, slug)


@pytest.fixture
def mails(settings: Any) -> None:
    settings.EMAIL_URL = "memorymail://"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving(Receiver()) as served:
        yield served
