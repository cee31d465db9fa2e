"""Keeps what is ours of rows that were just carried out, such as the partner's own reference to a new member."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import structlog
from django.db import transaction

from vendor_admin.errors import VendorAdminError
from vendor_admin.operations.kinds import FollowsUp, followed_paths, kind_of
from vendor_admin.operations.models import Operation, PlanRow
from vendor_admin.operations.store.verdicts import Conclusion

log = structlog.get_logger(__name__)


def follow_up(concluded: Sequence[Conclusion], *, now: datetime) -> None:
    """Have kinds follow up the rows of calls that succeeded. No query where no kind follows any of the calls.

    A fault of following up is a warning of the rows: what the platform did is stored all the same.
    """
    paths = followed_paths()
    succeeded = [one.row for one in concluded if one.state == Operation.State.SUCCEEDED and one.row.name in paths]
    if not succeeded:
        return
    rows = PlanRow.objects.filter(operation__in=[row.pk for row in succeeded], state=PlanRow.State.SUCCEEDED)
    by_plan: dict[int, list[PlanRow]] = defaultdict(list)
    for row in rows.select_related("plan__organization").order_by("position"):
        by_plan[row.plan_id].append(row)
    for of_plan in by_plan.values():
        kind: object = kind_of(of_plan[0].plan.kind)
        if isinstance(kind, FollowsUp):
            _follow(kind, of_plan, now=now)


def _follow(kind: FollowsUp, rows: Sequence[PlanRow], *, now: datetime) -> None:
    """Follow up rows of one plan together, and one by one where that is refused: the others are not to suffer."""
    try:
        with transaction.atomic():
            kind.follow_up(rows, now=now)
    except VendorAdminError as refused:
        if len(rows) > 1:
            for row in rows:
                _follow(kind, [row], now=now)
            return
        [row] = rows
        log.warning("operations.not_followed_up", plan=row.plan_id, row=row.position, why=refused.text)
        row.warnings = [*row.warnings, refused.text]
        row.save(update_fields=["warnings"])
