"""What a restart of all sync workers would cost now, by the hour's sync requests that are left."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.sync.scripted_platform import ScriptedPlatform
from tests.sync.stored import Stored
from vendor_admin.organizations.models import BudgetUse, Connection
from vendor_admin.organizations.platform_access import budgets
from vendor_admin.organizations.tenancy import database_clock
from vendor_admin.sync.hub.restart_cost import in_words, opening_times, restart_costs
from vendor_admin.sync.socket.access import sync_key

Connect = Callable[..., Connection]
NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
HOUR = timedelta(hours=1) * budgets.WINDOW_MARGIN


def after(times: list[datetime]) -> list[float]:
    return [(one - NOW).total_seconds() for one in times]


def test_half_an_hours_requests_go_at_once_and_the_others_three_seconds_apart() -> None:
    seconds = after(opening_times([], 200, now=NOW))
    assert seconds[:150] == [0.0] * 150
    assert seconds[150:] == [3.0 * number for number in range(1, 51)]


def test_a_second_restart_within_the_hour_leaves_a_hundred_down_until_the_first_is_an_hour_old() -> None:
    before = opening_times([], 200, now=NOW - timedelta(minutes=20))
    times = opening_times(before, 200, now=NOW)
    late = [one for one in times if one > NOW + timedelta(minutes=10)]
    assert len(late) == 100
    assert late[0] == NOW - timedelta(minutes=20) + HOUR


def test_the_times_are_those_of_the_budget_itself(db: None) -> None:
    used = [NOW - timedelta(minutes=59), *opening_times([], 155, now=NOW - timedelta(minutes=1))]
    key = budgets.key_of(budget=budgets.SOCKET_SYNC, subject="somewhere")
    BudgetUse.objects.bulk_create(BudgetUse(key=key, used_at=one) for one in used)
    wait = budgets.seconds_until_free(budgets.SOCKET_SYNC, key=key, now=NOW)
    assert after(opening_times(used, 1, now=NOW)) == [wait]


@pytest.fixture
def sockets(connect: Connect, platform: ScriptedPlatform, stored: Stored) -> Callable[[int], None]:
    """Add organizations with a socket each."""

    def add(count: int) -> None:
        for _ in range(count):
            connection = connect(platform, f"vendor-{len(stored.leases())}")
            stored.rows(
                "INSERT INTO sync_lease (organization_id, connection_id, environment, shard, holder, fence, epoch,"
                " state, reason, advice, events_stored, lag_ms)"
                " VALUES (%s, %s, 'demo', 0, '', 0, 0, 'unheld', '', '', 0, 0) RETURNING id",
                connection.organization_id,
                connection.pk,
            )

    return add


def test_syncz_and_the_command_tell_it_in_words_and_figures(
    sockets: Callable[[int], None], platform: ScriptedPlatform, client: Client
) -> None:
    sockets(3)
    now = database_clock.now()
    key = sync_key(platform.rest_url)
    BudgetUse.objects.bulk_create(BudgetUse(key=key, used_at=now - timedelta(minutes=30)) for _ in range(299))
    BudgetUse.objects.create(key=key, used_at=now - timedelta(hours=2))
    (told,) = client.get("/syncz").json()["restart_now"]
    assert {name: told[name] for name in ("sockets", "requests_left", "at_once", "one_by_one", "stay_down")} == {
        "sockets": 3,
        "requests_left": 1,
        "at_once": 1,
        "one_by_one": 0,
        "stay_down": 2,
    }
    assert told["in_words"].startswith(
        "A restart of the sync workers now: 1 of 3 sockets open at once, 2 stay down until "
    )
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("sync_status", stdout=out)
    assert told["in_words"] in out.getvalue()


def test_a_locked_address_opens_nothing_before_the_lock_ends(
    sockets: Callable[[int], None], platform: ScriptedPlatform
) -> None:
    sockets(1)
    now = database_clock.now()
    budgets.lock(key=sync_key(platform.rest_url), until=now + timedelta(minutes=40), reason="429")
    (cost,) = restart_costs(now=now)
    assert (cost["at_once"], cost["stay_down"], cost["down_until"]) == (0, 1, now + timedelta(minutes=40))
    assert "1 stay down until" in in_words(cost)


def test_paused_sockets_do_not_count_and_twenty_take_as_many_queries_as_one(
    sockets: Callable[[int], None], stored: Stored
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(database) as captured:
            restart_costs(now=database_clock.now())
        return len(captured)

    sockets(1)
    of_one = queries()
    sockets(19)
    assert queries() == of_one
    (paused,) = stored.rows("SELECT min(id) AS id FROM organizations_connection")
    stored.rows("UPDATE organizations_connection SET is_enabled = false WHERE id = %s RETURNING id", paused["id"])
    (cost,) = restart_costs(now=database_clock.now())
    assert cost["sockets"] == cost["at_once"] == 19
