"""What the page of a plan shows: what will change or has changed, why rows are skipped, and when it will end."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import Count, Q
from django.db.models.functions import JSONObject
from django.http import HttpRequest

from vendor_admin.amounts import read_id
from vendor_admin.operations.kinds import KindGone, PlanKind, kind_of
from vendor_admin.operations.models import Plan, PlanRow
from vendor_admin.operations.pages.rows import attach_names, changes_of, notes_of, plan_url, row_badge, target_url
from vendor_admin.operations.plans import charges, forecast, fresh_rows
from vendor_admin.operations.plans.follow_ups import is_restoration
from vendor_admin.operations.plans.fresh_rows import Age
from vendor_admin.operations.plans.progress import counts_of
from vendor_admin.sync.freshness import freshness

ROWS_SHOWN = 50
SUMMED_UP = 12
MOST_RENEWALS_FOLLOWED = 20
COMPARED = "If the platform has changed since the preview, nothing is sent: you get a new preview instead."
READ_FIRST = (
    "Before anything is sent, the rows are read from the platform itself. If they are not as shown here, nothing is "
    "sent, and you get a new preview. If they cannot be read, the plan waits and says why."
)
JUST_READ = (
    "These rows were read from the platform itself moments ago, and are sent as shown. Two minutes after that, they "
    "are read again first."
)
NOT_COMPARED = "What has changed there since is not known here: it is sent as shown."


@dataclass(frozen=True, slots=True)
class Tab:
    """One view of the rows: those of a state, or with a warning."""

    name: str
    title: str
    count: int
    is_current: bool


@dataclass(frozen=True, slots=True)
class Promise:
    """What is done before anything of a plan is sent. `warns` where what it shows may be old."""

    text: str
    warns: bool = True


@dataclass(frozen=True, slots=True)
class Relative:
    """A plan that another came from or led to: `how`, in words, and whether it is the new preview of it."""

    how: str
    number: int
    address: str
    is_renewal: bool = False


def known_kind(plan: Plan) -> PlanKind | None:
    """The plan's kind; None where the app that declared it is gone."""
    try:
        return kind_of(plan.kind)
    except KindGone:
        return None


def cost_in_words(plan: Plan) -> str:
    """What the plan costs; empty where it costs nothing."""
    return charges.in_words(plan.cost) if charges.spends_money(plan.cost) else ""


def age_shown(plan: Plan, *, now: datetime) -> Age:
    """Whether what a plan that has not started shows may be old, by its first rows. Nothing of all others."""
    if plan.state not in (Plan.State.PREVIEW, Plan.State.WAITING, Plan.State.HELD):
        return Age()
    return fresh_rows.age_of(plan, now=now)


def promise_of(plan: Plan, age: Age, *, now: datetime) -> Promise:
    """Say what is done before anything of the plan is sent, where the platform may have changed since the preview."""
    if age.must_be_read:
        return Promise(f"{age.why}. {READ_FIRST}")
    if age.why:
        return Promise(f"{age.why}. {JUST_READ}")
    if not plan.depends_on_rows:
        environments = {name.split(" ", 1)[0] for name in plan.calls_by_path}
        states = freshness(organization_id=plan.organization_id, now=now, environments=sorted(environments))
        if whys := [state.why for state in states if not state.is_live]:
            return Promise(f"{whys[0]}. {NOT_COMPARED}")
    return Promise(COMPARED, warns=False)


def shown_state(plan: Plan) -> str:
    """The state, and whether a worker is at its rows: the page is loaded again when it moves on."""
    is_worked_on = plan.check_at is not None and plan.state in (Plan.State.PREVIEW, Plan.State.CANCELLED)
    return f"{plan.state}-read" if is_worked_on else plan.state


def common_warnings(plan: Plan) -> list[tuple[str, int]]:
    """Each kind of warning with the number of rows that will change and have it, the most frequent first. Warnings
    that differ in their figures alone are one kind, told without the figures.
    """
    with connection.cursor() as cursor:
        cursor.execute(_WARNINGS_BY_KIND, [FIGURES, plan.pk, plan.organization_id, SUMMED_UP])
        return [(str(text), int(number)) for text, number in cursor.fetchall()]


def common_whys(plan: Plan, state: str) -> list[tuple[str, int]]:
    """Each reason of skipped, refused or unknown rows with their number, the most frequent first."""
    rows = plan.rows.filter(state=state).order_by().values_list("why")
    return list(rows.annotate(number=Count("id")).order_by("-number", "why")[:SUMMED_UP])


def tabs_of(counts: Counter[str], *, warned: int, shown: str) -> list[Tab]:
    """All rows, and those of each state there is."""
    known = [("", "All", sum(counts.values()))]
    known += [(state.value, state.label.capitalize(), counts[state.value]) for state in PlanRow.State]
    known.append(("warned", "With a warning", warned))
    return [Tab(name, title, count, name == shown) for name, title, count in known if count or name in ("", shown)]


