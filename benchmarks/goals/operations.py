"""G12 to G14: the preview of a large plan, a plan of many calls beside what its connections allow, our CPU per call."""

import time
from dataclasses import dataclass

from django.conf import settings
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from benchmarks.bench import Bench
from benchmarks.measuring import Figure
from benchmarks.plans import DEMO, confirmed, connected, grants, held_by_platform, previewed
from vendor_admin.operations.engine.runner import work
from vendor_admin.operations.kinds import Target
from vendor_admin.operations.models import Plan, PlanRow
from vendor_admin.organizations.models import Organization
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.sandbox.running import RunningSandbox

PREVIEWED, FEW = 10_000, 100
CALLS = 1_000
ANSWER_SECONDS = 0.020
# Accounts with what a balance plan looks at: member, permission, balance, limits, peak.
FILL = """
INSERT INTO mirrors_{table} (organization_id, environment, entity_id, lease_id, epoch, seq, received_at, {columns})
SELECT %(organization)s, 'demo', n, 1, 1, n, now(), {values} FROM generate_series(1, %(rows)s) AS n
"""
# Accounts with what a balance plan looks at: balance, limits, peak.
FILLED = {
    "account": ("name, active, closed, archived, evaluation_size", "'BENCH' || n, true, false, false, 50000"),
    "cashbalance": ("account_id, currency_id, amount", "n, 1, 50000"),
    "useraccountautoliq": ("trailing_max_drawdown, trailing_max_drawdown_mode", "2500, 'EOD'"),
    "accountriskstatus": ("max_net_liq", "51000"),
}
BALANCE_PLAN = {"by": "adjustCash", "cashChangeType": "ManualAdjustment", "currencyId": 1, "maxNetLiq": "keep"}


@dataclass(frozen=True)
class Carried:
    """One plan carried out: wall seconds beside the least its connections allow, and our CPU per call in ms."""

    share: float
    cpu_ms: float


def measure(bench: Bench) -> list[Figure]:
    """The product's own verbs: previews on filled mirrors, plans against the sandbox over HTTP."""
    previews, queries = _previews(bench)
    carried = _carried_out(bench)
    large, small = queries
    return [
        Figure(
            goal="g12",
            what=f"preview of a plan over {PREVIEWED:,} accounts",
            values=previews,
            floor=3.0,
            aim=3.0,
            is_ceiling=True,
            unit=" s",
            notes=[f"{large} queries; {small} for {FEW} accounts"],
        ),
        Figure(
            goal="g13",
            what=f"plan of {CALLS:,} calls, 20 ms each / what {settings.PLATFORM_CONNECTIONS} connections allow",
            values=[one.share for one in carried],
            floor=0.80,
            aim=0.80,
        ),
        Figure(
            goal="g14",
            what="our own CPU per operation",
            values=[one.cpu_ms for one in carried],
            floor=5.0,
            aim=5.0,
            is_ceiling=True,
            unit=" ms",
        ),
    ]


def _previews(bench: Bench) -> tuple[list[float], tuple[int, int]]:
    organization = Organization.objects.create(slug="bench-plans", name="Bench plans", is_simulated=True)
    with bench.server.connect() as database:
        for table, (columns, values) in FILLED.items():
            statement = FILL.format(table=table, columns=columns, values=values)
            database.execute(statement, {"organization": organization.pk, "rows": PREVIEWED})
        database.execute("ANALYZE")
    seconds, counted = [], 0
    for _ in range(bench.rounds):
        started = time.perf_counter()
        counted = _preview(organization, count=PREVIEWED)
        seconds.append(time.perf_counter() - started)
    return seconds, (counted, _preview(organization, count=FEW))


def _preview(organization: Organization, *, count: int) -> int:
    targets = [Target("account", number, {"cashChange": "100.00"}) for number in range(1, count + 1)]
    with CaptureQueriesContext(connection) as captured:
        plan = previewed(organization, "change_balances", targets, parameters=BALANCE_PLAN)
        with organization_scope(organization.pk):
            planned = plan.rows.filter(state=PlanRow.State.PLANNED).count()
    assert planned == count, f"{planned} of {count} rows will change"
    return len(captured)


def _carried_out(bench: Bench) -> list[Carried]:
    world = ("--organizations", "1", "--users", "1000", "--accounts-per-user", "3", "--rate", "0", "--no-limits")
    with RunningSandbox(*world) as sandbox:
        organization = connected(sandbox, slug="bench-operations")
        entities = held_by_platform(sandbox)
        targets = grants(bench.server, organization, entities, count=bench.rounds * CALLS)
        sandbox.control("write-settings", delay_ms=ANSWER_SECONDS * 1000)
        # Another account for another member in every round: a permission is granted once.
        return [
            _carry_out(organization, targets[number * CALLS : (number + 1) * CALLS]) for number in range(bench.rounds)
        ]


def _carry_out(organization: Organization, targets: list[Target]) -> Carried:
    plan = confirmed(previewed(organization, "grant_trading_permissions", targets))
    started, cpu_started = time.perf_counter(), time.process_time()
    work(organization_id=organization.pk, environment=DEMO, seconds=120)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu_started
    with organization_scope(organization.pk):
        calls = plan.operations.filter(state="succeeded").count()
        assert Plan.objects.get(pk=plan.pk).state == Plan.State.FINISHED
    connections.close_all()
    least = calls * ANSWER_SECONDS / settings.PLATFORM_CONNECTIONS
    return Carried(share=least / seconds, cpu_ms=cpu / calls * 1000)
