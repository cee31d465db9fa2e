"""Whether the rows that a plan about money or risk starts from may be old, and what to read of the platform then."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from vendor_admin.mirrors.readings import Ask
from vendor_admin.operations.kinds import DependsOnRows, PlanRequest, Target, kind_of
from vendor_admin.operations.models import Operation, Plan, PlanRow
from vendor_admin.operations.store.rows import target_of
from vendor_admin.sync import freshness

READ_GOOD_FOR = timedelta(minutes=2)
"""For so long after its rows were read a plan may be started, and send, while the mirrors may be old."""


@dataclass(frozen=True, slots=True)
class Age:
    """`why` the mirrors may be old, without an end; empty where they are not, or where the kind does not ask.

    `is_just_read`: what the plan shows was read of the platform itself moments ago, so it holds all the same.
    `missed`: what happened since the rows of a plan at work were compared, without an end, though the mirrors are fresh
    by now.
    """

    why: str = ""
    is_just_read: bool = False
    missed: str = ""

    @property
    def must_be_read(self) -> bool:
        return bool(self.why) and not self.is_just_read

    @property
    def must_be_compared(self) -> bool:
        return bool(self.why or self.missed) and not self.is_just_read


_NOTHING_SENT = Q(operation__state=Operation.State.QUEUED) & (
    Q(operation__after=None) | Q(operation__after__state=Operation.State.QUEUED)
)


def rows_to_change(plan: Plan, *, most: int | None = None, first: int = 1, before: int | None = None) -> list[PlanRow]:
    """The rows that will change, in their order: the first of them, or those of these positions.

    Of a plan that was started they are those of which nothing was sent yet. Before, some may have their call already.
    """
    rows = plan.rows.filter(position__gte=first).order_by("position")
    if before is not None:
        rows = rows.filter(position__lt=before)
    if plan.started_at is None:
        return list(rows.filter(state__in=(PlanRow.State.PLANNED, PlanRow.State.QUEUED))[:most])
    waiting = rows.filter(_NOTHING_SENT, state=PlanRow.State.QUEUED)
    return list(waiting.select_related("operation__after")[:most])


def targets_to_change(plan: Plan, *, most: int | None = None) -> list[Target]:
    """What these rows were asked to do."""
    return [target_of(row) for row in rows_to_change(plan, most=most)]


def asks_of(plan: Plan, targets: Sequence[Target], *, now: datetime) -> Sequence[Ask]:
    """What these targets depend on; nothing for kinds that do not ask for fresh rows."""
    kind: object = kind_of(plan.kind)
    if not isinstance(kind, DependsOnRows) or not targets:
        return ()
    asks = kind.asks(PlanRequest(plan.organization_id, targets, plan.parameters, now))
    return [ask for ask in asks if ask.wanted]


def age_of(plan: Plan, *, now: datetime) -> Age:
    """Whether the rows of a plan start from mirrors that may be old. A constant number of queries, none of its rows."""
    return ages_of([plan], now=now)[plan.pk]


def ages_of(plans: Collection[Plan], *, now: datetime) -> dict[int, Age]:
    """The same of several plans of one organization, by key, with no more queries than for one."""
    concerned = [plan for plan in plans if plan.depends_on_rows]
    if not concerned:
        return {plan.pk: Age() for plan in plans}
    sockets = freshness.Sockets(concerned[0].organization_id, now=now)
    ages = {}
    for plan in concerned:
        types = plan.depends_on or _work_out(plan, now=now)
        missed = _missed(sockets, types, since=plan.compared_at or plan.started_at)
        ages[plan.pk] = Age(_why_old(sockets, types), was_just_read(plan, now=now), missed)
    return {plan.pk: ages.get(plan.pk, Age()) for plan in plans}


def types_of(asks: Iterable[Ask]) -> dict[str, list[str]]:
    """The entity types that are asked for, by environment."""
    types = defaultdict(set)
    for ask in asks:
        types[ask.environment].add(ask.entity_type)
    return {environment: sorted(found) for environment, found in sorted(types.items())}


def joined(types: Mapping[str, Sequence[str]], more: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """All entity types of both, by environment."""
    return {name: sorted({*types.get(name, ()), *more.get(name, ())}) for name in sorted({*types, *more})}


def why_old(organization_id: int, asks: Iterable[Ask], *, now: datetime) -> str:
    """Why the mirrors of what is asked for may be old, without an end; empty if they are not. Three queries at most."""
    return why_types_old(organization_id, types_of(asks), now=now)


def why_types_old(organization_id: int, types: Mapping[str, Sequence[str]], *, now: datetime) -> str:
    """The same of entity types by environment."""
    return _why_old(freshness.Sockets(organization_id, now=now), types) if types else ""


def was_just_read(plan: Plan, *, now: datetime) -> bool:
    """Whether what the plan shows was read of the platform itself moments ago."""
    return plan.read_at is not None and now - plan.read_at < READ_GOOD_FOR


def _work_out(plan: Plan, *, now: datetime) -> dict[str, list[str]]:
    """What a plan depends on that was stored without it; kept, since it takes all of its rows."""
    types = types_of(asks_of(plan, targets_to_change(plan), now=now))
    plan.depends_on = types
    if types:
        Plan.objects.filter(pk=plan.pk, depends_on={}).update(depends_on=types)
    return types


def _why_old(sockets: freshness.Sockets, types: Mapping[str, Sequence[str]]) -> str:
    whys = (sockets.why_old(environment, found) for environment, found in sorted(types.items()))
    return next(filter(None, whys), "")


def _missed(sockets: freshness.Sockets, types: Iterable[str], *, since: datetime | None) -> str:
    away = [one for one in sorted(types) if since is not None and sockets.has_missed_since(one, since)]
    return f"{away[0].upper()} was away since the rows were compared" if away else ""
