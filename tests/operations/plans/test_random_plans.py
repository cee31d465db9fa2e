"""Random plans: what the preview says is what the platform holds afterwards, and reverting restores it."""

import random
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

import psycopg
import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.faults.compare_ledger import is_mirrored
from tests.operations.plans.mirrored_platform import MIRRORED, MirroredPlatform
from tests.support.running_hub import wait_until
from tests.support.scene import Scene
from vendor_admin.mirrors.columns import mirror_models, platform_columns
from vendor_admin.mirrors.readings import Readings
from vendor_admin.operations.kinds import DependsOnRows, PlanRequest, Target, kind_of
from vendor_admin.operations.models import Plan, PlanRow
from vendor_admin.operations.plans import verbs as plans
from vendor_admin.organizations.actors import Actor
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.tradovate.operations import ENTITIES
from vendor_admin.tradovate.trading_calendar import session_date

PLANS = 1_000
PLANS_OVER_THE_WIRE = 20
TODAY = session_date(timezone.now()).isoformat()
SETTINGS = ("userAccountAutoLiq", "userAccountPositionLimit", "userAccountRiskParameter")
CHANGED_BY_PLANS = ("cashBalance", "accountRiskStatus", *SETTINGS)
KINDS = (
    "change_balances", "update_max_net_liq", "reset_accounts", "create_accounts", "set_auto_liq",
    "create_position_limits", "update_position_limits", "delete_position_limits", "create_risk_parameters",
    "update_risk_parameters", "delete_risk_parameters",
)  # fmt: skip
OPEN_POSITION = """
INSERT INTO mirrors_position (organization_id, environment, entity_id, lease_id, epoch, seq, received_at, account_id,
                              net_pos)
VALUES (%s, 'demo', %s, 1, 1, 1, now(), %s, 2)
"""
Asked = tuple[str, list[Target], dict[str, Any]]  # kind, targets, parameters
State = dict[tuple[str, int], dict[str, Any]]

# What a plan's row says in its own words, and where the platform has it.
FIELDS_OF = {
    "change_balances": ("amount", "maxNetLiq"),
    "update_max_net_liq": ("maxNetLiq",),
    "reset_accounts": ("amount",),
}


class World:
    """What the platform holds that plans change, in one form: entity type and id (or account) -> values."""

    def __init__(self, held: Callable[[str], dict[int, dict[str, Any]]]) -> None:
        self._held = held

    def accounts(self) -> list[int]:
        return sorted(self._held("userAccountAutoLiq"))

    def ids(self, entity_type: str) -> list[int]:
        return sorted(self._held(entity_type))

    def state(self) -> State:
        found: State = {}
        for balance in self._held("cashBalance").values():
            found["account", balance["accountId"]] = {"amount": number(balance["amount"])}
        for id_, status in self._held("accountRiskStatus").items():
            found["account", id_]["maxNetLiq"] = number(status["maxNetLiq"])
        for entity_type in SETTINGS:
            for id_, entity in self._held(entity_type).items():
                found[entity_type, id_] = {name: number(value) for name, value in entity.items() if name != "id"}
        return found


def number(value: Any) -> Any:
    """Amounts and times alike, however they were written."""
    if isinstance(value, bool):
        return value
    try:
        return Decimal(str(value))
    except ArithmeticError:
        pass
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return value


def told(row: PlanRow) -> dict[str, Any]:
    """What a row says the platform will hold."""
    names = FIELDS_OF.get(row.plan.kind, tuple(row.new))
    return {name: number(row.new[name]) for name in names if row.new.get(name) is not None}


def random_plan(world: World, rng: random.Random) -> Asked:
    """A plan of one to four targets, faulty ones among them."""
    makers = (_balances, _peaks, _auto_liq, _limits, _parameters, _new_limits, _deletions)
    return rng.choice(makers)(world, rng)


def _balances(world: World, rng: random.Random) -> Asked:
    parameters = {
        "by": rng.choice(["adjustCash", "changeDemoBalance"]),
        "maxNetLiq": rng.choice(["", "", "keep", "balance", _amount(rng, 30_000, 90_000)]),
    }
    targets = [
        Target("account", one, {"cashChange": _amount(rng, -4_000, 4_000)}) for one in _some(rng, world.accounts())
    ]
    if rng.random() < 0.1:
        targets.append(Target("account", 424242, {"cashChange": "1"}))
    return "change_balances", targets, parameters


