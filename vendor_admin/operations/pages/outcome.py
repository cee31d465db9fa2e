"""What came of a plan, in a word and a colour: the same on its page, in the list and wherever it is named."""

from collections.abc import Mapping

from vendor_admin.listing.lists import Badge
from vendor_admin.operations.models import Plan, PlanRow

_TONES = {
    Plan.State.WAITING: "warn",
    Plan.State.DRAFTING: "demo",
    Plan.State.HELD: "warn",
    Plan.State.RUNNING: "demo",
    Plan.State.PAUSED: "warn",
    Plan.State.STALE: "warn",
}


def outcome_of(plan: Plan, counts: Mapping[str, int]) -> Badge:
    """The plan's state, and once it has ended what was done of its rows. Only what was done whole is green."""
    if plan.is_being_prepared:
        return Badge("starting", _TONES[Plan.State.RUNNING])
    done, refused = counts.get(PlanRow.State.SUCCEEDED, 0), counts.get(PlanRow.State.REJECTED, 0)
    others = sum(number for state, number in counts.items() if state != PlanRow.State.SKIPPED) - done
    if plan.state not in (Plan.State.FINISHED, Plan.State.CANCELLED):
        return Badge(plan.get_state_display(), _TONES.get(Plan.State(plan.state), "calm"))
    if done and not others:
        return Badge("done", "good")  # also where it was cancelled while its last call was on its way
    if plan.state == Plan.State.CANCELLED:
        return Badge("cancelled, done in part", "warn") if done else Badge("cancelled", "calm")
    if done:
        return Badge("done in part", "warn")
    return Badge("rejected", "bad") if refused else Badge("not done", "calm")
