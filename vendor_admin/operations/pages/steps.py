"""The four steps of a change, as every page of it shows them."""

from dataclasses import dataclass

from vendor_admin.operations.models import Plan

_STEPS = (("choose", "Choose"), ("preview", "Preview"), ("confirm", "Confirm"), ("progress", "Progress"))


@dataclass(frozen=True, slots=True)
class Step:
    """One step: where the person is, and what lies behind them."""

    title: str
    is_current: bool
    is_done: bool


def steps(current: str) -> list[Step]:
    """The steps, of which one is the current one."""
    names = [name for name, _ in _STEPS]
    at = names.index(current)
    return [Step(title, name == current, names.index(name) < at) for name, title in _STEPS]


def steps_of(plan: Plan) -> list[Step]:
    """The steps of a plan as it is now."""
    if plan.state in (Plan.State.PREVIEW, Plan.State.STALE) or plan.started_at is None:
        return steps("confirm" if plan.is_open else "preview")
    return steps("progress")
