"""G21 and G22: many accounts liquidated beside the least time of the hour's calls, and a liquidation that overtakes."""

import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import requests
from django.test import override_settings
from django.utils import timezone
from psycopg.types.json import Jsonb

from benchmarks.bench import Bench
from benchmarks.children import Child
from benchmarks.measuring import Figure
from benchmarks.plans import DEMO, Entities, confirmed, connected, grants, held_by_platform, previewed
from vendor_admin.operations.engine.runner import work
from vendor_admin.operations.kinds import Target
from vendor_admin.operations.models import Operation, Plan
from vendor_admin.organizations.models import BudgetUse, Organization
from vendor_admin.organizations.platform_access import budgets
from vendor_admin.organizations.platform_access.budgets import USER_CALLS, WINDOW_MARGIN
from vendor_admin.organizations.tenancy.scope import organization_scope
from vendor_admin.sandbox.running import RunningSandbox

ACCOUNTS_PER_USER, MORE_USERS = 3, 20
BUYERS, TRIED_OF_NEEDED = 4, 2
"""Connections that buy, and in how many accounts: not all may trade."""
ROWS_EACH = 10
"""Rows of the plan that is under way, for each account that is liquidated."""
FIRST_CALLS = 40
ANSWER_SECONDS = 0.1
LIMIT_SECONDS = 60.0
LIQUIDATE = "order/liquidateposition"
COPY_POSITIONS = """
INSERT INTO mirrors_position (organization_id, environment, entity_id, lease_id, epoch, seq, received_at,
                              account_id, contract_id, net_pos)
SELECT %s, 'demo', (one ->> 'id')::bigint, 1, 1, 1, now(),
       (one ->> 'accountId')::bigint, (one ->> 'contractId')::bigint, (one ->> 'netPos')::int
  FROM jsonb_array_elements(%s) AS one
"""

Position = dict[str, Any]


def measure(bench: Bench) -> list[Figure]:
    """Liquidations of accounts that hold a position at a sandbox. Raises AssertionError where one is not flat then."""
    rows = bench.accounts * ROWS_EACH
    users = rows // ACCOUNTS_PER_USER + MORE_USERS
    world = ("--organizations", "1", "--users", str(users), "--accounts-per-user", str(ACCOUNTS_PER_USER))
    with RunningSandbox(*world, "--market-step-seconds", "0", "--always-open", "--no-limits") as sandbox:
        organization = connected(sandbox, slug="bench-liquidation")
        positions = _opened(sandbox, count=bench.accounts + bench.rounds)
        with bench.server.connect() as database:
            database.execute(COPY_POSITIONS, [organization.pk, Jsonb(positions)])
        many, few = positions[: bench.accounts], positions[bench.accounts :]
        return [
            _of_many(bench, sandbox, organization, many),
            _beside_a_bulk(bench, sandbox, organization, few, rows=rows),
        ]


def least_seconds(uses: Sequence[float], *, calls: int, limit: int, hour: float) -> float:
    """How long until the last of so many calls may go out, where no hour has more than the limit.

    `uses` are the moments of earlier calls, in seconds from now and thus below 0. For calls that fit into an hour.
    """
    to_expire = len(uses) + calls - limit
    return max(0.0, sorted(uses)[to_expire - 1] + hour) if to_expire > 0 else 0.0


def most_in_an_hour(moments: Iterable[float], *, hour: float) -> int:
    """How many calls at most fall into any hour; a call counts until it is as old as that."""
    ordered = sorted(moments)
    return max(place + 1 - bisect_right(ordered, moment - hour) for place, moment in enumerate(ordered))


