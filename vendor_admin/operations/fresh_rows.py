"""Whether the rows that a plan about money or risk starts from may be old, and what to read of the platform then."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from vendor_admin.mirrors.readings import Ask
from vendor_admin.operations.kinds import DependsOnRows, PlanRequest, Target, kind_of
from vendor_admin.operations.models import Plan, PlanRow
from vendor_admin.operations.plan_rows import target_of
from vendor_admin.sync import freshness

READ_GOOD_FOR = timedelta(minutes=2)
"""For so long after its rows were read a plan may be started, and send, while the mirrors may be old."""


@dataclass(frozen=True, slots=True)
class Age:
    """`why` the mirrors may be old, without an end; empty where they are not, or where the kind does not ask.

    `is_just_read`: what the plan shows was read of the platform itself moments ago, so it holds all the same.
    """

    why: str = ""
    is_just_read: bool = False

    @property
    def must_be_read(self) -> bool:
        return bool(self.why) and not self.is_just_read


def targets_to_change(plan: Plan, *, most: int | None = None) -> list[Target]:
    """The targets of the rows that will change, or the first of them."""
    rows = plan.rows.filter(state=PlanRow.State.PLANNED).order_by("position")[:most]
    return [target_of(row) for row in rows]


def asks_of(plan: Plan, targets: Sequence[Target], *, now: datetime) -> Sequence[Ask]:
    """What these targets depend on; nothing for kinds that do not ask for fresh rows."""
    kind: object = kind_of(plan.kind)
    if not isinstance(kind, DependsOnRows) or not targets:
        return ()
    asks = kind.asks(PlanRequest(plan.organization_id, targets, plan.parameters, now))
    return [ask for ask in asks if ask.wanted]


def age_of(plan: Plan, *, now: datetime, most: int | None = None) -> Age:
    """Whether the rows that will change start from mirrors that may be old. Pages go by the first of them (`most`)."""
    if not plan.depends_on_rows:
        return Age()
    targets = targets_to_change(plan, most=most)
    why = why_old(plan.organization_id, asks_of(plan, targets, now=now), now=now)
    return Age(why, is_just_read=was_just_read(plan, now=now))


def why_old(organization_id: int, asks: Iterable[Ask], *, now: datetime) -> str:
    """Why the mirrors of what is asked for may be old, without an end; empty if they are not. Two queries a host."""
    types = defaultdict(set)
    for ask in asks:
        types[ask.environment].add(ask.entity_type)
    whys = (
        freshness.why_old(organization_id=organization_id, environment=environment, entity_types=found, now=now)
        for environment, found in sorted(types.items())
    )
    return next(filter(None, whys), "")


def was_just_read(plan: Plan, *, now: datetime) -> bool:
    """Whether what the plan shows was read of the platform itself moments ago."""
    return plan.read_at is not None and now - plan.read_at < READ_GOOD_FOR
