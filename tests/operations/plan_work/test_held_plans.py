"""Plans about money while no socket is live: read of the platform first, held where they cannot be, not sent blind."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database
from django.db.models import Index, Q
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.support.engine_kinds import register_engine_kinds
from tests.support.running_hub import RunningHub, wait_until
from tests.support.scene import Scene
from vendor_admin.celery import app
from vendor_admin.commands import ROLES
from vendor_admin.operations.kinds import DependsOnRows, Target, all_kinds, plain
from vendor_admin.operations.models import Plan
from vendor_admin.operations.plan_work import platform_reader, platform_rows
from vendor_admin.operations.plan_work.held_plans import LONGEST_PAUSE, check, pause_after, wake_due
from vendor_admin.operations.plan_work.platform_reader import Fault
from vendor_admin.operations.plans import fresh_rows
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.operations.store import allowance, wakeups
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.models import Connection, User
from vendor_admin.organizations.platform_access import budgets
from vendor_admin.organizations.platform_access.budgets import Budget
from vendor_admin.organizations.roles import Right
from vendor_admin.sandbox.running import RunningSandbox
from vendor_admin.tradovate.enums import NotSentKind
from vendor_admin.tradovate.outcomes import Locked, NotSent, Outcome, Success, Unauthorized, Unknown
from vendor_admin.tradovate.rest.client import RestClient

pytestmark = pytest.mark.demo_alone

ADJUST = "fundTransaction/adjustcash"
NO_WORKER = "DEMO is not live (no worker holds its socket)."
ABOUT_MONEY_OR_RISK = {
    Right.CHANGE_BALANCES, Right.RESET_ACCOUNTS, Right.MANAGE_RISK, Right.MANAGE_SUBSCRIPTIONS,
}  # fmt: skip


class Blind:
    """A vendor whose mirrors were loaded and whose hub then ended."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    def move(self, account_id: int, amount: str) -> None:
        """Change a balance at the platform, which nobody here hears."""
        balance = next(one for one in self.scene.expected("cashBalance").values() if one["accountId"] == account_id)
        self.scene.sandbox.control(
            "mutate", organization=self.scene.vendor["name"], environment="demo", entityType="cashBalance",
            id=balance["id"], fields={"amount": float(amount)},
        )  # fmt: skip

    def preview(self, *account_ids: int) -> Plan:
        targets = [Target("account", one, {"cashChange": "100"}) for one in account_ids]
        return self.scene.preview("change_balances", targets)

    def confirm(self, plan: Plan, *, read_ago: timedelta = timedelta(0)) -> Plan:
        """Confirm a preview whose rows were read so long ago."""
        if read_ago:
            self.set(plan, read_at=timezone.now() - read_ago)
        return self.scene.confirm(self.scene.reload(plan))

    def checked(self, plan: Plan) -> Plan:
        """The plan, or the preview that renews it, once a worker has looked at it."""
        self.set(plan, check_at=timezone.now() - timedelta(seconds=1))
        check(organization_id=self.scene.organization.pk, plan_id=plan.pk)
        with self.scene.scope():
            return Plan.objects.filter(renewed_from=plan).first() or Plan.objects.get(pk=plan.pk)

    def set(self, plan: Plan, **values: Any) -> None:
        with self.scene.scope():
            Plan.objects.filter(pk=plan.pk).update(**values)

    def old_amounts(self, plan: Plan) -> list[str]:
        return [row.old["amount"] for row in self.scene.rows(plan)]


@pytest.fixture
def blind(
    sandbox: RunningSandbox, committed_db: None, database_urls: dict[str, str], short_waits: None
) -> Iterator[Blind]:
    register_engine_kinds()
    scene = Scene(sandbox)
    with RunningHub(database_url=database_urls["hub"]):
        scene.wait_until_loaded()
    yield Blind(scene)
    database.close()


LONG_AGO = timedelta(minutes=3)


