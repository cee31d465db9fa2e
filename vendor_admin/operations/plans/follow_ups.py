"""What of a plan was retried or reverted already: whoever asks a second time must not do it a second time.

The mirror cannot tell: it may lag behind, and a refused change leaves no trace in it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence

from django.db import connection
from django.db.models import Count, Max, Min, Q, QuerySet, Window
from django.db.models.fields.json import KT

from vendor_admin.operations.kinds import InSteps, Json, PlanKind, RevertsTogether, Target, kind_of
from vendor_admin.operations.models import Plan, PlanRow
from vendor_admin.operations.plans import targets as plan_targets
from vendor_admin.operations.store.rows import target_of

LINKS = ("retries", "reverts")
_DONE = {"retries": "retried", "reverts": "reverted"}
_NOTHING = {
    "retries": "Nothing of this plan failed: there is nothing to retry.",
    "reverts": "This kind of change cannot be reverted.",
}
NOT_DONE = (PlanRow.State.REJECTED, PlanRow.State.CANCELLED)
_Key = tuple[str, int | None, str]
_Asked = tuple[str, int | None, Mapping[str, Json]]
# A large plan begins with its rows bit by bit: those that have their operation are begun while it is being started. If
# it was stopped meanwhile nothing of it was sent, except after a restore (after_restore.py). No platform id is zero.
_BEGUN = {
    link: f"""
      JOIN operations_planrow other
        ON other.target_type = given.target_type
       AND coalesce(other.target_id, 0) = coalesce(given.target_id, 0)
       AND other.wanted = given.wanted
      JOIN operations_plan p ON p.id = other.plan_id
     WHERE p.{link}_id = %s
       AND p.id <> coalesce(%s, 0)
       AND other.state <> 'skipped'
       AND (p.started_at IS NOT NULL
            OR other.operation_id IS NOT NULL
               AND (p.state IN ('held', 'paused') OR other.state IN ('unknown', 'succeeded')))
    """
    for link in LINKS
}
_BEGUN_OF_ASKED = """
    SELECT given.place, max(other.plan_id)
      FROM json_to_recordset(%s::json) AS given(place integer, target_type text, target_id bigint, wanted jsonb)
    {} GROUP BY given.place
"""
_COUNT_RETRIED = f"""
    SELECT count(DISTINCT given.id)
      FROM (SELECT * FROM operations_planrow WHERE plan_id = %s AND state IN ('rejected', 'cancelled')) AS given
    {_BEGUN["retries"]}