def _peaks(world: World, rng: random.Random) -> Asked:
    wanted = {"maxNetLiq": rng.choice(["balance", _amount(rng, 10_000, 200_000)])}
    return "update_max_net_liq", [Target("account", one, wanted) for one in _some(rng, world.accounts())], {}


def _auto_liq(world: World, rng: random.Random) -> Asked:
    wanted: dict[str, Any] = {
        "dailyLossAutoLiq": rng.choice(["", "0", _amount(rng, 100, 5_000)]),
        "weeklyLossAutoLiq": _amount(rng, 100, 9_000),
        "trailingMaxDrawdown": _amount(rng, 500, 6_000),
        "trailingMaxDrawdownMode": rng.choice(["EOD", "RealTime"]),
        "trailingMaxDrawdownLimit": rng.choice(["", _amount(rng, 40_000, 160_000)]),
        "dailyLossPercentageAlert": str(rng.randint(1, 100)),
        "doNotUnlock": rng.choice([True, False, None]),
        "flattenTimestamp": "2026-11-27T20:45:00+00:00",
    }
    names = rng.sample(sorted(wanted), rng.randint(1, 4))
    parameters = {name: wanted[name] for name in names}
    return "set_auto_liq", [Target("account", one) for one in _some(rng, world.accounts())], parameters


def _limits(world: World, rng: random.Random) -> Asked:
    wanted = {"exposedLimit": rng.choice(["", rng.randint(0, 20)]), "longLimit": rng.randint(0, 9)}
    wanted |= {"description": rng.choice(["", "Stricter"])}
    return "update_position_limits", _existing(rng, world, "userAccountPositionLimit", wanted), {}


def _parameters(world: World, rng: random.Random) -> Asked:
    wanted = {"maxOpeningOrderQty": rng.choice(["", rng.randint(0, 9)]), "marginPercentage": _amount(rng, 0, 90)}
    wanted |= {"hardLimit": rng.choice([True, False, ""])}
    return "update_risk_parameters", _existing(rng, world, "userAccountRiskParameter", wanted), {}


def _new_limits(world: World, rng: random.Random) -> Asked:
    parameters = {"active": rng.choice([True, False]), "totalBy": "Overall", "longLimit": rng.randint(0, 9)}
    accounts = _some(rng, world.accounts())
    targets = [Target("userAccountPositionLimit", None, {"accountId": one}) for one in accounts]
    return "create_position_limits", targets, parameters


def _deletions(world: World, rng: random.Random) -> Asked:
    return "delete_risk_parameters", _existing(rng, world, "userAccountRiskParameter", {}), {}


def _existing(rng: random.Random, world: World, entity_type: str, wanted: dict[str, Any]) -> list[Target]:
    return [Target(entity_type, one, wanted) for one in _some(rng, world.ids(entity_type))]


def _some(rng: random.Random, ids: list[int]) -> list[int]:
    return rng.sample(ids, rng.randint(1, 4))


def _amount(rng: random.Random, least: int, most: int) -> str:
    return f"{Decimal(rng.randint(least * 100, most * 100)) / 100:f}"


def check_applied(rows: list[PlanRow], before: State, after: State) -> None:
    """Every row that was done holds what it said, and nothing else has changed."""
    touched: set[tuple[str, int]] = set()
    for row in rows:
        is_done = row.state == PlanRow.State.SUCCEEDED
        if row.target_id is None:
            if is_done:
                key = (row.target_type, _made_id(row))
                touched.add(key)
                assert after[key] == told(row)
            continue
        is_settings = row.plan.kind == "set_auto_liq"
        key = ("userAccountAutoLiq" if is_settings else row.target_type, row.target_id)
        if is_done:
            touched.add(key)
        if is_done and not row.new:
            assert key not in after
        elif is_done and row.plan.kind in FIELDS_OF:
            assert {**after[key], **told(row)} == after[key]
        elif is_done:
            assert after[key] == told(row)
    assert {key: value for key, value in after.items() if key not in touched} == {
        key: value for key, value in before.items() if key not in touched
    }


def check_restored(rows: list[PlanRow], before: State, after: State) -> None:
    """Everything is as before; what was deleted has another id."""
    gone = [key for key in before if key not in after]
    made = [key for key in after if key not in before]
    assert {key: after[key] for key in after if key in before} == {
        key: value for key, value in before.items() if key not in gone
    }
    assert sorted(map(repr, (before[key] for key in gone))) == sorted(map(repr, (after[key] for key in made)))
    assert len(gone) <= len(rows)