def test_a_preview_shows_what_the_platform_says_and_is_sent_only_while_that_is_known(blind: Blind) -> None:
    scene = blind.scene
    first, second = scene.account_ids(2)
    blind.move(first, "47750.25")

    preview = blind.preview(first, second)
    assert preview.wait_why == NO_WORKER
    renewed = blind.checked(preview)
    assert scene.reload(preview).state == Plan.State.STALE
    assert blind.old_amounts(renewed) == ["47750.25", plain(scene.balance(second))]
    assert renewed.read_at is not None
    assert blind.confirm(renewed).state == Plan.State.RUNNING
    assert scene.work() == 2
    assert scene.balance(first) == Decimal("47850.25")
    assert scene.writes(ADJUST) == {"applied": 2}

    # Read too long ago: not sent before the rows were read again.
    as_shown = blind.confirm(blind.checked(blind.preview(second)), read_ago=LONG_AGO)
    assert as_shown.state == Plan.State.HELD
    assert scene.work() == 0
    moved = blind.confirm(blind.checked(blind.preview(first)), read_ago=LONG_AGO)
    blind.move(first, "1000")
    running, renewed = blind.checked(as_shown), blind.checked(moved)
    assert (running.state, renewed.state) == (Plan.State.RUNNING, Plan.State.PREVIEW)
    assert scene.reload(moved).state == Plan.State.STALE
    assert blind.old_amounts(renewed) == ["1000"]

    # What runs when the reading has grown old as well waits, says why, and goes on once it was read anew.
    blind.set(running, read_at=timezone.now() - LONG_AGO)
    assert scene.work() == 0
    waiting = scene.reload(running)
    assert waiting.wait_why.startswith("DEMO is not live (no worker holds its socket): money and risk wait")
    assert not blind.checked(waiting).is_interrupted
    assert scene.work() == 1
    assert scene.writes(ADJUST) == {"applied": 3}


def test_a_plan_that_cannot_be_read_is_held_and_goes_on_by_itself_for_those_who_still_may(
    blind: Blind, database_urls: dict[str, str]
) -> None:
    scene = blind.scene
    first, second = scene.account_ids(2)
    plan, other = blind.confirm(blind.preview(first)), blind.confirm(blind.preview(second))
    with scene.scope():
        Connection.objects.filter(environment="demo").update(is_enabled=False)

    held = blind.checked(plan)
    assert held.state == Plan.State.HELD
    assert held.wait_why == "DEMO is not live (paused). The DEMO connection is paused."
    assert held.check_at is not None
    with scene.scope():
        cancelled = plans.cancel(plan=other, actor=Actor.staff("casey"), now=timezone.now(), reason="not any more")
    assert (cancelled.state, cancelled.wait_why, cancelled.check_at) == (Plan.State.CANCELLED, "", None)
    assert blind.checked(cancelled).state == Plan.State.CANCELLED

    User.objects.filter(username=scene.actor).update(is_active=False)
    with scene.scope():
        Connection.objects.filter(environment="demo").update(is_enabled=True)
    paused = blind.checked(plan)
    assert (paused.state, paused.started_at) == (Plan.State.PAUSED, None)
    assert paused.wait_why.startswith("riley may no longer change balances.")
    with scene.scope():
        resumed = plans.resume(plan=paused, actor=Actor.staff("casey"), now=timezone.now())
    assert (resumed.state, resumed.wait_why, resumed.taken_over_by) == (Plan.State.HELD, NO_WORKER, "casey")

    with RunningHub(database_url=database_urls["hub"], name="hub-2"):
        scene.wait_until_loaded()
        assert blind.checked(plan).state == Plan.State.RUNNING
        assert scene.work() == 1


def answering(*outcomes: Outcome | None) -> type:
    """A client of the platform that gets these answers, the last of them for ever; None: what the platform answers."""
    left = list(outcomes)

    class Answering(RestClient):
        def call(self, *args: Any, **kwargs: Any) -> Outcome:
            outcome = left.pop(0) if len(left) > 1 else left[0]
            return super().call(*args, **kwargs) if outcome is None else outcome

    return Answering


