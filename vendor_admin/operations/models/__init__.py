"""Writes to the platform, stored before they are sent (Operation), and many of them previewed as one (Plan).

Verbs are in plans/verbs.py (people), store/queue.py (workers) and plans/decisions.py (people, about unknown outcomes).
"""

from vendor_admin.operations.models.front_months import FrontMonth, front_months
from vendor_admin.operations.models.operations import SHORT_ID_LENGTH, SHORT_ID_LETTERS, Lane, Operation, new_short_id
from vendor_admin.operations.models.plan_rows import ONE_PLAN_PER, PlanRow
from vendor_admin.operations.models.plans import ApprovalRule, Plan, PlanTargets
from vendor_admin.operations.read_job_models import ReadJob, ReadJobRow

__all__ = [
    "ONE_PLAN_PER",
    "SHORT_ID_LENGTH",
    "SHORT_ID_LETTERS",
    "ApprovalRule",
    "FrontMonth",
    "Lane",
    "Operation",
    "Plan",
    "PlanRow",
    "PlanTargets",
    "ReadJob",
    "ReadJobRow",
    "front_months",
    "new_short_id",
]
