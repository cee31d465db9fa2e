"""What opens a notice about sockets, hosts and workers, what closes it, and how often it is told."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.notices.notice_desk import NOW, Desk, at, deliver, look
from vendor_admin.notices import watcher
from vendor_admin.notices.models import Notice, NoticeKind
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.connections import verbs as connections
from vendor_admin.organizations.models import Connection
from vendor_admin.organizations.platform_access import host_fallback, platform_hosts
from vendor_admin.queues import QUEUES
from vendor_admin.sync import queue_workers
from vendor_admin.sync.models import PartitionTrouble
from vendor_admin.tradovate.api_hosts import read_api_hosts
from vendor_admin.tradovate.outcomes import WrongHost
from vendor_admin.workers.steps import say_once


@pytest.fixture
def alpha(desk_of: Callable[[str], Desk]) -> Desk:
    return desk_of("alpha")


def test_a_socket_down_for_a_minute_opens_one_notice_that_closes_by_itself(alpha: Desk) -> None:
    lease = alpha.socket(alpha.connect())
    assert look(0) == (0, 0)
    alpha.set_socket(lease, "waiting", reason="The platform closed the socket.", advice="It tries again.")
    for seconds in (15, 30, 45, 60, 74):
        assert look(seconds) == (0, 0)
    assert alpha.notices() == []
    assert look(75) == (1, 0)
    assert look(90) == look(105) == (0, 0)
    notice = alpha.notice()
    assert (notice.kind, notice.subject, notice.standing) == (NoticeKind.SOCKET_DOWN, "demo", Notice.OPEN)
    assert notice.title == "The DEMO socket is down"
    assert "since 2026-11-20 15:00 UTC (09:00 CT). The platform closed the socket." in notice.text
    assert notice.next_step == "It tries again."
    assert notice.path == "/admin/sync/lease/?environment=demo"
    alpha.set_socket(lease, "live")
    assert look(120) == (0, 1)
    notice = alpha.notice()
    assert (notice.standing, notice.closed_at) == (Notice.CLOSED, at(120))
    assert notice.resolution == "Every socket that should be open is live."


def test_a_socket_that_ends_after_each_start_is_one_notice_until_one_has_lasted_a_minute(alpha: Desk) -> None:
    lease = alpha.socket(alpha.connect())

    def is_seen(second: int, state: str, *, short_lives: int, opened: int) -> tuple[int, int]:
        alpha.set_socket(lease, state, reason="The connection failed.")
        alpha.hub.execute(
            "UPDATE sync_lease SET short_lives = %s, opened_at = %s, next_try_at = %s WHERE id = %s",
            [short_lives, at(opened), at(second + 600) if state == "waiting" else None, lease],
        )
        return look(second)

    assert is_seen(0, "waiting", short_lives=6, opened=-1) == (0, 0)
    assert is_seen(30, "live", short_lives=7, opened=29) == (0, 0)
    assert is_seen(60, "waiting", short_lives=7, opened=29) == (1, 0)
    for second in range(100, 1000, 100):
        count = 7 + second // 100
        assert is_seen(second, "live", short_lives=count, opened=second - 1) == (0, 0)
        assert is_seen(second + 8, "waiting", short_lives=count, opened=second - 1) == (0, 0)
    notice = alpha.notice()
    assert (notice.title, notice.times) == ("The DEMO socket is down", 1)
    assert "The platform lets us in, but each connection ends within a minute: 16 in a row. The next try" in notice.text
    assert "proxy" in notice.next_step
    assert is_seen(1060, "live", short_lives=16, opened=1000) == (0, 1)
    assert is_seen(1070, "waiting", short_lives=1, opened=1000) == (0, 0), "an ordinary loss later is none of it"


def test_a_host_that_refuses_is_told_once_for_a_connection_until_one_works(alpha: Desk) -> None:
    connection = alpha.connect()
    ids = {"connection_id": connection.pk, "organization_id": connection.organization_id}
    shared, other = "demo.tradovateapi.com", "demo-alpha7.ninjatrader.com"
    assert look(0) == (0, 0)
    with alpha.scope():
        platform_hosts.note_wrong_host(connection_id=connection.pk, answer=WrongHost(307, other), host=shared, now=NOW)
    assert look(15) == (1, 0)
    notice = alpha.notice()
    assert (notice.kind, notice.subject) == (NoticeKind.WRONG_HOST, "demo")
    assert f"{shared} does not serve" in notice.title
    assert other in notice.text
    assert notice.path == f"/admin/organizations/connection/{connection.pk}/change/"
    with alpha.scope():
        named = read_api_hosts({"apiHosts": {"demo": "demo.evil.test"}})
        platform_hosts.learn(connection_id=connection.pk, version=connection.version, api_hosts=named, now=NOW)
    assert look(30) == (0, 0), "it is the same connection's"
    platform_hosts.note_works(**ids, host=shared)
    assert look(45) == (0, 1)
    assert alpha.notice().resolution == "A host of this connection works again."


def test_a_named_host_that_is_not_reached_or_not_believed_is_told(alpha: Desk) -> None:
    connection = alpha.connect()
    ids = {"connection_id": connection.pk, "organization_id": connection.organization_id}
    for host in ("demo.evil.test", "demo-alpha7.ninjatrader.com"):
        with alpha.scope():
            named = read_api_hosts({"apiHosts": {"demo": host}})
            platform_hosts.learn(connection_id=connection.pk, version=connection.version, api_hosts=named, now=NOW)
        host_fallback.fall_back(**ids, host=host, why="no answer in time", now=NOW)
        look(0)
        notice = alpha.notice()
        assert host in notice.text
        assert "demo.tradovateapi.com" in notice.text
        assert ("cannot be reached" in notice.title) is ("evil" not in host)


def test_events_that_cannot_be_stored_open_a_notice_at_once_and_are_no_socket_down(alpha: Desk) -> None:
    lease = alpha.socket(alpha.connect(), state_since=NOW)
    alpha.set_socket(lease, "behind", reason="Received events cannot be stored: the disk is full.", advice="Tell them.")
    assert look(0) == (1, 0)
    notice = alpha.notice()
    assert (notice.kind, notice.title) == (NoticeKind.NOT_STORED, "Events of DEMO arrive and cannot be stored")
    assert notice.text.startswith("What arrived since 2026-11-20 15:00 UTC (09:00 CT) waits to be stored. Received")
    assert notice.next_step == "Tell them."
    assert look(75) == look(150) == (0, 0), "the socket itself is open"
    alpha.set_socket(lease, "live")
    assert look(165) == (0, 1)


def test_upkeep_of_the_log_that_fails_is_a_notice_until_it_works(alpha: Desk) -> None:
    PartitionTrouble.objects.create(step="make 2027-01", error="permission denied", is_lock=False, since=NOW)
    PartitionTrouble.objects.create(step="drop 2025-01", error="locked", is_lock=True, since=NOW)
    assert look(0) == (1, 0)
    assert "done: make 2027-01: permission denied." in alpha.notice().text
    assert look(25 * 3600) == (0, 0)
    assert "drop 2025-01: locked" in alpha.notice().text, "a reader that stays for a day is trouble, too"
    PartitionTrouble.objects.all().delete()
    assert look(26 * 3600) == (0, 1)


def test_a_queue_that_lost_its_worker_is_a_notice_until_it_has_one_again(alpha: Desk) -> None:
    assert look(0) == (0, 0), "workers of an older version do not say what they take"
    queue_workers.say(name="bulk@here", queues=["operations"], now=NOW)
    queue_workers.say(name="others@here", queues=[one for one in QUEUES if one != "operations"], now=NOW)
    assert look(10) == (0, 0)
    for second in (50, 110):
        queue_workers.say(name="others@here", queues=[one for one in QUEUES if one != "operations"], now=at(second))
        assert look(second) == (1 if second > 100 else 0, 0)
    (notice,) = alpha.notices()
    assert (notice.kind, notice.subject) == (NoticeKind.NO_WORKER, "operations")
    assert "plans do not go on" in notice.text
    queue_workers.say(name="bulk@there", queues=["operations"], now=at(115))
    assert look(120) == (0, 1)


def test_workers_that_start_one_after_the_other_leave_no_notice_behind(alpha: Desk) -> None:
    queue_workers.say(name="first@here", queues=["urgent"], now=NOW)
    assert look(5) == (0, 0)
    queue_workers.say(name="others@here", queues=[one for one in QUEUES if one != "urgent"], now=at(30))
    assert look(31) == (0, 0)
    assert not alpha.notices()


def test_without_a_worker_of_the_urgent_queue_another_one_looks_for_notices(alpha: Desk) -> None:
    say_once(name="bulk@here", queues=["operations"])
    with alpha.scope():
        subjects = set(Notice.objects.filter(kind=NoticeKind.NO_WORKER).values_list("subject", flat=True))
    assert subjects == set(QUEUES) - {"operations"}


def test_a_break_shorter_than_a_minute_leaves_nothing_behind(alpha: Desk) -> None:
    lease = alpha.socket(alpha.connect())
    alpha.set_socket(lease, "connecting")
    look(0)
    look(45)
    alpha.set_socket(lease, "live")
    look(59)
    with alpha.scope():
        assert not Notice.objects.exists()
    alpha.set_socket(lease, "connecting")
    look(61)
    assert look(120) == (0, 0)
    assert look(121) == (1, 0)


@pytest.mark.parametrize("values", [{"holder": ""}, {"expires_at": NOW - timedelta(seconds=1)}, {"expires_at": None}])
def test_a_socket_that_nobody_holds_is_down_whatever_its_holder_said_last(alpha: Desk, values: dict[str, Any]) -> None:
    alpha.socket(alpha.connect(), **values)
    look(0)
    assert look(60) == (1, 0)
    assert "No sync worker holds it." in alpha.notice().text


def test_paused_and_removed_connections_are_not_missed(alpha: Desk) -> None:
    connection = alpha.connect()
    lease = alpha.socket(connection)
    alpha.set_socket(lease, "waiting")
    look(0)
    assert look(60) == (1, 0)
    with alpha.scope():
        connections.pause_connection(connection=connection, actor=Actor.staff("test"))
    assert look(75) == (0, 1)
    with alpha.scope():
        connections.remove_connection(connection=Connection.objects.get(), actor=Actor.staff("test"))
    assert look(150) == look(300) == (0, 0)


def test_sockets_that_end_with_the_platforms_maintenance_are_not_told(alpha: Desk) -> None:
    lease = alpha.socket(alpha.connect())
    begins = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)  # a Friday, 16:00 CT, four hours
    ends = begins + timedelta(hours=4)
    alpha.set_socket(lease, "waiting", reason="Maintenance.")
    for moment in (begins, begins + timedelta(minutes=2), ends - timedelta(seconds=1), ends + timedelta(minutes=4)):
        assert watcher.watch(now=moment) == (0, 0)
    assert watcher.watch(now=ends + timedelta(minutes=6)) == (0, 0)
    assert watcher.watch(now=ends + timedelta(minutes=7)) == (1, 0)


def test_a_notice_from_before_the_maintenance_stays_and_closes_within_it(alpha: Desk) -> None:
    lease = alpha.socket(alpha.connect())
    begins = datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
    alpha.set_socket(lease, "waiting")
    watcher.watch(now=begins - timedelta(minutes=5))
    assert watcher.watch(now=begins - timedelta(minutes=3)) == (1, 0)
    assert watcher.watch(now=begins + timedelta(minutes=1)) == (0, 0)
    alpha.set_socket(lease, "live")
    assert watcher.watch(now=begins + timedelta(minutes=2)) == (0, 1)


def test_the_sockets_of_one_environment_are_one_notice(alpha: Desk) -> None:
    connection = alpha.connect()
    with alpha.scope():
        Connection.objects.filter(pk=connection.pk).update(sharding="modUserId", shard_count=3)
    leases = [alpha.socket(connection, shard=number) for number in range(3)]
    alpha.set_socket(leases[0], "waiting")
    look(0)
    alpha.set_socket(leases[0], "live")
    alpha.set_socket(leases[1], "waiting")
    assert look(45) == look(75) == (0, 0)  # no single one was down for a minute
    alpha.set_socket(leases[2], "waiting")
    assert look(105) == (1, 0)
    assert alpha.notice().title == "2 of 3 DEMO sockets are down"
    alpha.set_socket(leases[1], "live")
    assert look(120) == (0, 0)
    assert alpha.notice().title == "1 of 3 DEMO sockets are down"
    alpha.set_socket(leases[2], "live")
    assert look(135) == (0, 1)


def test_a_flapping_socket_is_told_once_in_five_minutes_and_the_last_word_is_true(alpha: Desk, mails: None) -> None:
    lease = alpha.socket(alpha.connect())
    channel = alpha.mail("desk@alpha.example")
    sent: list[tuple[int, str]] = []
    for seconds in range(0, 1860, 15):  # down for 75 s, live for 15 s, and so on; live at the end
        alpha.set_socket(lease, "live" if seconds % 90 == 75 or seconds >= 1800 else "waiting")
        look(seconds)
        deliver(seconds)
        sent = [(int((one.sent_at - NOW).total_seconds()), one.event) for one in alpha.deliveries() if one.sent_at]
    notice = alpha.notice()  # one, however often
    assert notice.times > 10
    moments = [moment for moment, _ in sent]
    assert len(sent) >= 2
    assert all(later - earlier >= 300 for earlier, later in itertools.pairwise(moments)), sent
    look(2200)
    deliver(2200)
    events = [one.event for one in alpha.deliveries() if one.sent_at]
    assert events[-1] == "resolved"
    assert events == ["opened", "resolved"] * (len(events) // 2)
    assert {one.channel_id for one in alpha.deliveries()} == {channel.pk}


def test_what_is_over_before_it_was_told_is_never_told(alpha: Desk, mails: None) -> None:
    lease = alpha.socket(alpha.connect())
    alpha.mail("desk@alpha.example")
    alpha.set_socket(lease, "waiting")
    look(0)
    look(60)
    alpha.set_socket(lease, "live")
    look(75)
    assert alpha.told() == [("opened", "superseded")]
    assert deliver(400) == 0


def test_what_comes_back_before_its_end_was_told_needs_no_new_message(alpha: Desk, mails: None) -> None:
    lease = alpha.socket(alpha.connect())
    alpha.mail("desk@alpha.example")
    alpha.set_socket(lease, "waiting")
    look(0)
    look(60)
    deliver(60)
    alpha.set_socket(lease, "live")
    look(75)
    alpha.set_socket(lease, "waiting")
    look(90)
    look(150)
    assert alpha.told() == [("opened", "sent"), ("resolved", "superseded")]
    alpha.set_socket(lease, "live")
    look(3000)
    deliver(3000)
    assert alpha.told() == [("opened", "sent"), ("resolved", "superseded"), ("resolved", "sent")]
    assert alpha.deliveries()[-1].message["data"]["times"] == 2


def test_the_same_trouble_hours_later_is_a_new_notice(alpha: Desk) -> None:
    lease = alpha.socket(alpha.connect())
    for start in (0, 4000):
        alpha.set_socket(lease, "waiting")
        look(start)
        look(start + 60)
        alpha.set_socket(lease, "live")
        look(start + 75)
    assert [(one.times, one.standing) for one in alpha.notices()] == [(1, Notice.CLOSED)] * 2
