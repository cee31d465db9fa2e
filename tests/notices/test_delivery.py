"""Webhooks arrive signed, once or under the same id, in order, and are given up only after days."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
import time_machine
from django.db import connection as database
from django.utils import timezone
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from tests.notices.notice_desk import NOW, SECRET, Desk, Receiver, at, deliver, fail_a_plan, look, receiving
from tests.support.database import ROOT
from vendor_admin.notices import channels, delivery
from vendor_admin.notices.answers import BACK_OFF
from vendor_admin.notices.models import Delivery, NoticeChannel
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import AuditEntry

KILLED = -9


@pytest.fixture
def alpha(committed_db: None, hub_connection: psycopg.Connection, settings: Any) -> Desk:
    settings.DEBUG = True  # plain http to this machine
    return Desk(hub_connection, "alpha")


@time_machine.travel(NOW, tick=True)
def test_a_webhook_arrives_signed_and_is_verified_by_the_standard_library(
    alpha: Desk, receiver: Receiver, settings: Any
) -> None:
    settings.SITE_URL = "https://admin.example.com"
    alpha.webhook(receiver.url + "?key=1")
    fail_a_plan(alpha, "Revoke 3 permissions of “José”")
    look(0)
    assert deliver(0) == 1
    ((headers, body),) = receiver.got
    message = Webhook(SECRET).verify(body, headers)
    assert message["type"] == "notice.opened"
    assert message["timestamp"] == "2026-11-20T15:00:00Z"
    data = message["data"]
    assert (data["organization"], data["kind"], data["is_demo_data"]) == ("alpha", "plan_failed", False)
    assert data["title"] == "“Revoke 3 permissions of “José”” failed in 1 of 1 row"
    assert data["url"].startswith("https://admin.example.com/admin/operations/plan/")
    assert headers["content-type"] == "application/json"
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 32).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body.replace(b"alpha", b"bravo"), headers)
    (sent,) = alpha.deliveries()
    assert (sent.state, sent.attempts, sent.sent_at) == ("sent", 1, NOW)
    assert sent.outcome.startswith("The receiver answered 200 OK after ")


@time_machine.travel(NOW, tick=True)
def test_for_a_day_after_a_new_secret_both_verify(alpha: Desk, receiver: Receiver) -> None:
    channel = alpha.webhook(receiver.url)
    with alpha.scope():
        new = channels.renew_secret(channel=channel, actor=Actor.staff("owner"), now=at(-60))
    fail_a_plan(alpha)
    look(0)
    deliver(0)
    headers, body = receiver.got[0]
    assert Webhook(SECRET).verify(body, headers)
    assert Webhook(new).verify(body, headers)
    with alpha.scope():
        NoticeChannel.objects.update(secret_changed_at=at(-90_000))
        channels.send_test(channel=NoticeChannel.objects.get(), actor=Actor.staff("owner"), now=at(0))
    deliver(0)
    headers, body = receiver.got[1]
    assert Webhook(new).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body, headers)


def test_a_worker_killed_between_sending_and_storing_sends_it_again_under_the_same_id(
    alpha: Desk, receiver: Receiver, child_environment: dict[str, str]
) -> None:
    alpha.webhook(receiver.url)
    fail_a_plan(alpha)
    look(0)
    now = timezone.now()
    with alpha.scope():
        Delivery.objects.update(not_before=now)
    child = subprocess.run(
        [sys.executable, "-m", "tests.notices.crashing_delivery"],
        env=child_environment | {"DEBUG": "1"},
        cwd=ROOT,
        timeout=90,
        check=False,
        capture_output=True,
    )
    assert child.returncode == KILLED, child.stderr.decode()
    assert len(receiver.got) == 1
    (left,) = alpha.deliveries()
    assert (left.state, left.attempts) == ("waiting", 1)
    assert delivery.deliver_due(now=timezone.now()) == 0  # the claim still stands
    assert delivery.deliver_due(now=timezone.now() + delivery.CLAIM_LASTS) == 1
    assert len(receiver.got) == 2
    assert len(set(receiver.ids)) == 1
    assert receiver.got[0][1] == receiver.got[1][1]
    assert alpha.told() == [("opened", "sent")]


def test_eight_workers_at_once_send_each_message_once(alpha: Desk, receiver: Receiver) -> None:
    alpha.webhook(receiver.url)
    for number in range(6):
        fail_a_plan(alpha, f"Plan {number}")
    look(0)

    def work(_: int) -> None:
        try:
            for _ in range(6):
                delivery.deliver_due(now=at(1))
        finally:
            database.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    deliver(1)
    assert len(receiver.ids) == len(set(receiver.ids)) == 6


def test_no_transaction_is_open_while_a_message_is_on_its_way(
    alpha: Desk, admin_connection: psycopg.Connection
) -> None:
    open_ones: list[int] = []

    def count() -> None:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND xact_start IS NOT NULL"
        row = admin_connection.execute(query + " AND pid <> pg_backend_pid() AND backend_type = 'client backend'")
        open_ones.extend(row.fetchone() or ())

    with receiving(Receiver(meanwhile=count)) as receiver:
        alpha.webhook(receiver.url)
        fail_a_plan(alpha)
        look(0)
        deliver(0)
    assert open_ones == [0]


def test_a_dead_receiver_is_tried_with_growing_pauses_and_then_given_up(alpha: Desk) -> None:
    with receiving(Receiver(answers=[500])) as receiver:
        alpha.webhook(receiver.url)
        fail_a_plan(alpha)
        look(0)
        seconds, waits = 0.0, []
        while deliver(seconds):
            (one,) = alpha.deliveries()
            waits.append(one.not_before - at(seconds))
            assert deliver(seconds) == 0
            seconds = (one.not_before - NOW).total_seconds()
            if one.state == Delivery.State.FAILED:
                break
    assert tuple(waits[: len(BACK_OFF)]) == BACK_OFF
    assert len(receiver.got) == len(BACK_OFF) + 1
    assert len(set(receiver.ids)) == 1
    (one,) = alpha.deliveries()
    assert one.state == "failed"
    assert one.outcome.startswith("The receiver answered 500 Internal Server Error")
    with alpha.scope():
        channel = NoticeChannel.objects.get()
    assert channel.failing_since == at(0)
    assert "500" in channel.problem


def test_a_receiver_that_is_back_gets_what_it_missed_at_once_and_in_order(alpha: Desk) -> None:
    with receiving(Receiver(answers=[503, 503, 503, 503, 200])) as receiver:
        alpha.webhook(receiver.url)
        for number in range(2):
            fail_a_plan(alpha, f"Plan {number}")
        look(0)
        assert deliver(0) == 2
        assert deliver(5) == 2
        fail_a_plan(alpha, "Plan 2")
        look(60)
        assert deliver(60) == 3  # the new one goes through, and takes the older ones along
    assert alpha.told() == [("opened", "sent")] * 3
    with alpha.scope():
        channel = NoticeChannel.objects.get()
    assert (channel.problem, channel.failing_since) == ("", None)


def test_the_end_of_a_notice_waits_for_its_beginning(alpha: Desk) -> None:
    with receiving(Receiver(answers=[503, 200])) as receiver:
        alpha.webhook(receiver.url)
        plan = alpha.plan("Big", state="waiting")
        look(0)
        deliver(0)
        with alpha.scope():
            type(plan).objects.filter(pk=plan.pk).update(state="running")
        look(1)
        with alpha.scope():
            Delivery.objects.filter(event="resolved").update(not_before=at(2))
        assert deliver(3) == 0
        assert deliver(5) == 2
    assert [json.loads(body)["type"] for _, body in receiver.got] == [
        "notice.opened",
        "notice.opened",
        "notice.resolved",
    ]


def test_who_answers_410_wants_no_more_and_is_switched_off(alpha: Desk) -> None:
    with receiving(Receiver(answers=[410])) as receiver:
        alpha.webhook(receiver.url)
        fail_a_plan(alpha)
        fail_a_plan(alpha, "Another")
        look(0)
        assert deliver(0) == 1
    assert alpha.told() == [("opened", "failed"), ("opened", "superseded")]
    with alpha.scope():
        assert not NoticeChannel.objects.get().is_enabled
        assert "410 Gone" in AuditEntry.objects.get(action="notice channel switched off").reason