"""  # noqa: S608 - our own text


def rows_again(plan: Plan, link: str) -> QuerySet[PlanRow]:
    """The rows of an ended plan that can be retried or reverted, in its order: what it was refused or did not come to,
    or that of which something was done.
    """
    concerned = Q(state__in=NOT_DONE)
    if link == "reverts":
        concerned = Q(state=PlanRow.State.SUCCEEDED)
        if isinstance(kind_of(plan.kind), InSteps):
            concerned |= Q(state__in=NOT_DONE) & ~Q(result={})
    return plan.rows.filter(concerned).order_by("position")


def next_rows(plan: Plan, link: str, *, behind: int) -> tuple[list[PlanRow], int | None]:
    """Some of these rows, and behind which place the rest are: None where these are the last. What a kind reverts with
    one target is never parted: it takes the place of its first row.
    """
    kind: object = kind_of(plan.kind)
    rows = rows_again(plan, link)
    if link != "reverts" or not isinstance(kind, RevertsTogether):
        found = list(rows.filter(position__gt=behind)[: plan_targets.CHUNK])
        return found, found[-1].position if len(found) == plan_targets.CHUNK else None
    place = Window(Min("position"), partition_by=[KT(f"old__{name}") for name in kind.together])
    placed = rows.annotate(place=place).order_by("place", "position")
    together = list(placed.filter(place__gt=behind)[: plan_targets.CHUNK])
    if len(together) < plan_targets.CHUNK:
        return list(together), None
    last = together[-1]
    rest = [row for row in placed.filter(place=last.place) if row.position > last.position]
    return [*together, *rest], last.place


def first_way_back(plan: Plan) -> tuple[str, Sequence[Target]] | None:
    """The kind and the targets that revert the first rows of an ended plan that have a way back. None where none has.

    Where the rows are not many, these are all of them.
    """
    behind: int | None = 0
    while behind is not None:
        rows, behind = next_rows(plan, "reverts", behind=behind)
        found = kind_of(plan.kind).revert(rows) if rows else None
        if found is not None:
            return found
    return None


def are_many(plan: Plan, link: str) -> bool:
    """Whether so much can be retried or reverted that a worker makes the preview."""
    return rows_again(plan, link)[plan_targets.DIRECT_ROWS :].exists()


def targets_again(plan: Plan, rows: Iterable[PlanRow], link: str) -> list[Target]:
    """What a retry or a revert of these rows of an ended plan asks for."""
    kind = kind_of(plan.kind)
    if link == "retries":
        rest = kind.rest if isinstance(kind, InSteps) else target_of
        return [rest(row) for row in rows]
    done = list(rows)
    reverting = kind.revert(done) if done else None
    return list(reverting[1]) if reverting is not None else []


def why_nothing(link: str, begun_by: int | None) -> str:
    """Why nothing is left to retry or to revert."""
    if begun_by is not None:
        return f"Plan {begun_by} has {_DONE[link]} this already. Retry there what failed of it."
    return _NOTHING[link]


def is_restoration(kind: PlanKind, back: str) -> bool:
    """Whether the way back of a kind leads to another (`back`) that costs money, where its own change does not: what
    ended cannot be taken back then, only restored as something new.
    """
    return kind_of(back).is_money and not kind.is_money


def key_of(entity_type: str, entity_id: int | None, wanted: object) -> _Key:
    """By what a row of one plan and a row of another ask for the same."""
    return entity_type, entity_id, json.dumps(wanted, sort_keys=True)


def split_off_begun(targets: Sequence[Target], *, earlier: Plan, link: str) -> tuple[list[Target], int | None]:
    """Those of the targets that no plan has begun to retry or revert, and the last plan that began with the others."""
    begun = _begun([(one.entity_type, one.entity_id, one.wanted) for one in targets], earlier_id=earlier.pk, link=link)
    left = [target for place, target in enumerate(targets) if place not in begun]
    return left, max(begun.values(), default=None)


def count_left(plan: Plan, *, of: int) -> int:
    """How many `of` the rows that an ended plan was refused or did not come to no other plan has begun to retry.

    Of many rows, those of which a part was done may count as left where others are.
    """
    if not plan.retried_by.exists():
        return of
    if not are_many(plan, "retries"):
        targets = targets_again(plan, rows_again(plan, "retries"), "retries")
        return len(split_off_begun(targets, earlier=plan, link="retries")[0])
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_RETRIED, [plan.pk, plan.pk, None])
        left = of - int(cursor.fetchone()[0])
    most = most_left(plan, "retries")
    return left if most is None else min(left, most)


def most_left(plan: Plan, link: str) -> int | None:
    """How many can be left at most to retry or revert, since other plans began: each was asked for all that was left
    then, so it is what one of them skipped. None where no plan began since the last of the rows ended.
    """
    begun = Plan.objects.filter(**{link: plan}, started_at__isnull=False)
    ended_at = rows_again(plan, link).aggregate(last=Max("operation__finished_at"))["last"]
    if ended_at is not None:
        begun = begun.filter(created_at__gte=ended_at)
    skipped = Count("rows", filter=Q(rows__state=PlanRow.State.SKIPPED))
    least: int | None = begun.annotate(skipped=skipped).aggregate(least=Min("skipped"))["least"]
    return least


def begun_meanwhile(plan: Plan, rows: Iterable[PlanRow]) -> int | None:
    """The plan that began with some of these rows since this one was previewed. Holds the earlier plan, so that of
    two that start at once the second sees the first.
    """
    for link in LINKS:
        earlier_id = getattr(plan, f"{link}_id")
        if earlier_id is None:
            continue
        Plan.objects.select_for_update(of=("self",)).get(pk=earlier_id)
        asked = [(row.target_type, row.target_id, row.wanted) for row in rows]
        begun = _begun(asked, earlier_id=earlier_id, link=link, but=plan.pk)
        if begun:
            return max(begun.values())
    return None


def _begun(asked: Sequence[_Asked], *, earlier_id: int, link: str, but: int | None = None) -> dict[int, int]:
    """The last plan that began with the same, by place, for what any plan but one has begun to retry or revert."""
    given = [
        {"place": place, "target_type": target_type, "target_id": target_id, "wanted": dict(wanted)}
        for place, (target_type, target_id, wanted) in enumerate(asked)
    ]
    with connection.cursor() as cursor:
        cursor.execute(_BEGUN_OF_ASKED.format(_BEGUN[link]), [json.dumps(given), earlier_id, but])
        return dict(cursor.fetchall())
