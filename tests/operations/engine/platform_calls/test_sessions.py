"""How a lane gets at its token while it works."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.utils import timezone

from tests.organizations.conftest import CREDENTIALS
from vendor_admin.operations.engine.platform_calls.callers import Callers
from vendor_admin.operations.engine.platform_calls.gate import Gate
from vendor_admin.operations.engine.platform_calls.sessions import LOOK_AGAIN, Sessions
from vendor_admin.operations.store.queue import LaneKey
from vendor_admin.organizations.models import Connection, Organization
from vendor_admin.organizations.platform_access import tokens
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.tradovate.rest.authentication import AccessToken


@pytest.fixture
def lane(committed_db: None) -> Iterator[LaneKey]:
    organization = Organization.objects.create(slug="vendor", name="Vendor")
    with organization_scope(organization.pk):
        Connection.objects.create(
            organization=organization,
            environment="demo",
            rest_url="http://127.0.0.1:9/demo/v1",
            websocket_url="ws://127.0.0.1:9/demo/v1/websocket",
            credentials=CREDENTIALS,
        )
    yield LaneKey(organization.pk, "demo", "worker")
    database.close()


def test_a_good_token_that_cannot_be_renewed_yet_is_tried_after_a_pause_and_an_ended_one_at_once(
    lane: LaneKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = timezone.now()
    token = AccessToken("token", started + timedelta(minutes=10), 4001, "a")
    stored: list[AccessToken | None] = [token]
    asked: list[int] = []

    def access_token(**_: Any) -> AccessToken:
        """Another process is at it, or the platform asks to wait: the one that is there goes on."""
        asked.append(1)
        return token

    monkeypatch.setattr(tokens, "access_token", access_token)
    monkeypatch.setattr(tokens, "stored_token", lambda **_: (stored[0], True))
    callers = Callers(connections=2, gate=(gate := Gate()))
    sessions = Sessions(lane, gate, callers, on_news=lambda: None)

    def look(now: datetime) -> int:
        is_open = sessions.open(now=now) is not None
        assert is_open is (stored[0] is not None)
        while callers.in_flight:
            callers.collect(seconds=1.0)
        return len(asked)

    try:
        assert [look(started + timedelta(seconds=0.05 * number)) for number in range(3)] == [1, 1, 1]
        assert look(started + LOOK_AGAIN) == 2
        stored[0] = None
        assert look(started + LOOK_AGAIN + timedelta(seconds=0.05)) == 3
    finally:
        callers.close()
