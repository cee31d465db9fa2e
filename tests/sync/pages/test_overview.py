"""The overview: what to do first, and the health of the sockets."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import time_machine
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.support.staff_and_rows import NOW
from vendor_admin.listing.templatetags.vendor import when_in_words
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.connections.verbs import add_connection
from vendor_admin.organizations.models import AuditEntry, Organization, User
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.queues import QUEUES
from vendor_admin.sync import queue_workers
from vendor_admin.sync.models import Lease
from vendor_admin.tradovate.trading_calendar import CENTRAL

CREDENTIALS = {"name": "n", "password": "p", "app_id": "a", "cid": "1", "sec": "s"}


def _connect(organization: Organization):
    return add_connection(
        organization=organization,
        environment="demo",
        actor=Actor.staff("test"),
        rest_url="https://demo.tradovateapi.com/v1",
        websocket_url="wss://demo.tradovateapi.com/v1/websocket",
        credentials=CREDENTIALS,
    )


def _held(write: Any, organization: Organization, **values: Any) -> None:
    """A DEMO socket of the organization that a worker holds."""
    write.insert(
        "sync_lease",
        {
            "organization_id": organization.pk, "connection_id": _connect(organization).pk, "environment": "demo",
            "shard": 0, "holder": "hub-1", "fence": 7, "expires_at": timezone.now() + timedelta(minutes=1), "epoch": 1,
            "state": "live", "reason": "", "advice": "", "events_stored": 12345, "lag_ms": 5,
        } | values,
    )  # fmt: skip


def _lease(organization: Organization) -> Lease:
    with organization_scope(organization.pk):
        return Lease.objects.get()


def test_an_organization_without_connection_is_told_the_first_step(alice: Client, bob: Client, alpha):
    owner = alice.get(reverse("admin:index")).content.decode()
    viewer = bob.get(reverse("admin:index")).content.decode()

    assert "connect_organization alpha" in owner
    assert reverse("admin:organizations_connection_add") in owner
    assert "An owner of your organization can do that." in viewer


def test_an_installation_without_organizations_tells_its_operator_the_commands(olga: Client):
    assert "connect_organization SLUG" in olga.get(reverse("admin:index")).content.decode()


def test_a_socket_shows_its_state_and_what_to_do(alice: Client, alpha, write):
    now = timezone.now()
    _held(write, alpha, state="failed", reason="The key is refused.", advice="Correct the key.")
    write.insert(
        "sync_batch",
        {
            "organization_id": alpha.pk, "lease_id": 1, "epoch": 1, "first_seq": 1, "last_seq": 90, "row_count": 90,
            "received_from": now, "received_to": now, "committed_at": now,
        },
    )  # fmt: skip

    response = alice.get(reverse("health"))
    text = response.content.decode()

    assert "needs attention" in text
    assert "The key is refused." in text
    assert "Correct the key." in text
    assert "12,345" in text
    assert response.context["health"]["rate"]["last_minute"] == 90
    assert response.context["health"]["rate"]["minutes"][-1] == 90
    assert "<html" not in text


def test_the_event_rate_is_summed_up_once_for_all_who_look(alice: Client, bob: Client, alpha, write):
    _connect(alpha)
    now = timezone.now().replace(second=30)
    for number, minutes_ago in enumerate((0, 2, 2, 59, 61)):
        at = now - timedelta(minutes=minutes_ago)
        write.insert(
            "sync_batch",
            {
                "organization_id": alpha.pk, "lease_id": 1, "epoch": 1, "first_seq": number, "last_seq": number,
                "row_count": 10, "received_from": at, "received_to": at, "committed_at": at,
            },
        )  # fmt: skip

    def polled(client: Client) -> tuple[int, dict]:
        with CaptureQueriesContext(connection) as captured:
            rate = client.get(reverse("health")).context["health"]["rate"]
        return sum("sync_batch" in query["sql"] for query in captured), rate

    with time_machine.travel(now, tick=False):
        (first, rate), (second, kept), (third, _) = polled(alice), polled(alice), polled(bob)

    assert (first, second, third) == (1, 0, 0)
    assert kept == rate
    assert (rate["last_minute"], rate["last_hour"], rate["minutes"][-3]) == (10, 40, 20)
    cache.clear()
    assert polled(alice)[0] == 1


def test_a_waiting_socket_says_when_it_tries_again_and_may_be_tried_now(alice, bob, charlie, alpha, write):
    User.objects.update(time_zone="Europe/Berlin")
    tries_at = timezone.now() + timedelta(minutes=3, seconds=30)
    _held(write, alpha, state="waiting", reason="Silence.", next_try_at=tries_at)
    text = " ".join(alice.get(reverse("health")).content.decode().split())
    viewers = bob.get(reverse("health")).content.decode()
    address = reverse("admin:sync_lease_try_now", args=[_lease(alpha).pk])
    assert bob.post(address).status_code == 403
    assert charlie.post(address).status_code == 404
    assert alice.get(address).status_code == 405
    assert _lease(alpha).retry_requested_at is None
    answer = alice.post(address, {"back": "overview"})

    assert f"{tries_at.astimezone(ZoneInfo('Europe/Berlin')):%H:%M:%S} <span" in text
    assert f"{tries_at.astimezone(ZoneInfo('America/Chicago')):%H:%M:%S} CT</span></time> (in 3 min)." in text
    assert address in text
    assert address not in viewers
    assert answer.headers["Location"] == reverse("admin:index")
    assert _lease(alpha).retry_requested_at is not None
    with organization_scope(alpha.pk):
        assert AuditEntry.objects.filter(action="socket tried again at once", actor="alice").exists()


def test_a_lock_of_the_platform_is_not_lifted_and_says_until_when_and_why(alice: Client, alpha, write):
    now = timezone.now()
    until = now + timedelta(minutes=40)
    reason = "The platform answered 429."
    _held(write, alpha, state="waiting", reason=reason, next_try_at=until, locked_until=until)
    address = reverse("admin:sync_lease_change", args=[_lease(alpha).pk])
    assert "Try now" in alice.get(address).content.decode()

    page = alice.post(reverse("admin:sync_lease_try_now", args=[_lease(alpha).pk]), follow=True)

    said = str(next(iter(page.context["messages"])))
    with timezone.override(CENTRAL):
        assert f"locked it until {when_in_words(until)}" in said
    assert reason in said
    assert _lease(alpha).retry_requested_at is None


def test_a_live_socket_has_nothing_to_try(alice: Client, alpha, write):
    _held(write, alpha, state="live")

    assert "Try now" not in alice.get(reverse("health")).content.decode()
    address = reverse("admin:sync_lease_try_now", args=[_lease(alpha).pk])
    assert "does not wait" in alice.post(address, follow=True).content.decode()


def test_titles_of_gaps_and_comparisons_are_in_the_viewers_zone(alice: Client, alpha, write):
    User.objects.update(time_zone="Asia/Tokyo")
    write.gap(alpha, started_at=NOW, ended_at=NOW + timedelta(minutes=1))
    write.insert(
        "sync_reconciliation",
        {
            "organization_id": alpha.pk, "lease_id": 1, "environment": "live", "entity_type": "user",
            "started_at": NOW, "is_first_load": False, "changed": 0, "vanished": 0, "error": "",
        },
    )  # fmt: skip

    def title(name: str) -> str:
        [(address, _, _)] = alice.get(reverse(name)).context["rows"]
        return alice.get(address).context["title"]

    assert title("admin:sync_gap_changelist") == "Gap of DEMO from Nov 21, 2026 00:00:00 (Nov 20 09:00:00 CT)"
    compared = "user of LIVE compared at Nov 21, 2026 00:00:00 (Nov 20 09:00:00 CT)"
    assert title("admin:sync_reconciliation_changelist") == compared


def test_the_overview_leads_to_the_choice_of_a_time_zone(alice: Client):
    text = alice.get(reverse("admin:index")).content.decode()

    assert "Times are in America/Chicago" in text
    assert reverse("preferences") in text


def test_owners_confirm_what_a_list_left_out_in_great_number(alice: Client, charlie: Client, alpha, write):
    _held(write, alpha)
    write.insert(
        "sync_reconciliation",
        {
            "organization_id": alpha.pk, "lease_id": 1, "environment": "demo", "entity_type": "account",
            "started_at": NOW, "is_first_load": False, "changed": 0, "vanished": 0, "absent": 60, "error": "Held.",
        },
    )  # fmt: skip
    [(address, _, _)] = alice.get(reverse("admin:sync_reconciliation_changelist")).context["rows"]
    assert "Confirm that 60 are gone" in alice.get(address).content.decode()
    confirm = address.replace("/change/", "/confirm/")

    assert charlie.post(confirm).status_code == 404
    assert "Confirmed:" in alice.post(confirm, follow=True).content.decode()
    assert "does not wait for a person any more" in alice.post(confirm, follow=True).content.decode()
    with organization_scope(alpha.pk):
        assert AuditEntry.objects.filter(action="absence confirmed").count() == 1


def test_a_queue_that_lost_its_worker_is_told_above_all_else(alice: Client, olga: Client, alpha) -> None:
    assert "No worker takes" not in alice.get(reverse("admin:index")).content.decode()
    queue_workers.say(name="rows@here", queues=["rows"], now=database_clock.now() - timedelta(minutes=1))
    queue_workers.say(name="others@here", queues=[one for one in QUEUES if one != "rows"], now=database_clock.now())
    for client in (alice, olga):
        page = client.get(reverse("admin:index")).content.decode()
        assert page.count("No worker takes") == 1
        assert "No worker takes the queue rows:" in page
