"""What a large plan was asked for, kept until a worker has made its rows (large_plans.py)."""

from collections.abc import Iterator, Sequence

from vendor_admin.operations.kinds import Target
from vendor_admin.operations.models import Plan, PlanTargets

DIRECT_ROWS = 200
"""A plan of up to so many rows is previewed, started and cancelled at once; a larger one by a worker."""
CHUNK = 2_000
"""How many rows of a large plan are worked on in one transaction."""


def is_large(plan: Plan) -> bool:
    """Whether a worker does what is done to all rows of a plan."""
    return plan.rows.filter(position__gt=DIRECT_ROWS).exists()


def store(plan: Plan, targets: Sequence[Target]) -> None:
    """Keep the targets of a stored plan, some in each row. Must run inside the organization's scope."""
    for chunk in _chunks(plan, targets):
        chunk.save(force_insert=True)


def targets_of(stored: PlanTargets) -> list[Target]:
    """The targets that a row keeps. Raises UndecryptableError."""
    return [Target(*values) for values in stored.asked["targets"]]


def store_earlier(plan: Plan, link: str) -> None:
    """Have the targets of a stored plan worked out bit by bit, from the rows of the plan that it retries or reverts
    (`link`). Must run inside the organization's scope.
    """
    asked = {"link": link, "behind": 0, "begun_by": None}
    PlanTargets(organization_id=plan.organization_id, plan=plan, first=1, asked=asked).save(force_insert=True)


def _chunks(plan: Plan, targets: Sequence[Target]) -> Iterator[PlanTargets]:
    for start in range(0, len(targets), CHUNK):
        values = [
            (
                one.entity_type,
                one.entity_id,
                dict(one.wanted),
                dict(one.secrets),
                None if one.expected is None else dict(one.expected),
                one.label,
            )
            for one in targets[start : start + CHUNK]
        ]
        yield PlanTargets(organization_id=plan.organization_id, plan=plan, first=start + 1, asked={"targets": values})