def test_while_the_same_fault_lasts_the_platform_is_read_less_and_less_often() -> None:
    pauses = [pause_after(Fault.NO_ANSWER, failures=number).total_seconds() for number in range(1, 8)]

    assert pauses == [20, 40, 80, 160, 320, 600, 600]
    assert pause_after(Fault.NOT_ALLOWED, failures=1) == pause_after(Fault.TOO_MANY_CALLS, failures=1) == LONGEST_PAUSE
    assert pause_after(Fault.OWN, failures=1_000) == LONGEST_PAUSE


def test_a_held_plan_waits_longer_after_each_failure_until_the_fault_is_another_or_somebody_asks(
    blind: Blind, database_urls: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = blind.scene
    (account,) = scene.account_ids(1)
    plan = blind.confirm(blind.preview(account))
    answers = {"answer": Unknown("the platform answered 500: x", status=500)}
    monkeypatch.setattr(platform_reader, "RestClient", answering(answers["answer"]))

    def seconds_to_wait() -> float:
        before = timezone.now()
        held = blind.checked(plan)
        assert (held.state, held.check_claimed_until) == (Plan.State.HELD, None)
        assert held.check_at is not None
        return (held.check_at - before).total_seconds()

    for least in (20, 40, 80):
        assert least <= seconds_to_wait() < least + 15
    monkeypatch.setattr(platform_reader, "RestClient", answering(NotSent(NotSentKind.TIMEOUT, "no connection")))
    assert 20 <= seconds_to_wait() < 35
    assert wake_due() == 0

    with scene.scope():
        asked = plans.check_now(plan=plan, actor=Actor.staff("casey"), now=timezone.now())
    assert (asked.state, wake_due()) == (Plan.State.HELD, 1)
    monkeypatch.setattr(platform_reader, "RestClient", answering(Unauthorized("no", 403)))
    assert seconds_to_wait() >= LONGEST_PAUSE.total_seconds()
    assert wake_due() == 0
    with RunningHub(database_url=database_urls["hub"], name="hub-2"):
        scene.wait_until_loaded()
        wait_until(lambda: wake_due() == 1, what="mirrors that are fresh: the gap before this hub is settled")
        check(organization_id=scene.organization.pk, plan_id=plan.pk)
        assert scene.reload(plan).state == Plan.State.RUNNING


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Unknown("the platform answered 500: x", status=500), "answered with an error (500) when asked for"),
        (Unknown("no answer from the host within 10 s"), "did not answer when asked for"),
        (NotSent(NotSentKind.DNS, "the name is not known"), "did not answer when asked for"),
        (Success({"odd": 1}), "answered with something else when asked for"),
        (Unauthorized("no", 403), "does not let us read"),
        (Locked(429, "too many"), "takes no calls for"),
    ],
)
def test_a_held_plan_says_what_the_platform_answered_in_plain_words(
    blind: Blind, monkeypatch: pytest.MonkeyPatch, outcome: Outcome, said: str
) -> None:
    plan = blind.confirm(blind.preview(*blind.scene.account_ids(1)))
    monkeypatch.setattr(platform_reader, "RestClient", answering(outcome))

    why = blind.checked(plan).wait_why
    assert f"The platform {said} the account's row" in why
    assert "account/" not in why
    monkeypatch.setattr(platform_reader, "RestClient", answering(None))
    assert "account/" not in blind.checked(plan).wait_why