def _made_id(row: PlanRow) -> int:
    (answer,) = row.result.values()
    made: int = answer["id"]
    return made


@pytest.fixture
def mirrored(committed_db: None, admin_connection: psycopg.Connection) -> Iterator[MirroredPlatform]:
    platform = MirroredPlatform(admin_connection)
    platform.writes.settings.cap_binds_administrators = False
    yield platform
    database.close()


@pytest.mark.slow
def test_what_is_previewed_is_what_is_applied_for_1000_random_plans_and_reverting_restores_it(
    mirrored: MirroredPlatform,
) -> None:
    rng, world = random.Random(3), World(mirrored.held)  # noqa: S311 - repeatable
    done: dict[str, int] = {}
    for number_of_plan in range(PLANS):
        kind_name, targets, parameters = random_plan(world, rng)
        before = world.state()
        rows = mirrored.carry_out(kind_of(kind_name), targets, parameters)
        middle = world.state()
        check_applied(rows, before, middle)
        count = sum(row.state == PlanRow.State.SUCCEEDED for row in rows)
        done[kind_name] = done.get(kind_name, 0) + count
        if rng.random() < 0.8 or kind_name.startswith(("create", "delete")):  # the others stay: the world moves on
            back = mirrored.revert(rows)
            assert all(row.state == PlanRow.State.SUCCEEDED for row in back), (
                number_of_plan,
                [row.why for row in back],
            )
            check_restored(rows, before, world.state())
    assert len(done) == 7
    assert min(done.values()) > 50, done


def test_random_plans_over_the_wire_end_as_previewed_and_are_reverted(scene: Scene) -> None:
    scene.sandbox.control("write-settings", cap_binds_administrators=False)
    rng, world = random.Random(5), World(scene.expected)  # noqa: S311 - repeatable
    for _ in range(PLANS_OVER_THE_WIRE):
        before = world.state()
        plan = scene.preview(*random_plan(world, rng))
        if not any(row.state == "planned" for row in scene.rows(plan)):
            continue
        rows = _carried_out(scene, plan)
        plan = rows[0].plan
        check_applied(rows, before, world.state())
        if any(row.state == "succeeded" for row in rows):
            back = _carried_out(scene, wait_until(partial(_whole_reversal, scene, plan), what="the mirror")[0])
            assert {row.state for row in back} == {"succeeded"}
            check_restored(rows, before, world.state())
            wait_until(partial(_is_mirrored, scene), what="the mirror")


def _carried_out(scene: Scene, plan: Plan) -> list[PlanRow]:
    """Confirm as a person would: where the mirror moved since the preview, which the plan before may still bring
    about, the renewed preview is confirmed.
    """
    for _ in range(5):
        plan = scene.confirm(plan)
        if plan.state != Plan.State.PREVIEW:
            break
    if plan.state == Plan.State.WAITING:
        with scene.scope():
            plan = plans.approve(plan=plan, actor=Actor.staff("casey"), now=timezone.now())
    assert plan.state == Plan.State.RUNNING, plan.get_state_display()
    scene.work()
    with scene.scope():
        return list(PlanRow.objects.filter(plan=plan).select_related("plan").order_by("position"))


def _whole_reversal(scene: Scene, plan: Plan) -> list[Plan]:
    with scene.scope():
        back = plans.revert(plan=plan, actor=Actor.staff(scene.actor), reason="a mistake", now=timezone.now())
    return [back] if all(row.state == "planned" for row in scene.rows(back)) else []


def _is_mirrored(scene: Scene) -> bool:
    """Whether the mirrors have caught up with what plans change: a preview from older settings would restore them."""
    models = mirror_models()
    with scene.scope():
        for entity_type in CHANGED_BY_PLANS:
            found = models[entity_type].objects.filter(environment="demo", deleted_at=None).values()
            rows: dict[int, dict[str, Any]] = {row["entity_id"]: dict(row) for row in found}
            held = scene.expected(entity_type)
            if rows.keys() != held.keys() or not all(is_mirrored(held[id_], rows[id_]) for id_ in held):
                return False
    return True