def _opened(sandbox: RunningSandbox, *, count: int) -> list[Position]:
    """Positions of different accounts in one contract, bought by market orders at a price that stands still."""
    quote = next(one for one in sandbox.view("market/quotes") if one["contract"].startswith("MES"))
    sandbox.control("market/price", contract=quote["contract"], price=quote["last"], size=10 * count)
    address, credentials = sandbox.rest_url(DEMO), sandbox.organizations()[0]["credentials"]
    answer = requests.post(f"{address}/auth/accesstokenrequest", json=credentials, timeout=10)
    headers = {"Authorization": f"Bearer {answer.json()['accessToken']}"}
    order = {"symbol": quote["contract"], "action": "Buy", "orderQty": 1, "orderType": "Market", "isAutomated": True}

    def buy(account: dict[str, Any]) -> None:
        body = order | {"accountId": account["id"]}
        requests.post(f"{address}/order/placeorder", json=body, headers=headers, timeout=30).raise_for_status()

    with ThreadPoolExecutor(BUYERS) as threads:
        list(threads.map(buy, held_by_platform(sandbox)["account"][: TRIED_OF_NEEDED * count]))
    opened = _in_contract(held_by_platform(sandbox), quote["contractId"])
    assert len(opened) >= count, f"{len(opened)} accounts hold a position, and {count} should"
    return opened[:count]


def _in_contract(entities: Entities, contract_id: int) -> list[Position]:
    """The newest positions of accounts in a contract, where they are open."""
    newest = {one["accountId"]: one for one in entities["position"] if one["contractId"] == contract_id}
    return [one for one in newest.values() if one["netPos"]]


