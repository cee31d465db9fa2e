"""Events arrive at webhooks: signed, once, in order per account, also when a receiver was away for a day."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection as database
from django.utils import timezone
from standardwebhooks import Webhook

from tests.notices.event_webhooks.hook_desk import ALICE, HookDesk, told
from tests.notices.notice_desk import Receiver, receiving
from vendor_admin.errors import Conflict, InvalidFields
from vendor_admin.notices.answers import Answer
from vendor_admin.notices.conditions.webhooks import webhooks_failing
from vendor_admin.notices.event_webhooks import feeder, retention, running, sending, verbs
from vendor_admin.notices.models import EventWebhook, WebhookDelivery, WebhookFeed
from vendor_admin.organizations.models import AuditEntry, Incarnation
from vendor_admin.sync.models import Kind


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving(Receiver()) as served:
        yield served


def test_an_event_arrives_signed_and_thin_or_with_its_object(alpha: HookDesk, receiver: Receiver) -> None:
    alpha.add("account", 1)  # before the webhook was there: never told
    thin = alpha.hook(receiver.url, "account.*")
    row_id = alpha.add("account", 7, name="DEMO7", userId=3)
    alpha.add("fill", 8, account=7)
    assert alpha.work() == 1
    ((headers, body),) = receiver.got
    message = Webhook(alpha.secret).verify(body, headers)
    assert message["type"] == "account.created"
    data = message["data"]
    assert (data["id"], data["account_id"], data["member_id"]) == (str(row_id), "7", "3")
    assert data["url"] == "https://admin.example.com/api/v1/accounts/7"
    assert "object" not in data
    with alpha.scope():
        verbs.change_webhook(webhook=thin, values={"is_with_object": True}, actor=ALICE, now=alpha.now)
    alpha.add("account", 8, name="x" * 70_000)
    alpha.add("account", 9, Kind.RESYNC, name="DEMO9")
    alpha.work()
    large, full = sorted((json.loads(body)["data"] for _, body in receiver.got[1:]), key=lambda one: one["version"])
    assert large["object_left_out"] is True
    assert (full["object"], full["is_resync"]) == ({"id": 9, "name": "DEMO9"}, True)
    assert data["version"] < large["version"] < full["version"]


def test_a_first_snapshot_makes_no_webhooks(alpha: HookDesk, receiver: Receiver) -> None:
    alpha.hook(receiver.url, "account.*")
    alpha.add("account", 1, Kind.SNAPSHOT)
    assert alpha.work() == 0
    alpha.add("account", 1, Kind.UPDATED)
    assert alpha.work() == 1


def test_the_log_is_fed_once_however_often_it_is_looked_at(alpha: HookDesk, receiver: Receiver) -> None:
    alpha.hook(receiver.url)
    for number in range(1, 6):
        alpha.add("account", number)
    alpha.settle()

    def feed() -> None:
        try:
            feeder.feed(alpha.organization.pk, now=alpha.now)
        finally:
            database.close()

    threads = [threading.Thread(target=feed) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    alpha.work()
    assert sorted(entity for _, entity in told(receiver.got)) == ["1", "2", "3", "4", "5"]


def test_a_receiver_that_was_dead_for_a_day_gets_everything_once_and_in_order(
    alpha: HookDesk, receiver: Receiver
) -> None:
    receiver.answers = [503]
    webhook = alpha.hook(receiver.url)
    number = 0
    for _ in range(24):
        for account in range(1, 6):
            number += 1
            alpha.add("fill", number, account=account)
        alpha.work()
        alpha.later(hours=1)
    assert alpha.fresh(webhook).failing_since is not None
    tried = len(receiver.got)
    assert tried < 60, "a dead receiver is not asked for each event"
    receiver.answers = [200]
    receiver.got.clear()
    alpha.work()
    alpha.later(seconds=1)
    alpha.work()
    arrived = told(receiver.got)
    assert len(arrived) == len(set(arrived)) == number
    for account in range(1, 6):
        of_account = [int(entity) for one, entity in arrived if one == str(account)]
        assert of_account == sorted(of_account)
    assert {one.state for one in alpha.deliveries()} == {"sent"}
    assert alpha.fresh(webhook).failing_since is None


def test_one_bad_delivery_holds_its_account_for_an_hour_and_nobody_else(alpha: HookDesk) -> None:
    class Picky(Receiver):
        def take(self, headers: dict[str, str], body: bytes) -> int:
            super().take(headers, body)
            return 500 if json.loads(body)["data"]["entity_id"] == "1" else 200

    with receiving(Picky()) as receiver:
        alpha.hook(receiver.url)
        alpha.add("fill", 1, account=10)
        alpha.add("fill", 2, account=10)
        alpha.add("fill", 3, account=20)
        alpha.work()
        assert sorted(told(receiver.got)) == [("10", "1"), ("20", "3")]
        alpha.later(minutes=40)
        alpha.add("fill", 4, account=20)
        alpha.work()
        assert ("10", "2") not in told(receiver.got)
        alpha.later(minutes=21)
        alpha.add("fill", 5, account=20)
        alpha.work()
        assert ("10", "2") in told(receiver.got)


def test_a_slow_receiver_delays_no_other(alpha: HookDesk, receiver: Receiver) -> None:
    released = threading.Event()

    def wait() -> None:
        released.wait(20)

    with receiving(Receiver(meanwhile=wait)) as slow:
        behind = alpha.hook(slow.url)
        alpha.hook(receiver.url)
        for number in range(1, 31):
            alpha.add("account", number)
        alpha.settle()
        feeder.feed_all([alpha.organization.pk], now=alpha.now)
        sender = sending.Sender()
        try:
            while len(receiver.got) < 30:
                sender.start_due([alpha.organization.pk], now=alpha.now)
                assert sender.store_done(seconds=20, clock=lambda: alpha.now)
            assert len(slow.got) < 30
        finally:
            released.set()
            sender.close()
    assert [one.state for one in alpha.deliveries(webhook=behind)] == ["waiting"] * 30


def test_a_sweep_sends_nothing_that_is_still_under_way_and_no_old_state_passes_for_a_new_one(alpha: HookDesk) -> None:
    """The receiver takes nine of its ten seconds over an event while another worker looks; it refuses the next event
    of the account once, and afterwards somebody has the first sent again.
    """
    again: list[int] = []

    def look() -> None:
        claimed = sending.claim(alpha.organization.pk, webhook.pk, now=alpha.now + timedelta(seconds=9), most=4)
        again.append(len(claimed))

    with receiving(Receiver(answers=[200, 500, 200])) as receiver:
        webhook = alpha.hook(receiver.url)
        alpha.add("account", 5)
        alpha.add("account", 5, Kind.UPDATED)
        alpha.work(meanwhile=look)
        assert again == [0, 0]
        alpha.later(seconds=5)
        alpha.work()
        first, second = alpha.deliveries()
        with alpha.scope():
            verbs.resend(delivery=first, actor=ALICE, now=alpha.now)
        alpha.work()
        assert receiver.ids == [str(one.header_id) for one in (first, second, second, first)]
        assert ["webhook-resend" in headers for headers, _ in receiver.got] == [False, False, False, True]
        bodies = [body for _, body in receiver.got]
        assert bodies[3] == bodies[0]
        assert json.loads(bodies[0])["data"]["version"] < json.loads(bodies[1])["data"]["version"]
        ends = [(one.state, [said["status"] for said in one.answers]) for one in alpha.deliveries()]
        assert ends == [("sent", [200]), ("sent", [500, 200]), ("sent", [200])]


def test_two_workers_do_not_look_at_one_webhook_at_once(
    alpha: HookDesk, receiver: Receiver, admin_connection: psycopg.Connection
) -> None:
    webhook = alpha.hook(receiver.url)
    alpha.add("account", 1)
    alpha.settle()
    feeder.feed_all([alpha.organization.pk], now=alpha.now)
    with admin_connection.transaction():
        admin_connection.execute("SELECT 1 FROM notices_eventwebhook WHERE id = %s FOR UPDATE", [webhook.pk])
        assert sending.claim(alpha.organization.pk, webhook.pk, now=alpha.now, most=4) == []
    assert len(sending.claim(alpha.organization.pk, webhook.pk, now=alpha.now, most=4)) == 1


def test_a_claim_that_was_left_by_a_crash_runs_out_and_what_its_worker_says_later_counts_for_nothing(
    alpha: HookDesk, receiver: Receiver
) -> None:
    webhook = alpha.hook(receiver.url)
    alpha.add("account", 1)
    alpha.settle()
    feeder.feed_all([alpha.organization.pk], now=alpha.now)
    (claimed,) = sending.claim(alpha.organization.pk, webhook.pk, now=alpha.now, most=4)
    claimed.send()
    assert alpha.work() == 0
    alpha.now += sending.CLAIM_LASTS
    (again,) = sending.claim(alpha.organization.pk, webhook.pk, now=alpha.now, most=4)
    sending.store_answer(claimed.delivery, Answer(False, "nothing came"), now=alpha.now)
    (held,) = alpha.deliveries()
    assert (held.claimed_by, held.answers, held.first_failed_at) == (again.delivery.claimed_by, [], None)
    sending.store_answer(again.delivery, again.send(), now=alpha.now)
    assert len(receiver.got) == 2
    assert len(set(receiver.ids)) == 1
    assert [(one.state, len(one.answers)) for one in alpha.deliveries()] == [("sent", 1)]
    assert alpha.work() == 0


def test_after_five_days_without_an_arrival_it_is_switched_off_and_told_of_before(
    alpha: HookDesk, receiver: Receiver
) -> None:
    receiver.answers = [500]
    webhook = alpha.hook(receiver.url)
    alpha.add("account", 1)
    alpha.work()
    for _ in range(6):
        alpha.later(days=1)
        alpha.add("account", 1, Kind.UPDATED)
        alpha.work()
        with alpha.scope():
            (condition,) = webhooks_failing(alpha.now)
        if not alpha.fresh(webhook).is_enabled:
            break
        assert "takes no events" in condition.title
    assert "was switched off" in condition.title
    assert "five days" in condition.text or "5 days" in condition.text
    off = alpha.fresh(webhook)
    assert not off.is_enabled
    assert {one.state for one in alpha.deliveries()} <= {"withdrawn", "failed"}
    with alpha.scope():
        assert AuditEntry.objects.filter(action="webhook switched off").count() == 1
        verbs.change_webhook(webhook=off, values={"is_enabled": True}, actor=ALICE, now=alpha.now)
        assert webhooks_failing(alpha.now) == []
    receiver.answers = [200]
    receiver.got.clear()
    alpha.add("account", 2)
    alpha.work()
    assert [entity for _, entity in told(receiver.got)] == ["2"], "what happened while it was off is not sent"


def test_a_receiver_that_is_gone_is_switched_off_at_once(alpha: HookDesk, receiver: Receiver) -> None:
    receiver.answers = [410]
    webhook = alpha.hook(receiver.url)
    alpha.add("account", 1)
    alpha.work()
    assert not alpha.fresh(webhook).is_enabled


def test_private_addresses_and_redirects_are_refused(alpha: HookDesk, receiver: Receiver, settings: Any) -> None:
    receiver.answers = [302]
    webhook = alpha.hook(receiver.url)
    alpha.add("account", 1)
    alpha.work()
    (first,) = alpha.deliveries()
    assert "Redirects are not followed" in first.outcome
    assert len(receiver.got) == 1
    settings.DEBUG = settings.ALLOW_INTERNAL_PLATFORM_HOSTS = False
    with alpha.scope(), pytest.raises(InvalidFields):
        verbs.change_webhook(webhook=webhook, values={"url": "https://127.0.0.1/hook"}, actor=ALICE, now=alpha.now)
    alpha.later(hours=1)
    with alpha.scope():
        EventWebhook.objects.update(url="https://localhost/hook")
    alpha.work()
    assert "private network" in alpha.deliveries()[0].outcome


def test_for_a_day_after_a_new_secret_both_verify(alpha: HookDesk, receiver: Receiver) -> None:
    webhook = alpha.hook(receiver.url)
    former = alpha.secret
    with alpha.scope():
        new = verbs.roll_secret(webhook=webhook, actor=ALICE, now=alpha.now)
        verbs.send_test(webhook=webhook, actor=ALICE, now=alpha.now)
        with pytest.raises(Conflict):
            verbs.send_test(webhook=webhook, actor=ALICE, now=alpha.now)
    alpha.work()
    headers, body = receiver.got[0]
    for secret in (former, new):
        assert Webhook(secret).verify(body, headers)["type"] == "webhook.test"


def test_the_log_keeps_what_the_receiver_said_for_a_week(alpha: HookDesk, receiver: Receiver) -> None:
    receiver.answers = [500, 200]
    alpha.hook(receiver.url)
    alpha.add("account", 1)
    alpha.work()
    alpha.later(seconds=6)
    alpha.work()
    (delivery,) = alpha.deliveries()
    assert [answer["status"] for answer in delivery.answers] == [500, 200]
    assert retention.forget_old_deliveries(now=alpha.now + timedelta(days=6)) == 0
    assert retention.forget_old_deliveries(now=alpha.now + timedelta(days=8)) == 1


def test_a_range_is_sent_again_once_each(alpha: HookDesk, receiver: Receiver) -> None:
    webhook = alpha.hook(receiver.url)
    for number in range(1, 4):
        alpha.add("account", number)
    alpha.work()
    since, until = alpha.now - timedelta(minutes=1), alpha.now + timedelta(minutes=1)
    with alpha.scope():
        values: dict[str, Any] = {"webhook": webhook, "since": since, "until": until, "actor": ALICE, "now": alpha.now}
        assert verbs.resend_range(**values) == 3
        assert verbs.resend_range(**values) == 0, "they are on their way"
    alpha.work()
    assert sorted(entity for _, entity in told(receiver.got)) == ["1", "1", "2", "2", "3", "3"]
    assert sorted(receiver.ids[:3]) == sorted(receiver.ids[3:])


def test_another_organizations_events_reach_no_webhook(alpha: HookDesk, bravo: HookDesk, receiver: Receiver) -> None:
    alpha.hook(receiver.url)
    bravo.add("account", 1)
    assert alpha.work() == bravo.work() == 0


def test_after_a_restore_the_feed_goes_on_with_what_happens_then(alpha: HookDesk, receiver: Receiver) -> None:
    alpha.hook(receiver.url)
    now = timezone.now()
    Incarnation.objects.create(is_first=False, why="restored", began_at=now, beat_at=now)
    alpha.add("account", 1)
    assert alpha.work() == 0
    alpha.add("account", 2)
    assert alpha.work() == 1


def test_the_worker_runs_for_a_while_and_only_where_there_are_webhooks(alpha: HookDesk, receiver: Receiver) -> None:
    assert running.run(seconds=0.1) is False
    alpha.hook(receiver.url)
    alpha.add("account", 1)
    alpha.settle()
    assert running.run(seconds=1.0) is True
    assert [entity for _, entity in told(receiver.got)] == ["1"]
    with alpha.scope():
        assert WebhookFeed.objects.get().version == 1
        assert WebhookDelivery.objects.get().state == "sent"
