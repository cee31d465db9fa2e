"""The sockets page: how far what is read account by account is, by as many queries however many sockets there are."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from vendor_admin.organizations.models import Connection, Organization
from vendor_admin.organizations.tenancy.scope import organization_scope

NOW = datetime.now(UTC)
PAGE = "admin:sync_lease_changelist"


def add_socket(organization: Organization, write: Any, number: int, **values: object) -> None:
    with organization_scope(organization.pk):
        made = Connection.objects.create(
            organization=organization,
            environment=("demo", "live")[number],
            rest_url="http://127.0.0.1:1/v1",
            websocket_url="ws://127.0.0.1:1/v1",
            credentials={},
        )
    mine = {"organization_id": organization.pk, "connection_id": made.pk}
    lease = mine | {"environment": made.environment, "shard": 0, "holder": "", "fence": 1, "epoch": 1}
    write.insert("sync_lease", lease | {"state": "live", "reason": "", "advice": "", "events_stored": 0, "lag_ms": 0})
    for entity_type in ("cashBalanceLog", "userAccountPositionLimit"):
        place = {"entity_type": entity_type, "round": 1, "next_master": 0, "asked": 0, "masters": 30_000}
        write.insert("sync_readingplace", mine | place | {"began_at": NOW, "moved_at": NOW} | values)


def test_the_sockets_page_says_how_far_the_reading_is_and_what_could_not_be_read(
    alice: Client, alpha: Organization, write: Any
) -> None:
    behind = {"goal_round": 1, "goal_master": 0, "goal_asked": 0, "asked": 12_000, "next_master": 12_001}
    unreadable = json.dumps({"14": "the platform answered 500"})
    add_socket(alpha, write, 0, **behind, done_at=NOW + timedelta(hours=3), unreadable=unreadable)
    page = alice.get(reverse(PAGE)).content.decode()
    assert "24,000 of 60,000 read, done about" in page
    assert "The cash balance logs of account 14 could not be read: the platform answered 500." in page


def test_a_socket_that_is_behind_in_nothing_has_nothing_to_say_by_as_many_queries(
    alice: Client, alpha: Organization, write: Any
) -> None:
    add_socket(alpha, write, 0)
    with CaptureQueriesContext(database) as of_one:
        assert "60,000" not in alice.get(reverse(PAGE)).content.decode()
    add_socket(alpha, write, 1)
    with CaptureQueriesContext(database) as of_two:
        alice.get(reverse(PAGE))
    assert len(of_two) == len(of_one)