def asked_of(world: World, kind_name: str, count: int) -> tuple[list[Target], dict[str, Any]]:
    """A plan of so many targets, all of them good."""
    accounts, limits = world.accounts()[:count], world.ids("userAccountPositionLimit")[:count]
    parameters = world.ids("userAccountRiskParameter")[:count]
    made: dict[str, tuple[list[Target], dict[str, Any]]] = {
        "change_balances": ([Target("account", one, {"cashChange": "10"}) for one in accounts], {}),
        "update_max_net_liq": ([Target("account", one) for one in accounts], {"maxNetLiq": "balance"}),
        "reset_accounts": ([Target("account", one) for one in accounts], {"tradeDate": TODAY}),
        "create_accounts": (
            [Target("account", None, {"userId": 1, "name": f"NEW{number}"}) for number in range(count)],
            {"templateAccountId": 1, "initialBalance": "50000"},
        ),
        "set_auto_liq": ([Target("account", one) for one in accounts], {"dailyLossAutoLiq": "12.5"}),
        "create_position_limits": (
            [Target("userAccountPositionLimit", None, {"accountId": one}) for one in accounts],
            {"active": True, "totalBy": "Overall"},
        ),
        "update_position_limits": ([Target("userAccountPositionLimit", one) for one in limits], {"longLimit": 3}),
        "delete_position_limits": ([Target("userAccountPositionLimit", one) for one in limits], {}),
        "create_risk_parameters": (
            [Target("userAccountRiskParameter", None, {"userAccountPositionLimitId": one}) for one in limits],
            {"maxOpeningOrderQty": 1},
        ),
        "update_risk_parameters": (
            [Target("userAccountRiskParameter", one) for one in parameters],
            {"maxOpeningOrderQty": 1},
        ),
        "delete_risk_parameters": ([Target("userAccountRiskParameter", one) for one in parameters], {}),
    }
    return made[kind_name]


def test_what_a_kind_asks_for_is_all_that_its_preview_depends_on(
    mirrored: MirroredPlatform, admin_connection: psycopg.Connection
) -> None:
    """While the mirrors may be old its rows are read of the platform: then nothing may come from the mirrors."""
    world, now, organization = World(mirrored.held), timezone.now(), mirrored.organization
    open_positions = {one: {"id": one, "accountId": one, "netPos": 2} for one in world.accounts()}
    for one in open_positions:
        admin_connection.execute(OPEN_POSITION, [organization.pk, one, one])
    admin_connection.commit()
    previews = {}
    for kind_name in KINDS:
        kind = kind_of(kind_name)
        if isinstance(kind, DependsOnRows):
            targets, parameters = asked_of(world, kind_name, 5)
            with organization_scope(organization.pk):
                asks = kind.asks(PlanRequest(organization.pk, targets, parameters, now))
            previews[kind_name] = (targets, parameters, asks, mirrored.preview(kind, targets, parameters))
    for entity_type in MIRRORED:
        admin_connection.execute(f"DELETE FROM {mirror_models()[entity_type]._meta.db_table}".encode())  # noqa: S608
    admin_connection.commit()

    assert len(previews) == 10
    for kind_name, (targets, parameters, asks, before) in previews.items():
        readings = Readings(organization.pk, at=now)
        for ask in asks:
            model = mirror_models()[ask.entity_type]
            key = f"{ENTITIES[ask.entity_type].master}Id" if ask.by_master else "id"
            held = open_positions if ask.entity_type == "position" else mirrored.held(ask.entity_type)
            found = [one for one in held.values() if one[key] in ask.wanted]
            readings.add(ask, found, model=model, columns=platform_columns(model))
        with readings.in_force():
            again = mirrored.preview(kind_of(kind_name), targets, parameters)
        assert any(not draft.why_skipped for draft in before), kind_name
        assert again == before, kind_name


@pytest.fixture
def many(committed_db: None, admin_connection: psycopg.Connection) -> Iterator[MirroredPlatform]:
    """A vendor with 512 accounts."""
    yield MirroredPlatform(admin_connection, accounts_per_user=64)
    database.close()


def test_a_preview_asks_the_database_as_often_for_500_targets_as_for_10(many: MirroredPlatform) -> None:
    world = World(many.held)
    counts: dict[str, list[int]] = {}
    for kind_name in KINDS:
        for size in (10, 500):
            targets, parameters = asked_of(world, kind_name, size)
            assert len(targets) == size
            with CaptureQueriesContext(database) as queries:
                drafts = many.preview(kind_of(kind_name), targets, parameters)
            assert len(drafts) == size
            counts.setdefault(kind_name, []).append(len(queries))
    assert {name: few for name, (few, many_) in counts.items() if few != many_} == {}
    assert max(few for few, _ in counts.values()) <= 12, counts
