"""When a plan will have been sent, by the budgets, locks and maintenance that are known now. An estimate for people."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Avg, Count, F, Q

from vendor_admin.operations.kinds import priority_of
from vendor_admin.operations.models import Operation, Plan
from vendor_admin.operations.precedence import Priority
from vendor_admin.operations.store import allowance
from vendor_admin.operations.store.allowance import Caller
from vendor_admin.organizations.models import BudgetUse, Connection, Organization, RateLock
from vendor_admin.organizations.platform_access import budgets
from vendor_admin.organizations.platform_access.budgets import USER_CALLS, WINDOW_MARGIN, Budget
from vendor_admin.tradovate.operations import write_at

CALL_SECONDS = 0.25
"""How long a call is taken to last where none has been made yet."""
MEASURED_CALLS = 200


@dataclass(frozen=True, slots=True)
class Forecast:
    """When the last call goes out; None where nothing can go out at all. `reasons` say what it waits for."""

    calls: int
    ends_at: datetime | None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Need:
    """Calls of one budget: those of the plan and those that go before them. `limit` is what they may take of it."""

    budget: Budget
    subject: str
    calls: int
    limit: int

    @property
    def key(self) -> str:
        return budgets.key_of(budget=self.budget, subject=self.subject)


def forecast_of(plan: Plan, *, now: datetime) -> Forecast:
    """The forecast of a previewed plan, or of what is left of one that runs. A constant number of queries."""
    if plan.is_open and plan.started_at is not None:
        left = plan.operations.filter(state=Operation.State.QUEUED).order_by().values_list("environment", "name")
        calls = {(environment, path): number for environment, path, number in left.annotate(number=Count("id"))}
        ahead_of = plan.pk
    else:
        calls = {(*name.split(" ", 1),): number for name, number in plan.calls_by_path.items()}
        ahead_of = None
    priority = priority_of(plan.kind)
    return forecast(calls, organization=plan.organization, now=now, before_plan=ahead_of, priority=priority)


def forecast(
    calls: Mapping[tuple[str, str], int],
    *,
    organization: Organization,
    now: datetime,
    before_plan: int | None = None,
    priority: Priority = Priority.NORMAL,
) -> Forecast:
    """When calls, given by (environment, path), will have been sent, after those that wait already. What is not urgent
    leaves a part of each hour to what is.
    """
    number = sum(calls.values())
    if not number:
        return Forecast(0, now)
    callers = _callers(organization)
    missing = sorted({environment.upper() for environment, _ in calls if environment not in callers})
    if missing:
        return Forecast(number, None, (f"{' and '.join(missing)} has no connection that is switched on.",))
    needs = _needs(calls, callers, _ahead(organization, before_plan=before_plan, priority=priority), priority)
    reasons: list[str] = []
    start = _start(calls, callers, organization=organization, now=now, reasons=reasons)
    ends_at = max([start, *_budget_ends(needs, start=start, now=now, reasons=reasons)])
    return Forecast(number, ends_at + _sending_time(needs, organization), tuple(dict.fromkeys(reasons)))


def last_call_at(*, limit: int, used: Sequence[datetime], calls: int, start: datetime, window: timedelta) -> datetime:
    """When the last of some calls goes out of a sliding window with these uses in it (oldest first). Pure."""
    rounds, in_round = divmod(calls - 1, limit)
    blocked_by = len(used) + in_round + 1 - limit
    first = start if blocked_by <= 0 else max(start, used[blocked_by - 1] + window)
    return first + rounds * window


def _callers(organization: Organization) -> dict[str, Caller]:
    connections = Connection.objects.filter(organization=organization, is_enabled=True)
    return {one.environment: Caller(one.rest_url, str(one.credentials.get("name", ""))) for one in connections}


def _ahead(organization: Organization, *, before_plan: int | None, priority: Priority) -> Mapping[tuple[str, str], int]:
    """Calls that go before, urgent ones and those of earlier plans, by (environment, path)."""
    waiting = Operation.objects.filter(
        organization=organization, state=Operation.State.QUEUED, plan__state=Plan.State.RUNNING
    )
    goes_before = Q(priority__lt=priority)
    queued_earlier = Q(priority=priority)
    if before_plan is not None:
        queued_earlier &= Q(plan__lt=before_plan)
    waiting = waiting.filter(goes_before | queued_earlier)
    named = waiting.order_by().values_list("environment", "name").annotate(number=Count("id"))
    return {(environment, path): number for environment, path, number in named}


def _needs(
    calls: Mapping[tuple[str, str], int],
    callers: Mapping[str, Caller],
    ahead: Mapping[tuple[str, str], int],
    priority: Priority,
) -> list[_Need]:
    numbers: Counter[tuple[Budget, str]] = Counter()
    for (environment, _), number in [*calls.items(), *ahead.items()]:
        if environment in callers:
            numbers[USER_CALLS, callers[environment].user] += number
    for (environment, path), number in calls.items():
        operation = write_at(path).operation
        # Where only failures count, calls that succeed wait for nothing.
        if operation.hourly_limit is not None and operation.counts_successes:
            budget, subject = allowance.endpoint_budget(operation), callers[environment].address
            numbers[budget, subject] += number + ahead.get((environment, path), 0)
    return [
        _Need(budget, subject, number, allowance.left_to(priority, budget).limit)
        for (budget, subject), number in numbers.items()
    ]


def _start(
    calls: Mapping[tuple[str, str], int],
    callers: Mapping[str, Caller],
    *,
    organization: Organization,
    now: datetime,
    reasons: list[str],
) -> datetime:
    """When the first call may go out: after the locks in force and the platform's maintenance."""
    keys = set()
    for environment, path in calls:
        caller, budget = callers[environment], allowance.endpoint_budget(write_at(path).operation)
        keys |= {caller.user, caller.address, budgets.key_of(budget=budget, subject=caller.address)}
        keys.add(budgets.key_of(budget=USER_CALLS, subject=caller.user))
    start = now
    for lock in RateLock.objects.filter(key__in=keys, until__gt=now):
        start = max(start, lock.until)
        reasons.append(lock.reason)
    held = allowance.held_until(now)
    waits = any(write_at(path).operation.waits_for_maintenance for _, path in calls)
    if held is not None and waits and not organization.is_simulated:
        start = max(start, held[0])
        reasons.append(held[1])
    return start