def _of_many(bench: Bench, sandbox: RunningSandbox, organization: Organization, positions: list[Position]) -> Figure:
    """The hour is used up evenly, but for a quarter of what is needed (of 1,000 calls what is kept for urgent ones)."""
    plan = previewed(organization, "liquidate_positions", [Target("position", one["id"]) for one in positions])
    calls, hour = len(positions), bench.hour_seconds
    with override_settings(BUDGET_WINDOW_SECONDS=hour):
        used_at = _use_up_hour(sandbox, but=calls // 4)
        started = timezone.now()
        plan = confirmed(plan)
        _wait_until(lambda: _is_over(organization, plan), seconds=hour, organization=organization)
    sent_at = _sent_at(organization, plan)
    assert len(sent_at) == calls, f"{len(sent_at)} of {calls} calls went out"
    _check_flat(sandbox, positions)
    _check_hours(sandbox, used_at, hour=hour)
    uses = [(one - started).total_seconds() for one in used_at]
    taken = (sent_at[-1] - started).total_seconds()
    least = least_seconds(uses, calls=calls, limit=USER_CALLS.limit, hour=hour * WINDOW_MARGIN)
    assert least, "the hour is so short, and the accounts so few, that nothing has to wait"
    without_margin = least_seconds(uses, calls=calls, limit=USER_CALLS.limit, hour=hour)
    note = (
        f"{taken:.2f} s until the last call left, at least {least:.2f} s, {len(uses):,} calls of an hour of {hour:g} s "
        f"being used; {without_margin:.2f} s by an hour without the {WINDOW_MARGIN - 1:.1%} added for safety"
    )
    return Figure(
        goal="G21",
        what=f"liquidation of {calls:,} accounts / the least time that the hour's calls allow",
        values=[taken / least],
        floor=1.02,
        aim=1.02,
        is_ceiling=True,
        notes=[note],
    )


def _use_up_hour(sandbox: RunningSandbox, *, but: int) -> list[datetime]:
    """Have the vendor's user call evenly for an hour until now, all but so many. Returns when."""
    credentials = sandbox.organizations()[0]["credentials"]
    subject = budgets.user_subject(user=credentials["name"], url=sandbox.rest_url(DEMO))
    budgets.forget_uses(budget=USER_CALLS, subject=subject)
    count, now = USER_CALLS.limit - but, timezone.now()
    apart = budgets.one_window() * WINDOW_MARGIN / count
    used_at = [now - number * apart for number in range(count)]
    key = budgets.key_of(budget=USER_CALLS, subject=subject)
    BudgetUse.objects.bulk_create(BudgetUse(key=key, used_at=one) for one in used_at)
    return used_at


def _check_flat(sandbox: RunningSandbox, positions: list[Position]) -> None:
    ids = {one["accountId"] for one in positions}

    def still_open() -> list[Position]:
        held = _in_contract(held_by_platform(sandbox), positions[0]["contractId"])
        return [one for one in held if one["accountId"] in ids]

    _wait_until(lambda: not still_open(), seconds=10)


def _check_hours(sandbox: RunningSandbox, used_at: Sequence[datetime], *, hour: float) -> None:
    """That the platform, by its own record, got no more calls in any of its hours than it allows."""
    entries = sandbox.view("ledger", after=0, kind="write", limit=20_000)["entries"]
    got = [one["at"] for one in entries if one["endpoint"] == LIQUIDATE]
    most = most_in_an_hour([one.timestamp() for one in used_at] + got, hour=hour)
    assert most <= USER_CALLS.limit, f"{most:,} calls in an hour"


def _beside_a_bulk(
    bench: Bench, sandbox: RunningSandbox, organization: Organization, positions: list[Position], *, rows: int
) -> Figure:
    """From the click to the call, each time of an account of which the plan that is under way changes something too."""
    sandbox.control("write-settings", delay_ms=ANSWER_SECONDS * 1000)
    targets = grants(bench.server, organization, held_by_platform(sandbox), count=rows)[:rows]
    assert {one["accountId"] for one in positions} <= {one.entity_id for one in targets}
    bulk = confirmed(previewed(organization, "grant_trading_permissions", targets))
    assert _waiting(organization, bulk) == rows, f"{_waiting(organization, bulk):,} of {rows:,} rows have a call"
    shown = [previewed(organization, "liquidate_positions", [Target("position", one["id"])]) for one in positions]
    with Child("benchmarks.lane_process", str(organization.pk)):
        _wait_until(lambda: len(_sent_at(organization, bulk)) >= FIRST_CALLS, seconds=LIMIT_SECONDS)
        seconds = [_click_to_call(organization, plan) for plan in shown]
        waiting = _waiting(organization, bulk)
        assert waiting, "the plan was over before the last liquidation"
    _check_flat(sandbox, positions)
    return Figure(
        goal="G22",
        what=f"from the click until a liquidation leaves, while a plan of {rows:,} rows is under way",
        values=seconds,
        floor=1.0,
        aim=1.0,
        is_ceiling=True,
        unit=" s",
        notes=[f"the longest took {max(seconds):.2f} s; {waiting:,} calls of the plan waited then"],
    )


def _click_to_call(organization: Organization, plan: Plan) -> float:
    clicked = timezone.now()
    plan = confirmed(plan)
    _wait_until(lambda: _is_over(organization, plan), seconds=LIMIT_SECONDS)
    [sent_at] = _sent_at(organization, plan)
    return (sent_at - clicked).total_seconds()


def _sent_at(organization: Organization, plan: Plan) -> list[datetime]:
    """When the calls of a plan that have an answer were sent, in order."""
    with organization_scope(organization.pk):
        done = Operation.objects.filter(plan=plan, state=Operation.State.SUCCEEDED, sent_at__isnull=False)
        return list(done.order_by("sent_at").values_list("sent_at", flat=True))  # type: ignore[arg-type]


def _waiting(organization: Organization, plan: Plan) -> int:
    with organization_scope(organization.pk):
        return Operation.objects.filter(plan=plan, state=Operation.State.QUEUED).count()


def _is_over(organization: Organization, plan: Plan) -> bool:
    with organization_scope(organization.pk):
        return Plan.objects.get(pk=plan.pk).state == Plan.State.FINISHED


def _wait_until(holds: Callable[[], bool], *, seconds: float, organization: Organization | None = None) -> None:
    """Wait, or work on the organization's lane meanwhile. Raises AssertionError where it takes longer."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"nothing came of it within {seconds:g} s"
        if organization is None:
            time.sleep(0.05)
        else:
            work(organization_id=organization.pk, environment=DEMO, seconds=10)
