"""What of a plan was retried or reverted already: whoever asks a second time must not do it a second time.

The mirror cannot tell: it may lag behind, and a refused change leaves no trace in it.
"""

import json
from collections.abc import Sequence

from vendor_admin.operations.kinds import Target
from vendor_admin.operations.models import Plan, PlanRow

LINKS = ("retries", "reverts")
_Key = tuple[str, int | None, str]


def key_of(entity_type: str, entity_id: int | None, wanted: object) -> _Key:
    """By what a row of one plan and a row of another ask for the same."""
    return entity_type, entity_id, json.dumps(wanted, sort_keys=True)


def begun_by_others(earlier: Plan, link: str) -> dict[_Key, int]:
    """What plans that retry or revert (`link`) an earlier one have begun to do, with the plan's number."""
    begun = PlanRow.objects.filter(plan__started_at__isnull=False, **{f"plan__{link}": earlier})
    rows = begun.exclude(state=PlanRow.State.SKIPPED).order_by("plan_id")
    return {
        key_of(entity_type, entity_id, wanted): plan_id
        for entity_type, entity_id, wanted, plan_id in rows.values_list("target_type", "target_id", "wanted", "plan_id")
    }


def split_off_begun(targets: Sequence[Target], *, earlier: Plan, link: str) -> tuple[list[Target], int | None]:
    """Those of the targets that no plan has begun to retry or revert, and the last plan that began with the others."""
    begun = begun_by_others(earlier, link)
    by_plan = [begun.get(key_of(one.entity_type, one.entity_id, one.wanted)) for one in targets]
    left = [target for target, plan_id in zip(targets, by_plan, strict=True) if plan_id is None]
    return left, max((plan_id for plan_id in by_plan if plan_id is not None), default=None)


def begun_meanwhile(plan: Plan, rows: Sequence[PlanRow]) -> int | None:
    """The plan that began with some of these rows since this one was previewed. Holds the earlier plan, so that of
    two that start at once the second sees the first.
    """
    for link in LINKS:
        earlier_id = getattr(plan, f"{link}_id")
        if earlier_id is None:
            continue
        earlier = Plan.objects.select_for_update().get(pk=earlier_id)
        begun = begun_by_others(earlier, link)
        found = (begun.get(key_of(row.target_type, row.target_id, row.wanted)) for row in rows)
        plan_id = next((one for one in found if one is not None), None)
        if plan_id is not None:
            return plan_id
    return None
