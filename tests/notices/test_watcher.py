"""One look at everything that is wrong: whom it tells, what it costs, and what stops it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import psycopg
import pytest
from django.db import connection as database
from django.db import transaction
from django.test.utils import CaptureQueriesContext

from tests.notices.notice_desk import NOW, Desk, deliver, lock, look
from vendor_admin.notices import watcher
from vendor_admin.notices.conditions import plans as plan_conditions
from vendor_admin.notices.models import Notice, NoticeKind
from vendor_admin.operations.models import Plan


@pytest.fixture
def alpha(desk_of: Callable[[str], Desk]) -> Desk:
    return desk_of("alpha")


@pytest.fixture
def beta(desk_of: Callable[[str], Desk]) -> Desk:
    return desk_of("beta")


def test_notices_go_to_the_organizations_own_channels_by_kind_while_they_are_on(
    alpha: Desk, beta: Desk, mails: None, mailoutbox: list[Any]
) -> None:
    alpha.mail("risk@alpha.example", kinds=["locked", "plan_failed"])
    alpha.mail("it@alpha.example", kinds=["socket_down"])
    off = alpha.mail("off@alpha.example")
    with alpha.scope():
        type(off).objects.filter(pk=off.pk).update(is_enabled=False)
    beta.mail("desk@beta.example")
    for desk in (alpha, beta):
        plan = desk.plan(f"Plan of {desk.organization.slug}")
        desk.rows(plan, "rejected")
    look(0)
    assert deliver(0) == 2
    assert sorted((mail.to, "Plan of alpha" in mail.body, "Plan of beta" in mail.body) for mail in mailoutbox) == [
        (["desk@beta.example"], False, True),
        (["risk@alpha.example"], True, False),
    ]


def test_a_look_takes_as_many_queries_for_twenty_organizations_as_for_two(desk_of: Callable[[str], Desk]) -> None:
    def trouble(desk: Desk) -> None:
        desk.mail("a@example.com")
        lease = desk.socket(desk.connect())
        desk.set_socket(lease, "waiting")
        lock(f"{desk.organization.slug}@production")
        desk.rows(desk.plan(), "rejected", "rejected")
        desk.undecided(desk.plan("Running", state="running"))
        desk.plan("Big", state="waiting")

    def queries(seconds: float) -> int:
        with CaptureQueriesContext(database) as captured:
            look(seconds)
        return len(captured)

    for number in range(2):
        trouble(desk_of(f"few-{number}"))
    few = [queries(seconds) for seconds in (0, 15, 75)]
    for number in range(18):
        trouble(desk_of(f"many-{number}"))
    many = [queries(seconds) for seconds in (100, 115, 175)]
    assert few == many
    assert max(many) <= 62


def test_only_one_look_at_a_time(alpha: Desk, admin_connection: psycopg.Connection) -> None:
    alpha.rows(alpha.plan(), "rejected")
    with admin_connection.transaction():
        admin_connection.execute("SELECT pg_advisory_xact_lock(%s)", [watcher.LOCK_NUMBER])
        assert look(0) == (0, 0)
    assert look(0) == (1, 0)


def test_a_kind_that_cannot_be_looked_at_stays_as_it_is_and_stops_no_other(
    alpha: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = alpha.socket(alpha.connect())
    alpha.set_socket(lease, "waiting")
    look(0)
    look(60)

    def broken(now: datetime) -> list[Any]:
        with database.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")
        return []

    monkeypatch.setattr(watcher, "FINDERS", {**watcher.FINDERS, NoticeKind.SOCKET_DOWN: broken})
    alpha.rows(alpha.plan(), "rejected")
    assert look(75) == (1, 0)
    assert {one.standing for one in alpha.notices()} == {Notice.OPEN}


def test_plans_that_were_not_sent_are_found_over_an_index(alpha: Desk, admin_connection: psycopg.Connection) -> None:
    with alpha.scope():
        Plan.objects.bulk_create(
            Plan(organization=alpha.organization, title="x", idempotency_key=f"{number}", created_at=NOW)
            for number in range(3_000)
        )
    admin_connection.execute("ANALYZE operations_plan")
    with alpha.scope(), transaction.atomic(), CaptureQueriesContext(database) as queries:
        plan_conditions.plans_not_sent(NOW)
    (query,) = (one["sql"] for one in queries if "operations_plan" in one["sql"])
    with alpha.scope(), transaction.atomic(), database.cursor() as cursor:
        cursor.execute(f"EXPLAIN {query}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "plan_ended_unsent" in plan