def _budget_ends(needs: Sequence[_Need], *, start: datetime, now: datetime, reasons: list[str]) -> list[datetime]:
    """When the last call of each budget may go out. Only the uses of budgets that run short are read one by one."""
    window = budgets.one_window() * WINDOW_MARGIN
    used = BudgetUse.objects.filter(key__in=[need.key for need in needs], used_at__gt=now - window).order_by()
    counts = dict(used.values_list("key").annotate(number=Count("id")))
    ends = []
    for need in needs:
        count = counts.get(need.key, 0)
        if count + need.calls <= need.limit:
            continue
        moments = list(
            BudgetUse.objects.filter(key=need.key, used_at__gt=now - window)
            .order_by("used_at")
            .values_list("used_at", flat=True)
        )
        ends.append(last_call_at(limit=need.limit, used=moments, calls=need.calls, start=start, window=window))
        reasons.append(_in_words(need, left=max(0, need.budget.limit - count)))
    return ends


def _in_words(need: _Need, *, left: int) -> str:
    limit, kept = need.budget.limit, need.budget.limit - need.limit
    allowed = f"{need.budget.name}: the platform allows {limit:,} an hour, and {left:,} are left in this one"
    return f"{allowed}; the last {kept:,} are kept for urgent changes." if kept else f"{allowed}."


def _sending_time(needs: Sequence[_Need], organization: Organization) -> timedelta:
    """How long the calls take at the pace of the newest ones."""
    newest = (
        Operation.objects.filter(organization=organization, state=Operation.State.SUCCEEDED, attempts=1)
        .filter(sent_at__isnull=False, finished_at__isnull=False)
        .order_by("-id")[:MEASURED_CALLS]
    )
    taken = newest.aggregate(mean=Avg(F("finished_at") - F("sent_at")))["mean"]
    seconds = min(30.0, taken.total_seconds()) if taken else CALL_SECONDS
    calls = max((need.calls for need in needs), default=0)
    return timedelta(seconds=math.ceil(calls * seconds / settings.PLATFORM_CONNECTIONS))