def rows_shown(plan: Plan, request: HttpRequest) -> dict[str, Any]:
    """One page of rows in the plan's order, by the view that the address line names, and how many of all rows are in
    which state at the same moment: while the plan runs, another query would say something else.
    """
    show = request.GET.get("show", "")
    rows = plan.rows.select_related("operation").annotate(counted=_counted(plan))
    if show == "warned":
        rows = rows.filter(_WARNED)
    elif show in PlanRow.State.values:
        rows = rows.filter(state=show)
    else:
        show = ""
    behind, ahead_of = _number(request, "behind"), _number(request, "ahead")
    if ahead_of is not None:
        found = list(rows.filter(position__lt=ahead_of).order_by("-position")[: ROWS_SHOWN + 1])
        page, has_earlier, has_later = found[:ROWS_SHOWN][::-1], len(found) > ROWS_SHOWN, True
    else:
        found = list(rows.filter(position__gt=behind or 0).order_by("position")[: ROWS_SHOWN + 1])
        page, has_earlier, has_later = found[:ROWS_SHOWN], bool(behind), len(found) > ROWS_SHOWN
    attach_names(page, organization_id=plan.organization_id)
    return {
        "show": show,
        "counts": Counter({one["state"]: one["number"] for one in page[0].counted}) if page else counts_of(plan),
        "rows": [(row, target_url(row), changes_of(row), row_badge(row), notes_of(row)) for row in page],
        "earlier": page[0].position if page and has_earlier else None,
        "later": page[-1].position if page and has_later else None,
    }


def warned_count(plan: Plan) -> int:
    """How many rows that will change have a warning."""
    return plan.rows.filter(_WARNED).count()


def forecast_of(plan: Plan, *, now: datetime) -> forecast.Forecast | None:
    """When it will end; None where there is nothing to foretell."""
    if plan.state == Plan.State.PREVIEW or plan.is_open:
        return forecast.forecast_of(plan, now=now)
    return None


def relatives_of(plan: Plan) -> list[Relative]:
    """The plans that this one came from or led to: at most twenty that it led to. Two queries."""
    later = (
        Plan.objects.filter(Q(renewed_from=plan) | Q(reverts=plan) | Q(retries=plan))
        .select_related("reverts")
        .order_by("id")[:20]
    )
    found = [
        ("Renews", plan.renewed_from_id),
        ("Restores what was ended by" if _restores_ended(plan) else "Reverts", plan.reverts_id),
        ("Retries what failed in", plan.retries_id),
    ]
    earlier = [Relative(how, number, plan_url(number)) for how, number in found if number]
    renewals = [
        Relative("Renewed by", one.pk, plan_url(one.pk), True) for one in later if one.renewed_from_id == plan.pk
    ]
    others = [one for one in later if one.renewed_from_id != plan.pk]
    reverted = [
        Relative("Restored by" if _restores_ended(one) else "Reverted by", one.pk, plan_url(one.pk))
        for one in others
        if one.reverts_id == plan.pk
    ]
    retried = [Relative("Retried by", one.pk, plan_url(one.pk)) for one in others if one.retries_id == plan.pk]
    return [*earlier, *renewals, *reverted, *retried]


def _restores_ended(plan: Plan) -> bool:
    """Whether a plan that leads back from an earlier one gives anew what ended, instead of restoring it."""
    earlier = plan.reverts
    kind = known_kind(earlier) if earlier is not None else None
    return kind is not None and known_kind(plan) is not None and is_restoration(kind, plan.kind)


def newest_of(plan: Plan) -> Plan:
    """The last of the previews that renew a plan, or the plan itself."""
    for _ in range(MOST_RENEWALS_FOLLOWED):
        renewed = Plan.objects.filter(renewed_from=plan).order_by("-id").first()
        if renewed is None:
            return plan
        plan = renewed
    return plan


def _number(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return read_id(text) if len(text) <= 9 else None


def _counted(plan: Plan) -> ArraySubquery:
    """The state and number of rows, of each state."""
    numbers = plan.rows.order_by().values("state").annotate(number=Count("id"))
    return ArraySubquery(numbers.values(pair=JSONObject(state="state", number="number")))


FIGURES = r"[0-9]+(?:[.,:-][0-9]+)*"
_WARNINGS_BY_KIND = """
    SELECT CASE WHEN count(DISTINCT warning) = 1 THEN min(warning) ELSE kind END, count(DISTINCT id)
      FROM (SELECT id, warning, regexp_replace(warning, %s, '…', 'g') AS kind
              FROM operations_planrow, jsonb_array_elements_text(warnings) AS warning
             WHERE plan_id = %s AND organization_id = %s AND state <> 'skipped' AND warnings <> '[]') AS warned
     GROUP BY kind ORDER BY 2 DESC, 1 LIMIT %s
"""
_WARNED = ~Q(warnings=[]) & ~Q(state=PlanRow.State.SKIPPED)