def test_readings_of_held_plans_have_a_share_of_the_hour_and_give_back_what_they_did_not_call(
    blind: Blind, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = blind.scene
    first, second = (blind.confirm(blind.preview(one)) for one in scene.account_ids(2))
    with scene.scope():
        caller = Connection.objects.get(environment="demo")
        user = budgets.user_subject(user=caller.credentials["name"], url=caller.rest_url)

    def left() -> int:
        return budgets.uses_left(budget=allowance.ROW_READS, subject=user, now=timezone.now())

    everything = left()
    monkeypatch.setattr(platform_reader, "RestClient", answering(None, Unknown("nothing")))
    blind.checked(first)
    assert left() == everything - 2

    monkeypatch.setattr(allowance, "ROW_READS", Budget(name=allowance.ROW_READS.name, limit=4))
    monkeypatch.setattr(platform_reader, "RestClient", RestClient)
    held = blind.checked(second)
    assert held.state == Plan.State.HELD
    assert "The hour's share of calls for reading rows is used up until" in held.wait_why
    assert held.check_at is not None
    assert held.check_at > timezone.now() + timedelta(minutes=5)
    assert left() == 2
    assert allowance.UNKNOWN_READS.name != allowance.ROW_READS.name


def test_a_reading_ends_in_time_and_what_it_read_is_used_only_while_it_is_good(
    blind: Blind, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = blind.confirm(blind.preview(*blind.scene.account_ids(1)))
    with monkeypatch.context() as patched:
        patched.setattr(platform_rows, "LONGEST_READING_SECONDS", -1.0)
        assert "answered so slowly that its rows were not read in" in blind.checked(plan).wait_why
    with monkeypatch.context() as patched:
        patched.setattr(fresh_rows, "READ_GOOD_FOR", timedelta(0))
        held = blind.checked(plan)
    assert held.state == Plan.State.HELD
    assert "what was read first may be old again" in held.wait_why
    assert blind.checked(plan).state == Plan.State.RUNNING


def test_a_plan_that_is_too_large_to_be_read_is_known_by_its_first_rows(
    blind: Blind, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = blind.confirm(blind.preview(*blind.scene.account_ids(6)))
    monkeypatch.setattr(platform_rows, "MOST_CALLS", 1)
    monkeypatch.setattr(platform_rows, "MOST_IDS", 3)

    with CaptureQueriesContext(database) as queries:
        held = blind.checked(plan)
    assert (held.state, held.check_fault) == (Plan.State.HELD, Fault.TOO_MANY_CALLS)
    of_rows = [one["sql"] for one in queries if 'FROM "operations_planrow"' in one["sql"]]
    assert of_rows
    assert all("LIMIT 4" in sql or "LIMIT 1" in sql for sql in of_rows)


def test_readings_have_a_queue_and_a_process_of_their_own_and_do_not_flood_it(
    blind: Blind, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(app, "send_task", lambda name, **options: sent.append({"name": name, **options}))
    held = [blind.confirm(blind.preview(one)) for one in blind.scene.account_ids(6)]
    sent.clear()

    assert wake_due() == len(sent) < len(held)
    assert {one["name"] for one in sent} == {wakeups.CHECK_TASK}
    assert all(one["expires"] <= 60 for one in sent)
    assert app.amqp.router.route({}, wakeups.CHECK_TASK)["queue"].name == "rows"
    alone = [word for word in ROLES.values() if "--queues" in word and word[word.index("--queues") + 1] == "rows"]
    assert len(alone) == 1


def test_the_index_of_open_plans_covers_every_open_state() -> None:
    (index,) = [one for one in Plan._meta.indexes if one.name == "plan_is_open"]
    assert isinstance(index, Index)
    assert index.condition == Q(state__in=[state.value for state in Plan.OPEN_STATES])


def test_every_kind_about_money_or_risk_names_what_it_depends_on() -> None:
    gives_nothing_away = {
        "cancel_memberships", "change_plugin_permissions", "expire_market_data",
    }  # fmt: skip
    concerned = [
        kind
        for kind in all_kinds()
        if (kind.is_money or kind.right in ABOUT_MONEY_OR_RISK) and "(test)" not in kind.title
    ]

    assert {kind.name for kind in concerned if not isinstance(kind, DependsOnRows)} == gives_nothing_away
